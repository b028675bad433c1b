"""The settings of Pictor: all that is wrong in one message, and what decides a training."""

from typing import Any

import pytest

from tod_baselines.pictor.settings import PREDICTION_SETTINGS, Settings
from tod_baselines.pictor.system import Pictor
from tod_bench.errors import UserError
from tod_bench.systems import gold_access_of


def test_everything_wrong_is_in_one_message() -> None:
    wrong: dict[str, Any] = {
        "batch_size": 0,
        "warmup": 2,
        "inputs": ["policy", "picture"],
        "control": "shuffled_images",
        "lora": {"r": 2, "alfa": 1},
        "pretrain": {"portrait": 3},
    }
    with pytest.raises(UserError) as raised:
        Settings(**wrong)
    message = str(raised.value)
    for part in (
        "batch_size must be above 0",
        "warmup must be a share",
        "there is no 'picture'",
        "shuffled_images needs image",
        "lora.alfa is unknown",
        "leave it out with init: scratch",
        "pretrain.portrait is unknown",
    ):
        assert part in message
    assert message.count("pictor:") == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"inputs": []}, "must name something"),
        ({"inputs": ["image", "image"]}, "twice"),
        ({"inputs": ["policy", "impression"]}, "cannot be written without image"),
        ({"inputs": ["policy", "image"], "control": "gold_impression"}, "needs impression"),
        ({"init": "pretrained", "pretrain": {"portraits": 3}}, "pretrain can only be set with init: scratch"),
        ({"init": "pretrained", "dims": {"hidden_size": 3}}, "dims can only be set with init: scratch"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(settings: dict[str, Any], expected: str) -> None:
    with pytest.raises(UserError, match=expected):
        Settings(**settings)


def test_an_impression_can_be_given_without_a_picture() -> None:
    settings = Settings(inputs=["policy", "impression"], control="gold_impression")
    assert not settings.writes_impressions
    assert Settings().writes_impressions


def test_the_order_of_inputs_does_not_matter() -> None:
    assert Settings(inputs=["image", "policy"]).to_json() == Settings(inputs=["policy", "image"]).to_json()


def test_controls_are_settings_of_prediction() -> None:
    assert Pictor.prediction_settings == PREDICTION_SETTINGS == {"control", "decode_rows"}


def test_the_end_of_a_dialogue_is_gold_only_where_it_is_asked_for() -> None:
    assert gold_access_of(Pictor()) == set()
    assert gold_access_of(Pictor(progress=True)) == {"progress"}


@pytest.mark.parametrize(
    ("inputs", "read"),
    [(["policy", "db"], {"state", "acts"}), (["db", "image"], {"state"}), (["utterance"], set())],
)
def test_it_is_conditioned_on_what_it_is_given(inputs: list[str], read: set[str]) -> None:
    assert Pictor(inputs=inputs).conditioned_on == {"response": read}
