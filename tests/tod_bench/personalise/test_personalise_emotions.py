"""Emotions of dialogues: the released aggregation, VADER, files of labels, classifiers of the hub's form."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tod_bench.corpora.base import open_corpus
from tod_bench.errors import UserError
from tod_bench.personalise.emotions import Classifier, Labels, Vader, of_utterances, open_emotions, vader_label


@pytest.mark.parametrize(
    ("labels", "label"),
    [
        (["positive", "positive", "negative"], "negative"),
        (["positive", "neutral", "neutral"], "positive"),
        (["positive", "neutral", "neutral", "neutral"], "neutral"),
        (["neutral"], "neutral"),
        ([], "positive"),
    ],
)
def test_a_dialogue_has_the_label_that_the_released_code_makes_of_its_utterances(labels, label):
    assert of_utterances(labels) == label


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("That is great, thank you so much!", "positive"),
        ("I need a hotel in the north.", "neutral"),
        ("This is terrible, I hate it.", "negative"),
    ],
)
def test_vader(said, label):
    assert vader_label(said) == label


def test_vader_labels_dialogues_in_order(dialogue):
    cross = replace(dialogue, turns=(replace(dialogue.turns[0], user="This is terrible, I hate it."),))
    assert list(Vader().emotions([dialogue, cross])) == ["neutral", "negative"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("labels.json", json.dumps({"d1": "Positive"})),
        ("labels.json", json.dumps({"test/d1": "positive", "d1": "negative"})),
        ("labels.json", json.dumps({"d1": ["neutral", "positive"]})),
        ("labels.csv", "dialogue,emotion\nd1,positive\n"),
        ("labels.csv", "dialogue,turn,emotion\nd1,1,positive\nd1,0,neutral\n"),
        ("labels.csv", "note,dialogue,emotion\na\u2028b,d1,positive\n"),  # a line separator is no end of a row
    ],
)
def test_labels_of_ones_own(tmp_path: Path, dialogue, name, text):
    (tmp_path / name).write_text(text)
    assert list(open_emotions(str(tmp_path / name)).emotions([dialogue])) == ["positive"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("labels.json", "{}", "no emotion of this dialogue"),
        ("labels.json", '{"d1": "glad"}', "'glad' is no emotion"),
        ("labels.json", '{"d1": ["neutral"]}', "1 labels for 2 user utterances"),
        ("labels.json", "[]", "not an object"),
        ("labels.json", "{", "no JSON"),
        ("labels.csv", "id,emotion\nd1,positive\n", "no columns dialogue and emotion"),
        ("labels.csv", "dialogue,turn,emotion\nd1,one,positive\n", "'one' is no number"),
        ("labels.csv", "dialogue,turn,emotion\nd1,1,positive\n", "count from 0"),
    ],
)
def test_labels_that_cannot_be_read_are_one_sentence(tmp_path: Path, dialogue, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=said):
        list(Labels(tmp_path / name).emotions([dialogue]))


def test_labels_that_are_not_there():
    with pytest.raises(UserError, match="cannot be read"):
        open_emotions("no/such.json")


def test_labels_decide_rows_by_content(tmp_path: Path):
    (tmp_path / "a.json").write_text('{"d1": "positive"}')
    (tmp_path / "b.json").write_text('{ "d1": "Positive" }')
    (tmp_path / "c.json").write_text('{"d1": "neutral"}')
    first, same, other = (Labels(tmp_path / f"{name}.json").identity for name in "abc")
    assert first == same != other


@pytest.fixture(scope="module")
def classifier(tmp_path_factory) -> Path:
    """A tiny classifier with the classes of twitter-roberta, which says what its bias says."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("classifier")
    words = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "hello": 2}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", model_max_length=16
    ).save_pretrained(folder)
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    config = BertConfig(vocab_size=3, num_labels=3, max_position_embeddings=16, **sizes)
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.zero_()
        model.classifier.bias.copy_(torch.tensor([0.0, 0.0, 9.0]))
    model.save_pretrained(folder)
    return folder


def test_a_classifier_of_the_hubs_form(classifier: Path, dialogue):
    source = open_emotions(str(classifier))
    assert isinstance(source, Classifier)
    assert list(source.emotions([dialogue])) == ["positive"]  # LABEL_2
    assert "weights" in source.identity
    assert str(classifier) not in str(source.identity)


def test_a_classifier_with_other_classes(classifier: Path, tmp_path: Path, dialogue):
    import shutil

    other = tmp_path / "other"
    shutil.copytree(classifier, other)
    config = json.loads((other / "config.json").read_text())
    config["id2label"] = {"0": "joy", "1": "fear", "2": "anger"}
    config["label2id"] = {"joy": 0, "fear": 1, "anger": 2}
    (other / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="has a class 'anger'; its classes must be positive, neutral, negative"):
        list(Classifier(str(other)).emotions([dialogue]))


def test_a_classifier_that_is_not_there(tmp_path: Path, dialogue, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(UserError, match="no such classifier can be loaded"):
        list(Classifier(str(tmp_path / "nothing")).emotions([dialogue]))


@pytest.mark.realdata
def test_vader_on_multiwoz(realdata: Path):
    from collections import Counter

    found = Counter(Vader().emotions(list(open_corpus("multiwoz").dialogues("test"))))
    assert found == {"positive": 487, "neutral": 504, "negative": 9}
