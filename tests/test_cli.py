"""The command as a user calls it: exit codes, one line for an error, no debris."""

import bz2
import contextlib
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import pytest

from emotiset import __version__, load_ensemble

# Words, not numbers, tell them apart: near-copies would be on one side of the split.
GOOD = "".join(
    f'{{"text": "a {word} day to tell of {first}o{second}a {face}", "lang": "en"}}\n'
    for first in "bdfgklmnpr"
    for second in "stvwxz"
    for word, face in (("lovely", ":)"), ("dreadful", ":("))
)


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def start(
    *arguments: object, stdin: str = "", cwd: Path | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "emotiset", *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def good_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("good") / "good.json"
    path.write_text(GOOD)
    return path


@pytest.fixture(scope="module")
def model(good_file: Path) -> Path:
    path = good_file.parent / "model.parquet"
    done = start(
        "train", good_file, "-o", path, "--workers", 1, "--n-features", 1024,
        "--summary", path.with_name("summary.json"), "--folds", 2,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "accuracy" in done.stderr
    assert "2 folds  by key: accuracy" in done.stderr
    assert str(path) in done.stderr
    return path


def test_version__is_printed() -> None:
    done = start("--version")
    assert (done.returncode, done.stdout.strip()) == (0, f"emotiset {__version__}")


def test_help__groups_the_options_and_shows_defaults(run: Run) -> None:
    done = run("train", "--help")
    assert done.returncode == 0
    for word in ("Input", "Labels", "Sample", "Model", "Cluster", "Output"):
        assert f"─ {word} ─" in done.stdout
    for word in ("--per-class", "[default: (64MiB)]", "[default: (2097152)]"):
        assert word in done.stdout


def test_train_module__is_the_command_and_runs_once() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "emotiset.train", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert "--per-class" in done.stdout


def test_train__writes_summary_beside_the_model(model: Path) -> None:
    summary = json.loads(model.with_name("summary.json").read_text())
    assert summary["read"] == sum(summary["funnel"].values()) == 120
    assert set(summary["seconds"]) >= {"plan", "start", "read", "train", "total"}
    assert sorted(path.name for path in model.parent.iterdir()) == [
        "good.json",
        "model.parquet",
        "summary.json",
    ]


def test_predict__files_to_parquet_in_order(
    model: Path, tmp_path: Path, run: Run
) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("a lovely day\na dreadful day\nüber lovely :)\n")
    done = run("predict", model, texts, "-o", tmp_path / "out.parquet", "--workers", 1)
    assert done.returncode == 0, done.stderr
    found = pq.read_table(tmp_path / "out.parquet")
    assert found["text"].to_pylist()[2] == "über lovely :)"
    assert found["polarity"].to_pylist() == [1, -1, 1]
    for polarity, probability in zip(
        found["polarity"].to_pylist(), found["probability"].to_pylist(), strict=True
    ):
        assert (probability > 0.5) == (polarity > 0)


def test_predict__standard_input_to_json_lines(model: Path) -> None:
    done = start("predict", model, "-", stdin="a lovely day\n\ndreadful\n")
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["text"] for answer in answers] == ["a lovely day", "", "dreadful"]
    assert [answers[0]["polarity"], answers[2]["polarity"]] == [1, -1]


@pytest.mark.parametrize("option", ["--limit", "--text-column", "--format"])
def test_predict__standard_input_takes_no_option_of_files(
    option: str, model: Path, run: Run
) -> None:
    value = {"--limit": "1", "--format": "csv"}.get(option, "text")
    done = run("predict", model, "-", option, value, stdin="a lovely day\n\n")
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"{option} needs a file, found standard input" in done.stderr


def test_predict__abstains_and_shifts_to_a_known_share(
    model: Path, tmp_path: Path, run: Run
) -> None:
    ensemble = dataclasses.replace(load_ensemble(model), vote="mean")
    model = tmp_path / "mean.parquet"
    ensemble.save(model)
    lines = "a lovely day\n\ndreadful\n"
    done = run("predict", model, "-", "--abstain", "1", stdin=lines)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["polarity"] for answer in answers] == [None] * 3
    told = run("predict", model, "-", "--prior", "0.999999", stdin=lines)
    shifted = [json.loads(line)["probability"] for line in told.stdout.splitlines()]
    pairs = zip(answers, shifted, strict=True)
    assert all(answer["probability"] < after for answer, after in pairs)

    texts = tmp_path / "texts.csv"
    texts.write_text("text\na lovely day\ndreadful\n")
    out = tmp_path / "out.parquet"
    done = run("predict", model, texts, "-o", out, "--abstain", "1")
    assert done.returncode == 0, done.stderr
    assert pq.read_table(out)["polarity"].to_pylist() == [None, None]
    done = run("predict", model, texts, "-o", out, "--abstain", "0.3")
    assert done.returncode == 2
    assert "abstain" in done.stderr


def test_evaluate__gives_metrics_as_json(model: Path, tmp_path: Path, run: Run) -> None:
    gold = tmp_path / "gold.csv"
    gold.write_text("text,label\na lovely day,positive\ndreadful day,negative\n")
    done = run("evaluate", model, gold, "--label-column", "label", "--json")
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)
    assert (metrics["accuracy"], metrics["n"]) == (1.0, 2)
    assert 0 <= metrics["ece"] <= 1
    told = run("evaluate", model, gold, "--label-column", "label")
    assert "predicted positive" in told.stdout


def test_train__report_changes_no_byte_of_the_model(
    model: Path, good_file: Path, tmp_path: Path, run: Run
) -> None:
    out, page = tmp_path / "model.parquet", tmp_path / "report.html"
    done = run(
        "train", good_file, "-o", out, "--workers", 1, "--n-features", 1024,
        "--report", page,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert out.read_bytes() == model.read_bytes()
    assert page.read_text().count("<svg") == 5  # no days: the tweets have no time
    assert "Most confident mistakes" in page.read_text()


def test_evaluate__models_side_by_side_on_files_of_one_class(
    model: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "pos.txt").write_text("a lovely day :)\nlovely\n")
    (tmp_path / "neg.txt").write_text("a dreadful day\n")
    shutil.copy(model, other := tmp_path / "other.parquet")
    named = ("--positive", "pos*", "--negative", "neg*")
    inputs = (tmp_path / "pos.txt", tmp_path / "neg.txt")
    done = run("evaluate", model, other, *inputs, *named, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [each["model"] for each in told["models"]] == [str(model), str(other)]
    assert told["gold"] == {"negative": 1, "neutral": 0, "positive": 2}
    assert told["pairs"][0]["p_value"] == 1
    shown = run("evaluate", model, other, *inputs, *named, "--abstain", "0.9")
    assert "model.parquet against other.parquet" in shown.stdout
    assert "abstaining" in shown.stdout
    done = run("evaluate", model, *inputs, *named)  # 80 columns wide
    assert "\nmodel.parquet " in done.stdout
    alone = run("evaluate", model, other, *named)
    assert alone.returncode == 2
    assert "found only models" in alone.stderr
    assert run("evaluate", model, model, *inputs, *named).returncode == 2


def test_inspect__says_what_the_file_is(model: Path, run: Run) -> None:
    described = json.loads(run("inspect", model, "--json").stdout)
    assert described["language"] == "en"
    assert described["settings"]["n_features"] == 1024
    assert ":)" in described["symbols"]["positive"]
    assert "1,024 columns" in run("inspect", model).stdout


def test_inspect__tells_the_run_with_its_summary(model: Path, run: Run) -> None:
    summary = model.with_name("summary.json")
    asked = ("inspect", model, "--summary", summary)
    told = json.loads(run(*asked, "--json").stdout)["summary"]
    assert told == json.loads(summary.read_text())
    shown = run(*asked).stdout
    assert f"accuracy {told['metrics']['accuracy']:.4f}" in shown
    assert "trained" in shown
    assert "good.json" in "".join(shown.split())


def test_card__is_markdown_of_this_model(model: Path, tmp_path: Path, run: Run) -> None:
    summary, out = model.with_name("summary.json"), tmp_path / "CARD.md"
    done = run("card", model, "--summary", summary, "-o", out)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert run("card", model, "--summary", summary).stdout == out.read_text()
    assert out.read_text().startswith("---\nlanguage:\n- en\n")
    assert json.loads(summary.read_text())["model_sha256"] in out.read_text()
    taken = run("card", model, "--summary", summary, "-o", summary)
    assert taken.returncode == 2
    assert "a file of its own" in taken.stderr
    assert run("card", model, "--summary", model).returncode == 2
    assert run("card", model).returncode == 2


def test_inspect__shows_the_strongest_ngrams(
    model: Path, good_file: Path, run: Run
) -> None:
    asked = ("inspect", model, "--texts", good_file, "--top", "3")
    found = json.loads(run(*asked, "--json").stdout)["strongest"]
    assert len(found["positive"]) == len(found["negative"]) == 3
    assert found["collisions"] <= found["columns"] <= 1024
    told = run(*asked).stdout
    assert all(each["ngram"] in told for each in found["positive"])


def test_dry_run__shows_the_plan_and_writes_nothing(
    good_file: Path, tmp_path: Path, run: Run
) -> None:
    done = run("train", good_file, "--dry-run", "-o", tmp_path / "m.parquet")
    assert done.returncode == 0, done.stderr
    assert "tweets: 1 blocks" in done.stdout
    assert "about 120 labeled tweets" in done.stdout
    assert "read" in done.stdout
    assert not list(tmp_path.iterdir())


def test_simulate__writes_lines_that_train(tmp_path: Path, run: Run) -> None:
    done = run("simulate", "--tweets", 500, "-o", tmp_path / "sim", "--workers", 1)
    assert done.returncode == 0, done.stderr
    [path] = (tmp_path / "sim").iterdir()
    assert path.read_bytes().count(b"\n") == 500


BAD_INPUT = {
    "no such file": (["train", "nowhere.json"], 2, "nowhere.json"),
    "empty file": (["train", "empty"], 2, "empty"),
    "folder without tweets": (["train", "folder"], 2, "folder"),
    "missing column": (["train", "t.csv", "--text-column", "words"], 2, "words"),
    "one polarity": (["train", "one.json"], 2, "0 negative"),
    "too few": (["train", "good.json", "--per-class", "900"], 2, "900"),
    "corrupt bz2": (["train", "corrupt.bz2"], 2, "corrupt.bz2"),
    "unwritable output": (["train", "good.json", "-o", "no/m.parquet"], 2, "no/m"),
    "output is a folder": (["train", "good.json", "-o", "folder"], 2, "folder"),
    "unreachable scheduler": (
        ["train", "good.json", "--scheduler", "tcp://127.0.0.1:9"], 4, "127.0.0.1:9",
    ),
    "missing scheduler file": (
        ["train", "good.json", "--scheduler-file", "none.json"], 4, "none.json",
    ),
    "nonsense value": (["train", "good.json", "--members", "many"], 2, "--members"),
    "value out of range": (["train", "good.json", "--members", "0"], 2, "members"),
    "unknown option": (["train", "good.json", "--mebmers", "3"], 2, "--mebmers"),
    "unknown format": (["train", "good.json", "--format", "xml"], 2, "xml"),
    "bad size": (["train", "good.json", "--block-size", "big"], 2, "big"),
    "endless size": (["train", "good.json", "--block-size", "1e999"], 2, "1e999"),
    "bad memory": (["train", "good.json", "--memory-limit", "1e999"], 2, "1e999"),
    "work in no folder": (["train", "good.json", "--work-dir", ""], 2, "--work-dir"),
    "bad config": (["train", "good.json", "--config", "t.csv"], 2, "t.csv"),
    "unknown language": (["train", "good.json", "--language", "xq"], 2, "xq"),
    "by time, no folds": (["train", "good.json", "--fold-by", "time"], 2, "folds 5"),
    "place that no tweet has": (
        ["train", "good.json", "--text-column", "user.nam"], 2, "'user.nam'",
    ),
    "terminal sequence": (["inspect", "a\x1b[31mb\x9bc"], 2, r"a\x1b[31mb\x9bc"),
    "bad lexicon": (["train", "good.json", "--lexicon", "t.csv"], 2, "lexicon"),
    "no model": (["predict", "none.parquet", "t.csv", "-o", "o.parquet"], 2, "none"),
    "not a model": (["inspect", "t.csv"], 2, "t.csv"),
    "no label column": (["evaluate", "m.parquet", "t.csv"], 2, "--label-column"),
}  # fmt: skip

# In a process of their own: before any work, within it, and without a cluster.
_STARTED = ("no such file", "one polarity", "missing scheduler file")


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input__one_line_and_the_exit_code(
    case: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emotiset.cluster._CONNECT_SECONDS", 1)
    arguments, code, named = BAD_INPUT[case]
    (tmp_path / "good.json").write_text(GOOD)
    (tmp_path / "one.json").write_text(GOOD.replace(":(", ":)"))
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "t.csv").write_text("text,y\nhello there,1\n")
    (tmp_path / "corrupt.bz2").write_bytes(bz2.compress(GOOD.encode())[:200])
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = (start if case in _STARTED else run)(*arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("emotiset: ")]
    assert len(lines) == 1
    assert named in lines[0]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


LOSSES = {
    "output over the input": ["train", "good.json", "-o", "good.json"],
    "summary over the input": ["train", "good.json", "--summary", "./good.json"],
    "two outputs of one name": ["train", "good.json", "-o", "a", "--summary", "a"],
    "output to a pipe": ["train", "good.json", "-o", "pipe"],
    "predictions over the texts": ["predict", "MODEL", "good.json", "-o", "good.json"],
    "predictions over the model": ["predict", "MODEL", "good.json", "-o", "MODEL"],
    "predictions of standard input to a file": ["predict", "MODEL", "-", "-o", "a"],
}


@pytest.mark.parametrize("case", LOSSES)
def test_outputs__never_replace_what_is_needed(
    case: str, model: Path, tmp_path: Path, run: Run
) -> None:
    (tmp_path / "good.json").write_text(GOOD)
    os.mkfifo(tmp_path / "pipe")
    copy = tmp_path / "model.parquet"
    copy.write_bytes(model.read_bytes())
    arguments = [str(copy) if each == "MODEL" else each for each in LOSSES[case]]
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("emotiset: ")
    assert (tmp_path / "good.json").read_text() == GOOD
    assert copy.read_bytes() == model.read_bytes()
    assert (tmp_path / "pipe").is_fifo()


def test_output__through_a_link_changes_what_it_points_to(
    good_file: Path, tmp_path: Path, run: Run
) -> None:
    target, link = tmp_path / "target.parquet", tmp_path / "link.parquet"
    target.write_bytes(b"old")
    link.symlink_to(target)
    options = ("--workers", 1, "--n-features", 1024, "--quiet")
    done = run("train", good_file, "-o", link, *options)
    assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    assert target.read_bytes()[:4] == b"PAR1"


def test_test_after__without_later_tweets_is_refused(good_file: Path, run: Run) -> None:
    done = run("train", good_file, "--test-after", "2030-01-01", "--workers", 1)
    assert done.returncode == 2
    assert "--test-after 2030-01-01 needs" in done.stderr.splitlines()[-1]


def test_members__more_than_examples_is_refused_before_training(
    good_file: Path, run: Run
) -> None:
    done = run("train", good_file, "--members", 500, "--workers", 1)
    assert done.returncode == 2
    assert "--members needs" in done.stderr.splitlines()[-1]


def test_main__without_standard_streams() -> None:
    closed = 'exec "$0" -m emotiset --version <&- >&- 2>&-'
    assert subprocess.run(["sh", "-c", closed, sys.executable]).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_main__standard_output_that_is_full_is_told() -> None:
    full = 'exec "$0" -m emotiset --version >/dev/full'
    done = subprocess.run(
        ["sh", "-c", full, sys.executable], stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("emotiset: standard output needs room")
    assert done.stderr.count("\n") == 1


def test_connect__script_from_standard_input_is_told_to_become_a_file() -> None:
    script = (
        "from emotiset.cluster import ClusterConfig, connect\n"
        "if __name__ == '__main__':\n"
        "    connect(ClusterConfig(workers=1)).__enter__()\n"
    )
    done = subprocess.run(
        [sys.executable, "-"], input=script, stderr=subprocess.PIPE, text=True
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "found one from standard input: write it into a file" in last


def test_error__leaves_no_process_that_was_getting_ready(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "emotiset", "train", tmp_path / "none.json"],
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    told = process.communicate(timeout=60)[1]
    assert process.returncode == 2
    assert "none.json" in told
    deadline = time.monotonic() + 5  # Python's own helper sees the end of its pipe
    while left := _list_session(process.pid):
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


def _list_session(leader: int) -> list[int]:
    """Return what runs in a session; zombies do not."""
    found = []
    for each in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(each.pid) == leader:
                found += [each.pid] * (each.status() != psutil.STATUS_ZOMBIE)
    return found


def test_interrupt__ends_with_130_and_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "emotiset", "train", "simulated:3000000"],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    first = process.stderr.readline()  # the first progress line: workers are there
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=60)[1]
    assert process.returncode == 130, first + rest
    assert "interrupted" in rest
    assert not list(tmp_path.iterdir())


def test_interrupt__says_what_was_written_and_what_not(
    good_file: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("emotiset.report.write_report", interrupt)
    monkeypatch.setattr("emotiset.loading.load_ensemble", interrupt)
    out = tmp_path / "m.parquet"
    options = ("-o", out, "--report", tmp_path / "r.html", "--n-features", 1024)
    done = run("train", good_file, *options, "--workers", 1, "--quiet")
    assert done.returncode == 130
    assert "the model was not" not in done.stderr
    assert f"interrupted; {out} was written, what comes after it" in done.stderr
    assert out.exists()
    done = run("predict", out, "-")
    assert (done.returncode, done.stderr) == (130, "emotiset: interrupted\n")

    def hide_interrupt(*_: object, **__: object) -> None:
        raise RuntimeError("__set_name__") from KeyboardInterrupt()

    monkeypatch.setattr("emotiset.loading.load_ensemble", hide_interrupt)
    done = run("predict", out, "-")
    assert (done.returncode, done.stderr) == (130, "emotiset: interrupted\n")
