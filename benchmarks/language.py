"""Language identification beside other libraries, on one core, on real tweets.

    python benchmarks/language.py [FOLDER] [--seconds 10] [--seed 0]

Prints a Markdown table.  FOLDER holds tweets as JSON lines; without it, those of the
environment variable ``EMOTISET_REAL_DATA``.  Speed is taken over all texts.  Accuracy
is agreement with the tweets' own ``lang`` where it is a judgement: Twitter's
identification knew more than the text, yet it erred too.  A library that is slow is
stopped after ``--seconds`` on each; it then saw the first of the shuffled texts.
Libraries that are not installed are named and left out; the extra ``bench`` has all.
"""

import argparse
import importlib
import importlib.metadata
import os
import platform
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

import emotiset
from emotiset.config import SourceConfig
from emotiset.language import canonical_codes, identify_languages
from emotiset.sources import plan_blocks, read_block

Identify = Callable[[pa.Array], pa.Array]

SLICE = 500
WHOLE = 1 << 16  # a batch, for what is made for batches


@dataclass(frozen=True)
class Row:
    """What one library did.

    Attributes
    ----------
    start
        Seconds until the first answer: import, model, compilation.
    speed
        Tweets per second after that.
    n_judged
        Tweets with a code of their own that it was asked about.
    agreement, precision, recall
        Share of those with the same code; for ``en``: of those answered, and of those
        that are.
    """

    start: float
    speed: float
    n_judged: int
    agreement: float
    precision: float
    recall: float


def main() -> None:
    """Run all libraries in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    use_one_core()
    tweets = shuffled(read_tweets(options.folder or default_folder()), options.seed)
    lang = canonical_codes(tweets["lang"])
    judged, lang = tweets["text"].filter(lang.is_valid()), lang.drop_null()
    print_header()
    for name, (package, build) in LIBRARIES.items():
        try:
            row = measure(build, tweets["text"], judged, lang, options.seconds)
        except ImportError:
            print(f"| {name} | not installed |||||||")
            continue
        print_row(name, package, row)
    print(
        f"\n{len(tweets):,} tweets of {mean_bytes(tweets['text']):.0f} bytes for "
        f"speed, {len(judged):,} with a `lang` of their own for agreement.  {machine()}"
    )


def measure(
    build: Callable[[], Identify],
    text: pa.Array,
    judged: pa.Array,
    lang: pa.Array,
    limit: float,
) -> Row:
    """Time one library and compare its answers."""
    begin = time.perf_counter()
    identify = build()
    identify(text[:2])
    start = time.perf_counter() - begin
    size = WHOLE if build is emotiset_kernel else SLICE
    n_timed, seconds = 0, 0.0
    for _ in range(5 if build is emotiset_kernel else 1):
        answers, spent = run(identify, text, size, limit)
        if not seconds or len(answers) / spent > n_timed / seconds:
            n_timed, seconds = len(answers), spent
    answers, _ = run(identify, judged, size, limit)
    found = canonical_codes(answers).to_pylist()
    pairs = list(zip(found, lang[: len(found)].to_pylist(), strict=True))
    n_right = sum(mine == own for mine, own in pairs)
    n_english = sum(mine == own == "en" for mine, own in pairs)
    return Row(
        start,
        n_timed / seconds,
        len(pairs),
        n_right / len(pairs),
        n_english / max(1, found.count("en")),
        n_english / max(1, sum(own == "en" for _, own in pairs)),
    )


def run(
    identify: Identify, text: pa.Array, size: int, limit: float
) -> tuple[pa.Array, float]:
    """Identify slice by slice until the time is over."""
    answers, begin = [], time.perf_counter()
    for start in range(0, len(text), size):
        answers.append(identify(text[start : start + size]))
        if time.perf_counter() - begin > limit:
            break
    return pa.concat_arrays(answers), time.perf_counter() - begin


def emotiset_kernel() -> Identify:
    """Return this project's."""
    return identify_languages


def py3langid() -> Identify:
    """Return the library whose answers this project gives."""
    return one_by_one(
        importlib.import_module("py3langid").classify, lambda best: best[0]
    )


def langid() -> Identify:
    """Return the library that py3langid came from."""
    return one_by_one(importlib.import_module("langid").classify, lambda best: best[0])


def lingua() -> Identify:
    """Return lingua with all its languages and full models."""
    library = importlib.import_module("lingua")
    detector = library.LanguageDetectorBuilder.from_all_languages()
    detector = detector.with_preloaded_language_models().build()
    return one_by_one(
        detector.detect_language_of,
        lambda best: best and best.iso_code_639_1.name.lower(),
    )


def pycld2() -> Identify:
    """Return Compact Language Detector 2; it refuses control characters."""
    library = importlib.import_module("pycld2")

    def detect(text: str) -> str | None:
        try:
            best = library.detect(text)[2]
        except library.error:
            return None
        return None if best[0][1] == "un" else best[0][1]

    return one_by_one(detect, lambda best: best)


def langdetect() -> Identify:
    """Return langdetect, seeded; it raises where it knows nothing."""
    library = importlib.import_module("langdetect")
    library.DetectorFactory.seed = 0

    def detect(text: str) -> str | None:
        try:
            return library.detect(text)
        except library.LangDetectException:
            return None

    return one_by_one(detect, lambda best: best)


def one_by_one(classify: Callable, code: Callable) -> Identify:
    """Return a function of Arrow arrays from one of strings."""

    def identify(text: pa.Array) -> pa.Array:
        return pa.array([code(classify(one)) for one in text.to_pylist()], pa.string())

    return identify


LIBRARIES = {
    "emotiset": ("emotiset", emotiset_kernel),
    "py3langid": ("py3langid", py3langid),
    "langid": ("langid", langid),
    "lingua": ("lingua-language-detector", lingua),
    "pycld2": ("pycld2", pycld2),
    "langdetect": ("langdetect", langdetect),
}


def read_tweets(folder: str) -> pa.Table:
    """Read all tweets under *folder*."""
    config = SourceConfig()
    readings = (read_block(block, config) for block in plan_blocks([folder], config))
    batches = [reading.tweets for block in readings for reading in block]
    return pa.Table.from_batches(batches).select(["text", "lang"])


def shuffled(tweets: pa.Table, seed: int) -> pa.RecordBatch:
    """Return the tweets in an order that mixes the years."""
    order = list(range(len(tweets)))
    random.Random(seed).shuffle(order)
    return tweets.take(pa.array(order)).combine_chunks().to_batches()[0]


def default_folder() -> str:
    """Return the stream of the real data, or stop."""
    if "EMOTISET_REAL_DATA" not in os.environ:
        sys.exit(
            "needs a folder of tweets, found neither FOLDER nor EMOTISET_REAL_DATA"
        )
    return str(Path(os.environ["EMOTISET_REAL_DATA"]) / "stream")


def use_one_core() -> None:
    """Stay on one core where the system allows it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def print_header() -> None:
    """Print the head of the table."""
    print(
        "| library | version | tweets/s | s to start | agrees with `lang` | "
        "precision of `en` | recall of `en` | tweets compared |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|")


def print_row(name: str, package: str, row: Row) -> None:
    """Print one line of the table."""
    version = importlib.metadata.version(package)
    print(
        f"| {name} | {version} | {row.speed:,.0f} | {row.start:.1f} | "
        f"{row.agreement:.3f} | {row.precision:.3f} | {row.recall:.3f} | "
        f"{row.n_judged:,} |",
        flush=True,
    )


def mean_bytes(text: pa.Array) -> float:
    """Return the mean length of the texts."""
    return sum(len(one.encode()) for one in text.to_pylist()) / len(text)


def machine() -> str:
    """Return what the figures depend on."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text().splitlines() if "model name" in line]
        model = names[0].split(": ")[1] if names else model
    return (
        f"One core of {model}; Python {platform.python_version()}, "
        f"emotiset {emotiset.__version__}."
    )


if __name__ == "__main__":
    main()
