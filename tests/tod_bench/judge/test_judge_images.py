"""A judge that sees: pictures of a folder or of the corpus itself, scaled and typed by what they are."""

import base64
import io
import json
import re
from dataclasses import replace

import pytest
from PIL import Image

from fault_server.server import FaultServer
from pictures import Painted, painted
from tod_bench.errors import UserError
from tod_bench.experiments.config import EvalConfig
from tod_bench.experiments.plan import build
from tod_bench.experiments.result_jobs import result_job
from tod_bench.images import FolderImages
from tod_bench.judge.annotation_page import write_annotation_page
from tod_bench.judge.calling import judge
from tod_bench.judge.drafts import drafts_of, image_url
from tod_bench.judge.items import read_items
from tod_bench.judge.prompting import load_prompt
from tod_bench.judge.run import run
from tod_bench.judge.scripted import ScriptedJudge
from tod_bench.llm.records import ChatRequest, ImagePart, Message, TextPart
from tod_bench.llm.scripted import ScriptedClient
from tod_bench.simulated.corpus import Simulated


def contents(config):
    return [
        draft.request.messages[0].content for draft in drafts_of(config, load_prompt(config.task), read_items(config))
    ]


def opened(url):
    head, data = url.split(",", 1)
    return head, Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.fixture
def seen(tiny, monkeypatch):
    """The pictures of the small corpus."""
    images = Painted()
    monkeypatch.setattr(tiny, "images", images, raising=False)
    return images


@pytest.mark.parametrize(
    ("mode", "kind", "suffix", "mime"),
    [
        ("RGB", "PNG", "png", "jpeg"),
        ("RGBA", "PNG", "png", "png"),
        ("L", "JPEG", "jpg", "jpeg"),
        ("P", "GIF", "gif", "png"),
    ],
)
def test_pictures_are_scaled_and_typed_by_their_bytes(tmp_path, mode, kind, suffix, mime):
    Image.new(mode, (900, 300)).save(tmp_path / f"picture.{suffix}", kind)
    head, read = opened(image_url(FolderImages(tmp_path), f"picture.{suffix}", 256))
    assert read.size == (256, 85)
    assert head == f"data:image/{mime};base64"
    assert read.format.lower() == mime


def test_a_picture_that_is_not_there_or_is_none(tmp_path):
    images = FolderImages(tmp_path)
    with pytest.raises(UserError, match=r"none\.png is no picture.*; leave out judge\.images to judge by"):
        image_url(images, "none.png", 64)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(UserError, match="cannot be read"):
        image_url(images, "text.png", 64)


def test_a_judge_that_sees_images_gets_the_picture_and_the_impression(tiny, make_config, tmp_path):
    (tmp_path / "a").mkdir()
    for number in (1, 2, 3, 4):
        Image.new("RGB", (40, 40)).save(tmp_path / "a" / f"{number}.png")
    seeing = {"model": "m", "images": str(tmp_path)}
    own, blank = contents(make_config(judge=seeing, personas=["own", "blank"], sample={"items": 4}))[:2]
    assert isinstance(own, tuple)
    assert isinstance(own[0], TextPart)
    assert isinstance(own[1], ImagePart)
    assert own[1].url.startswith("data:image/jpeg;base64,")
    assert "<impression>" in own[0].text
    assert isinstance(blank, str)
    assert "(nothing is known)" in blank


@pytest.mark.parametrize("given", ["corpus", True])
def test_pictures_can_be_the_corpus_s_own(seen, make_config, given):
    config = make_config(judge={"model": "m", "images": given}, personas=["own", "shuffled"], sample={"items": 4})
    assert config.judge.images == "corpus"
    pictures = {item.id: item.persona.image for item in read_items(config).items}
    drafts = list(drafts_of(config, load_prompt("likert"), read_items(config)))
    for draft in drafts:
        text, picture = draft.request.messages[0].content
        own = image_url(seen, pictures[draft.query.item], 512)
        assert (picture.url == own) == (draft.query.persona == "own"), "a shuffled persona has another one's picture"
        assert "A picture of the user is attached." in text.text
    assert len({draft.query.persona for draft in drafts}) == 2


def test_without_pictures_requests_are_what_they_were(seen, make_config):
    plain = make_config(sample={"items": 4})
    off = make_config(judge={"model": "judge-x", "images": False}, sample={"items": 4})
    assert plain == off
    assert all(
        isinstance(content, str) and "picture of the user is attached" not in content for content in contents(off)
    )
    assert seen.asked == []


def test_emotions_are_asked_without_a_picture(seen, make_config, tmp_path):
    config = make_config("emotions", reference=None, judge={"model": "m", "images": "corpus"}, sample={"items": 4})
    assert all(isinstance(content, str) for content in contents(config))
    assert seen.asked == []
    report = run(config, tmp_path / "run", ScriptedClient(ScriptedJudge()))
    assert {score.signature.options["images"] for score in report.scores} == {"no"}


def test_pictures_are_asked_for_and_no_user_has_one(seen, tiny, make_config, monkeypatch):
    plain = [replace(dialogue, persona=replace(dialogue.persona, image="")) for dialogue in tiny().dialogues("test")]
    monkeypatch.setattr(tiny, "dialogues", lambda _self, _split: iter(plain))
    with pytest.raises(UserError, match="tiny names no picture of any user that is judged"):
        read_items(make_config(judge={"model": "m", "images": "corpus"}))


def test_a_corpus_without_pictures_is_said(tiny, make_config, tmp_path):
    with pytest.raises(UserError, match="tiny has no pictures of its own; give the folder"):
        read_items(make_config(judge={"model": "m", "images": "corpus"}))
    with pytest.raises(UserError, match="is no folder"):
        read_items(make_config(judge={"model": "m", "images": str(tmp_path / "none")}))


def test_the_annotation_page_has_the_corpus_s_pictures(seen, make_config, tmp_path):
    config = make_config(judge={"model": "m", "images": "corpus"}, sample={"items": 4})
    write_annotation_page(config, tmp_path / "page.html")
    (data,) = re.findall(r"<script[^>]*json[^>]*>(.*?)</script>", (tmp_path / "page.html").read_text(), re.DOTALL)
    shown = {item["id"]: item["picture"] for item in json.loads(data)["items"]}
    assert shown == {item.id: image_url(seen, item.persona.image, 512) for item in read_items(config).items}


def test_a_run_counts_its_pictures_into_keys_and_signatures(seen, make_config, tmp_path, monkeypatch):
    config = make_config(judge={"model": "m", "images": "corpus"}, sample={"items": 4})
    report = run(config, tmp_path / "run", ScriptedClient(ScriptedJudge()))
    assert report.scores[0].signature.options["images"] == "corpus@512px"
    assert not any("have no picture" in note for score in report.scores for note in score.notes)
    keys = json.loads((tmp_path / "run" / "run.json").read_text())["keys"]
    seen.side = 32
    image_url.cache_clear()
    run(config, tmp_path / "run", ScriptedClient(ScriptedJudge()))
    assert not set(keys) & set(json.loads((tmp_path / "run" / "run.json").read_text())["keys"])


def test_users_without_a_picture_are_counted_beside_the_score(seen, tiny, make_config, tmp_path, monkeypatch):
    dialogues = tiny.dialogues

    def one_unseen(self, split):
        for number, dialogue in enumerate(dialogues(self, split)):
            lost = replace(dialogue.persona, image="")
            yield replace(dialogue, persona=lost) if number == 0 else dialogue

    monkeypatch.setattr(tiny, "dialogues", one_unseen)
    config = make_config(judge={"model": "m", "images": "corpus", "image_side": 64}, sample={"items": None})
    report = run(config, tmp_path / "run", ScriptedClient(ScriptedJudge()))
    said = (
        f"1 of {len(read_items(config).items)} users have no picture, and were judged by what is written of them alone"
    )
    assert said in report.scores[0].notes
    assert report.scores[0].signature.options["images"] == "corpus@64px"


def key_of_judged(images, monkeypatch, own=None):
    monkeypatch.setattr(Simulated, "images", own, raising=False)
    raw = {
        "name": "judged",
        "corpora": {"plain": {"corpus": "simulated", "options": {"dialogues": {"train": 2, "dev": 1, "test": 2}}}},
        "systems": {"oracle": "oracle"},
        "tasks": {"response": {"judge": [{"task": "likert"}]}},
        "judge": {"model": "scripted", "images": images},
    }
    plan = build(EvalConfig.model_validate(raw))
    return result_job(plan, plan.experiments[0]).key


def test_a_result_is_made_anew_when_the_pictures_change(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(painted("a"))
    first = key_of_judged(str(tmp_path), monkeypatch)
    (tmp_path / "a.png").write_bytes(painted("b"))
    assert key_of_judged(str(tmp_path), monkeypatch) != first
    small, large = Painted(side=32), Painted()
    assert key_of_judged("corpus", monkeypatch, small) != key_of_judged("corpus", monkeypatch, large)
    assert key_of_judged(None, monkeypatch, small) == key_of_judged(None, monkeypatch, large)


def test_a_judge_behind_a_server_gets_the_portraits_of_the_embedded_corpus(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789abcdef")

    def answer(body):
        (message,) = body["messages"]
        (text,) = (part["text"] for part in message["content"] if part["type"] == "text")
        return ScriptedJudge()(ChatRequest(body["model"], (Message("user", text),)))

    with FaultServer(answer) as server:
        changes = [f"judge.base_url={server.base_url}", "judge.images=corpus", "sample.items=6"]
        report = judge("judge_likert", changes, model="judge-x", output=tmp_path / "run")
        sent = [received.body["messages"][0]["content"] for received in server.received]
    assert report.unscored_rate == 0
    corpus = Simulated()
    assert len(sent) == 6
    for text, picture in sent:
        shown = re.search("<impression>(.*?)</impression>", text["text"])[1]
        head, read = opened(picture["image_url"]["url"])
        assert (head, read.size) == ("data:image/jpeg;base64", (64, 64))
        same = [one.persona.image for one in corpus.dialogues("test") if one.persona.impression == shown]
        assert picture["image_url"]["url"] in {corpus.images.scaled_url(name, 512) for name in same}
    assert len({picture["image_url"]["url"] for _, picture in sent}) == 6
