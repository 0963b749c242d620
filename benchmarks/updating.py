"""What updating is worth: accuracy beside a model left as it is and one made anew.

    python benchmarks/updating.py

Prints a Markdown table.  The training tweets of Sentiment140 are dealt to eight days;
a model of the first four is updated by the others, a day at a time, and judged on the
last 16,000 of them, never on the test split.  They carry no dates, so drift is made:
from the fifth day on three words of ten, drawn by a hash, are spelled by another
alphabet, as if they had gone out of use and others had come.
"""

import hashlib
import re
from itertools import pairwise

import numpy as np
import pyarrow as pa
from members import score
from tables import cut_batches, machine, make_examples, print_table, read_validation

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.evaluate import evaluate_scores
from emotiset.holdback import fit_around
from emotiset.member import Member
from emotiset.warm import Past

N_DAYS, N_FIRST = 8, 4
DECAYS = (1.0, 0.7, 0.5, 0.25, 0.0)
LEARNERS = {
    "mixed, averaged": (FeatureConfig(), LearnerConfig()),
    "byte4, logistic": (FeatureConfig(features="byte4"), LearnerConfig()),
    "mixed, pegasos": (FeatureConfig(), LearnerConfig(learner="pegasos")),
}

_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
_OTHER = str.maketrans(_ALPHABET, "qwertyuiopasdfghjklzxcvbnm")
_WORD = re.compile(r"[A-Za-z']+")


def main() -> None:
    """Train, update and print the table."""
    train, judged = read_validation()
    ends = np.linspace(0, train.num_rows, N_DAYS + 1).astype(int)
    days = [train.slice(a, b - a) for a, b in pairwise(ends)]
    late = [change_words(day) for day in days[N_FIRST:]]
    drifted = [*days[:N_FIRST], *late], change_words(judged)
    head = ["kept up by"]
    columns = []
    for name, settings in LEARNERS.items():
        for drift, (each, gold) in {"": (days, judged), ", drift": drifted}.items():
            head.append(f"{name}{drift}")
            columns.append(compare(each, gold, *settings))
    names = list(columns[0])
    rows = [[name, *(f"{found[name]:.4f}" for found in columns)] for name in names]
    print_table(head, rows)
    print(
        f"\n{train.num_rows:,} tweets to learn from, {judged.num_rows:,} to judge on."
    )
    print(machine())


def compare(
    days: list[pa.RecordBatch],
    judged: pa.RecordBatch,
    features: FeatureConfig,
    learner: LearnerConfig,
) -> dict[str, float]:
    """Return the accuracy of each way to keep up."""

    def fit(parts: list[pa.RecordBatch], past: Past | None = None) -> Member:
        together = pa.Table.from_batches(parts).combine_chunks().to_batches()[0]
        order = np.random.default_rng(0).permutation(together.num_rows)
        batches = cut_batches(together.take(pa.array(order)))
        return fit_around(batches, [], features, learner, past=past)[1]

    def judge(member: Member) -> float:
        scores, polarity = score([member], judged, features), judged["polarity"]
        found = evaluate_scores(scores, polarity.to_numpy(), "mean", np.ones(1))
        return float(found["accuracy"])

    first = fit(days[:N_FIRST])
    accuracy = {"nothing: the first four days": judge(first)}
    accuracy["the last day alone"] = judge(fit(days[-1:]))
    for decay in DECAYS:
        member = first
        for day in days[N_FIRST:]:
            n_examples = int(decay * member.n_examples)
            past = Past(member.weights, member.intercept, 1.0, n_examples)
            member = fit([day], past)
        accuracy[f"updates, decay {decay:g}"] = judge(member)
    accuracy["the last four days anew"] = judge(fit(days[N_FIRST:]))
    accuracy["all eight days anew"] = judge(fit(days))
    return accuracy


def change_words(examples: pa.RecordBatch) -> pa.RecordBatch:
    """Spell three words of ten by another alphabet, the same ones everywhere."""
    texts = [_WORD.sub(_change, text) for text in examples["text"].to_pylist()]
    return make_examples(examples["polarity"].to_numpy(), texts)


def _change(match: re.Match[str]) -> str:
    word = match.group().lower()
    digest = hashlib.sha256(word.encode()).digest()
    return word.translate(_OTHER) if digest[0] < 0.3 * 256 else match.group()


if __name__ == "__main__":
    main()
