"""How many members, and which vote: accuracy on tweets that no member has seen.

    python benchmarks/members.py [--largest N] [--members 1 3 5 ...]

Prints a Markdown table.  The real sample is that of ``features.py``, judged on the last
16,000 training tweets of Sentiment140 and never on its test split; the others are
simulated, up to ``--largest`` tweets.  Each sample is dealt to members of equal size;
the scale of columns is that of the whole sample, as in a run.
"""

import argparse
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pyarrow as pa
from tables import cut_batches, machine, make_examples, print_table, read_validation

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.evaluate import evaluate_scores
from emotiset.learner import fit_member
from emotiset.member import Member
from emotiset.scaling import count_part, find_gains
from emotiset.simulate import labeled_texts
from emotiset.voting import score_texts, stack_weights

VOTES = ("majority", "weighted", "mean")
LEARNERS = {
    "mixed, averaged": (FeatureConfig(), LearnerConfig()),
    "byte4, logistic": (FeatureConfig(features="byte4"), LearnerConfig()),
}


def main() -> None:
    """Train every ensemble and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=2_000_000)
    parser.add_argument("--members", type=int, nargs="+", default=[1, 3, 5, 11, 21])
    options = parser.parse_args()
    rows = []
    for sample, (train, judged) in make_samples(options.largest).items():
        for name, settings in LEARNERS.items():
            for n_members in options.members:
                figures = judge(train, judged, n_members, *settings)
                label = f"{sample}, {name}"
                rows.append([label, n_members, *(f"{each:.4f}" for each in figures)])
    print_table(["sample and learner", "members", "one member", *VOTES], rows)
    print(f"\n{machine()}")


def make_samples(largest: int) -> dict[str, tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Return samples to learn from, each with one to judge on."""
    train, judged = read_validation()
    samples = {f"{train.num_rows:,} real": (train, judged)}
    other_text, other_polarity, _ = labeled_texts(50_000, seed=1)
    other = make_examples(other_polarity, other_text)
    text, polarity, _ = labeled_texts(largest)
    for n in sorted({min(size, largest) for size in (200_000, largest)}):
        sample = make_examples(polarity[:n], text[:n])
        samples[f"{n:,} simulated"] = sample, other
    return samples


def judge(
    train: pa.RecordBatch,
    judged: pa.RecordBatch,
    n_members: int,
    features: FeatureConfig,
    learner: LearnerConfig,
) -> list[float]:
    """Return the accuracy of one member on average, and of each vote."""
    gains = None
    if learner.resolve(features.features).scale == "nb":
        gains = find_gains(count_part(cut_batches(train), features))
    ends = np.linspace(0, train.num_rows, n_members + 1).astype(int)
    members = [
        fit_member(cut_batches(train.slice(a, b - a)), features, learner, gains)
        for a, b in pairwise(ends)
    ]
    scores = score(members, judged, features)
    polarity = judged["polarity"].to_numpy()
    weights = np.array([member.vote_weight for member in members])
    found = [evaluate_scores(scores, polarity, vote, weights) for vote in VOTES]
    return [found[0]["single_member_accuracy"], *(each["accuracy"] for each in found)]


def score(
    members: Sequence[Member], judged: pa.RecordBatch, features: FeatureConfig
) -> np.ndarray:
    """Return the score of each text by each member."""
    weights = stack_weights(members)
    intercepts = np.array([member.intercept for member in members])
    return np.concatenate(
        [
            score_texts(batch["text"], weights, intercepts, features)
            for batch in cut_batches(judged)
        ]
    )


if __name__ == "__main__":
    main()
