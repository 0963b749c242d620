"""Judge an ensemble on files whose classes are known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emotiset.config import LabelingConfig, SourceConfig
from emotiset.ensemble import Ensemble
from emotiset.errors import InputError
from emotiset.evaluate import evaluate_scores
from emotiset.labeling import check_labels, label_observations, observed_labels
from emotiset.partition import Tally
from emotiset.sources import limit_blocks, plan_blocks, read_block


def evaluate_files(
    ensemble: Ensemble,
    inputs: Sequence[str | Path],
    source: SourceConfig,
    labeling: LabelingConfig,
) -> dict[str, Any]:
    """Judge *ensemble* on every text of the inputs.

    Runs in this process; holds a score for each text and member.

    Parameters
    ----------
    ensemble
        What predicts.
    inputs
        Files, folders or globs.
    source
        How they are read; ``label_column`` is set.
    labeling
        Which values of the label column mean what.

    Returns
    -------
    dict
        What `emotiset.evaluate.evaluate_scores` returns, and ``read`` and ``bins``:
        how many records there were, and how many of them had no text to judge.

    Raises
    ------
    InputError
        If the inputs cannot be read, hold no text, or hold another class.
    """
    tally = Tally()
    scores = [np.empty((0, ensemble.n_members), np.float32)]
    polarity = [np.empty(0, np.int8)]
    blocks = plan_blocks([str(path) for path in inputs], source)
    if source.limit is not None:
        blocks = limit_blocks(blocks, source.limit, source)
    for block in blocks:
        for reading in read_block(block, source):
            tally.add_reading(reading, keep_rejects=False)
            tally.labels |= observed_labels(reading.tweets, labeling)
            labeled = label_observations(reading.tweets, labeling)
            scores.append(ensemble.scores(labeled["text"]))
            polarity.append(labeled["polarity"].to_numpy())
    check_labels(tally.labels, labeling)
    if sum(map(len, polarity)) == 0:
        raise InputError(
            f"evaluation needs text, found none in {tally.n_read} records: check the "
            "inputs and --format"
        )
    metrics = evaluate_scores(
        np.concatenate(scores),
        np.concatenate(polarity),
        ensemble.vote,
        ensemble.vote_weights,
        ensemble.calibration,
    )
    return {**metrics, "read": tally.n_read, "bins": tally.bins}
