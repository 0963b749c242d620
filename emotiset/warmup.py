"""Compile all kernels once for a machine, so that no later process has to.

`emotiset.kernels._cache` tells where they are kept and why that is safe.  A run of the
whole path on a few simulated tweets makes each kernel meet the types that it will
meet.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
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
    Vote,
)
from emotiset.evaluate import evaluate_members
from emotiset.kernels._cache import BUILD_FOLDER, final_folder, find_folder
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
from emotiset.voting import mean_probability, stack_weights


def compile_kernels() -> bool:
    """Compile the kernels for this machine, unless they are there.

    To be called before worker processes start: a process looks for them once.  Where
    no folder can be made each process compiles for itself, which takes some seconds
    and changes nothing.

    Returns
    -------
    bool
        Whether this process and those before it could already load them.
    """
    final = final_folder()
    if find_folder() is not None:
        return True
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        return False
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        build = tempfile.mkdtemp(prefix=".build-", dir=final.parent)
    except OSError:
        return False
    builders = []
    try:
        builders += [_start_builder(half, build) for half in _HALVES]
        if not any([builder.wait() for builder in builders]):
            with suppress(OSError):  # another process was first
                Path(build).rename(final)
    finally:
        for builder in builders:  # still at work where this was interrupted
            builder.kill()
            builder.wait()
        shutil.rmtree(build, ignore_errors=True)
    return False


def _start_builder(half: str, folder: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "emotiset.warmup", half],
        env={**os.environ, BUILD_FOLDER: folder},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def call_labeling_kernels() -> None:
    """Read and label a few simulated tweets, scan, and ask for the language of all."""
    config, lexicon = TrainConfig(), load_lexicon()
    [block] = plan_blocks(["simulated:2000?emoticon_share=0.5"], config)
    run = label_block(block, config, lexicon, make_rule(config))
    identify_languages(run.rows["text"])
    scan = build_scan(lexicon)
    assert scan is not None, "the built-in lexicon can be scanned for"
    for is_json in (True, False):
        find_kinds(b'{"text":":)"}\n', scan, is_json=is_json)


def call_learning_kernels() -> None:
    """Train a member with each learner, and let it vote in each way."""
    text = ["what a day", "so good", "not again", None]
    rows = pa.record_batch(
        [pa.array([1, 1, -1, -1], pa.int8()), pa.array(text)], schema=EXAMPLES
    )
    for name in get_args(TextSet):
        features = FeatureConfig(features=name, n_features=1024)
        member = fit_member([rows], features, LearnerConfig())
        find_strongest([pa.array(text)], np.zeros(1024, np.float32), features)
    for learner in get_args(LearnerName):
        member = fit_member([rows], features, LearnerConfig(learner=learner))
    model = stack_weights([member]), np.array([member.intercept])
    side = Side(log_slope=0.0, exponent=1.0)
    for vote in get_args(Vote):
        packed = PackedWeights.pack(model[0], vote)
        for calibration in (NOT_CALIBRATED, Calibration(side, side)):
            evaluate_members([rows], [member], features, vote, calibration)
            if vote == "mean":
                means = mean_of_texts(
                    rows["text"], packed, model, features, np.zeros(1)
                )
                mean_probability(means, calibration)
            else:
                members_of_texts(rows["text"], packed, model, features)
    _call_valued_kernel()
    _call_map_kernels()
    confidence = np.tile(np.array([-1, 1], np.float32), 40)
    fit_calibration(
        count_confidence(confidence, np.sign(confidence).astype(np.int8)), 0.5
    )


def _call_map_kernels() -> None:
    """Write feature maps in canonical form; train and score with each learner."""
    rows = [{"a": "x", "b": 2.0}, {"b": 1.0}, {"a": "y"}]
    text = pa.concat_arrays([canonical_list(rows), canonical_list(["b:3 a=x"])])
    columns = [pa.array([1, 1, -1, -1], pa.int8()), text]
    batch = pa.record_batch(columns, schema=EXAMPLES)
    features = FeatureConfig(features="maps", n_features=1024, cross=(("a", "b"),))
    for learner in get_args(LearnerName):
        member = fit_member([batch], features, LearnerConfig(learner=learner))
    fit_member([batch], features, LearnerConfig(scale="nb"))
    gold = np.tile(np.array([-1, 1], np.int8), 20)
    line = fit_line_calibration(count_confidence(gold.astype(np.float32), gold), 0.5)
    for calibration in (NOT_CALIBRATED, line):
        evaluate_members([batch], [member], features, "mean", calibration)


def _call_valued_kernel() -> None:
    """Train on a matrix, as `emotiset.sklearn` does, which may not be there."""
    indptr, order = np.arange(3, dtype=np.int64), np.arange(2, dtype=np.int64)
    indices, polarity = np.zeros(2, np.uint32), np.array([1, -1], np.int8)
    held = np.zeros((2, 1))
    averaged_sgd(indptr, indices, np.ones(2), polarity, order, 1, 0.1, 0.0, held)


# Two processes compile at once; no kernel is called by both.
_HALVES: Final = {
    "label": call_labeling_kernels,
    "learn": call_learning_kernels,
}


if __name__ == "__main__":
    _HALVES[sys.argv[1]]()
