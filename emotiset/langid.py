"""The model of py3langid [1]_ and Python's facts on characters, as kernels need them.

Only `emotiset.language` uses this.  Both tables are made once per process, when a
text is first identified.

References
----------
.. [1] A. Barbaresi, py3langid, a fork of M. Lui and T. Baldwin, "langid.py: An
   Off-the-shelf Language Identification Tool", ACL 2012.
"""

import functools
import lzma
import os
import shutil
import tempfile
import threading
import unicodedata
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from py3langid.langid import MODEL_DIR, MODEL_FILE

from emotiset.errors import ConfigError
from emotiset.kernels import language as kernels
from emotiset.memory import SPARING
from emotiset.unpacked import keep_arrays, make_once, name_arrays, read_arrays

# What py3langid can answer; a test compares it with the model, which takes half a
# second to load.
_LABELS: Final = """
ace af am an ar ary arz as az ba bcl be bg bn br bs ca crh cs cy da de dz el en eo es
et eu ext fa fi fo fr fuv fy ga gcf gcr gd gl gom grc gu gug guw ha hbo he hi hr ht hu
hy id ig is it ja jv ka kab kik kk km kn ko ku ky la lb lg lij ln lo lt ltg lv mg mk ml
mn mr ms mt my ne nl nn no nso oc om or pa pcm pl ps pt qu ro ru rw sa sdh se si sk sl
sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz uzs vec vi vo wa wuu xh yo yue
zh zu zxx
"""
LABELS: Final = frozenset(_LABELS.split())

_N_CODES: Final = 0x20000  # no character beyond has case, and few compose
_COPIED: Final = 1 << 20  # bytes at once
_IN_CACHE: Final = 1 << 16  # entries of the automaton renumbered at once
_PADDING: Final = 32  # columns, so that rows are whole vector registers
_MIN_LIKELIHOOD: Final = -32  # the sum over all features fits into an int32
_MAX_LIKELIHOOD: Final = -2  # a float16 from here on is a multiple of 2^-9

# The arguments of `kernels.language.identify` between the texts and its room.
_TABLES: Final = (
    *("start", "moves", "firsts", "features"),
    *("likelihoods", "priors", "aliases"),
)

_LOADING: Final = threading.Lock()


@dataclass(frozen=True)
class Model:
    """py3langid's naive Bayes model and the automaton that counts its features.

    Attributes
    ----------
    labels
        String array: the language of each column; some have two columns.
    tables
        The arguments that `kernels.language.identify` takes between the texts and the
        room to work in, in its order.
    """

    labels: pa.Array
    tables: tuple[Any, ...]

    @property
    def likelihoods(self) -> NDArray[np.int16]:
        """One of the tables."""
        found: NDArray[np.int16] = self.tables[_TABLES.index("likelihoods")]
        return found


@dataclass(frozen=True)
class Characters:
    """What lowering and normalizing may do, by code point below 2^17.

    Attributes
    ----------
    traits
        uint8, bits as in `kernels.language`.
    combining
        uint8, canonical combining class.
    """

    traits: NDArray[np.uint8]
    combining: NDArray[np.uint8]


def load_model() -> Model:
    """Return the model, which is kept unpacked beside the compiled kernels.

    Where it is not, unpacking takes half a second, nearly all of it LZMA.

    Raises
    ------
    ConfigError
        If the installed py3langid has a model that integers cannot hold.
    """
    with _LOADING:  # threads that come together shall not each load 70 MB
        return _load_model()


def release_model() -> None:
    """Let go of 70 MB where they are scarce: in workers that a run starts for itself.

    To be called where no more texts are expected.  If there are any, the model is
    loaded again; elsewhere it stays, as the next run would wait for it.
    """
    if os.environ.get(SPARING):
        _load_model.cache_clear()


@functools.cache
def load_characters() -> Characters:
    """Return the character tables of the Unicode version that Python has.

    The trait `MAY_COMPOSE` is the standard's NFC_Quick_Check of No or Maybe: what
    NFC replaces when alone, and what can be the second of a composed pair.
    """
    made = make_once("characters", __file__, _make_characters)
    return Characters(made[0], made[1])


def _make_characters() -> NDArray[np.uint8]:
    """Return traits and combining classes, a row each."""
    characters = [chr(code) for code in range(_N_CODES)]
    traits = np.zeros(_N_CODES, np.uint8)
    for code, character in enumerate(characters):
        if character.isupper() or character.lower() != character:
            is_ascii = code < 0x80
            other = kernels.IS_OTHER_UPPER
            traits[code] |= kernels.IS_ASCII_UPPER if is_ascii else other
        if character.islower() or (character.istitle() and not character.isupper()):
            traits[code] |= kernels.IS_LOWER
        if not unicodedata.is_normalized("NFC", character):
            traits[code] |= kernels.MAY_COMPOSE
    traits[_second_of_pairs(characters)] |= kernels.MAY_COMPOSE
    combining = np.array([unicodedata.combining(each) for each in characters], np.uint8)
    return np.stack([traits, combining])


def _second_of_pairs(characters: list[str]) -> list[int]:
    seconds = [*range(0x1161, 0x1176), *range(0x11A8, 0x11C3)]  # Hangul: no table
    for parts in map(str.split, map(unicodedata.decomposition, characters)):
        if len(parts) == 2 and not parts[0].startswith("<"):
            seconds.append(int(parts[1], 16))
    return seconds


@functools.cache
def _load_model() -> Model:
    name = name_arrays("language", version("py3langid"), Path(__file__).read_bytes())
    arrays = read_arrays(name)
    if arrays is None:
        arrays = _unpack()
        keep_arrays(name, arrays)
    tables = [arrays[each] for each in _TABLES]
    # The first state is a number, not an array of none.
    return Model(pa.array(arrays["labels"].tolist()), (tables[0][()], *tables[1:]))


def _unpack() -> dict[str, NDArray[Any]]:
    # By way of a file, array by array: in memory it would be there twice.
    with tempfile.TemporaryFile() as file:
        with lzma.open(MODEL_DIR / MODEL_FILE) as packed:
            shutil.copyfileobj(packed, file, _COPIED)
        return _make_arrays(file)


def _make_arrays(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    """Return the labels and, by the names of `_TABLES`, what `Model` tells."""
    file.seek(0)
    with np.load(file) as arrays:
        labels = arrays["classes"].tolist()
        units = _likelihood_units(arrays["ptc"])
        tables = (
            *_automaton(arrays["nextmove"], arrays["nextmove_row"], arrays["out_feat"]),
            units,
            _prior_units(arrays["pc"]),
            _find_aliases(labels),
        )
    _check_fit(units[:, : len(labels)], n_moves=len(tables[1]))
    named = {k: np.asarray(v) for k, v in zip(_TABLES, tables, strict=True)}
    return {"labels": np.array(labels), **named}


def _check_fit(units: NDArray[np.int16], *, n_moves: int) -> None:
    scale = 1 << kernels.LIKELIHOOD_BITS
    is_exact = _MIN_LIKELIHOOD * scale < units.min()
    is_exact &= units.max() <= _MAX_LIKELIHOOD * scale
    if not is_exact or n_moves > 1 << 24 or units.shape[1] > 1 << 8:
        raise ConfigError(
            "language needs the model of py3langid 0.4.0, found one that is larger or "
            "has likelihoods outside -32 to -2: install that version"
        )


def _automaton(
    moves: NDArray[np.uint32], lists: NDArray[np.uint16], features: NDArray[np.int32]
) -> tuple[np.uint32, NDArray[np.uint32], NDArray[np.int32], NDArray[np.int32]]:
    """Renumber the states, in place, so that each tells its list of moves."""
    order = np.argsort(lists, kind="stable")
    n_lists = len(moves) >> 8
    firsts = np.searchsorted(lists[order], np.arange(n_lists)).astype(np.int32)
    ranks = np.empty(len(lists), np.uint32)
    ranks[order] = np.arange(len(lists)) - firsts[lists[order]]
    states = lists.astype(np.uint32) << 16 | ranks
    for start in range(0, len(moves), _IN_CACHE):
        stretch = moves[start : start + _IN_CACHE]
        stretch[:] = states[stretch]
    return states[0], moves, firsts, features[order]


def _likelihood_units(likelihoods: NDArray[np.float16]) -> NDArray[np.int16]:
    n_features, n_columns = likelihoods.shape
    n_padded = -(-n_columns // _PADDING) * _PADDING
    # For empty NumPy asks the system for huge pages, for zeros it does not: a fifth
    # of the kernel's time.
    units = np.empty((n_features, n_padded), np.int16)
    units[:, n_columns:] = 0
    scale = 1 << kernels.LIKELIHOOD_BITS
    # One call in float32: a tenth of the time of arithmetic on float16.
    out = units[:, :n_columns]
    np.multiply(likelihoods, scale, out=out, dtype=np.float32, casting="unsafe")
    return units


def _prior_units(priors: NDArray[np.float32]) -> NDArray[np.int64]:
    units: NDArray[np.int64] = np.rint(
        priors.astype(np.float64) * 2.0**kernels.SCORE_BITS
    ).astype(np.int64)
    return units


def _find_aliases(labels: list[str]) -> NDArray[np.int64]:
    pairs = [
        (labels.index(label), column)
        for column, label in enumerate(labels)
        if labels.index(label) < column
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)
