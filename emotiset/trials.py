"""One training of a search: settings, tried on one fold of a part of the sample.

As in `emotiset.fitting`, these are the bodies of tasks, free of Dask.  What is done is
what ``emotiset train`` does with the same examples: members, slices, scale, vote and
calibration, so that a score is that of the model which the settings would give.

The texts of a part are hashed anew by each training: kept rows, some 700 bytes a text,
take longer to move and to filter (0.49 s of CPU against 0.38 s for a training on two
thirds of 64,000 tweets) than their texts take to hash.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.config import TrainConfig
from emotiset.drawing import choose_members
from emotiset.fitting import count_outside, fit_part
from emotiset.fold_fitting import FoldPart, judge_fold
from emotiset.folding import Folding
from emotiset.holdback import choose_slice
from emotiset.kept import Scores, pack_scores
from emotiset.keys import choose_member
from emotiset.reuse import hash_examples
from emotiset.sampling import POLARITIES
from emotiset.scaling import make_scale, needs_scale
from emotiset.schema import POSITIVE
from emotiset.work_folder import WorkFolder

_FORMAT: Final = 1  # counts up where the same settings would get another score


@dataclass(frozen=True)
class Fold:
    """A fold of a part of the sample.

    Attributes
    ----------
    folding
        What cuts the sample.
    number
        Which of its folds judges.
    taken, of
        How many of how many lowest keys of each polarity are the part.
    """

    folding: Folding
    number: int
    taken: int
    of: int


def take_lowest(
    batches: Sequence[pa.RecordBatch], taken: int, of: int
) -> list[pa.RecordBatch]:
    """Take the lowest keys of each polarity, *taken* out of *of*, in their order.

    So parts are nested, and each is the sample that a smaller draw would give.
    """
    if taken == of or not batches:
        return list(batches)
    key = np.concatenate([batch["key"].to_numpy() for batch in batches])
    polarity = np.concatenate([batch["polarity"].to_numpy() for batch in batches])
    is_taken = np.zeros(len(key), np.bool_)
    for sign in POLARITIES:
        rows = np.flatnonzero(polarity == sign)
        n = -(-len(rows) * taken // of)
        is_taken[rows[np.argsort(key[rows], kind="stable")[:n]]] = True
    ends = np.cumsum([batch.num_rows for batch in batches])
    masks = np.split(is_taken, ends[:-1])
    return [
        batch.filter(pa.array(mask)) for batch, mask in zip(batches, masks, strict=True)
    ]


def run_trial(
    batches: Sequence[pa.RecordBatch],
    config: TrainConfig,
    fold: Fold,
    folder: WorkFolder | None = None,
    key: str = "",
) -> Scores:
    """Train on what is outside a fold, judge by what is in it, and keep the scores.

    Parameters
    ----------
    batches
        Of `take_lowest`: all examples of the part, in visiting order.
    config
        The settings to try.
    fold
        Which fold of which part.
    folder, key
        Where the scores are kept; None: nowhere.
    """
    training, testing = fold.folding.split(batches, fold.number)
    n_train = sum(batch.num_rows for batch in training)
    n_members = choose_members(n_train, config)
    last = choose_slice(n_train, n_members, config)
    gains = None
    if needs_scale(config, config):
        gains = make_scale(count_outside(training, config, last), config)
    fitted = [
        fit_part(part, config, last, gains)
        for part in _deal(training, n_members, config.seed)
    ]
    n_positive = sum(
        int(np.count_nonzero(batch["polarity"].to_numpy() == POSITIVE))
        for batch in training
    )
    part = FoldPart(testing, n_train, n_positive)
    judged = judge_fold([part], fitted, config, fold.number)
    scores = Scores(
        judged["n_train"], judged["n_test"], judged["accuracy"], judged["log_loss"]
    )
    if folder is not None:
        folder.write("trials", key, pack_scores(scores, key))
    return scores


def hash_sample(batches: Sequence[pa.RecordBatch]) -> str:
    """Return a digest of all that trials see of a sample."""
    times = hashlib.sha256()
    for batch in batches:
        posted = pc.fill_null(batch["created_at"].cast(pa.int64()), -(1 << 63))
        times.update(posted.to_numpy().tobytes())
    return f"{hash_examples(batches)} {times.hexdigest()}"


def trial_key(
    config: TrainConfig, fold: Fold, sample: str, versions: Mapping[str, str]
) -> str:
    """Return the key of the scores of one training.

    Parameters
    ----------
    config
        All settings that shape a model are in the key.
    fold
        As for `run_trial`.
    sample
        Digest of the whole sample.
    versions
        Of what shapes a model.
    """
    told: list[Any] = [_FORMAT, dict(versions), config.result_settings(), sample]
    told += [fold.folding.n_folds, fold.folding.seed, fold.folding.starts]
    told += [fold.number, fold.taken, fold.of]
    data = msgspec.json.encode(told, order="deterministic")
    return hashlib.sha256(data).hexdigest()[:32]


def _deal(
    batches: Sequence[pa.RecordBatch], n_members: int, seed: int
) -> list[list[pa.RecordBatch]]:
    """Return the examples of each member, in visiting order."""
    if n_members == 1:
        return [list(batches)]
    parts: list[list[pa.RecordBatch]] = [[] for _ in range(n_members)]
    for batch in batches:
        member = choose_member(batch["key"].to_numpy(), seed, n_members)
        for number, part in enumerate(parts):
            part.append(batch.filter(pa.array(member == number)))
    return parts
