"""Importing this labels two tweets, which loads what labeling takes: kernels, tables.

Only the process that a command's workers are forked from imports it, while the command
itself still imports and plans; see `emotiset.forking`.
"""

import gc
import tempfile
from contextlib import suppress

from emotiset.config import TrainConfig
from emotiset.errors import EmotisetError
from emotiset.kernels._cache import find_folder
from emotiset.langid import load_characters, load_model
from emotiset.lexicon import load_lexicon
from emotiset.partition import label_block
from emotiset.sampling import make_rule
from emotiset.sources import plan_blocks

_JSON = (
    b'{"text": "what a lovely day it is, she said :)"}\n{"text": "no", "lang": "en"}\n'
)
_CSV = b"text,lang\nwhat a lovely day it is; she said :),\nno,en\n"  # is not scanned


def rehearse() -> None:
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


if find_folder("label") is not None:  # else it would compile what others compile
    # Such as a full disk: the command will meet it, too, and tell of it.
    with suppress(OSError, EmotisetError):
        rehearse()
gc.freeze()  # as in `emotiset.ready`
