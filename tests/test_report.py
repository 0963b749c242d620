"""The report as a reader meets it: in a browser, at any width, with hostile texts."""

import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emotiset.errors import ConfigError
from emotiset.evaluate import evaluate_scores
from emotiset.folds import FoldConfig
from emotiset.report import check_can_report, write_report
from emotiset.report.page import EXPLAINED, make_page
from emotiset.resampling import summarize_folds
from emotiset.schema import BINS

HOSTILE = '<script>alert("1")</script><img src=http://x/y.png>\x1b[2J\u202e & \'"'
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def make_summary(n_members: int = 3, name: str = "tweets.json") -> dict[str, Any]:
    rng = np.random.default_rng(0)
    polarity = rng.choice(np.array([-1, 1], np.int8), 500)
    scores = (polarity[:, None] + rng.normal(size=(500, n_members))).astype(np.float32)
    funnel = {bin_name: 7 * (i + 1) for i, bin_name in enumerate(BINS)}
    return {
        "read": sum(funnel.values()),
        "funnel": funnel,
        "n_train": funnel["trained"],
        "n_test": 500,
        "members": n_members,
        "metrics": evaluate_scores(scores, polarity, "mean", np.ones(n_members)),
        "model_sha256": "ab" * 32,
        "sample_digest": "cd" * 16,
        "labels": {
            "by_symbol": [
                {"symbol": ":)", "polarity": 1, "n": 300},
                {"symbol": name, "polarity": -1, "n": 200},
            ],
            "by_day": {"": [1, 2], "2020-01-01": [3, 4], "2020-01-04": [10, 20]},
        },
        "seconds": {"plan": 0.1, "read": 12.5, "train": 0.0, "total": 13.0},
        "inputs": [name],
        "config": {"language": name, "members": None, "label_column": None},
        "settings": {"language": name, "members": n_members},
        "versions": {"python": "3.11", "emotiset": "0.1.0", "other": name},
    }


def make_folds() -> dict[str, Any]:
    numbers = {"macro_recall": 0.8, "f1": 0.8, "auc": None, "log_loss": 0.4, "ece": 0}
    each = [
        {"fold": 1, "n_train": 50, "n_test": 51, "accuracy": 0.7654, **numbers}
        | {"first": "2020-01-02T03:04:05Z", "last": None},
        {"fold": 2, "n_train": 51, "n_test": 50, "accuracy": 0.8642, **numbers}
        | {"first": None, "last": None},
    ]
    return summarize_folds(each, FoldConfig(folds=2, fold_by="time"))


def make_evidence(text: str = "a text") -> dict[str, Any]:
    grams = [{"ngram": text, "weight": 1.5, "texts": 7, "others": []}] * 3
    wrong = [{"text": text, "probability": 0.99}] * 3
    return {
        "strongest": {"en": {"texts": 10, "positive": grams, "negative": grams}},
        "mistakes": {"false_positive": wrong, "false_negative": []},
    }


def find_browser() -> str | None:
    from playwright.sync_api import sync_playwright

    installed = [found for name in BROWSERS if (found := shutil.which(name))]
    with sync_playwright() as player:
        own = player.chromium.executable_path
    return (*installed, own if Path(own).exists() else None)[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium, of playwright or of the system."""
    from playwright.sync_api import Error, sync_playwright

    path = find_browser()
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or playwright install")
    with sync_playwright() as player:
        try:
            # The sandbox of Chromium refuses to start for root, as in containers.
            browser = player.chromium.launch(
                executable_path=path, args=["--no-sandbox"]
            )
        except Error as error:  # without the libraries it needs
            pytest.skip(f"{path} does not start: {str(error).splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    long = "long" * 300 + HOSTILE
    write_report(
        path, make_summary(name=long), make_evidence(long), model=f"m{HOSTILE}.parquet"
    )
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1280])
def test_report__in_a_browser(
    browser: Any, page_file: Path, width: int, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme
    )
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(page_file.as_uri())
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [page_file.as_uri()]
    assert page.evaluate("document.documentElement.scrollWidth") == width

    pictures = page.query_selector_all("figure svg")
    assert len(pictures) == 6
    for picture in pictures:
        box = picture.bounding_box()
        assert box["width"] > 250
        assert box["height"] > 100
        assert box["x"] + box["width"] <= width
        assert picture.evaluate("svg => svg.querySelectorAll('path').length") > 3
    check_contrast(page)
    context.close()


def check_contrast(page: Any) -> None:
    """Text stands out against its background: 4.5 to 1, as WCAG 2 asks."""
    pairs = page.evaluate(
        """() => [...document.querySelectorAll('h1,p,td,th,dt,dd,figure text')]
        .map(each => {
            let ground = each;
            const clear = 'rgba(0, 0, 0, 0)';
            while (getComputedStyle(ground).backgroundColor === clear)
                ground = ground.parentElement;
            const style = getComputedStyle(each);
            const ink = each instanceof SVGElement ? style.fill : style.color;
            return [ink, getComputedStyle(ground).backgroundColor];
        })"""
    )
    assert len(pairs) > 100
    for ink, ground in {tuple(pair) for pair in pairs}:
        light, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)


def luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts
    ]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


@pytest.mark.slow
def test_report__tables_by_keyboard_and_by_ear(browser: Any, page_file: Path) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 800})
    page.goto(page_file.as_uri())
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.getAttribute('aria-labelledby')")
        )
    regions = page.query_selector_all(".scroll")
    assert len(regions) >= 6
    for region in regions:
        name = region.get_attribute("aria-labelledby")
        assert name in reached
        assert region.query_selector("table caption").get_attribute("id") == name
        assert region.query_selector_all("thead th[scope=col]")
        assert region.query_selector_all("tbody th[scope=row]")
    for picture in page.query_selector_all("figure svg"):
        assert picture.get_attribute("role") == "img"
        for part in picture.get_attribute("aria-labelledby").split():
            assert page.query_selector(f"#{part}").text_content().strip()
    assert page.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    ) == page.evaluate("document.querySelectorAll('[id]').length")
    page.close()


class Tags(HTMLParser):
    """All tags of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def plain() -> str:
    """A page of what is no trouble."""
    return make_page(make_summary(), make_evidence(), "m")


def test_page__hostile_texts_are_text(plain: str) -> None:
    hostile = make_page(make_summary(name=HOSTILE), make_evidence(HOSTILE), HOSTILE)
    assert "alert" in Tags(hostile).text
    assert len(Tags(hostile).tags) == len(Tags(plain).tags)
    assert not {"script", "img", "iframe", "object"} & {
        t for t, _ in Tags(hostile).tags
    }
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", hostile)
    for _, attributes in Tags(hostile).tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href", "xlink:href"):
            assert (attributes.get(name) or "#")[:5] in ("#", "data:") or (
                attributes[name] or ""
            ).startswith("#")


def test_page__same_arguments_same_bytes(plain: str) -> None:
    assert make_page(make_summary(), make_evidence(), "m") == plain


def test_page__numbers_are_those_of_the_summary(plain: str) -> None:
    summary, text = make_summary(), Tags(plain).text
    for name, n in summary["funnel"].items():
        assert f"{n:,}" in text
        assert EXPLAINED[name] in text
    assert f"{summary['metrics']['accuracy']:.4f}" in text
    assert f"{summary['metrics']['confusion']['tn']:,}" in text
    assert "0.990" in text


def test_report__tells_folds_of_each_language(plain: str) -> None:
    assert "Cross-validation" not in Tags(plain).text
    summary = make_summary() | {"folds": make_folds()}
    text = Tags(make_page(summary, make_evidence(), "m")).text
    for told in ("Cross-validation", "0.7654", "0.8642", "2020-01-02", "block of time"):
        assert told in text
    assert "0.8148" in text  # the mean
    assert "Nadeau and Bengio" in text
    each = {"n_train": 1, "n_test": 1, "members": 1, "metrics": summary["metrics"]}
    languages = {"en": {**each, "folds": make_folds()}, "es": each}
    several = make_summary() | {"languages": languages, "omitted": {}}
    text = Tags(make_page(several, make_evidence(), "m")).text
    assert (
        text.count("Cross-validation of ") == text.count("Cross-validation of en") == 1
    )


@pytest.mark.parametrize("n_members", [1, 2, 40])
def test_page__any_number_of_members(n_members: int) -> None:
    page = make_page(make_summary(n_members), {}, "m")
    assert page.count("<svg") == 6
    assert "mistakes" not in page


def test_page__settings_as_they_were_chosen() -> None:
    page = make_page(make_summary(40), {}, "m")
    assert '<th scope="row">members</th><td class="long">40</td>' in page


def test_page__several_languages() -> None:
    summary, evidence = make_summary(), make_evidence()
    metrics = summary["metrics"]
    alone = {"n_train": 4, "n_test": 500, "members": 3, "metrics": metrics}
    summary["languages"] = {"en": alone, "es": alone}
    summary["omitted"] = {"pt": f"too few {HOSTILE}"}
    curves = ("roc", "reliability", "accuracy_by_members", "member_accuracy")
    summary["metrics"] = {k: v for k, v in metrics.items() if k not in curves}
    summary["metrics"] |= {"auc": None, "ece": None}
    evidence["strongest"]["es"] = evidence["strongest"]["en"]
    page = Tags(make_page(summary, evidence, "m"))
    found = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(found) == len(set(found))
    assert "strongest-2-negative-caption" in found
    assert "By language" in page.text
    assert "too few <script>" in page.text


def test_page__nothing_held_out_and_nothing_labeled() -> None:
    summary = make_summary()
    nothing = np.empty((0, 3), np.float32), np.empty(0, np.int8)
    summary["metrics"] = evaluate_scores(*nothing, "mean", np.ones(3))
    summary["labels"] = {"by_symbol": [], "by_day": {}}
    assert make_page(summary, {}, "").count("<svg") == 2
    del summary["labels"]
    assert "Training run" in make_page(summary, {}, "")


@pytest.mark.parametrize("days", [["0001-01-01"], ["1970-01-01", "9999-12-31"]])
def test_page__strange_days(days: list[str]) -> None:
    summary = make_summary()
    summary["labels"]["by_day"] = {day: [1, 0] for day in days}
    assert "Labels over time" in make_page(summary, {}, "")


def test_check_can_report__says_what_is_missing(monkeypatch: Any) -> None:
    check_can_report()
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"needs matplotlib.*emotiset\[report\]"):
        check_can_report()
