"""Reading with a scan: the same tweets, fewer lines decoded, bins of their own."""

import bz2
import gzip
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset.config import TrainConfig
from emotiset.lexicon import load_lexicon
from emotiset.partition import Run, label_block, merge_tallies
from emotiset.sampling import make_rule
from emotiset.scan import build_scan, find_kinds
from emotiset.sources import Piece, Reading, Seen, plan_blocks, scanning
from emotiset.sources import lines as lines_module
from emotiset.sources.blocks import Flaw
from emotiset.sources.lines import Lines, split_lines
from emotiset.sources.opening import DamagedError
from emotiset.sources.scanning import join_lines, read_scanned
from emotiset.sources.tweets import read_chunk

LEXICON = load_lexicon()
BROKEN, DELETED = b'{"text": "cut sho', b'{"delete": {"status": {"id": 1}}}'


def make_lines(n: int) -> list[bytes]:
    """Return tweets of which every fourth has a symbol, and other lines between."""
    texts = ["what a day %d :)", "nothing %d", "so sad &lt;/3 %d", "RT @a: %d", "%d"]
    lines = []
    for i in range(n):
        tweet = {"id": i, "text": texts[i % 5] % i, "user": {"name": ":) \\u263a"}}
        lines.append(json.dumps(tweet, separators=(",", ":")).encode())
    return lines


def label(folder: Path, *, full: bool = False, **settings: object) -> Run:
    """Label all that a folder holds; return the rows of all blocks and one tally."""
    config = TrainConfig(language="any", min_length=1, **settings)  # type: ignore[arg-type]
    runs = [
        label_block(block, config, LEXICON, make_rule(config), keep_rejects=full)
        for block in plan_blocks([str(folder)], config)
    ]
    rows = pa.Table.from_batches([run.rows for run in runs]).sort_by("id")
    return Run(rows, merge_tallies(run.tally for run in runs))


def cut(data: bytes, sizes: list[int]) -> Iterator[tuple[int, bytes]]:
    at = 0
    for size in [*sizes, len(data)]:
        if data[at : at + size]:
            yield at, data[at : at + size]
        at += size


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([b"a", b"\n", b"bcd", b"\0", b"x" * 170])).map(b"".join),
    st.lists(st.integers(1, 300), max_size=9),
    st.booleans(),
)
def test_join_lines__the_lines_and_flaws_of_split_lines(
    data: bytes, sizes: list[int], is_damaged: bool
) -> None:
    def stream() -> Iterator[tuple[int, bytes]]:
        yield from cut(data, sizes)
        if is_damaged:
            raise DamagedError("damaged")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "MAX_RECORD", 300)
        patch.setattr(scanning, "MAX_RECORD", 300)
        expected: list[object] = []
        for chunk in split_lines(stream()):
            is_flaw = isinstance(chunk, Flaw)
            found = [chunk] if is_flaw else zip(chunk.offsets(), chunk.lines)  # noqa: B905
            expected += found
        joined: list[object] = []
        for each in join_lines(stream()):
            if isinstance(each, Flaw):
                joined.append(each)
                continue
            offset, text = each
            for line in text.removesuffix(b"\n").split(b"\n"):
                joined.append((offset, line))
                offset += len(line) + 1
    assert joined == expected


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_label_block__same_rows_and_bins_however_it_is_cut(
    tmp_path: Path, end: bytes
) -> None:
    lines = make_lines(600)
    lines[100:100] = [b"", BROKEN, DELETED, b" \t", b"\0\0", b"[1]"]
    data = b"\xef\xbb\xbf" + end.join(lines)
    packed = {"a.json": data, "b.bz2": bz2.compress(data), "c.gz": gzip.compress(data)}
    tallies = []
    for i, (name, content) in enumerate(packed.items()):
        folder = tmp_path / str(i)
        folder.mkdir()
        (folder / name).write_bytes(content)
        full = label(folder, full=True)
        for size in (1024, 5000, 1 << 20):
            run = label(folder, block_size=size)
            assert run.rows.equals(full.rows)
            tallies.append(run.tally)
    assert len({tuple(sorted(tally.bins.items())) for tally in tallies}) == 1
    assert tallies[0].n_read == 606
    assert tallies[0].bins["blank"] == 2
    assert "unreadable" not in tallies[0].bins


def test_read_scanned__bad_lines_are_seen_among_the_first_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    lines = make_lines(200)
    path.write_bytes(b"\n".join([BROKEN, DELETED, *lines, BROKEN, b'{"text":":) ']))
    find = partial(find_kinds, scan=build_scan(LEXICON), is_json=True)
    piece = Piece(str(path), 0, path.stat().st_size)
    decoded: list[bytes] = []

    def decode(chunk: Lines, source: str) -> Reading:
        decoded.extend(chunk.lines)
        return scanning_decode(chunk, source)

    [reading] = read_scanned(piece, None, find, decode)
    assert reading.n_records == 204
    n_symbols = sum(b":)" in line.split(b'"user"')[0] for line in lines)
    n_symbols += sum(b"lt;/3" in line for line in lines)
    assert reading.tweets.num_rows == n_symbols == 80
    # The last line is kept for its symbol, and found broken.
    assert reading.bins == {"no_symbol": 123, "unreadable": 1}
    assert reading.seen == Seen(n_records=len(decoded), n_lost=3, n_bad=2)
    assert reading.rejects[0].where == "byte 0"
    assert len(decoded) == 81 + 64 - 25


def test_read_scanned__limit(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b"\n".join(make_lines(50)))
    find = partial(find_kinds, scan=build_scan(LEXICON), is_json=True)
    piece = Piece(str(path), 0, path.stat().st_size)
    for limit in (1, 7, 50, 60):
        readings = list(read_scanned(piece, limit, find, scanning_decode))
        assert sum(each.n_records for each in readings) == min(limit, 50)


def test_label_block__a_line_of_ten_megabytes(tmp_path: Path) -> None:
    long = b'{"id":1,"text":"so %s :)"}' % (b"long " * 2_000_000)
    (tmp_path / "a.json").write_bytes(long + b"\n" + make_lines(1)[0])
    run = label(tmp_path)
    assert run.rows.num_rows == 2


def test_label_block__a_lexicon_without_a_scan(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(b"\n".join([BROKEN, *make_lines(20)]))
    own = 'symbols = [{text = "\\ufffd", polarity = "positive"}, '
    own += '{text = "sad", polarity = "negative"}]'
    config = TrainConfig(language="any", min_length=1)
    [block] = plan_blocks([str(tmp_path)], config)
    run = label_block(block, config, load_lexicon(own), make_rule(config))
    assert run.tally.bins["unreadable"] == 1
    assert run.rows.num_rows == 4


def scanning_decode(chunk: Lines, source: str) -> Reading:
    return read_chunk(chunk, source, None)
