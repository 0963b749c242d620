"""The card as a hub and a reader meet it: parsed as YAML, and as Markdown."""

from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from emotiset.card import make_card, quote
from emotiset.inspection import describe_model
from tests.test_judging import make_model
from tests.test_report import make_folds, make_summary

HOSTILE = (
    "`</code><script>alert(1)</script>``` | [a](javascript:x) ![b](http://x/y) <!--"
    " **c** \n# d\n---\n- e\x1b[2J\u202e\u2028: {f} 'g' \"h\" \\ & http://i.example @j"
)


def make_parts(tmp_path: Any, text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    path = tmp_path / "model.parquet"
    make_model().save(path)
    model = describe_model(make_model(), path)
    model["settings"] = {"seed": 0, text: text, "none": None}
    model["symbols"] = {"positive": [text], "negative": [":("]}
    model["file"] = f"{text.replace('/', '')}.parquet"
    summary = make_summary(name=text)
    metrics = summary["metrics"]
    summary["languages"] = {text: {"n_train": 5, "metrics": metrics}}
    summary["omitted"] = {text: text}
    return model, summary


def parse(card: str) -> tuple[dict[str, Any], list[Any]]:
    _, header, body = card.split("---\n", 2)
    tokens = MarkdownIt("gfm-like", {"linkify": False}).parse(body)
    flat = [each for token in tokens for each in (token, *(token.children or ()))]
    return yaml.safe_load(header), flat


def test_card__header_is_what_hubs_read(tmp_path: Any) -> None:
    model, summary = make_parts(tmp_path, "plain")
    header, _ = parse(make_card(model, summary))
    assert header["language"] == ["en"]
    assert header["pipeline_tag"] == "text-classification"
    [entry] = header["model-index"]
    assert entry["name"] == "plain.parquet"
    [result] = entry["results"]
    found = {each["type"]: each["value"] for each in result["metrics"]}
    metrics = summary["metrics"]
    assert found == {name: metrics[name] for name in header["metrics"]}
    assert found["accuracy"] == metrics["accuracy"]


def test_card__says_funnel_metrics_limits_and_use(tmp_path: Any) -> None:
    model, summary = make_parts(tmp_path, "plain")
    card = make_card(model, summary)
    for name, n in summary["funnel"].items():
        assert f"| {name.replace('_', ' ')} | {n:,} |" in card
    low, high = summary["metrics"]["accuracy_interval"]
    value = f"{summary['metrics']['accuracy']:.4f}"
    assert f"| accuracy | {value} | {low:.4f} to {high:.4f} |" in card
    for word in ("neutral", "Domain", "Time", "Irony", "load_ensemble"):
        assert word in card
    assert "from 2020-01-01 to 2020-01-04" in card
    assert summary["model_sha256"] in card


def test_card__hostile_names_are_text(tmp_path: Any) -> None:
    kind_header, kind = parse(make_card(*make_parts(tmp_path, "plain")))
    header, hostile = parse(make_card(*make_parts(tmp_path, HOSTILE)))
    assert [each.type for each in hostile] == [each.type for each in kind]
    assert not {"html_inline", "html_block", "link_open", "image"} & {
        each.type for each in hostile
    }
    assert header.keys() == kind_header.keys()
    assert not any(c in make_card(*make_parts(tmp_path, HOSTILE)) for c in "\x1b\u202e")


@pytest.mark.parametrize("text", ["`", "``", "a`b``c", "` `", " x ", "\\", "|", "<b>"])
def test_quote__a_reader_sees_the_text(text: str) -> None:
    [paragraph] = [
        token for token in MarkdownIt().parse(quote(text)) if token.type == "inline"
    ]
    [span] = paragraph.children or []
    assert span.type == "code_inline"
    assert span.content == " ".join(text.split())


def test_card__tells_what_folds_say(tmp_path: Any) -> None:
    model, summary = make_parts(tmp_path, "plain")
    summary["folds"] = folds = make_folds()
    card = make_card(model, summary)
    assert "in 2 folds of the sample, by time" in card
    low, high = folds["means"]["accuracy"]["interval"]
    assert f"| Accuracy | 0.8148 | {low:.4f} to {high:.4f} |" in card
    summary["languages"]["plain"]["folds"] = folds
    assert make_card(model, summary).count("in 2 folds") == 2
    summary["metrics"] = {"n": 0}
    alone = make_card(model, summary)
    assert "in 2 folds" in alone
    assert "not known how good" not in alone
    assert "| AUC |" not in alone  # some fold leaves it undefined


def test_card__nothing_held_out_and_label_column(tmp_path: Any) -> None:
    model, summary = make_parts(tmp_path, "plain")
    summary["metrics"] = {"n": 0}
    summary["config"]["label_column"] = "polarity"
    del summary["labels"]
    header, _ = parse(card := make_card(model, summary))
    assert "model-index" not in header
    assert "not known how good" in card
    assert "a column of the input" in card
    assert "When the texts were written is not known" in card
