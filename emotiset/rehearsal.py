"""Importing this labels two tweets and learns from four, which loads kernels, tables.

Only the process that a command's workers are forked from imports it, while the command
itself still imports and plans; see `emotiset.forking`.
"""

import gc
import tempfile
from contextlib import suppress

import pyarrow as pa

from emotiset.config import FeatureConfig, LearnerConfig, TrainConfig
from emotiset.errors import EmotisetError
from emotiset.evaluate import evaluate_members
from emotiset.kernels._cache import find_folder
from emotiset.langid import load_characters, load_model
from emotiset.learner import EXAMPLES, fit_member
from emotiset.lexicon import load_lexicon
from emotiset.partition import label_block
from emotiset.sampling import make_rule
from emotiset.sources import plan_blocks

_JSON = (
    b'{"text": "what a lovely day it is, she said :)"}\n{"text": "no", "lang": "en"}\n'
)
_CSV = b"text,lang\nwhat a lovely day it is; she said :),\nno,en\n"  # is not scanned


def rehearse_labeling() -> None:
    """Label two tweets."""
    is_scanned = find_folder("scan") is not None
    suffix, lines = (".json", _JSON) if is_scanned else (".csv", _CSV)
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(lines)
        file.flush()
        config = TrainConfig()
        [block] = plan_blocks([file.name], config)
        label_block(block, config, load_lexicon(), make_rule(config))
    load_model()
    load_characters()


def rehearse_learning() -> None:
    """Learn from four texts, and judge by them."""
    polarity = pa.array([1, 1, -1, -1], pa.int8())
    texts = pa.array(["what a day", "so good", "not again", "no"])
    rows = pa.record_batch([polarity, texts], schema=EXAMPLES)
    features = FeatureConfig(n_features=1024)
    member = fit_member([rows], features, LearnerConfig())
    evaluate_members([rows], [member], features, "mean")


# What is not there it would compile, as others do.  An error, such as of a full disk,
# the command will meet, too, and tell of.
with suppress(OSError, EmotisetError):
    if find_folder("label") is not None:
        rehearse_labeling()
    if find_folder("learn") is not None:
        rehearse_learning()
gc.freeze()  # as in `emotiset.ready`
