"""What is kept of finished work, as Arrow IPC files: tweets, members, trials' scores.

A file is never trusted: its bytes are checked against the digest in its name, then its
columns, its values and its counts; what fails is made anew.  Whoever may write to the
folder may still write other tweets there, as into the input.
"""

import io
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final, NamedTuple, NoReturn

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from emotiset.config import FeatureConfig
from emotiset.deletions import Ids, unite_ids
from emotiset.member import Member
from emotiset.model_format import MAX_WEIGHT
from emotiset.plain import encode_json
from emotiset.schema import BINS, LABELED, NEGATIVE, POSITIVE
from emotiset.scorer import Scorer, ScoringModel
from emotiset.tally import Tally
from emotiset.work_folder import DamagedError

_METADATA: Final = b"emotiset"
_NO_WEIGHTS: Final = np.empty(0, np.float32)
_WEIGHTS: Final = pa.schema([("weights", pa.float32()), ("before", pa.float32())])
_STATES: Final = pa.schema([("state", pa.binary()), ("before", pa.binary())])


class _Member(msgspec.Struct, forbid_unknown_fields=True):
    intercept: float
    vote_weight: float
    n_examples: int
    n_correct: int
    progressive_loss: float


class _Kept(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    member: _Member
    before: _Member
    digest: tuple[int, int]


class _Block(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    tally: Tally
    named: bytes  # ids, uint64 each, least byte first


def pack_block(rows: pa.RecordBatch, tally: Tally, named: Ids, key: str) -> bytes:
    """Return the file that keeps what `partition.read_labeled` made of a block."""
    return _pack(rows, _Block(key, tally, named.astype("<u8").tobytes()))


def unpack_block(data: bytes, key: str) -> tuple[pa.RecordBatch, Tally, Ids]:
    """Return what `pack_block` was given.

    Raises
    ------
    DamagedError
        If it cannot have been given that.
    """
    rows, told = _unpack(data, LABELED, _Block, key)
    tally = told.tally
    polarity = rows["polarity"]
    known = pa.array([NEGATIVE, POSITIVE], pa.int8())
    counts = [tally.n_read, *tally.bins.values()]
    counts += [count for seen in tally.sources.values() for count in seen]
    counts += [*tally.by_symbol.values(), *chain(*tally.by_day.values())]
    counts += tally.by_language.values()
    is_sound = (
        polarity.null_count == 0
        and pc.all(pc.is_in(polarity, known), min_count=0).as_py()
        and set(tally.bins) <= set(BINS)
        and min(counts) >= 0
        and sum(tally.bins.values()) + rows.num_rows == tally.n_read
        and len(told.named) % 8 == 0
    )
    if not is_sound:
        _refuse("holds rows or counts that no block gives")
    return rows, tally, unite_ids([np.frombuffer(told.named, "<u8")])


@dataclass(frozen=True)
class KeptMember:
    """What is kept of a part.

    Attributes
    ----------
    member, before
        After and before the slice; see `emotiset.holdback`.
    digest
        Of the keys of the examples.
    """

    member: Member
    before: Member
    digest: tuple[int, int]


def pack_member(kept: KeptMember, key: str) -> bytes:
    """Return the file that keeps a member and the digest of its keys."""
    told = _Kept(key, _tell(kept.member), _tell(kept.before), kept.digest)
    scorers = [each.scorer for each in (kept.member, kept.before)]
    states = [pa.array([each.state], pa.binary()) for each in scorers if each]
    if states:
        return _pack(pa.record_batch(states, schema=_STATES), told)
    columns = [pa.array(each.weights) for each in (kept.member, kept.before)]
    return _pack(pa.record_batch(columns, schema=_WEIGHTS), told)


def unpack_member(
    data: bytes,
    key: str,
    features: FeatureConfig,
    learner: type[ScoringModel] | None = None,
) -> KeptMember:
    """Return what `pack_member` was given; *learner* is the class of scorers.

    Raises
    ------
    DamagedError
        If it cannot have been given that.
    """
    if learner is not None:
        return _unpack_states(data, key, learner)
    rows, told = _unpack(data, _WEIGHTS, _Kept, key)
    if rows.num_rows != features.n_features:
        _refuse("holds numbers that no member has")
    weights, before = (column.to_numpy(zero_copy_only=False) for column in rows)
    member = _read_member(weights, told.member)
    return KeptMember(member, _read_member(before, told.before), told.digest)


def _unpack_states(data: bytes, key: str, learner: type[ScoringModel]) -> KeptMember:
    rows, told = _unpack(data, _STATES, _Kept, key)
    if rows.num_rows != 1 or rows["state"].null_count or rows["before"].null_count:
        _refuse("holds other than the bytes of one member")
    member, before = (
        replace(_read_member(_NO_WEIGHTS, numbers), scorer=Scorer(state, learner))
        for numbers, state in (
            (told.member, rows["state"][0].as_py()),
            (told.before, rows["before"][0].as_py()),
        )
    )
    return KeptMember(member, before, told.digest)


_SCORES: Final = pa.schema([(name, pa.float64()) for name in ("accuracy", "log_loss")])


class Scores(NamedTuple):
    """What one fold says of settings that are tried; see `emotiset.trials`."""

    n_train: int
    n_test: int
    accuracy: float
    log_loss: float


class _Scored(msgspec.Struct, forbid_unknown_fields=True):
    key: str
    n_train: int
    n_test: int


def pack_scores(scores: Scores, key: str) -> bytes:
    """Return the file that keeps the scores of a trial."""
    columns = [pa.array([scores.accuracy]), pa.array([scores.log_loss])]
    told = _Scored(key, scores.n_train, scores.n_test)
    return _pack(pa.record_batch(columns, schema=_SCORES), told)


def unpack_scores(data: bytes, key: str) -> Scores:
    """Return what `pack_scores` was given.

    Raises
    ------
    DamagedError
        If it cannot have been given that.
    """
    rows, told = _unpack(data, _SCORES, _Scored, key)
    if rows.num_rows != 1:
        _refuse("holds other than one trial")
    accuracy, log_loss = (rows[name][0].as_py() for name in _SCORES.names)
    is_sound = (
        min(told.n_train, told.n_test) > 0
        and None not in (accuracy, log_loss)
        and 0 <= accuracy <= 1
        and 0 <= log_loss < math.inf
    )
    if not is_sound:
        _refuse("holds numbers that no trial has")
    return Scores(told.n_train, told.n_test, accuracy, log_loss)


def _tell(member: Member) -> _Member:
    return _Member(
        member.intercept,
        member.vote_weight,
        member.n_examples,
        member.n_correct,
        member.progressive_loss,
    )


def _read_member(weights: NDArray[np.float32], told: _Member) -> Member:
    numbers = (told.intercept, told.vote_weight, told.progressive_loss)
    is_sound = (
        bool(np.abs(weights).max(initial=0) <= MAX_WEIGHT)  # not so for NaN
        and all(map(math.isfinite, numbers))
        and 0 <= told.n_correct <= told.n_examples
        and told.vote_weight >= 0
    )
    if not is_sound:
        _refuse("holds numbers that no member has")
    return Member(weights=weights, **msgspec.structs.asdict(told))


def _pack(rows: pa.RecordBatch, told: msgspec.Struct) -> bytes:
    metadata = {_METADATA: encode_json(told, order="deterministic")}
    rows = rows.replace_schema_metadata(metadata)
    file = io.BytesIO()
    with pa.ipc.new_file(file, rows.schema) as writer:
        writer.write_batch(rows)
    return file.getvalue()


def _unpack(
    data: bytes, schema: pa.Schema, kind: Callable[..., Any], key: str
) -> tuple[pa.RecordBatch, Any]:
    try:
        with pa.ipc.open_file(pa.BufferReader(data)) as reader:
            table = reader.read_all()
        table.validate(full=True)
        told = msgspec.json.decode(table.schema.metadata[_METADATA], type=kind)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        _refuse(f"is no whole file ({' '.join(str(error).split())[:200]})")
    if not table.schema.equals(schema, check_metadata=False) or told.key != key:
        _refuse("is of another kind or key")
    batches = table.replace_schema_metadata().combine_chunks().to_batches()
    if len(batches) > 1:
        _refuse("holds more than one batch")
    empty = [pa.array([], column.type) for column in schema]
    return batches[0] if batches else pa.record_batch(empty, schema=schema), told


def _refuse(problem: str) -> NoReturn:
    raise DamagedError(f"a kept file {problem}")
