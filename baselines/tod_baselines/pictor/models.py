"""Models of `pictor`: from scratch or pretrained, in full or with LoRA, saved and loaded again."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tod_baselines.pictor.made import Made
from tod_baselines.pictor.pretraining import SIZES
from tod_baselines.pictor.settings import Settings
from tod_baselines.training.adapters import Adapter, check_base, is_adapter, weights_digest
from tod_baselines.training.checking import has_transformers
from tod_baselines.training.folder import save
from tod_baselines.training.llama import dimensions
from tod_bench.errors import MissingExtraError, UserError

if TYPE_CHECKING:
    from tod_baselines.pictor.seeing import SeeingModel


def problems(settings: Settings) -> Iterator[str]:
    """A sentence for each setting of the model and the base that cannot work, as far as is seen without loading."""
    try:
        _check(settings)
    except (MissingExtraError, UserError) as error:
        yield str(error)


def base_inputs(settings: Settings) -> dict[str, Any]:
    """What of the base decides a training, beside the settings: a digest of how it is made.

    Raises:
        UserError: The corpus that tower and base are trained on cannot be opened.
    """
    return {"base": made_for(settings).base_digest} if settings.init == "scratch" else {}


def base_record(settings: Settings) -> dict[str, Any]:
    """What the record of a training says of the tower and the base that it began with; nothing for a pretrained one."""
    from tod_baselines.pictor.made import record_of

    return {"pretraining": record_of(made_for(settings).base())} if settings.init == "scratch" else {}


def made_for(settings: Settings) -> Made:
    """Tower and base of some settings, which the cache has or makes."""
    return Made(settings.pretraining, settings.model, settings.dims, settings.vocab_size)


def new_model(settings: Settings) -> "SeeingModel":
    """The model to train, in fp32; a base from scratch is taken from the cache, or made first.

    Raises:
        UserError: There is no such model, or the base cannot be made.
    """
    from tod_baselines.pictor.pretrained import (
        freeze_projector,
        open_network,
        open_processor,
        train_in_full,
        with_adapter,
    )
    from tod_baselines.pictor.seeing import SeeingModel

    place = str(made_for(settings).base()) if settings.init == "scratch" else settings.model
    network, processor = open_network(place), open_processor(place)
    if settings.adapters is None:
        train_in_full(network)
    else:
        digest = weights_digest(network)
        network = with_adapter(network, settings.adapters)
        network.tod_bench_base = (settings.model, digest)
    if "image" not in settings.inputs:
        freeze_projector(network)
    return SeeingModel(network, processor, settings.model)


def save_model(folder: Path, model: "SeeingModel") -> None:
    """Saves a model, or its adapter alone, and the processor into a folder that appears only when it is complete."""
    network = model.whole()
    base = getattr(network, "tod_bench_base", None)
    save(folder, Adapter(network, *base) if base else network, model.processor)


def load_model(folder: Path, settings: Settings) -> "SeeingModel":
    """What `save_model` saved; an adapter is merged into its base.

    Raises:
        UserError: The folder holds no model, or the adapter belongs to other weights than the settings' model has.
    """
    from tod_baselines.pictor.pretrained import merged, open_network, open_processor
    from tod_baselines.pictor.seeing import SeeingModel

    processor = open_processor(str(folder))
    if not is_adapter(folder):
        return SeeingModel(open_network(str(folder)), processor, settings.model)
    network = open_network(settings.model)
    check_base(folder, network, settings.model, "pictor")
    return SeeingModel(merged(network, folder), processor, settings.model)


def _check(settings: Settings) -> None:
    """Raises what is wrong with a model's name, dimensions or pretraining."""
    from tod_baselines.pictor.pretrained import check_name

    if settings.init == "pretrained":
        check_name(settings.model)
        return
    dimensions("pictor", settings.model, SIZES, settings.dims)
    if has_transformers():
        base_inputs(settings)
