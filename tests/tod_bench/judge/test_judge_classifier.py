"""The classifier in the place of a judge: what it is trained on, what it answers, under which name."""

import pytest

from tod_bench.errors import DataError, UserError
from tod_bench.judge import classifier
from tod_bench.judge.classifier import kind_of, load_classifier
from tod_bench.judge.clients import Access, dry_run, open_client
from tod_bench.judge.labelled import has_texts, read_labelled
from tod_bench.judge.run import run

FEELINGS = {
    "gratitude": ("thank you so much", "many thanks for that", "thanks a lot, much appreciated"),
    "remorse": ("i am sorry about that", "sorry, my mistake", "i regret this, so sorry"),
    "neutral": ("the train leaves at nine", "the hotel is in the north", "a table for two at six"),
}


@pytest.fixture
def texts(tmp_path, monkeypatch):
    monkeypatch.setenv("TOD_BENCH_CACHE", str(tmp_path / "cache"))
    classifier._loaded.cache_clear()
    path = tmp_path / "texts.csv"
    rows = [
        f"{label}{n},{text!r}".replace("'", '"') + f",{label}"
        for label, of in FEELINGS.items()
        for n, text in enumerate(of)
    ]
    path.write_text("item,text,label\n" + "\n".join([*rows, 'n9,"an address is in the text",neutral']) + "\n")
    return path


def test_texts_are_read_in_both_forms(texts, tmp_path):
    released = tmp_path / "test.tsv"
    released.write_text("I’m sorry :( \u2028Really.\t24,25\tabc\nok\t27\tdef\n", encoding="utf-8")
    first, second = read_labelled(released)
    assert first.labels == {"remorse", "sadness"}
    assert (first.text, second.id, second.labels) == ("I’m sorry :( \u2028Really.", "def", {"neutral"})
    assert len(read_labelled(texts)) == 10
    assert has_texts(released)
    assert has_texts(texts)
    broken = tmp_path / "broken.csv"
    broken.write_text('item,text,label\n1,oh\u2028dear,remorse\n2,"oh\nwell",neutral\n', encoding="utf-8")
    assert [one.text for one in read_labelled(broken)] == ["oh\u2028dear", "oh\nwell"]
    ratings = tmp_path / "ratings.csv"
    ratings.write_text("item,question,rater,value\nd1,Q1,a,3\n")
    assert not has_texts(ratings)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.tsv", "ok\t27\tdef\nbad line\n", "line 2"),
        ("a.tsv", "ok\t28\tdef\n", "line 1"),
        ("a.tsv", "ok\t27\tx\nok\t27\tx\n", "'x'"),
        ("a.csv", "item,text,label\n1,hello,joyful\n", "joyful"),
        ("a.csv", "item,text,label\n1,,joy\n", "text is missing"),
        ("a.csv", "item,text,label\n", "no labelled texts"),
    ],
)
def test_what_is_wrong_with_labelled_texts_is_said_with_its_line(tmp_path, name, content, said):
    (tmp_path / name).write_text(content)
    with pytest.raises((DataError, UserError), match=said):
        read_labelled(tmp_path / name)


def test_it_learns_and_is_trained_once(texts, monkeypatch):
    trained = load_classifier("classifier-tfidf", str(texts))
    guesses = trained.guesses(["thanks, that is much appreciated", "sorry about the mistake"])
    assert [guess.label for guess in guesses] == ["gratitude", "remorse"]
    assert all(0.3 < guess.probability < 1 for guess in guesses)
    classifier._loaded.cache_clear()
    monkeypatch.setattr(classifier, "_trained", lambda *_: pytest.fail("it was trained again"))
    again = load_classifier("classifier-tfidf", str(texts))
    assert again.name == trained.name
    assert again.guesses(["thanks"]) == trained.guesses(["thanks"])


def test_another_training_file_is_another_judge(texts, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(texts.read_text() + "x,what a joy,joy\n")
    names = {load_classifier("classifier-majority", str(path)).name for path in (texts, other)}
    assert len(names) == 2
    assert all(name.startswith("classifier-majority@") for name in names)


def test_one_that_is_not_named_is_the_best_measured_whatever_is_installed(texts):
    assert kind_of("classifier") == "tfidf"
    assert load_classifier("classifier", str(texts)).name == load_classifier("classifier-tfidf", str(texts)).name


def test_what_one_trained_on_other_texts_said_is_not_taken_for_its_own(texts, tiny, make_config, tmp_path):
    def labels(path):
        judge = {"model": "classifier-majority", "trained_on": str(path)}
        config = make_config("emotions", judge=judge, sample={"items": 8})
        report = run(config, tmp_path / "run", open_client(config, Access(tmp_path / "a.sqlite")))
        return {row.metric.name for row in report.rows if row.score.value == 100}

    assert labels(texts) == {"emotion_neutral"}
    joyful = tmp_path / "joyful.csv"
    joyful.write_text("item,text,label\n1,what fun,joy\n")
    assert labels(joyful) == {"emotion_joy"}


def test_a_classifier_that_there_is_not(texts):
    with pytest.raises(UserError, match="classifier-tfidf"):
        kind_of("classifier-tfidff")
    with pytest.raises(UserError, match="there is no file"):
        load_classifier("classifier-tfidf", str(texts.parent / "none.tsv"))


def test_it_labels_a_corpus_under_its_own_name(texts, tiny, make_config, tmp_path):
    judge = {"model": "classifier-majority", "trained_on": str(texts), "certainty": True}
    config = make_config("emotions", judge=judge, sample={"items": 8})
    access = Access(tmp_path / "a.sqlite")
    report = run(config, tmp_path / "run", open_client(config, access))
    (score,) = [
        s for s in report.scores if s.metric == "emotion_neutral" and "arm:restyled" in str(s.signature) and not s.slice
    ]
    assert score.value == 100
    assert score.signature.options["judge"] == "classifier-majority"
    assert score.signature.options["returned"].startswith("classifier-majority@")
    assert "gpt" not in str(score.signature)
    assert report.unscored_rate == 0
    assert dry_run(config, access).usd == 0


def test_it_refuses_what_it_was_not_made_for(texts, tiny, make_config, tmp_path):
    config = make_config("pairwise", judge={"model": "classifier-majority", "trained_on": str(texts)})
    with pytest.raises(UserError, match="labels emotions"):
        open_client(config, Access(tmp_path / "a.sqlite"))


@pytest.mark.realdata
def test_the_floor_on_goemotions_is_the_share_of_neutral(realdata):
    floor = load_classifier("classifier-majority")
    test = read_labelled(realdata / "goemotions" / "data" / "test.tsv")
    assert {guess.label for guess in floor.guesses(["a", "b"])} == {"neutral"}
    assert len(test) == 5427
    lines = (realdata / "goemotions" / "data" / "test.tsv").read_text(encoding="utf-8").rstrip("\n").split("\n")
    neutral = sum("27" in line.split("\t")[1].split(",") for line in lines)
    assert sum("neutral" in one.labels for one in test) == neutral == 1787
