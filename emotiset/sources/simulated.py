"""Simulated tweets as an input: ``simulated:200000?seed=3&emoticon_share=0.3``."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.simulate import simulate_records
from emotiset.sources.blocks import Piece, Reading
from emotiset.sources.lines import decode_chunks, split_lines
from emotiset.sources.tweets import read_chunk

PREFIX: Final = "simulated:"
_RECORD_BYTES: Final = 2_000  # about; for the plan
_PART: Final = 4_096  # records are drawn in parts; whole ones are not drawn twice


def plan_simulated(name: str, config: SourceConfig) -> list[Piece]:
    """Cut a simulation into pieces of about a block.

    Raises
    ------
    InputError
        If the name cannot be understood.
    ConfigError
        If the number of records or a setting is out of range.

    Examples
    --------
    >>> pieces = plan_simulated("simulated:3000", SourceConfig(block_size=2_000_000))
    >>> [(piece.start, piece.stop) for piece in pieces]
    [(0, 1000), (1000, 2000), (2000, 3000)]
    """
    n_records, settings = _parse(name)
    simulate_records(0, n_records, **settings)  # checks them, and makes nothing yet
    step = max(config.block_size // _RECORD_BYTES, 1)
    step -= step % _PART if step > _PART else 0
    starts = range(0, n_records, step)
    bounds = [(start, min(start + step, n_records)) for start in starts]
    return [
        Piece(name, start, stop, n_bytes=(stop - start) * _RECORD_BYTES)
        for start, stop in bounds
    ]


def read_simulated(
    piece: Piece, config: SourceConfig, limit: int | None
) -> Iterator[Reading]:
    """Simulate the records of a piece and read them as tweets."""
    _, settings = _parse(piece.path)
    records = simulate_records(piece.start, piece.stop, **settings)
    source = f"{piece.path} from {piece.start}"
    decode = partial(
        read_chunk,
        label_column=config.label_column,
        keep_columns=config.keep_columns,
    )
    chunks = split_lines(_with_offsets(records))
    return decode_chunks(chunks, source, limit, decode)


def count_simulated(piece: Piece, limit: int) -> tuple[int, int]:
    """Count the records of a piece, up to *limit*, and about their bytes."""
    n_records = min(piece.stop - piece.start, limit)
    return n_records, n_records * _RECORD_BYTES


def _with_offsets(records: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    offset = 0
    for data in records:
        yield offset, data
        offset += len(data)


def _parse(name: str) -> tuple[int, dict[str, Any]]:
    """Return the number of records and the settings of the simulation."""
    number, _, query = name.removeprefix(PREFIX).partition("?")
    try:
        n_records = int(number)
        settings = {key: _SETTINGS[key](value) for key, value in _pairs(query)}
    except (ValueError, KeyError):
        n_records, settings = 0, {}
    if n_records < 1:
        raise InputError(
            "simulated tweets need a number and perhaps settings, found "
            f"{name!r}: write simulated:200000 or "
            "simulated:200000?seed=3&emoticon_share=0.3"
        )
    return n_records, settings


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))


_SETTINGS: Final[dict[str, type]] = {"seed": int, "emoticon_share": float}
