"""How fast tweets are simulated, and how well they can be learned.

Prints two Markdown tables: rates of one process on one core, and the accuracy of
scikit-learn's logistic regression on byte 4-grams beside the best possible one::

    python benchmarks/simulate.py              # ten seconds
    python benchmarks/simulate.py --most 20    # up to 10,000 per class: seconds
    python benchmarks/simulate.py --most 2000  # as far as 1,000,000 per class
"""

import argparse
import os
import platform
import time
from itertools import pairwise

import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import SGDClassifier

from emotiset.simulate import best_accuracy, labeled_texts, simulate_records

SIZES = (4, 20, 80, 200, 800, 2000)  # thousands of texts, both classes
N_RECORDS = 200_000
N_TEST = 50_000
N_AT_ONCE = 10_000


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description="Benchmark the simulated tweets.")
    parser.add_argument(
        "--most", type=int, default=200, help="texts to learn from, in thousands"
    )
    most = parser.parse_args().most
    print(f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}\n")
    print_rates()
    print()
    print_curve([size * 1000 for size in SIZES if size <= most])


def print_rates() -> None:
    """Print how long the first records take, and the rate of the others."""
    first = measure(1)[0]
    runs = [measure(N_RECORDS) for _ in range(3)]
    seconds, n_bytes = min(runs)
    tweet_rate, byte_rate = N_RECORDS / seconds, n_bytes / seconds / 1e6
    print("| first record | tweets/s per core | MB/s per core | bytes a record |")
    print("|---|---|---|---|")
    print(
        f"| {first:.2f} s | {tweet_rate:,.0f} | {byte_rate:,.0f} "
        f"| {n_bytes / N_RECORDS:,.0f} |"
    )


def measure(n_records: int) -> tuple[float, int]:
    """Return the seconds that the first *n_records* take, and their bytes."""
    start = time.perf_counter()
    n_bytes = sum(len(lines) for lines in simulate_records(0, n_records))
    return time.perf_counter() - start, n_bytes


def print_curve(sizes: list[int]) -> None:
    """Print the accuracy on balanced texts for each size of the training set."""
    grams = HashingVectorizer(
        analyzer="char", ngram_range=(4, 4), n_features=2**20,
        binary=True, norm=None, lowercase=False,
    )  # fmt: skip
    model = SGDClassifier(
        loss="log_loss", learning_rate="constant", eta0=0.02, alpha=1e-6
    )
    test_text, test_polarity, _ = labeled_texts(N_TEST, seed=1)
    test = grams.transform(test_text.to_pylist())
    text, polarity, _ = labeled_texts(max(sizes, default=0), seed=2)
    print("| texts per class | accuracy | best possible |")
    print("|---|---|---|")
    for start, stop in pairwise([0, *sizes]):
        for first in range(start, stop, N_AT_ONCE):
            rows = slice(first, min(first + N_AT_ONCE, stop))
            X = grams.transform(text[rows].to_pylist())
            model.partial_fit(X, polarity[rows], classes=[-1, 1])
        accuracy = model.score(test, test_polarity)
        print(f"| {stop // 2:,} | {accuracy:.3f} | {best_accuracy():.3f} |", flush=True)


if __name__ == "__main__":
    main()
