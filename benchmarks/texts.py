"""Scoring a million texts beside the peers.

A section of `compare.py`.  Each program loads its model and scores in a process of its
own, on one core; what counts is the time from texts in memory to labels.

    python benchmarks/texts.py NAME MODEL TEXTS N OUT.npy

is one of those processes: it scores the first N texts, prints the seconds of it, and
writes the labels.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import numpy as np
from inputs import Plan
from numpy.typing import NDArray
from peers import read
from tables import make_table, mark_best, read_split, real_data, use_one_core
from watching import watch

N_TEXTS: Final = 1_000_000
N_SLOW: Final = 50_000  # texts that the slow get; their seconds are scaled

# Name: what is told of it, the module that it needs, whether it is slow.
PROGRAMS: Final = {
    "mixed": ("emotiset", "emotiset", False),
    "byte4": ("emotiset --features byte4", "emotiset", False),
    "fasttext": ("fastText, word pairs, characters 3-6", "fasttext", True),
    "sklearn": ("scikit-learn, characters 4", "sklearn", True),
    "vader": ("VADER", "vaderSentiment", True),
}
Score = Callable[[list[str]], NDArray[np.int8]]


def measure(plan: Plan, note: Callable[[str], None]) -> dict[str, Any]:
    """Train each program's model, then score with all in turn."""
    test = read_split("test")
    path = write_texts(plan.scratch / "texts.json", test["text"].to_pylist())
    gold = test["polarity"].to_numpy()
    present = [name for name, (_, module, _) in PROGRAMS.items() if find_spec(module)]
    models = {name: plan.scratch / f"scorer-{name}" for name in present}
    for name, model in models.items():
        watch([sys.executable, __file__, "fit", name, model])
    rows = {name: {"program": PROGRAMS[name][0], "seconds": []} for name in present}
    for number in range(plan.rounds):
        for name, row in rows.items():
            n = N_SLOW if PROGRAMS[name][2] else N_TEXTS
            out = plan.scratch / "scored.npy"
            took = watch(
                [sys.executable, __file__, name, models[name], path, str(n), out]
            )
            row["seconds"].append(float(took.printed.split()[-1]) / n * N_TEXTS)
            row |= {"n": n, "peak": took.peak, "model_bytes": _size(models[name])}
            row["accuracy"] = float((np.load(out)[: len(gold)] == gold).mean())
            note(f"texts, round {number + 1}, {row['program']}")
    absent = [PROGRAMS[name][0] for name in PROGRAMS if name not in present]
    return {"rows": list(rows.values()), "left_out": absent}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def write_texts(path: Path, texts: list[str]) -> Path:
    """Write a million texts: those given first, then copies with a number behind."""
    folded = [" ".join(text.split()) for text in texts]
    copies = (f"{text} {i:x}" for i, text in enumerate(islice(cycle(folded), N_TEXTS)))
    lines = [*folded, *islice(copies, N_TEXTS - len(folded))]
    path.write_text(json.dumps(lines), encoding="utf-8")
    return path


def fit(name: str, model: str) -> None:
    """Train one program's model on the training tweets of Sentiment140, and save it."""
    train = real_data() / "sentiment140" / "train.csv.gz"
    if name in ("mixed", "byte4"):
        given = [str(train), "--label-column", "polarity", "--features", name]
        watch(
            [sys.executable, "-m", "emotiset", "train", *given, "--quiet", "-o", model]
        )
        return
    texts, polarity = read(str(train))
    if name == "sklearn":
        _fit_sklearn(texts, polarity, model)
    elif name == "fasttext":
        _fit_fasttext(texts, polarity, model)


def _fit_sklearn(texts: list[str], polarity: list[int], model: str) -> None:
    import joblib
    from sklearn.pipeline import make_pipeline
    from whole_rules import make_hasher, make_learner

    joblib.dump(
        make_pipeline(make_hasher(), make_learner()).fit(texts, polarity), model
    )


def _fit_fasttext(texts: list[str], polarity: list[int], model: str) -> None:
    import fasttext

    path = Path(f"{model}.txt")
    rows = zip(polarity, texts, strict=True)
    path.write_text("".join(f"__label__{sign} {text}\n" for sign, text in rows))
    words = fasttext.train_supervised(
        str(path), wordNgrams=2, minn=3, maxn=6, dim=20, thread=1, verbose=0
    )
    words.save_model(model)
    path.unlink()


def load(name: str, model: str) -> Score:
    """Return what turns texts into labels."""
    if name == "vader":
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        return partial(_score_vader, SentimentIntensityAnalyzer())
    if name == "fasttext":
        import fasttext

        return partial(_score_fasttext, fasttext.load_model(model))
    if name == "sklearn":
        import joblib

        return joblib.load(model).predict
    from emotiset import load_ensemble

    ensemble = load_ensemble(model)
    ensemble.predict(["a first text loads what there is to load"])
    return ensemble.predict


def _score_vader(analyzer: Any, texts: list[str]) -> NDArray[np.int8]:
    scores = np.array([analyzer.polarity_scores(text)["compound"] for text in texts])
    return np.where(scores >= 0, 1, -1).astype(np.int8)


def _score_fasttext(model: Any, texts: list[str]) -> NDArray[np.int8]:
    # Its Python method fails under NumPy 2; this is what it calls.
    labels = model.f.multilinePredict(texts, 1, 0.0, "strict")[0]
    return np.array(
        [int(label[0].removeprefix("__label__")) for label in labels], np.int8
    )


def main(name: str, model: str, texts: str, n: str, out: str) -> None:
    """Score, tell the seconds, write the labels."""
    given = json.loads(Path(texts).read_text(encoding="utf-8"))[: int(n)]
    score = load(name, model)
    began = time.perf_counter()
    found = score(given)
    print(time.perf_counter() - began)
    np.save(out, found)


def render(found: dict[str, Any]) -> str:
    """Return the Markdown table of what `measure` found."""
    ours = statistics.median(found["rows"][0]["seconds"])
    rows = []
    for row in found["rows"]:
        seconds = statistics.median(row["seconds"])
        cells = [f"{seconds:.1f}", f"{N_TEXTS / seconds:,.0f}", f"{seconds / ours:.1f}"]
        size = f"{row['model_bytes'] / 1e6:.1f} MB" if row["model_bytes"] else "none"
        cells += [f"{row['accuracy']:.4f}", size]
        rows.append([row["program"], *cells, f"{row['peak'] / 1e9:.2f} GB"])
    head = ["program", "s for a million", "texts/s", "times emotiset's", "accuracy"]
    best = {1: min, 2: max, 4: max, 5: min, 6: min}
    table = make_table([*head, "model", "peak memory"], mark_best(rows, best))
    absent = "".join(f"{name} is left out.  " for name in found["left_out"])
    n_runs = len(found["rows"][0]["seconds"])
    return (
        f"{table}\n\n{absent}Medians of {n_runs} runs in turn, each in a process of "
        "its own on one core: from a list of texts to labels, with the model loaded.  "
        f"fastText, scikit-learn and VADER scored {N_SLOW:,} texts; their seconds are "
        "scaled, their peaks are not.  Accuracy is on the 20,000 test tweets of "
        "Sentiment140.  VADER learns nothing, so it needs no labels."
    )


if __name__ == "__main__":
    use_one_core()
    fit(*sys.argv[2:]) if sys.argv[1] == "fit" else main(*sys.argv[1:])
