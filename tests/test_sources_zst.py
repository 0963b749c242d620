"""A .zst of several frames is cut into stretches, which lose and repeat nothing."""

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import zstandard

from emotiset.config import SourceConfig
from emotiset.sources import plan_blocks, read_block
from emotiset.sources.blocks import Flaw, Piece
from emotiset.sources.lines import read_lines

MARK = b"\x28\xb5\x2f\xfd"


def make_lines(n: int) -> list[bytes]:
    """Return lines that do not compress well, some empty, some long."""
    rng = np.random.default_rng(5)
    lengths = rng.integers(0, 300, n)
    lengths[:: n // 8] = 200_000
    return [rng.integers(97, 123, int(k)).astype(np.uint8).tobytes() for k in lengths]


def compress(raw: bytes, sizes: list[int], **settings: bool) -> list[bytes]:
    """Return frames of some sizes in turn."""
    compressor = zstandard.ZstdCompressor(3, **settings)
    frames, at, i = [], 0, 0
    while at < len(raw):
        size = sizes[i % len(sizes)]
        frames.append(compressor.compress(raw[at : at + size]))
        at, i = at + size, i + 1
    return frames


def seek_table(frames: list[bytes]) -> bytes:
    """Return the table of the seekable format, a skippable frame at the end."""
    rows = b"".join(struct.pack("<II", len(frame), 0) for frame in frames)
    body = rows + struct.pack("<IBI", len(frames), 0, 0x8F92EAB1)
    return struct.pack("<II", 0x184D2A5E, len(body)) + body


def read(path: Path, step: int) -> tuple[list[bytes], list[Flaw]]:
    size = path.stat().st_size
    lines: list[bytes] = []
    flaws: list[Flaw] = []
    for start in range(0, size, step):
        stop = min(start + step, size)
        piece = Piece(str(path), start, stop, "zst", is_cut=True)
        for chunk in read_lines(piece):
            if isinstance(chunk, Flaw):
                flaws.append(chunk)
            else:
                lines += chunk.lines
    return lines, flaws


@pytest.mark.parametrize("kind", ["plain", "seekable", "pzstd", "padded"])
@pytest.mark.parametrize("has_end", [True, False])
def test_stretches__as_the_whole(tmp_path: Path, kind: str, has_end: bool) -> None:
    lines = make_lines(6000)
    raw = b"\n".join(lines) + b"\n" * has_end
    frames = compress(
        raw, [70_000, 1, 300_000, 5000], write_checksum=True, write_content_size=False
    )
    frames.insert(3, zstandard.compress(b""))
    if kind == "seekable":
        frames.append(seek_table(frames))
    if kind == "pzstd":  # which says the size of each frame in front of it
        head = struct.pack("<II", 0x184D2A50, 4)
        frames = [head + struct.pack("<I", len(each)) + each for each in frames]
    path = tmp_path / "a.zst"
    path.write_bytes(b"".join(frames) + b"\0" * 9 * (kind == "padded"))
    for step in (3_001, 40_000, 333_333, path.stat().st_size):
        assert read(path, step) == (lines, [])


def test_stretches__a_mark_within_a_frame_is_none(tmp_path: Path) -> None:
    stored = (MARK + b"\x00\x58\x01\x00\x00 text\n") * 3000
    frames = [zstandard.compress(stored), zstandard.ZstdCompressor(1).compress(b"x\n")]
    noise = np.random.default_rng(1).integers(0, 256, 60_000).astype(np.uint8)
    raw = noise.tobytes()[:30_000] + MARK + noise.tobytes()[30_000:] + MARK + b"\n"
    path = tmp_path / "a.zst"
    path.write_bytes(b"".join([zstandard.compress(raw), *frames]))
    assert path.read_bytes().count(MARK) > 3, "noise is stored as it is"
    expected = (raw + stored + b"x\n").split(b"\n")[:-1]
    for step in (999, 20_000, 1 << 20):
        assert read(path, step) == (expected, [])


@pytest.mark.parametrize("step", [9_000, 1 << 30])
def test_stretches__a_damaged_frame_costs_itself(tmp_path: Path, step: int) -> None:
    lines = make_lines(6000)
    frames = compress(b"\n".join(lines) + b"\n", [50_000], write_checksum=True)
    broken = bytearray(frames[5])
    broken[len(broken) // 2] ^= 0xFF
    path = tmp_path / "a.zst"
    path.write_bytes(b"".join([*frames[:5], bytes(broken), *frames[6:]]))
    found, flaws = read(path, step)
    assert 0.7 * len(lines) < len(found) < len(lines)
    assert not set(found) - set(lines)
    assert flaws
    assert read(path, 77_777)[0] == found, "the same lines, however it is cut"


def test_stretches__cut_short(tmp_path: Path) -> None:
    lines = make_lines(3000)
    data = b"".join(compress(b"\n".join(lines) + b"\n", [50_000]))
    path = tmp_path / "a.zst"
    path.write_bytes(data[: len(data) * 2 // 3])
    for step in (20_000, 1 << 30):
        found, flaws = read(path, step)
        assert found == lines[: len(found)]
        # The line that leads into the frame is another piece's, and lost there.
        assert {flaw.reason for flaw in flaws} == {"the compressed data is cut short"}
        assert len(flaws) <= 2


def test_plan__cuts_frames_and_streams_one(tmp_path: Path) -> None:
    texts = [line.decode() for line in make_lines(20_000) if line]
    lines = [json.dumps({"text": text}) for text in texts]
    raw = "\n".join(lines).encode()
    config = SourceConfig(block_size=4096)
    for name, sizes in (("many", [200_000]), ("one", [len(raw)])):
        path = tmp_path / f"{name}.zst"
        path.write_bytes(b"".join(compress(raw, sizes)))
        blocks = plan_blocks([str(path)], config)
        assert (len(blocks) > 5) == (name == "many")
        assert blocks[0].pieces[0].is_streamed == (name == "one")
        found = [
            text
            for block in blocks
            for reading in read_block(block, config)
            for text in reading.tweets["text"].to_pylist()
        ]
        assert found == texts
