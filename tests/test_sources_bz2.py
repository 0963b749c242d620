"""Large .bz2 files are cut into stretches of blocks, which lose and repeat nothing."""

import bz2
import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from emotiset.config import SourceConfig
from emotiset.sources import plan_blocks, read_block
from emotiset.sources.blocks import Flaw, Piece
from emotiset.sources.bz2_blocks import read_parts
from emotiset.sources.lines import read_lines
from emotiset.sources.storage import Place


def _lines(n: int) -> list[bytes]:
    """Return lines that do not compress well, some empty, some long."""
    rng = np.random.default_rng(5)
    lengths = rng.integers(0, 300, n)
    lengths[:: n // 8] = 150_000
    return [rng.integers(97, 123, int(k)).astype(np.uint8).tobytes() for k in lengths]


def _read(path: Path, step: int) -> tuple[list[bytes], list[Flaw]]:
    size = path.stat().st_size
    lines: list[bytes] = []
    flaws: list[Flaw] = []
    for start in range(0, size, step):
        piece = Piece(str(path), start, min(start + step, size), "bz2")
        for chunk in read_lines(piece):
            if isinstance(chunk, Flaw):
                flaws.append(chunk)
            else:
                lines += chunk.lines
    return lines, flaws


@pytest.mark.slow
@pytest.mark.parametrize("level", [1, 9])
@pytest.mark.parametrize("has_end", [True, False])
def test_stretches__as_the_whole(tmp_path: Path, level: int, has_end: bool) -> None:
    lines = _lines(8000)
    raw = b"\n".join(lines) + b"\n" * has_end
    half = len(raw) // 2
    streams = [raw[:half], b"", raw[half : half + 10], raw[half + 10 :]]
    path = tmp_path / "a.bz2"
    path.write_bytes(b"".join(bz2.compress(part, level) for part in streams) + b"\0\0")
    size = path.stat().st_size
    parts = list(read_parts(Place(str(path)), 0, size))
    assert b"".join(part.data for part in parts) == raw
    for step in (9_001, 50_000, 400_000, size):
        assert _read(path, step) == (lines, [])


@pytest.mark.parametrize("step", [30_000, 1 << 30])
def test_stretches__a_damaged_block_costs_itself(tmp_path: Path, step: int) -> None:
    lines = _lines(8000)
    data = bytearray(bz2.compress(b"\n".join(lines) + b"\n", 1))
    data[len(data) // 2] ^= 0xFF
    path = tmp_path / "a.bz2"
    path.write_bytes(data)
    found, flaws = _read(path, step)
    assert 0.8 * len(lines) < len(found) < len(lines)
    assert len(set(found) - set(lines)) == 0
    assert flaws
    assert _read(path, 77_777)[0] == found, "the same lines, however it is cut"


def test_plan__cuts_a_large_file(tmp_path: Path) -> None:
    texts = [line.decode() for line in _lines(40_000) if line]
    path = tmp_path / "a.json.bz2"
    lines = (json.dumps({"text": text}) for text in texts)
    path.write_bytes(bz2.compress("\n".join(lines).encode()))
    config = SourceConfig(block_size=1 << 20)
    blocks = plan_blocks([str(path)], config)
    assert len(blocks) > 5
    found = [
        text
        for block in blocks
        for reading in read_block(block, config)
        for text in reading.tweets["text"].to_pylist()
    ]
    assert found == texts


@pytest.mark.slow
def test_bomb__is_stopped(tmp_path: Path) -> None:
    zeros = b"a" * (40 << 20)
    inner = bz2.compress(zeros)
    packed = zlib.compressobj(9, wbits=31)
    for name, data in (
        ("a.bz2", inner * 20),
        ("b.gz", b"".join(packed.compress(zeros) for _ in range(20)) + packed.flush()),
    ):
        path = tmp_path / name
        path.write_bytes(data)
        config = SourceConfig(format="tweets")
        readings = [
            reading
            for block in plan_blocks([str(path)], config)
            for reading in read_block(block, config)
        ]
        reasons = [reject.reason for each in readings for reject in each.rejects]
        assert any("decompression bomb" in reason for reason in reasons), name
