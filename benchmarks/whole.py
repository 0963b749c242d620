"""The whole job beside its peers: from raw tweets to a saved model.

A section of `compare.py`: what is run, and the table of what it took.  Each program
is a process of its own, on the same file, in turn.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, Final

import numpy as np
from inputs import Plan, make_input, warm
from tables import make_table, mark_best, read_nltk
from watching import Watched, watch
from whole_rules import N_FEATURES, N_MEMBERS, write_lexicon

from emotiset import load_ensemble

FOLDER: Final = Path(__file__).parent
OURS: Final = "emotiset"


@dataclass(frozen=True)
class Peer:
    """A program to compare with.

    Attributes
    ----------
    script
        Of this folder.
    needs
        Modules.
    program
        That has to be on the path; None: nothing more.
    """

    script: str
    needs: tuple[str, ...]
    program: str | None = None

    def find_missing(self, apart: Path | None) -> list[str]:
        """Return what has to be installed first, in a folder *apart* or as ever."""
        places = [*sys.path, *([str(apart)] if apart else [])]
        absent = [name for name in self.needs if not PathFinder.find_spec(name, places)]
        if self.program is not None and shutil.which(self.program) is None:
            absent.append(self.program)
        return absent


PEERS: Final = {
    "Polars and scikit-learn": Peer("whole_polars.py", ("polars", "sklearn")),
    "plain Dask, dask-ml": Peer("whole_dask.py", ("dask_ml", "sklearn")),
    "Spark MLlib, `local[2]`": Peer("whole_spark.py", ("pyspark", "pandas"), "java"),
}


@dataclass(frozen=True)
class Program:
    """What is run, and where what it makes goes.

    Attributes
    ----------
    name
    command
        To which the model's path is added.
    model
    summary
        That emotiset writes; peers print their counts.
    environment
    """

    name: str
    command: list[str]
    model: Path
    summary: Path
    environment: dict[str, str]

    def run(self) -> Watched:
        """Run it once."""
        remove(self.model)
        return watch([*self.command, self.model], environment=self.environment)

    def count(self, took: Watched) -> dict[str, Any]:
        """Return how many tweets were labeled, and how many of them trained on."""
        if self.name != OURS:
            return dict(json.loads(took.printed.splitlines()[-1]))
        told = json.loads(self.summary.read_text(encoding="utf-8"))
        trained = told["n_train"]
        labeled = trained + told["n_test"] + told["funnel"]["surplus"]
        return {"labeled": labeled, "trained": trained, "stages": told["seconds"]}

    def judge(self, texts: Path, out: Path) -> float:
        """Return the model's accuracy on the NLTK tweets."""
        gold = read_nltk()
        if self.name == OURS:
            predicted = load_ensemble(self.model).predict(gold["text"])
        else:
            given = ["predict", self.model, texts, out]
            watch([*self.command[:2], *given], environment=self.environment)
            predicted = np.load(out)
        return float((predicted == gold["polarity"].to_numpy()).mean())


def measure(plan: Plan, note: Callable[[str], None]) -> dict[str, Any]:
    """Run all programs on all sizes; return what they took."""
    write_lexicon(plan.scratch / "symbols.toml")
    texts = _write_texts(plan.scratch / "nltk.json")
    missing = {name: peer.find_missing(plan.apart) for name, peer in PEERS.items()}
    rows: list[dict[str, Any]] = []
    for gigabytes in plan.gigabytes:
        tweets = make_input(plan.scratch, gigabytes)
        programs = list_programs(plan, tweets, missing)
        for row in _measure_size(plan, tweets, programs, texts, note):
            rows.append({"gigabytes": gigabytes, **row})
    left_out = {name: absent for name, absent in missing.items() if absent}
    return {"rows": rows, "left_out": left_out}


def list_programs(
    plan: Plan, tweets: Path, missing: dict[str, list[str]]
) -> list[Program]:
    """Return what is there to be run, emotiset first."""
    summary, lexicon = plan.scratch / "summary.json", plan.scratch / "symbols.toml"
    commands = {OURS: emotiset_command(tweets, lexicon, summary)}
    for name, peer in PEERS.items():
        if not missing[name]:
            script = str(FOLDER / peer.script)
            commands[name] = [sys.executable, script, "train", str(tweets)]
    return [
        Program(
            name,
            command,
            plan.scratch / f"model-{number}",
            summary,
            dict(os.environ) if name == OURS else plan.environment,
        )
        for number, (name, command) in enumerate(commands.items())
    ]


def emotiset_command(tweets: Path, lexicon: Path, summary: Path) -> list[str]:
    """Return the command that does what the peers do; the model's name comes last."""
    given = ["--lexicon", lexicon, "--keep-copies", "--test-fraction", 0]
    given += ["--features", "byte4", "--n-features", N_FEATURES, "--epochs", 1]
    given += ["--members", N_MEMBERS, "--quiet", "--summary", summary, "-o"]
    return [sys.executable, "-m", "emotiset", "train", str(tweets), *map(str, given)]


def _measure_size(
    plan: Plan,
    tweets: Path,
    programs: list[Program],
    texts: Path,
    note: Callable[[str], None],
) -> list[dict[str, Any]]:
    os.sync()  # what was just written shall not be written while a program runs
    rows: dict[str, dict[str, Any]] = {
        program.name: {"program": program.name, "seconds": [], "cpu": [], "peak": []}
        for program in programs
    }
    for number in range(plan.rounds):
        for program in programs:
            row = rows[program.name]
            if "failed" in row or max(row["seconds"], default=0) > plan.once_above:
                continue
            warm(tweets)  # a program that takes much memory pushes the file out of it
            try:
                _add(row, program)
            except subprocess.CalledProcessError as error:
                row["failed"] = _last_line(error)
            note(f"{tweets.name}, round {number + 1}, {_tell(row)}")
    for program in programs:
        row = rows[program.name]
        if row["seconds"]:
            row["model_bytes"] = count_bytes(program.model)
            row["accuracy"] = program.judge(texts, plan.scratch / "judged.npy")
    return list(rows.values())


def _add(row: dict[str, Any], program: Program) -> None:
    took = program.run()
    counts = program.count(took)
    for name in ("seconds", "cpu", "peak"):
        row[name].append(getattr(took, name))
    row.setdefault("stages", []).append(counts.pop("stages", {}))
    row.update(counts)


def _tell(row: dict[str, Any]) -> str:
    if "failed" in row:
        return f"{row['program']}: failed: {row['failed']}"
    peak = row["peak"][-1] / 1e9
    return f"{row['program']}: {row['seconds'][-1]:.1f} s, {peak:.2f} GB"


def _last_line(error: subprocess.CalledProcessError) -> str:
    lines = [line for line in error.stderr.splitlines() if line.strip()]
    return lines[-1][:120] if lines else f"exit code {error.returncode}"


def remove(path: Path) -> None:
    """Remove a file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def count_bytes(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else list(path.rglob("*"))
    return sum(each.stat().st_size for each in files if each.is_file())


def _write_texts(path: Path) -> Path:
    """Write the tweets that all models are judged on."""
    lines = (json.dumps(text) + "\n" for text in read_nltk()["text"].to_pylist())
    path.write_text("".join(lines), encoding="utf-8")
    return path


HEAD: Final = (
    *("input", "program", "s", "times emotiset's", "s of processors", "peak memory"),
    *("labeled", "trained on", "accuracy", "model", "runs"),
)
NOTE: Final = (
    "Medians over as many runs as the last column says, all in turn.  Before each "
    "the input is read into the system's file cache.  Memory is "
    "that of all processes together at its highest, without what a file backs, and "
    "what is shared counted once.  Peers match symbols by a plain regular expression, "
    "emotiset also looks at what stands beside one, hence a few labels more or less.  "
    "Polars and Dask learn by scikit-learn's SGD, one pass as in emotiset; Spark, "
    "which has no SGD, by ten steps of L-BFGS."
)
BEST: Final = {2: min, 4: min, 5: min, 8: max, 9: min}


def render(found: dict[str, Any]) -> str:
    """Return the Markdown table of what `measure` found."""
    rows: list[list[str]] = []
    for gigabytes in dict.fromkeys(row["gigabytes"] for row in found["rows"]):
        group = [row for row in found["rows"] if row["gigabytes"] == gigabytes]
        ours = next(row for row in group if row["program"] == OURS)
        rows += mark_best([_cells(row, ours) for row in group], BEST)
    lines = [make_table(HEAD, rows, n_texts=2)]
    lines.append(NOTE)
    for name, absent in found["left_out"].items():
        lines.append(f"{name} is left out: {', '.join(absent)} is not installed.")
    return "\n\n".join(lines)


def _cells(row: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    size = f"{row['gigabytes']:g} GB"
    if not row["seconds"]:
        return [size, row["program"], f"failed: {row['failed']}", *[""] * 8]
    seconds, peak = statistics.median(row["seconds"]), max(row["peak"])
    return [
        size,
        row["program"],
        f"{seconds:.1f}",
        f"{seconds / statistics.median(ours['seconds']):.1f}",
        f"{statistics.median(row['cpu']):.1f}",
        f"{peak / 1e9:.2f} GB",
        f"{row['labeled']:,}",
        f"{row['trained']:,}",
        f"{row['accuracy']:.3f}",
        f"{row['model_bytes'] / 1e6:.1f} MB",
        f"{len(row['seconds'])}",
    ]
