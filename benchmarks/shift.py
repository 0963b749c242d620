"""What scaling columns is worth where tweets differ from those learned from.

    python benchmarks/shift.py

Cuts training tweets of Sentiment140 by what they are, learns from one kind and judges
on the other, with the naive-Bayes scale and without.  Prints a Markdown table.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tables import cut_batches, machine, print_table, read_validation

from emotiset.config import FeatureConfig, LearnerConfig
from emotiset.learner import fit_member
from emotiset.voting import score_texts

FEATURES, DEFAULTS = FeatureConfig(), LearnerConfig()


def main() -> None:
    """Judge each way on each cut and print the table."""
    train, validation = read_validation()
    reply = pc.starts_with(train["text"], "@")
    lengths = pc.utf8_length(train["text"])
    is_long = pc.greater(lengths, int(np.median(lengths.to_numpy())))
    early = pc.utf8_lower(pc.utf8_slice_codeunits(train["text"], 0, 20))
    about_me = pc.match_substring_regex(early, r"i |i'm")
    cuts = {"none: 64,000, judged on 16,000 others": (train, validation)}
    for name, mask in (
        ("replies, judged on the others", reply),
        ("all but replies, judged on replies", pc.invert(reply)),
        ("long, judged on short", is_long),
        ("short, judged on long", pc.invert(is_long)),
        ("all but `i` at the start, judged on those", pc.invert(about_me)),
    ):
        cuts[name] = train.filter(mask), train.filter(pc.invert(mask))
    without = replace(DEFAULTS, scale="none")
    rows = []
    for name, (learned, judged) in cuts.items():
        found = [accuracy(learned, judged, each) for each in (DEFAULTS, without)]
        rows.append([name, f"{learned.num_rows:,}", *(f"{a:.4f}" for a in found)])
    print_table(["learned from", "tweets", "`--scale nb`", "`--scale none`"], rows)
    print(f"\n{machine()}")


def accuracy(
    learned: pa.RecordBatch, judged: pa.RecordBatch, learner: LearnerConfig
) -> float:
    """Learn from some tweets and return the accuracy on others."""
    member = fit_member(cut_batches(learned), FEATURES, learner)
    weights, intercepts = member.weights[:, None].copy(), np.array([member.intercept])
    scores = score_texts(judged["text"], weights, intercepts, FEATURES)[:, 0]
    return float(np.mean((scores > 0) == (judged["polarity"].to_numpy() > 0)))


if __name__ == "__main__":
    main()
