"""Where a pretrained model is loaded from: a folder, or the hub where it answers."""

from pathlib import Path
from typing import Any

from tod_bench.errors import UserError

HUB_TIMEOUT = 10.0
"""Seconds to wait for the hub's first answer."""

REMEDY = "give a folder with the model with params.model=FOLDER"


def source_options(place: str | Path, remedy: str = REMEDY) -> dict[str, Any]:
    """What to tell `from_pretrained` so that it does not wait for a hub that cannot be reached.

    Args:
        place: A folder, or a name on the hub.
        remedy: What a user can do where there is neither, for messages.

    Returns:
        Nothing for a folder, or where the hub answers; ``local_files_only`` where it does not and the model was
        downloaded before.

    Raises:
        UserError: The hub cannot be reached and the model is not on this machine, or the hub has no such model.
    """
    from huggingface_hub import HfApi, constants, try_to_load_from_cache
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    if Path(place).exists():
        return {}
    name = str(place)
    try:
        downloaded = isinstance(try_to_load_from_cache(name, "config.json"), str)
        if not constants.HF_HUB_OFFLINE:
            HfApi().model_info(name, timeout=HUB_TIMEOUT)
            return {}
        reason = "HF_HUB_OFFLINE is set"
    except HFValidationError:
        raise UserError(f"there is no folder {name}, and it is no name of the hub; {remedy}") from None
    except GatedRepoError:
        raise UserError(f"{name} is gated; accept its terms on the hub and log in with `hf auth login`") from None
    except RepositoryNotFoundError:
        if downloaded:
            return {"local_files_only": True}
        raise UserError(f"the hub has no model {name} (or not for you); {remedy}") from None
    except Exception as error:  # noqa: BLE001 - whatever the network library of the day calls a failed connection
        reason = str(error).partition("\n")[0] or type(error).__name__
    if downloaded:
        return {"local_files_only": True}
    raise UserError(
        f"the hub cannot be reached ({reason}) and {name} is not on this machine; {remedy}, or download it once "
        f"where there is a network: `hf download {name}`"
    )
