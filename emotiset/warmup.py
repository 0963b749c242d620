"""What a process does that compiles a family of kernels: call each of them once.

``python -m emotiset.warmup label`` writes the family ``label`` into the folder of that
name that the environment tells; see `emotiset.compiling`.  Each function takes a part
of the whole path on a few rows, so that kernels meet the types that they will meet, and
calls as few as can be of another family: those are compiled here too, and not kept.
"""

import gc
import sys
from collections.abc import Callable
from typing import Final, get_args

import numpy as np
import pyarrow as pa

from emotiset.calibration import (
    NOT_CALIBRATED,
    Calibration,
    Side,
    count_confidence,
    fit_calibration,
)
from emotiset.config import (
    FeatureConfig,
    LearnerConfig,
    LearnerName,
    TextSet,
    TrainConfig,
)
from emotiset.evaluate import evaluate_members
from emotiset.kernels._cache import Family
from emotiset.kernels.valued import averaged_sgd
from emotiset.language import identify_languages
from emotiset.learner import EXAMPLES, fit_member
from emotiset.lexicon import load_lexicon
from emotiset.lines import fit_line_calibration
from emotiset.maps import canonical_list
from emotiset.ngrams import find_strongest
from emotiset.packing import PackedWeights, mean_of_texts, members_of_texts
from emotiset.partition import label_block
from emotiset.sampling import make_rule
from emotiset.scan import build_scan, find_kinds
from emotiset.sources import plan_blocks
from emotiset.voting import (
    mean_probability,
    score_texts,
    stack_weights,
    vote_confidence,
    vote_probability,
)

_TEXT: Final = ("what a day", "so good", "not again", None)
_N_FEATURES: Final = 1024


def call_label() -> None:
    """Read and label a few simulated tweets, and ask for the language of all."""
    config = TrainConfig()
    [block] = plan_blocks(["simulated:200?emoticon_share=0.5"], config)
    run = label_block(block, config, load_lexicon(), make_rule(config))
    identify_languages(run.rows["text"])


def call_scan() -> None:
    """Scan a line in either form."""
    scan = build_scan(load_lexicon())
    assert scan is not None, "the built-in lexicon can be scanned for"
    for is_json in (True, False):
        find_kinds(b'{"text":":)"}\n', scan, is_json=is_json)


def call_learn() -> None:
    """Train a member, and judge, predict and calibrate as it is usual."""
    rows, features = _make_rows(_TEXT), FeatureConfig(n_features=_N_FEATURES)
    member = fit_member([rows], features, LearnerConfig())
    model = stack_weights([member]), np.array([member.intercept])
    packed = PackedWeights.pack(model[0], "mean")
    side = Side(log_slope=0.0, exponent=1.0)
    for calibration in (NOT_CALIBRATED, Calibration(side, side)):
        evaluate_members([rows], [member], features, "mean", calibration)
        means = mean_of_texts(rows["text"], packed, model, features, np.zeros(1))
        mean_probability(means, calibration)
    confidence = np.tile(np.array([-1, 1], np.float32), 40)
    gold = np.sign(confidence).astype(np.int8)
    fit_calibration(count_confidence(confidence, gold), 0.5)


def call_paper() -> None:
    """Train on byte 4-grams by the other learners, and let members vote."""
    rows = _make_rows(_TEXT)
    features = FeatureConfig(features="byte4", n_features=_N_FEATURES)
    for learner in ("logistic", "pegasos"):
        member = fit_member([rows], features, LearnerConfig(learner=learner))
    weights = stack_weights([member])
    packed = PackedWeights.pack(weights, "majority")
    model = weights, np.array([member.intercept])
    scores = members_of_texts(rows["text"], packed, model, features)
    vote_probability(scores, "majority", np.ones(1))
    vote_confidence(scores, "majority", np.ones(1))


def call_maps() -> None:
    """Write feature maps in canonical form; train and score with each learner."""
    maps = [{"a": "x", "b": 2.0}, {"b": 1.0}, {"a": "y"}]
    text = pa.concat_arrays([canonical_list(maps), canonical_list(["b:3 a=x"])])
    rows = _make_rows(text)
    features = FeatureConfig(
        features="maps", n_features=_N_FEATURES, cross=(("a", "b"),)
    )
    for learner in get_args(LearnerName):
        member = fit_member([rows], features, LearnerConfig(learner=learner))
    score_texts(text, stack_weights([member]), np.zeros(1), features)
    gold = np.tile(np.array([-1, 1], np.int8), 20)
    confidence = gold.astype(np.float32)
    line = fit_line_calibration(count_confidence(confidence, gold), 0.5)
    line.apply(confidence)


def call_inspect() -> None:
    """Find the strongest n-grams of each kind."""
    for name in get_args(TextSet):
        features = FeatureConfig(features=name, n_features=_N_FEATURES)
        weights = np.zeros(_N_FEATURES, np.float32)
        find_strongest([pa.array(_TEXT)], weights, features)


def call_matrix() -> None:
    """Train on a matrix, as `emotiset.sklearn` does, which may not be there."""
    indptr, order = np.arange(3, dtype=np.int64), np.arange(2, dtype=np.int64)
    indices, polarity = np.zeros(2, np.uint32), np.array([1, -1], np.int8)
    held = np.zeros((2, 1))
    averaged_sgd(indptr, indices, np.ones(2), polarity, order, 1, 0.1, 0.0, held)


def _make_rows(text: pa.Array) -> pa.RecordBatch:
    polarity = pa.array([1, 1, -1, -1], pa.int8())
    return pa.record_batch([polarity, pa.array(text, pa.string())], schema=EXAMPLES)


CALLS: Final[dict[Family, Callable[[], None]]] = {
    "label": call_label,
    "learn": call_learn,
    "scan": call_scan,
    "maps": call_maps,
    "paper": call_paper,
    "inspect": call_inspect,
    "matrix": call_matrix,
}


if __name__ == "__main__":
    gc.disable()  # a twentieth of the time: little of what is made is ever dropped
    [_, named] = sys.argv
    [family] = [each for each in CALLS if each == named]
    CALLS[family]()
