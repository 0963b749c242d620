"""Which features, how many columns and which learner: accuracy against cost.

    python benchmarks/features.py [--runs N]

Prints a Markdown table.  Learns from the first 64,000 training tweets of Sentiment140
and judges on the last 16,000, never on its test split; and, so that no choice is fitted
to these tweets alone, on the NLTK tweets with their emoticons taken out, which are of
another source and year.  One member, one core, warm; the folder of tweets is named by
the environment variable ``EMOTISET_REAL_DATA``.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit
from tables import (
    cut_batches,
    machine,
    print_table,
    read_nltk,
    read_validation,
    use_one_core,
)

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.features import FEATURE_SETS, hash_rows
from emotiset.kernels.columns import count_slots, keep_distinct
from emotiset.kernels.folding import fold_white_space
from emotiset.kernels.tokens import BLANK, simplify, token_end
from emotiset.learner import fit_member
from emotiset.voting import score_texts

MIXED, BYTE4 = FeatureConfig(), FeatureConfig(features="byte4")
AVERAGED = LearnerConfig(learner="averaged")
_0, _1, _8, _33 = map(np.uint64, (0, 1, 8, 33))
_PRIME, _MIX = np.uint64(0x9E3779B185EBCA87), np.uint64(0xFF51AFD7ED558CCD)

# Longest run of words, and sizes of byte n-grams.
OTHER_SETS: dict[str, tuple[int, tuple[int, ...]]] = {
    "words": (1, ()),
    "words 1-2": (2, ()),
    "words 1-3": (3, ()),
    "bytes 3-6": (0, (3, 4, 5, 6)),
    "words 1-2, bytes 4": (2, (4,)),
    "words 1-2, bytes 5": (2, (5,)),
    "words 1-2, bytes 4 and 6": (2, (4, 6)),
    "words 1-2, bytes 3-6": (2, (3, 4, 5, 6)),
    "words 1-3, bytes 3-6": (3, (3, 4, 5, 6)),
}


def main() -> None:
    """Try every setting and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    use_one_core()
    examples = *read_validation(), read_nltk()

    def measure(
        name: str, features: FeatureConfig, learner: LearnerConfig
    ) -> list[str]:
        return [name, *try_setting(features, learner, options.runs, *examples)]

    rows = [measure("byte4, logistic", BYTE4, LearnerConfig())]
    rows.append(measure("byte4, averaged", BYTE4, AVERAGED))
    for name, (n_words, sizes) in OTHER_SETS.items():
        with stand_in(n_words, sizes):
            rows.append(measure(name, MIXED, AVERAGED))
    for name, features, learner in list_mixed():
        rows.append(measure(name, features, learner))
    head = ["setting", "columns", "ones a tweet", "s to hash", "s to learn"]
    print_table([*head, "accuracy", "NLTK"], rows)
    print(
        "\nFrom 64,000 tweets; columns are 2^21 where not named, of which so many hold "
        "a one.  Seconds are medians; to learn means hashing once and all passes."
        f"\n\n{machine()}"
    )


def list_mixed() -> Iterator[tuple[str, FeatureConfig, LearnerConfig]]:
    """Yield what is tried with the features and the learner that are the defaults."""
    yield "**mixed**: the same with negated words", MIXED, LearnerConfig()
    for log2 in (18, 20, 22):
        yield (
            f"mixed in 2^{log2}",
            replace(MIXED, n_features=1 << log2),
            LearnerConfig(),
        )
    settings: dict[str, dict[str, Any]] = {
        "without scale": {"scale": "none"},
        "logistic, last iterate": {"learner": "logistic"},
        "pegasos": {"learner": "pegasos"},
        "1 epoch": {"epochs": 1},
        "3 epochs": {"epochs": 3},
        "eta0 2": {"eta0": 2.0},
        "eta0 8": {"eta0": 8.0},
        "alpha 0": {"alpha": 0.0},
        "alpha 1e-5": {"alpha": 1e-5},
    }
    for name, setting in settings.items():
        yield f"mixed, {name}", MIXED, LearnerConfig(**setting)


def try_setting(
    features: FeatureConfig,
    learner: LearnerConfig,
    runs: int,
    train: pa.RecordBatch,
    validation: pa.RecordBatch,
    other: pa.RecordBatch,
) -> list[str]:
    """Return the cells of one row: cost, then accuracy on either judge."""
    batches = cut_batches(train)
    hashed = [hash_rows(batch["text"], features)[1] for batch in batches]
    n_ones = sum(map(len, hashed)) / train.num_rows
    n_columns = len(np.unique(np.concatenate(hashed)))
    member = fit_member(batches, features, learner)

    def hash_all() -> None:
        for batch in batches:
            hash_rows(batch["text"], features)

    seconds = [
        statistics.median(time_once(work) for _ in range(runs))
        for work in (hash_all, lambda: fit_member(batches, features, learner))
    ]
    weights, intercepts = member.weights[:, None].copy(), np.array([member.intercept])
    accuracies = []
    for judged in (validation, other):
        scores = score_texts(judged["text"], weights, intercepts, features)[:, 0]
        accuracies.append(np.mean((scores > 0) == (judged["polarity"].to_numpy() > 0)))
    return [
        f"{n_columns:,}",
        f"{n_ones:.0f}",
        *(f"{each:.2f}" for each in seconds),
        *(f"{each:.4f}" for each in accuracies),
    ]


def time_once(work: Callable[[], object]) -> float:
    """Return how long *work* takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def stand_in(n_words: int, sizes: tuple[int, ...]) -> Iterator[None]:
    """Let another set of features stand in for ``mixed``."""
    shipped = FEATURE_SETS["mixed"]
    most = n_words + len(sizes)

    def hash_other(
        offsets: Any, data: Any, n: int, folded: Any, slots: Any, *out: Any
    ) -> None:
        wanted = n_words, np.array(sizes, np.uint64)
        hash_set(offsets, data, n, folded, slots, *out, *wanted)

    FEATURE_SETS["mixed"] = replace(
        shipped,
        hash_rows=hash_other,
        scratch_sizes=lambda longest, n: (
            2 * longest + 2,
            count_slots(most * (longest + 2), n),
        ),
        columns_per_byte=most,
        columns_per_row=2 * most,
    )
    try:
        yield
    finally:
        FEATURE_SETS["mixed"] = shipped


@njit(nogil=True)
def hash_set(offsets, data, n_features, folded, slots, indptr, indices, n_words, sizes):
    """Hash runs of up to *n_words* words and byte n-grams of *sizes* into columns."""
    mask = np.uint64(n_features - 1)
    simple = folded[len(folded) // 2 - 1 :]
    words = np.zeros(max(n_words, 1), np.uint64)
    top = _0
    indptr[0] = top
    for row in range(len(offsets) - 1):
        start = top
        n = fold_white_space(data, offsets[row], offsets[row + 1], folded)
        if n > _0:
            n = simplify(folded, n, simple)
            at = _1
            words[:] = 0
            while at < n and n_words:
                if simple[at] == BLANK:
                    at += _1
                    continue
                end = token_end(simple, at, n)
                token = _PRIME
                for i in range(at, end):
                    token = (token ^ np.uint64(simple[i])) * _PRIME
                words[1:] = words[:-1].copy()
                words[0] = mix(token)
                run = _0
                for k in range(n_words):
                    if words[k] != _0:
                        run = mix(run * _PRIME + words[k])
                        indices[top] = run & mask
                        top += _1
                at = end
            for size in sizes:
                for i in range(size, n + _1):
                    gram = size
                    for k in range(i - size, i):
                        gram = gram << _8 | np.uint64(simple[k])
                    indices[top] = mix(gram) & mask
                    top += _1
        top = keep_distinct(indices, start, top, slots)
        indptr[row + 1] = top


@njit
def mix(h):
    """Spread the bits of a hash."""
    h = (h ^ (h >> _33)) * _MIX
    return h ^ (h >> _33)


if __name__ == "__main__":
    main()
