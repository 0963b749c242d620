"""Inputs that are no local files: URLs, archives, standard input."""

import bz2
import functools
import io
import json
import sys
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from emotiset.config import SourceConfig, TrainConfig
from emotiset.errors import InputError
from emotiset.sources import plan_blocks, read_block, spool, storage


def _tweets(first: int, n: int) -> bytes:
    lines = (json.dumps({"text": f"tweet {i}", "id": i}) for i in range(first, n))
    return "\n".join(lines).encode() + b"\n"


def _read(*inputs: Path | str, **settings: Any) -> tuple[list[str], list[str]]:
    """Return the texts of inputs, and the reasons of rejects."""
    config = SourceConfig(**settings)
    texts, reasons = [], []
    for block in plan_blocks([str(each) for each in inputs], config):
        for reading in read_block(block, config):
            texts += reading.tweets["text"].to_pylist()
            reasons += [reject.reason for reject in reading.rejects]
    return texts, reasons


EXPECTED = [f"tweet {i}" for i in range(3000)]


class _Handler(BaseHTTPRequestHandler):
    """Serves files with ranges; drops every third connection half way."""

    protocol_version = "HTTP/1.1"

    def __init__(self, files: dict[str, bytes], state: dict[str, int], *rest: Any):
        self._files, self._state = files, state
        super().__init__(*rest)

    def do_HEAD(self) -> None:
        self._answer(has_body=False)

    def do_GET(self) -> None:
        self._answer(has_body=True)

    def _answer(self, *, has_body: bool) -> None:
        data = self._files.get(self.path)
        if data is None:
            self.send_error(404)
            return
        start, stop = 0, len(data)
        asked = self.headers.get("Range")
        has_ranges = not self.path.startswith("/rigid")
        if asked and has_ranges:
            first, last = asked.removeprefix("bytes=").split("-")
            start, stop = int(first), min(int(last or stop), stop - 1) + 1
        self.send_response(206 if asked and has_ranges else 200)
        if has_ranges:
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{len(data)}")
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        if has_body:
            self._state["n"] += 1
            part = data[start:stop]
            if self._state["n"] % 3 == 1:
                self._state["dropped"] += 1
                self.wfile.write(part[: len(part) // 2])
                self.close_connection = True
                return
            self.wfile.write(part)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def web() -> Iterator[tuple[str, dict[str, bytes], dict[str, int]]]:
    files: dict[str, bytes] = {}
    state = {"n": 0, "dropped": 0}
    handler = functools.partial(_Handler, files, state)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", files, state
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("block_size", [20_000, 64 << 20])
def test_http__dropped_connections_change_nothing(
    web: Any, block_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_BUFFER", 30_000)
    monkeypatch.setattr(storage, "_FIRST_PAUSE", 0.001)
    url, files, state = web
    files["/a.json"] = _tweets(0, 1500)
    files["/b.json.bz2"] = bz2.compress(_tweets(1500, 3000))
    texts, reasons = _read(f"{url}/a.json", f"{url}/b.json.bz2", block_size=block_size)
    assert texts == EXPECTED
    assert not reasons
    assert state["dropped"] >= 1


def test_http__parquet_and_tar(web: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "_FIRST_PAUSE", 0.001)
    url, files, _ = web
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": EXPECTED}), sink, row_group_size=1000)
    files["/a.parquet"] = sink.getvalue()
    files["/a.tar"] = _tar({"a.json": _tweets(0, 1500), "b.json": _tweets(1500, 3000)})
    assert _read(f"{url}/a.parquet")[0] == EXPECTED
    assert _read(f"{url}/a.tar")[0] == EXPECTED


def test_http__missing_among_others_is_a_reject(
    web: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "_FIRST_PAUSE", 0.001)
    url, files, _ = web
    (tmp_path / "a.json").write_bytes(_tweets(0, 3))
    texts, (reason,) = _read(tmp_path, f"{url}/none.json")
    assert texts == EXPECTED[:3]
    assert reason.startswith("cannot be read")
    with pytest.raises(InputError, match=r"none\.json"):
        _read(f"{url}/none.json")
    monkeypatch.setattr(storage, "_BUFFER", 1000)
    files["/rigid.json"] = _tweets(0, 100)
    with pytest.raises(InputError, match=r"whole files only: .* pipe it into -"):
        _read(f"{url}/rigid.json")


def test_memory__folder_glob_and_file() -> None:
    system = fsspec.filesystem("memory")
    for name, first in (("a", 0), ("b", 1500)):
        system.pipe(f"/tweets/{name}.json", _tweets(first, first + 1500))
    system.pipe("/tweets/_SUCCESS", b"no tweet")
    try:
        for name in ("memory://tweets", "memory://tweets/", "memory://tweets/*.json"):
            assert _read(name) == (EXPECTED, [])
        assert _read("memory://tweets/b.json", block_size=2000)[0] == EXPECTED[1500:]
        with pytest.raises(InputError, match="found no file"):
            _read("memory://tweets/*.csv")
    finally:
        system.rm("/tweets", recursive=True)


def test_s3__moto(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        options = {"endpoint_url": f"http://{host}:{port}", "use_listings_cache": False}
        system = fsspec.filesystem("s3", **options)
        system.mkdir("bucket")
        system.pipe("bucket/t/a.json", _tweets(0, 1500))
        system.pipe("bucket/t/b.json.bz2", bz2.compress(_tweets(1500, 3000)))
        system.pipe("bucket/p/lang=fr/a.parquet", _parquet(EXPECTED))
        assert _read("s3://bucket/t", storage_options=options) == (EXPECTED, [])
        found, _ = _read(
            "s3://bucket/t/*.json", storage_options=options, block_size=9000
        )
        assert found == EXPECTED[:1500]
        assert _read("s3://bucket/p", storage_options=options)[0] == EXPECTED
        with pytest.raises(InputError, match="found s3://bucket/none"):
            _read("s3://bucket/none", storage_options=options)
    finally:
        server.stop()


def _parquet(texts: list[str]) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table({"text": texts}), sink)
    return sink.getvalue()


def test_url__missing_package_names_the_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(InputError, match=r"pip install 'emotiset\[gs\]'"):
        _read("gs://bucket/a.json")


def test_url__unknown_protocol() -> None:
    with pytest.raises(InputError, match="nosuch"):
        _read("nosuch://a/b.json")


def test_storage_options__are_never_told() -> None:
    config = TrainConfig(storage_options={"secret": "hush"})
    assert "hush" not in repr(config)
    assert "hush" not in json.dumps(config.to_dict())
    assert "hush" not in repr(storage.Place("s3://a/b", config.storage_options))


def _tar(files: dict[str, bytes], **settings: Any) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", **settings) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("link.json")
        link.type, link.linkname = tarfile.SYMTYPE, "a.json"
        tar.addfile(link)
    return sink.getvalue()


def _minutes() -> dict[str, bytes]:
    return {
        f"2013/08/{i:02}.json.bz2": bz2.compress(_tweets(100 * i, 100 * i + 100))
        for i in range(30)
    }


@pytest.mark.parametrize("format", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("block_size", [1024, 64 << 20])
def test_tar__member_by_member(tmp_path: Path, format: int, block_size: int) -> None:
    files = {**_minutes(), "._30.json": b"no tweet", "empty.json": b""}
    (tmp_path / "day.tar").write_bytes(_tar(files, format=format))
    assert _read(tmp_path / "day.tar", block_size=block_size) == (EXPECTED, [])
    assert not [each for each in tmp_path.iterdir() if each.name != "day.tar"]


def test_tar__plain_csv_and_parquet_members(tmp_path: Path) -> None:
    table = "id,text\n" + "".join(f"{i},tweet {i}\n" for i in range(1000, 2000))
    files = {
        "a.json": _tweets(0, 1000),
        "b.csv": table.encode(),
        "lang=en/c.parquet": _parquet(EXPECTED[2000:]),
    }
    (tmp_path / "mixed.tar").write_bytes(_tar(files))
    for block_size in (1024, 1 << 20):
        assert _read(tmp_path / "mixed.tar", block_size=block_size)[0] == EXPECTED


def test_tar__damage_is_told(tmp_path: Path) -> None:
    files = _minutes()
    files["2013/08/05.json.bz2"] = files["2013/08/05.json.bz2"][:100]
    whole = _tar(files)
    (tmp_path / "a.tar").write_bytes(whole)
    texts, (reason,) = _read(tmp_path)
    assert texts == EXPECTED[:500] + EXPECTED[600:]
    assert "cut short" in reason
    (tmp_path / "a.tar").write_bytes(whole[: len(whole) // 3])
    texts, reasons = _read(tmp_path)
    assert texts[:500] == EXPECTED[:500]
    assert reasons


def test_tar__inside_of_another_and_compressed(tmp_path: Path) -> None:
    inner = _tar({"a.json": _tweets(0, 3)})
    (tmp_path / "a.tar").write_bytes(_tar({"a.json": _tweets(0, 3), "b.tar": inner}))
    texts, (reason,) = _read(tmp_path / "a.tar")
    assert texts == EXPECTED[:3]
    assert "archive in an archive" in reason
    (tmp_path / "b.tar.bz2").write_bytes(bz2.compress(inner))
    with pytest.raises(InputError, match="compressed tar archive"):
        _read(tmp_path / "b.tar.bz2")


class _Piped:
    """Stands for standard input with something in it."""

    def __init__(self, data: bytes) -> None:
        self.buffer = io.BytesIO(data)

    def isatty(self) -> bool:
        return False


def test_standard_input__is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    spool.spool_standard_input.cache_clear()
    monkeypatch.setattr(sys, "stdin", _Piped(bz2.compress(_tweets(0, 3000))))
    assert _read("-", "-") == (EXPECTED, [])
    assert _read("-") == (EXPECTED, [])
    spool._remove(spool.spool_standard_input())
    spool.spool_standard_input.cache_clear()
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="pipe a file"):
        _read("-")


@pytest.mark.parametrize("value", ["fr", "__HIVE_DEFAULT_PARTITION__"])
def test_hive__folders_are_columns(tmp_path: Path, value: str) -> None:
    folder = tmp_path / f"lang={value}" / "polarity=1" / "id=a%2Fb"
    folder.mkdir(parents=True)
    pq.write_table(pa.table({"text": ["x", "y"], "n": [1, 2]}), folder / "p.parquet")
    config = SourceConfig(label_column="polarity")
    (block,) = plan_blocks([str(tmp_path)], config)
    (reading,) = read_block(block, config)
    lang = None if value.startswith("_") else value
    assert reading.tweets["lang"].to_pylist() == [lang, lang]
    assert reading.tweets["label"].to_pylist() == ["1", "1"]
    assert reading.tweets["id"].to_pylist() == ["a/b", "a/b"]


def test_hive__the_file_knows_better(tmp_path: Path) -> None:
    folder = tmp_path / "lang=fr"
    folder.mkdir()
    pq.write_table(pa.table({"text": ["x"], "lang": ["en"]}), folder / "p.parquet")
    config = SourceConfig()
    (block,) = plan_blocks([str(folder)], config)
    (reading,) = read_block(block, config)
    assert reading.tweets["lang"].to_pylist() == ["en"]
