"""What is kept is found again exactly where it still holds."""

import datetime
import os
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow as pa
import pytest

from emotiset.config import TrainConfig
from emotiset.errors import InputError, OutputError
from emotiset.kept import (
    KeptMember,
    pack_block,
    pack_member,
    unpack_block,
    unpack_member,
)
from emotiset.member import Member
from emotiset.resuming import find_jobs
from emotiset.reuse import (
    SHAPES,
    block_keys,
    find_stamps,
    hash_examples,
    hash_place,
    member_key,
)
from emotiset.schema import KEYED, LABELED
from emotiset.sources import Block, Piece, Seen
from emotiset.sources.storage import Place
from emotiset.tally import Tally
from emotiset.work_folder import DamagedError, WorkFolder, digest

LEXICON = """
symbols = [{text = ":P", polarity = "positive"}, {text = ":Q", polarity = "negative"}]
"""
# For each setting another value, and what it makes useless: the labeled blocks (b), the
# members trained on the same examples (m).
CHANGES: dict[str, tuple[Any, str]] = {
    "format": ("tweets", "b"),
    "text_column": ("body", "b"),
    "lang_column": ("tongue", "b"),
    "time_column": ("when", "b"),
    "id_column": ("number", "b"),
    "label_column": ("y", "b"),
    "features_column": ("maps", "bm"),  # which decides what the features are
    "keep_columns": ((), ""),  # training refuses any other value
    "block_size": (1 << 20, ""),
    "limit": (10, ""),
    "max_bad_fraction": (0.1, ""),
    "storage_options": ({"anon": True}, ""),
    "language": ("es", "b"),
    "lexicon": (LEXICON, "b"),
    "keep_retweets": (True, "b"),
    "drop_deleted": (True, "b"),
    "min_length": (0, "b"),
    "positive": ("good", "b"),
    "negative": ("bad", "b"),
    "per_class": (100, ""),
    "members": (5, ""),
    "keep_copies": (True, ""),
    "test_fraction": (0.3, ""),
    "test_after": (datetime.date(2020, 1, 1), ""),
    "calibration": (300, ""),
    "seed": (7, ""),
    "features": ("byte4", "m"),
    "n_features": (1 << 10, "m"),
    "cross": ((("a", "b"),), "m"),
    "class_weight": ("balanced", "m"),
    "learner": ("logistic", "m"),
    "scale": ("none", "m"),
    "epochs": (5, "m"),
    "alpha": (0.01, "m"),
    "eta0": (0.5, "m"),
    "vote": ("majority", ""),
    "folds": (3, ""),
    "fold_by": ("time", ""),
}
BASE = TrainConfig(label_column="stars", positive="1", negative="0")
MAPS = replace(BASE, features_column="maps")
NAMED = np.array([3, 2**64 - 1], np.uint64)
VERSIONS = {"emotiset": "1"}
BLOCK = Block("tweets", (Piece("/a.json", 0, 100), Piece("/b.json", 50, 90)))
STAMPS = {"/a.json": "size 100, mtime 1", "/b.json": "size 90, mtime 1"}


def key_of_block(config: TrainConfig = BASE, **changed: Any) -> str | None:
    given = {
        "blocks": [BLOCK],
        "stamps": STAMPS,
        "versions": VERSIONS,
        "keep_rejects": False,
        **changed,
    }
    [key] = block_keys(config=config, **given)
    return key


def test_changes__name_every_setting() -> None:
    assert set(CHANGES) == set(SHAPES) == {each.name for each in fields(TrainConfig)}


@pytest.mark.parametrize("name", CHANGES)
def test_keys__change_with_the_settings_that_shape_and_no_others(name: str) -> None:
    value, spoils = CHANGES[name]
    base = MAPS if name in {"cross", "class_weight"} else BASE
    changed = replace(base, **{name: value})
    assert (key_of_block(changed) != key_of_block(base)) == ("b" in spoils)
    members = [member_key(["1"], config, VERSIONS) for config in (base, changed)]
    assert (members[0] != members[1]) == ("m" in spoils)


def test_keys__setting_that_is_written_out_is_its_default() -> None:
    written = replace(BASE, learner="averaged", scale="nb", epochs=2, alpha=1e-6)
    keys = {member_key(["1"], config, VERSIONS) for config in (BASE, written)}
    assert len(keys) == 1


def test_keys__unknown_setting_is_in_every_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, (value, _) in CHANGES.items():
        if name == "keep_columns":
            continue
        monkeypatch.delitem(SHAPES, name)
        base = MAPS if name in {"cross", "class_weight"} else BASE
        changed = replace(base, **{name: value})
        assert key_of_block(changed) != key_of_block(base)
        assert member_key([], changed, VERSIONS) != member_key([], base, VERSIONS)
        monkeypatch.undo()


@pytest.mark.parametrize(
    "changed",
    [
        {"stamps": {**STAMPS, "/b.json": "size 91, mtime 1"}},
        {"versions": {"emotiset": "2"}},
        {"keep_rejects": True},
        {"blocks": [replace(BLOCK, format="json")]},
        {"blocks": [replace(BLOCK, n_records=5)]},
        {"blocks": [replace(BLOCK, pieces=BLOCK.pieces[::-1])]},
        {"blocks": [replace(BLOCK, pieces=BLOCK.pieces[:1])]},
        {"blocks": [Block("tweets", (Piece("/a.json", 0, 99), BLOCK.pieces[1]))]},
        {"blocks": [Block("tweets", (Piece("/a.json", 1, 100), BLOCK.pieces[1]))]},
        {"blocks": [Block("tweets", (Piece("/c.json", 0, 100), BLOCK.pieces[1]))]},
    ],
)
def test_block_keys__change_with_what_is_read(changed: dict[str, Any]) -> None:
    assert key_of_block(**changed) != key_of_block()


def test_block_keys__what_could_not_be_opened_is_not_kept() -> None:
    broken = Block("text", (Piece("/a", 0, 0, problem="cannot be read"),))
    assert key_of_block(blocks=[broken]) is None
    assert find_jobs([None], {})[0].kept is None


def test_stamps__change_with_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    block = Block("tweets", (Piece(str(path), 0, 1),))
    path.write_text("one")
    os.utime(path, ns=(5, 5))
    first = find_stamps([block])
    assert find_stamps([block]) == first
    os.utime(path, ns=(5, 6))
    later = find_stamps([block])
    path.write_text("three")
    os.utime(path, ns=(5, 6))
    assert len({*first.values(), *later.values(), *find_stamps([block]).values()}) == 3
    assert find_stamps([Block("simulated", (Piece("simulated:5", 0, 5),))]) == {}


def test_stamps__file_system_that_tells_nothing_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    system = fsspec.filesystem("memory")
    system.pipe_file("/in/a.json", b"{}")
    block = Block("tweets", (Piece("memory://in/a.json", 0, 2),))
    assert "created" in find_stamps([block])["memory://in/a.json"]
    monkeypatch.setattr(type(system), "info", lambda *_: {"size": 2})
    with pytest.raises(InputError, match="--verify-inputs"):
        find_stamps([block])


def test_hash_place__tells_contents_apart(tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000)
    expected = hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert hash_place(Place(str(path))) == f"sha256 {expected}"


def keyed(texts: list[str | None], polarity: list[int]) -> pa.RecordBatch:
    n = len(texts)
    nulls = [pa.nulls(n, field.type) for field in list(LABELED)[1:4]]
    columns = [
        pa.array(range(n), pa.uint64()),
        pa.array(polarity, pa.int8()),
        *nulls,
        pa.array(texts, pa.string()),
    ]
    return pa.record_batch(columns, schema=KEYED)


def test_hash_examples__depends_on_texts_and_order_not_on_slices() -> None:
    rows = keyed(["ab", "c", "déf", None], [1, -1, 1, -1])
    whole = hash_examples([rows])
    assert hash_examples([rows.slice(0, 1), rows.slice(1)]) == whole
    others = [
        keyed(["a", "bc", "déf", None], [1, -1, 1, -1]),
        keyed(["ab", "c", "déf", None], [1, 1, 1, -1]),
        rows.take(pa.array([1, 0, 2, 3])),
        rows.slice(0, 3),
    ]
    assert len({whole, *(hash_examples([each]) for each in others)}) == 5


def labeled() -> tuple[pa.RecordBatch, Tally]:
    rows = keyed(["what a day", "no", "é"], [1, -1, 1])
    rows = pa.record_batch(rows.columns[1:], schema=LABELED)
    tally = Tally({"no_symbol": 4, "blank": 1}, 8, labels=frozenset({"b", "a"}))
    tally.sources["/a.json"] = Seen(8, 5, 0)
    return rows, tally


def member() -> Member:
    weights = np.linspace(-1, 1, 8, dtype=np.float32)
    return Member(weights, 0.1, 0.5, 10, 7, 0.3)


def pack_kept(after: Member, before: Member | None = None) -> bytes:
    return pack_member(KeptMember(after, before or after, (1, 2)), "k")


def test_kept__gives_back_what_was_packed() -> None:
    rows, tally = labeled()
    data = pack_block(rows, tally, NAMED, "k")
    assert data == pack_block(rows, tally, NAMED, "k")
    found, counts, named = unpack_block(data, "k")
    assert found.equals(rows) and counts == tally
    assert named.tolist() == NAMED.tolist()
    none = pack_block(rows.slice(0, 0), Tally(), NAMED, "k")
    assert unpack_block(none, "k")[0].num_rows == 0

    config = TrainConfig(n_features=8)
    before = Member(np.ones(8, np.float32), 0.2, 0.4, 9, 6, 0.3)
    kept = KeptMember(member(), before, (1, 2**64 - 1))
    again = unpack_member(pack_member(kept, "k"), "k", config)
    assert again.digest == (1, 2**64 - 1)
    assert again.member.weights.tobytes() == member().weights.tobytes()
    assert again.member.intercept == 0.1 and again.member.n_correct == 7
    assert again.before.weights.tolist() == [1] * 8
    assert again.before.intercept == 0.2 and again.before.n_examples == 9


def test_unpack__refuses_what_was_never_packed() -> None:
    rows, tally = labeled()
    whole = pack_block(rows, tally, NAMED, "k")
    two = pa.array([1, -1, 2], pa.int8())
    null = pa.array([1, -1, None], pa.int8())
    forged = [
        whole[:-1],
        whole[: len(whole) // 2],
        b"",
        b"ARROW1\0\0" * 9,
        pack_block(rows, tally, NAMED, "other"),
        pack_block(rows.set_column(0, "polarity", two), tally, NAMED, "k"),
        pack_block(rows.set_column(0, "polarity", null), tally, NAMED, "k"),
        pack_block(rows, replace(tally, n_read=9), NAMED, "k"),
        pack_block(rows, replace(tally, bins={"blank": -1, "copy": 6}), NAMED, "k"),
        pack_block(rows, replace(tally, bins={"made_up": 5}), NAMED, "k"),
        pack_kept(member()),
    ]
    for data in forged:
        with pytest.raises(DamagedError):
            unpack_block(data, "k")
    config = TrainConfig(n_features=8)
    wild = member().weights.copy()
    wild[3] = np.nan
    for data in [
        whole,
        pack_kept(replace(member(), weights=wild)),
        pack_kept(replace(member(), weights=wild[:4])),
        pack_kept(replace(member(), n_correct=11)),
        pack_kept(replace(member(), vote_weight=-1.0)),
        pack_kept(member(), replace(member(), weights=wild)),
    ]:
        with pytest.raises(DamagedError):
            unpack_member(data, "k", config)


def test_unpack__no_changed_byte_breaks_out() -> None:
    rows, tally = labeled()
    whole = pack_block(rows, tally, NAMED, "k")
    for at in range(0, len(whole), 3):
        data = bytearray(whole)
        data[at] ^= 0xFF
        try:
            unpack_block(bytes(data), "k")
        except DamagedError as error:
            assert str(error).startswith("a kept file")


@pytest.mark.parametrize("kind", ["path", "file", "memory"])
def test_work_folder__keeps_and_finds(kind: str, tmp_path: Path) -> None:
    urls = {"path": f"{tmp_path}/w", "file": f"file://{tmp_path}/w"}
    folder = WorkFolder(urls.get(kind, f"memory:/{tmp_path}/w"))
    folder.prepare()
    folder.prepare()
    assert folder.find("blocks") == {}
    key = digest(b"key")
    folder.write("blocks", key, b"some work")
    folder.write("blocks", key, b"some work")
    found = folder.find("blocks")
    assert list(found) == [key] and folder.find("members") == {}
    assert folder.read("blocks", found[key]) == b"some work"
    system, path = fsspec.url_to_fs(folder.url)
    assert len(system.ls(f"{path}/blocks")) == 1
    system.pipe_file(f"{path}/blocks/{found[key]}", b"some dirt")
    with pytest.raises(DamagedError, match="other bytes"):
        folder.read("blocks", found[key])
    system.rm_file(f"{path}/blocks/{found[key]}")
    with pytest.raises(DamagedError, match="gone"):
        folder.read("blocks", found[key])


def test_work_folder__what_a_killed_process_left_is_removed_later(
    tmp_path: Path,
) -> None:
    folder = WorkFolder(str(tmp_path))
    folder.prepare()
    old, new = (tmp_path / "blocks" / f".{name}.partial" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    folder.prepare()
    assert new.exists() and not old.exists()
    assert folder.find("blocks") == {}


def test_work_folder__that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="--work-dir needs a folder"):
        WorkFolder(str(tmp_path / "file")).prepare()
