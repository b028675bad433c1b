"""From a sweep section to trials."""

import pytest

from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.sweeps import expand


def config(**sweep) -> EvalConfig:
    return EvalConfig.model_validate(
        {
            "name": "s",
            "corpora": {"plain": {"corpus": "simulated"}},
            "systems": {"sys": {"system": "carry_over"}},
            "tasks": {"dst": {"metrics": ["jga"]}},
            "sweep": {
                "factors": {
                    "system": {"key": "systems.sys.system", "values": ["carry_over", "oracle"]},
                    "size": {
                        "levels": {
                            "small": {"bootstrap.draws": 10, "corpora.plain.splits.test": "test[:5]"},
                            "large": {"bootstrap.draws": 20},
                        }
                    },
                },
                **sweep,
            },
        }
    )


def levels(trials) -> list[tuple[str, ...]]:
    return [tuple(trial.levels.values()) for trial in trials]


def test_a_grid_is_every_combination_in_order():
    trials = expand(config())
    assert levels(trials) == [
        ("carry_over", "small"),
        ("carry_over", "large"),
        ("oracle", "small"),
        ("oracle", "large"),
    ]
    assert trials[2].config.systems["sys"].system == "oracle"
    assert trials[2].config.bootstrap.draws == 10
    assert trials[2].config.corpora["plain"].splits.test == "test[:5]"
    assert trials[3].config.corpora["plain"].splits.test == "test"
    assert trials[0].config.sweep is None


def test_a_list_fills_in_first_levels():
    trials = expand(config(method="list", trials=[{"system": "oracle"}, {"size": "large"}]))
    assert levels(trials) == [("oracle", "small"), ("carry_over", "large")]


def test_random_trials_are_different_and_the_same_for_a_seed():
    chosen = [levels(expand(config(method="random", samples=3, seed=seed))) for seed in (1, 1, 2, 3, 4)]
    assert chosen[0] == chosen[1]
    assert len({tuple(trials) for trials in chosen}) > 1
    assert all(len(set(trials)) == 3 for trials in chosen)


@pytest.mark.parametrize(
    ("sweep", "expected"),
    [
        ({"method": "random", "samples": 5}, "5 of 4 combinations; give 1 to 4"),
        ({"method": "list"}, "needs at least one trial"),
        ({"method": "list", "trials": [{"sistem": "oracle"}]}, "no factor 'sistem'; did you mean 'system'"),
        ({"method": "list", "trials": [{"system": "oracel"}]}, "no level 'oracel'; did you mean 'oracle'"),
        (
            {"factors": {"f": {"key": "bootstrap.draws", "values": ["many"]}}},
            "the config is not valid: bootstrap.draws",
        ),
        ({"factors": {"f": {"key": "name.x", "values": [1]}}}, "'name' holds no keys"),
    ],
)
def test_wrong_sweeps_are_one_sentence(sweep, expected):
    with pytest.raises(UserError, match=expected):
        expand(config(**sweep))


def test_a_factor_has_one_form():
    with pytest.raises(ValueError, match="either `key` and `values`, or `levels`"):
        config(factors={"f": {"key": "seeds"}})


def test_a_config_without_a_sweep_says_what_to_type():
    plain = config().model_copy(update={"sweep": None})
    with pytest.raises(UserError, match="run it with `tod-bench run`"):
        expand(plain)
