"""What is unpacked once for a machine: read back whole, or made anew."""

from pathlib import Path

import numpy as np
import pytest

from emotiset.kernels._cache import BUILD_FOLDER
from emotiset.langid import _unpack, load_model
from emotiset.unpacked import keep_arrays, make_once, name_arrays, read_arrays


def test_read_arrays__what_was_kept_whole_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = name_arrays("numbers", "1")
    arrays = {"few": np.arange(3, dtype=np.uint16), "one": np.asarray(np.uint32(7))}
    monkeypatch.setenv(BUILD_FOLDER, str(tmp_path))
    assert read_arrays(name) is None
    keep_arrays(name, arrays)
    found = read_arrays(name)
    assert found is not None
    assert found["few"].tolist() == [0, 1, 2]
    assert found["one"][()].dtype == np.uint32
    whole = (tmp_path / name).read_bytes()
    for damaged in (
        whole[:-30],
        whole[:50],
        b"",
        whole.replace(b"\1\0\2\0", b"\1\0\3\0"),
    ):
        assert damaged != whole
        (tmp_path / name).write_bytes(damaged)
        assert read_arrays(name) is None
    monkeypatch.delenv(BUILD_FOLDER)
    keep_arrays(name_arrays("numbers", "2"), arrays)  # which only a builder does
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_make_once__makes_it_anew_where_it_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source.py"
    source.write_text("one")
    cache = tmp_path / "cache"
    cache.mkdir()
    monkeypatch.setenv(BUILD_FOLDER, str(cache))
    made = []

    def make() -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        made.append(len(made))
        return np.array(made)

    assert make_once("numbers", source, make).tolist() == [0]
    assert make_once("numbers", source, make).tolist() == [0]
    source.write_text("another")
    assert make_once("numbers", source, make).tolist() == [0, 1]


def test_load_model__kept_or_unpacked_it_is_the_same() -> None:
    kept, unpacked = load_model(), _unpack()
    assert kept.labels.to_pylist() == unpacked["labels"].tolist()
    for table, own in zip(kept.tables, list(unpacked.values())[1:], strict=True):
        assert type(table) is type(own[()] if own.ndim == 0 else own)
        assert table.dtype == own.dtype
        np.testing.assert_array_equal(table, own)
