"""Style accuracy and persona attribution: hand-worked cases, exact floors, and a classifier that says what it is."""

from collections import Counter
from dataclasses import dataclass, field
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn", reason="scikit-learn is in the extra: pip install 'tod-bench[style]'")

from tod_metrics import metric
from tod_metrics.items import ResponseItem
from tod_metrics.style.persona_attribution import groups_of_differing
from tod_metrics.style.style_classifier import StyleClassifier, classifier_version, train_classifier
from toy_styles import CHILD, MADAM, SENIOR, YAY, toy_classifier


def item(dialogue, response, group, turn=0, reference=YAY, impression=""):
    return ResponseItem(dialogue, turn, reference, response, group, impression)


def accuracy(attribute="mean"):
    return metric("style_accuracy", style_classifier=toy_classifier(), attribute=attribute)


def test_the_classifier_reads_styles_and_says_how_well():
    classifier = toy_classifier()
    assert classifier.read("age", [YAY, MADAM]) == ["child", "senior"]
    assert classifier.trained == 16
    model = classifier.models["age"]
    assert (model.classes, model.prior.tolist(), model.right, model.held_out) == (("child", "senior"), [0.5, 0.5], 4, 4)
    assert np.exp(classifier.log_probabilities("age", [YAY, "", MADAM])).sum(axis=1) == pytest.approx([1, 1, 1])
    assert classifier.log_probabilities("age", []).shape == (0, 2)


def test_probabilities_are_those_of_scikit_learn():
    """Two classes, of which scikit-learn keeps one row of weights, and three."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    from tod_metrics.style.style_classifier import _FEATURES, _REGRESSION

    texts = [f"{opening} and {n}" for n in range(10) for opening in ("yay", "madam", "hey you")]
    groups = [{"age": age, "gender": gender} for _ in range(10) for age, gender in zip("abc", "mff", strict=True)]
    classifier = train_classifier(texts, groups)
    learned = [place for place in range(30) if place % 5]
    for attribute in ("age", "gender"):
        plain = make_pipeline(
            make_union(*(TfidfVectorizer(**settings) for settings in _FEATURES.values())),
            LogisticRegression(**_REGRESSION),
        ).fit([texts[place] for place in learned], [groups[place][attribute] for place in learned])
        asked = ["yay you", "madam", "nothing", ""]
        assert classifier.log_probabilities(attribute, asked) == pytest.approx(plain.predict_log_proba(asked))


def test_a_classifier_that_was_kept_is_the_same(tmp_path):
    classifier = toy_classifier()
    np.savez(tmp_path / "kept.npz", **classifier.to_arrays())
    with np.load(tmp_path / "kept.npz", allow_pickle=False) as arrays:
        again = StyleClassifier.from_arrays(dict(arrays))
    asked = [YAY, "Hello there.", MADAM]
    assert again.log_probabilities("emotion", asked) == pytest.approx(classifier.log_probabilities("emotion", asked))
    assert (again.version, again.trained) == (classifier.version, classifier.trained)
    assert again.models["age"].right == 4


def test_an_attribute_that_no_held_out_text_has_is_said_not_to_be_tested():
    groups = [{**group, "age": ""} if place % 5 == 0 else group for place, group in enumerate([CHILD, SENIOR] * 10)]
    classifier = train_classifier([YAY, MADAM] * 10, groups)
    assert classifier.models["age"].held_out == 0
    said = metric("style_accuracy", style_classifier=classifier, attribute="age").remarks([item("a", YAY, CHILD)])
    assert said[-1] == "no held-out training dialogue says age, so how well it is read is unknown"


def test_what_it_was_trained_on_is_in_its_version():
    groups = [CHILD, SENIOR]
    assert classifier_version(["a", "b"], groups) == classifier_version(["a", "b"], groups)
    assert classifier_version(["a", "b"], groups) != classifier_version(["a", "c"], groups)
    assert classifier_version(["a", "b"], groups) != classifier_version(["a", "b"], [CHILD, CHILD])


@pytest.mark.parametrize(
    ("texts", "groups", "message"),
    [
        (["a"] * 9, [CHILD] * 9, "at least 10 dialogues"),
        (["aa bb"] * 10, [CHILD] * 10, "no attribute of users has two values"),
    ],
)
def test_what_cannot_be_learned_is_refused(texts, groups, message):
    with pytest.raises(ValueError, match=message):
        train_classifier(texts, groups)


def test_all_responses_of_a_dialogue_are_read_as_one_text():
    items = [item("d", YAY, CHILD), item("d", "Booked.", CHILD, turn=1), item("e", MADAM, CHILD), item("f", "", CHILD)]
    one = accuracy("age")
    assert one.statistics(items)[:, :3].tolist() == [[1, 1, 1], [0, 0, 0], [1, 0, 1], [1, 0, 1]]
    assert one.score(items) == pytest.approx(100 / 3)


def test_the_mean_is_of_age_formality_and_emotion():
    mixed = {**CHILD, "formality": "formal"}
    assert accuracy().score([item("d", YAY, mixed)]) == pytest.approx(200 / 3)
    assert accuracy("formality").score([item("d", YAY, mixed)]) == 0.0
    assert accuracy("gender").score([item("d", YAY, mixed)]) == 100.0
    assert "attribute:age+formality+emotion" in str(accuracy().signature)


def test_users_whom_the_classifier_does_not_know_do_not_count_and_are_named():
    teenager, unknown = {**CHILD, "age": "teenager"}, {**CHILD, "age": "unknown"}
    items = [item("d", YAY, CHILD), item("e", YAY, teenager), item("f", YAY, unknown)]
    one = accuracy("age")
    assert one.statistics(items).sum(axis=0)[:3].tolist() == [1, 1, 1]
    assert one.remarks(items)[-1] == "2 of 3 users have no age that the classifier knows and do not count"
    assert np.isnan(one.score(items[1:]))


def test_floors_ceiling_and_copy_rate_stand_beside_the_number():
    users = [CHILD, CHILD, CHILD, SENIOR]
    answers = [YAY, MADAM, YAY, MADAM]
    items = [item(str(n), answers[n], users[n], impression="a child laughing") for n in range(4)]
    floors, held_out = accuracy("age").remarks(items)
    read = ["child", "senior", "child", "senior"]
    orders = list(permutations(user["age"] for user in users))
    shuffled = np.mean([np.mean([a == b for a, b in zip(read, order, strict=True)]) for order in orders])
    # Both ages are equally frequent in training, and the first in order is the child.
    assert f"floors 75.0 (the most frequent value) and {100 * shuffled:.1f} (the same" in floors
    assert "ceiling 75.0 (the corpus's own responses); 0.0% of the words" in floors
    assert held_out == "the classifier reads age of 100.0% of 4 held-out training dialogues"


class Fixed:
    """A classifier of given log-probabilities: of the attribute age alone, the same for each distinct text."""

    version, trained = "fixed", 0

    def __init__(self, ages, of_text):
        self.models = {
            "age": Model(tuple(ages), np.full(len(ages), 1 / len(ages))),
            "formality": Model(("casual",), np.ones(1)),
            "emotion": Model(("neutral",), np.ones(1)),
        }
        self.of_text = of_text

    def log_probabilities(self, attribute, texts):
        if attribute != "age":
            return np.zeros((len(texts), 1))
        return np.array([self.of_text[text] for text in texts])


@dataclass
class Model:
    classes: tuple[str, ...]
    prior: np.ndarray = field(repr=False)


def user(age):
    return {"age": age, "formality": "casual", "emotion": "neutral"}


@given(st.lists(st.sampled_from("abcdef"), min_size=2, max_size=60), st.integers(2, 4), st.integers(0, 9))
def test_groups_differ_and_are_as_many_as_there_can_be(ages, k, seed):
    profiles = dict(enumerate(ages))
    groups = groups_of_differing(profiles, k, seed)
    assert all(len(group) == k == len({profiles[one] for one in group}) for group in groups)
    members = [one for group in groups for one in group]
    assert len(set(members)) == len(members)
    counts, more = Counter(ages), len(groups) + 1
    assert sum(min(count, more) for count in counts.values()) < more * k
    assert groups == groups_of_differing(profiles, k, seed)


@given(
    st.lists(st.sampled_from("aaaabbcdef"), min_size=4, max_size=40),
    st.lists(st.floats(-5, 5), min_size=6, max_size=6),
    st.integers(2, 3),
)
@settings(max_examples=40)
def test_the_same_answer_to_everybody_scores_exactly_chance(ages, scores, k):
    """However frequent a kind of user is, and whatever the classifier reads off the answer."""
    classifier = Fixed("abcdef", {"hello": scores})
    items = [item(str(n), "hello", user(age), reference="hello") for n, age in enumerate(ages)]
    score = metric("persona_attribution", style_classifier=classifier, k=k).score(items)
    assert np.isnan(score) or score == pytest.approx(100 / k)


def test_attribution_by_hand():
    one = metric("persona_attribution", style_classifier=toy_classifier(), k=2)
    right = [item("d", YAY, CHILD), item("e", MADAM, SENIOR, reference=MADAM)]
    wrong = [item("d", MADAM, CHILD), item("e", YAY, SENIOR, reference=MADAM)]
    assert one.score(right) == 100.0
    assert one.score(wrong) == 0.0
    assert one.score([right[0], wrong[1]]) == 50.0
    assert one.score([item("d", "", CHILD), right[1]]) == 50.0
    (said,) = one.remarks(right)
    assert said == "over all dialogues: chance 50.0; ceiling 100.0 (the corpus's own responses)"


def test_who_finds_no_group_is_left_out_and_said():
    one = metric("persona_attribution", style_classifier=toy_classifier(), k=2)
    items = [item("d", YAY, CHILD), item("e", YAY, CHILD), item("f", MADAM, SENIOR), item("g", YAY, {"age": "child"})]
    assert one.statistics(items)[:, 1].sum() == 2
    assert one.remarks(items)[-1].startswith("2 of 4 dialogues are left out")
    assert np.isnan(one.score(items[:2]))


def test_attribution_needs_two_candidates_and_the_whole_split():
    with pytest.raises(ValueError, match="at least 2 candidates"):
        metric("persona_attribution(k=1)", style_classifier=toy_classifier())
    one = metric("persona_attribution(k=3, seed=7)", style_classifier=toy_classifier())
    assert not one.batchable
    assert "k:3" in str(one.signature)
    assert "seed:7" in str(one.signature)
