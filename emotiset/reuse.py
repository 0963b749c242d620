"""Keys of finished work: all that shapes it, and nothing else.

A block's labeled tweets depend on its bytes and on the settings that read and label;
a member on its examples in their order and on the settings that learn.  `SHAPES` says
which settings are which.  A setting that it does not name is in every key, so that
nothing is reused wrongly; a test makes sure that there is none.
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from emotiset.config import TrainConfig
from emotiset.errors import InputError
from emotiset.plain import encode_json
from emotiset.sources import Block, Piece
from emotiset.sources.storage import Place, ask, find_system, is_url, open_place
from emotiset.work_folder import Kind

_FORMAT: Final = 3  # of the kept files; counts up where what is kept changes
_CHUNK: Final = 1 << 20
_MAX_THREADS: Final = 8
# What file systems call that which changes with the content, the surest first.
_TAGS: Final = (
    *("ETag", "etag", "md5Hash", "Content-MD5", "content_md5", "Digest"),
    *("generation", "LastModified", "last_modified", "Last-Modified", "updated"),
    *("mtime", "modificationTime", "modified", "created"),
)

_BLOCKS: Final[frozenset[Kind]] = frozenset({"blocks"})
_MEMBERS: Final[frozenset[Kind]] = frozenset({"members"})
_NEITHER: Final[frozenset[Kind]] = frozenset()

# Which keys each setting is in.  What a member learns from is in its key as it is, so
# no setting of the input, the labels or the draw is.
SHAPES: Final[dict[str, frozenset[Kind]]] = {
    **dict.fromkeys(("format", "text_column", "lang_column", "time_column"), _BLOCKS),
    **dict.fromkeys(("id_column", "label_column"), _BLOCKS),
    # How the input is cut is in a block's byte ranges and number of records.
    **dict.fromkeys(("block_size", "limit", "max_bad_fraction"), _NEITHER),
    "storage_options": _NEITHER,
    "keep_columns": _NEITHER,  # training refuses it
    **dict.fromkeys(("language", "lexicon", "keep_retweets", "min_length"), _BLOCKS),
    **dict.fromkeys(("positive", "negative", "drop_deleted"), _BLOCKS),
    **dict.fromkeys(("per_class", "members", "keep_copies", "seed"), _NEITHER),
    # The slice that calibration asks for is in a member's key as it is.
    **dict.fromkeys(("test_fraction", "test_after", "calibration"), _NEITHER),
    "features_column": _BLOCKS,
    **dict.fromkeys(("features", "n_features", "learner", "scale"), _MEMBERS),
    **dict.fromkeys(("cross", "class_weight"), _MEMBERS),
    **dict.fromkeys(("epochs", "alpha", "eta0"), _MEMBERS),
    **dict.fromkeys(("vote", "folds", "fold_by"), _NEITHER),
}


def shaping_settings(config: TrainConfig, kind: Kind) -> dict[str, Any]:
    """Return the settings that are in the keys of one kind, as plain JSON values."""
    learner = config.resolve(config.features)
    found = {}
    for each in fields(config):
        if kind in SHAPES.get(each.name, (kind,)):
            source = learner if hasattr(learner, each.name) else config
            found[each.name] = msgspec.to_builtins(getattr(source, each.name))
    return found


def find_stamps(blocks: Sequence[Block]) -> dict[str, str]:
    """Return for each file its size, and its time or tag, which change with it.

    Raises
    ------
    InputError
        If a file system tells neither a time nor a tag.
    """
    places = find_places(blocks)
    with ThreadPoolExecutor(_MAX_THREADS) as pool:
        return dict(zip(places, pool.map(_find_stamp, places.values()), strict=True))


def find_places(blocks: Sequence[Block]) -> dict[str, Place]:
    """Return the whole files that blocks are read from, by their paths."""
    places: dict[str, Place] = {}
    for block in blocks:
        for piece in block.pieces:
            if block.format != "simulated" and piece.problem is None:
                path = piece.where.path
                places.setdefault(path, Place(path, piece.where.options))
    return places


def hash_place(place: Place) -> str:
    """Return a digest of all bytes of a file, which stands for its stamp."""
    whole = hashlib.sha256()
    with open_place(place) as file:
        while chunk := file.read(_CHUNK):
            whole.update(chunk)
    return f"sha256 {whole.hexdigest()}"


def block_keys(
    blocks: Sequence[Block],
    stamps: Mapping[str, str],
    config: TrainConfig,
    versions: Mapping[str, str],
    *,
    keep_rejects: bool,
) -> list[str | None]:
    """Return the key of each block.

    Parameters
    ----------
    blocks
        Of a plan.
    stamps
        From `find_stamps`, or from `hash_place` of each file.
    config
        Settings that read and label are in the key, others are not.
    versions
        Of what shapes a label.
    keep_rejects
        All lines are decoded then, which changes bins.

    Returns
    -------
    list
        32 hexadecimal digits each; None where a file could not be opened: perhaps it
        can be the next time.
    """
    settings = shaping_settings(config, "blocks")
    told = [_FORMAT, dict(versions), settings, keep_rejects]
    common = hashlib.sha256(_canonical(told))

    def find_key(block: Block) -> str | None:
        if any(piece.problem is not None for piece in block.pieces):
            return None
        own = common.copy()
        pieces = [_describe(piece, stamps) for piece in block.pieces]
        own.update(_canonical([block.format, block.n_records, pieces]))
        return own.hexdigest()[:32]

    return [find_key(block) for block in blocks]


def member_key(
    digests: Sequence[str], config: TrainConfig, versions: Mapping[str, str]
) -> str:
    """Return the key of a member.

    Parameters
    ----------
    digests
        Of its examples, and of all else that it depends on; see `hash_examples`.
    config
        Settings that learn are in the key, others are not.
    versions
        Of what shapes a weight.
    """
    settings = shaping_settings(config, "members")
    told = [_FORMAT, dict(versions), settings, list(digests)]
    return hashlib.sha256(_canonical(told)).hexdigest()[:32]


def hash_examples(batches: Iterable[pa.RecordBatch]) -> str:
    """Return a digest of texts, polarities and keys in their order."""
    columns = [hashlib.sha256() for _ in range(4)]
    for batch in batches:
        text = pc.fill_null(batch["text"], "")
        values = [
            _joined(text),
            pc.binary_length(text).to_numpy(),
            batch["polarity"].to_numpy(),
            batch["key"].to_numpy(),
        ]
        for column, value in zip(columns, values, strict=True):
            column.update(value)
    return hashlib.sha256(b"".join(each.digest() for each in columns)).hexdigest()


def _joined(text: pa.Array) -> memoryview:
    _, offsets, data = text.buffers()
    starts = np.frombuffer(offsets, np.int32)[text.offset :]
    return memoryview(data or b"")[starts[0] : starts[len(text)]]


def _describe(piece: Piece, stamps: Mapping[str, str]) -> list[Any]:
    where = piece.where
    layout = None if piece.layout is None else msgspec.to_builtins(piece.layout)
    cut = [piece.start, piece.stop, piece.compression, layout, where.start, where.size]
    return [piece.path, stamps.get(where.path), *cut]


def _canonical(value: Any) -> bytes:
    return encode_json(value, order="deterministic") + b"\n"


def _find_stamp(place: Place) -> str:
    if not is_url(place.path):
        found = ask(place.path, partial(os.stat, place.path))
        return f"size {found.st_size}, mtime {found.st_mtime_ns}"
    system, path = find_system(place.path, place.options)
    info: dict[str, Any] = ask(place.path, _asking(system, path))
    tags = [f"{name} {info[name]}" for name in _TAGS if info.get(name) is not None]
    if not tags:
        raise InputError(
            "--work-dir needs inputs whose time or tag is told, found none for "
            f"{place.path}: add --verify-inputs, which hashes what they hold"
        )
    return f"size {info.get('size')}, {', '.join(tags)}"


def _asking(system: Any, path: str) -> Callable[[], Any]:
    def get_info() -> Any:
        system.invalidate_cache()  # an old listing has old tags
        return system.info(path)

    return get_info
