"""Compressed files: recognized by content, read in members, cut short, damaged."""

import bz2
import gzip
import lzma
import random
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import zstandard

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.sources import Reading, plan_blocks, read_block
from emotiset.sources.opening import DamagedError, find_compression, read_bytes

COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": partial(lzma.compress, preset=0),
    "zst": zstandard.compress,
}
every_compression = pytest.mark.parametrize("name", list(COMPRESSORS))


def _read_all(*paths: Path) -> list[Reading]:
    config = SourceConfig(format="text")
    blocks = plan_blocks([str(path) for path in paths], config)
    return [reading for block in blocks for reading in read_block(block, config)]


def _texts(readings: list[Reading]) -> list[str]:
    return [text for each in readings for text in each.tweets["text"].to_pylist()]


def _noise(n_lines: int) -> tuple[list[str], bytes]:
    """Return lines that do not compress well, and their bytes."""
    rng = random.Random(1)
    lines = [f"{i} {rng.getrandbits(256):x}" for i in range(n_lines)]
    return lines, "".join(f"{line}\n" for line in lines).encode()


@every_compression
def test_compression__whatever_the_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(COMPRESSORS[name]("é\nb".encode()))
    assert find_compression(path.read_bytes()) == name
    assert _texts(_read_all(path)) == ["é", "b"]


def test_compression__plain_text_with_a_lying_name(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(b"BZh is plain\n")
    assert _texts(_read_all(path)) == ["BZh is plain"]


@every_compression
def test_compression__members_follow_each_other(tmp_path: Path, name: str) -> None:
    compress = COMPRESSORS[name]
    path = tmp_path / "a"
    path.write_bytes(compress(b"a\nb") + compress(b"") + compress(b"c\nd\n"))
    assert _texts(_read_all(path)) == ["a", "bc", "d"]


@pytest.mark.parametrize("name", ["gzip", "xz"])
def test_compression__padding_is_no_member(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(COMPRESSORS[name](b"a\n") + b"\0" * 70_000)
    assert [reading.bins for reading in _read_all(path)] == [{}]


@every_compression
def test_compression__cut_short_keeps_lines_before(tmp_path: Path, name: str) -> None:
    lines, data = _noise(40_000)
    path = tmp_path / "a"
    whole = COMPRESSORS[name](data)
    path.write_bytes(whole[: len(whole) * 9 // 10])
    readings = _read_all(path)
    texts = _texts(readings)
    assert len(texts) > len(lines) // 2
    assert texts == lines[: len(texts)]
    (reject,) = [reject for reading in readings for reject in reading.rejects]
    assert reject.reason == "the compressed data is cut short"
    assert reject.where == f"byte {sum(len(text) + 1 for text in texts)}"
    assert lines[len(texts)].startswith(reject.head)
    assert sum(reading.n_records for reading in readings) == len(texts) + 1


@every_compression
def test_compression__garbage_behind_the_end(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(COMPRESSORS[name](b"a\nb\n") + b"garbage")
    readings = _read_all(path)
    assert _texts(readings) == ["a", "b"]
    (reject,) = [reject for reading in readings for reject in reading.rejects]
    assert reject.reason.startswith("the compressed data is ")


@every_compression
def test_compression__damaged_alone(tmp_path: Path, name: str) -> None:
    path, good = tmp_path / "bad.json", tmp_path / "good.txt"
    path.write_bytes(COMPRESSORS[name](b"some text " * 10)[:24])
    good.write_bytes(b"a\n")
    with pytest.raises(InputError, match=r"bad\.json the compressed data is"):
        _read_all(path)
    bad, fine = _read_all(path, good)
    assert (bad.source, bad.bins, bad.tweets.num_rows) == (
        *(str(path), {"unreadable": 1}, 0),
    )
    assert "compressed data" in bad.rejects[0].reason
    assert fine.tweets["text"].to_pylist() == ["a"]


@every_compression
def test_compression__of_nothing_is_empty(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(COMPRESSORS[name](b""))
    with pytest.raises(InputError, match="empty"):
        _read_all(path)


def test_compression__skippable_frames(tmp_path: Path) -> None:
    path = tmp_path / "a"
    skippable = b"\x5a\x2a\x4d\x18\x02\0\0\0ab"
    path.write_bytes(skippable + zstandard.compress(b"a\n") + skippable)
    assert _texts(_read_all(path)) == ["a"]


@every_compression
def test_read_bytes__bounded_chunks(tmp_path: Path, name: str) -> None:
    path = tmp_path / "bomb"
    zeros = 16 << 20
    path.write_bytes(COMPRESSORS[name](bytes(zeros)))
    sizes = [len(data) for data in read_bytes(str(path), name, size=100_000)]
    assert sum(sizes) == zeros
    assert max(sizes) == 100_000


def test_read_bytes__gzip_at_every_cut(tmp_path: Path) -> None:
    _, data = _noise(40)
    whole = gzip.compress(data)
    path = tmp_path / "a"
    for cut in range(1, len(whole)):
        path.write_bytes(whole[:cut])
        found = b""
        with pytest.raises(DamagedError, match="cut short"):
            for part in read_bytes(str(path), "gzip"):
                found += part
        assert data.startswith(found)
        assert found == zlib.decompressobj(31).decompress(whole[:cut])


@every_compression
def test_compression__flipped_bits_never_raise(tmp_path: Path, name: str) -> None:
    rng = random.Random(2)
    _, data = _noise(300)
    whole = COMPRESSORS[name](data)
    for _ in range(40):
        damaged = bytearray(whole)
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        path, good = tmp_path / "a", tmp_path / "b"
        path.write_bytes(damaged)
        good.write_bytes(b"x\n")
        assert "x" in _texts(_read_all(path, good))
