"""The summary file: of this model, and refused in one line where it is not."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emotiset.display_model import print_model, print_run
from emotiset.errors import InputError
from emotiset.inspection import describe_model
from emotiset.outputs import write_summary
from emotiset.summaries import read_summary
from tests.test_judging import make_model
from tests.test_report import HOSTILE, make_summary


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    model, summary = tmp_path / "model.parquet", tmp_path / "summary.json"
    make_model().save(model)
    write_summary(summary, {**make_summary(), "model_sha256": make_model().sha256()})
    return summary, model


def test_read_summary__gives_what_was_written(files: tuple[Path, Path]) -> None:
    assert read_summary(*files) == json.loads(files[0].read_text())


def refusal(summary: Path, model: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_summary(summary, model)
    message = str(caught.value)
    assert message.isprintable()
    assert str(summary) in message
    assert len(message) < 300 + len(str(summary)) + len(str(model))
    return message


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"read": NaN}', b"PAR1"]
)
def test_read_summary__another_file(data: bytes, files: tuple[Path, Path]) -> None:
    files[0].write_bytes(data)
    assert "that train --summary wrote" in refusal(*files)


def test_read_summary__none_or_a_folder(files: tuple[Path, Path]) -> None:
    summary, model = files
    assert "No such file" in refusal(summary.with_name("none.json"), model)
    assert "directory" in refusal(summary.parent, model)


def test_read_summary__of_another_model(files: tuple[Path, Path]) -> None:
    summary, model = files
    make_model(seed=1).save(model)
    assert "name the one of its run" in refusal(summary, model)


CHANGES: list[tuple[str, Any]] = [
    ("read", -1),
    ("read", "many"),
    ("read", 1e400),
    ("funnel", {"\x1b[2J": 1}),
    ("funnel", {"trained": -1}),
    ("funnel", [1, 2]),
    ("metrics", None),
    ("metrics", {"n": 1}),
    ("metrics", {"n": 1, "confusion": {"tp": 1, "fn": 0, "fp": 0}}),
    ("metrics.accuracy", 1.5),
    ("metrics.accuracy", "\x1b[2J"),
    ("metrics.accuracy_interval", [0.1]),
    ("metrics.confusion", {"tp": 1, "fn": 0, "fp": 0, "tn": "\x1b"}),
    ("metrics.log_loss", "1"),
    ("inputs", "tweets.json"),
    ("inputs", [["\x1b"]]),
    ("seconds", {"read": "\x1b"}),
    ("config", []),
    ("versions", {"python": 3}),
    ("model_sha256", "\x1b[2J" * 100),
    ("labels", {"by_day": {"2020-01-01": [1]}}),
    ("labels", {"by_day": {"2020-01-01": [1, -1]}}),
    ("languages", {"en": {}}),
    ("omitted", {"en": None}),
    ("folds", {"k": 2, "by": "\x1b[2J", "means": {}}),
    ("folds", {"k": 2, "by": "key", "means": {"accuracy": {"mean": 0.8}}}),
]


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_read_summary__hostile_values(
    name: str, value: Any, files: tuple[Path, Path]
) -> None:
    told = json.loads(files[0].read_text())
    *outer, last = name.split(".")
    (told[outer[0]] if outer else told)[last] = value
    files[0].write_text(json.dumps(told))
    refusal(*files)


def test_print__nothing_of_a_stranger_reaches_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = f"[bold red]{HOSTILE}\x9b31m\x07\r"
    model = replace(
        make_model(),
        settings={hostile: hostile},
        versions={hostile: hostile},
        sample_digest=hostile,
    )
    path = tmp_path / "model.parquet"
    model.save(path)
    described = describe_model(model, path)
    described["symbols"]["positive"] += [hostile]
    summary = make_summary(name=hostile)
    summary["languages"] = {hostile: {"metrics": summary["metrics"]}}
    summary["omitted"] = {hostile: hostile}
    print_model(described)
    print_run(summary)
    shown = capsys.readouterr().out
    assert "[bold red]" in shown
    assert "\\x1b[2J" in "".join(shown.split())
    assert all(c.isprintable() or c == "\n" for c in shown)
