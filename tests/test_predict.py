"""Files to Parquet, standard input to JSON lines, and what else holds texts."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask.bag
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client, LocalCluster

from emotiset.config import FeatureConfig, SourceConfig
from emotiset.errors import ClusterError, InputError, OutputError
from emotiset.outputs import write_sample, write_summary
from emotiset.polyglot import Polyglot
from emotiset.predict import predict
from emotiset.predictions import check_target, write_predictions
from tests.test_ensemble import make_ensemble, make_members

BLOCKS = 4096  # bytes: so that the inputs below are many blocks


@pytest.fixture(scope="module")
def ensemble():
    return make_ensemble(make_members(3), vote="mean")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A CSV file of 900 rows, some without text."""
    path = tmp_path_factory.mktemp("predict") / "a.csv"
    rows = [f"{i},text number {i},{i % 7},en" for i in range(900)]
    rows[::100] = [f"{i},,0,en" for i in range(0, 900, 100)]
    path.write_text("\n".join(["id,text,polarity,lang", *rows]) + "\n")
    return path


def kept(*names):
    return SourceConfig(block_size=BLOCKS, keep_columns=names)


def test_predict__one_file_in_the_order_of_the_input(ensemble, table, client, tmp_path):
    out = tmp_path / "out.parquet"
    config = kept("polarity", "id")
    tally = predict(ensemble, [table], out, config, client)
    found = pq.read_table(out)
    assert (tally.n_read, tally.bins) == (900, {"no_text": 9, "other_language": 0})
    ids = [str(i) for i in range(900) if i % 100]
    assert found["id"].to_pylist() == found["input_id"].to_pylist() == ids
    assert found["input_polarity"].to_pylist() == [str(int(i) % 7) for i in ids]
    assert set(found["language"].to_pylist()) == {"en"}
    expected = ensemble.predict_proba(found["text"])[:, 1]
    assert np.array_equal(found["probability"].to_numpy(), expected)
    assert np.array_equal(found["polarity"].to_numpy(), np.sign(expected - 0.5))


def test_predict__all_workers_lost(ensemble, table, tmp_path):
    out = tmp_path / "out.parquet"
    with (
        LocalCluster(
            n_workers=1, processes=False, dashboard_address=":0", silence_logs=False
        ) as cluster,
        Client(cluster) as client,
        pytest.raises(ClusterError, match=r"'predict' needs a worker, found none for"),
    ):
        predict(
            ensemble,
            [table],
            out,
            kept(),
            client,
            progress=lambda step: cluster.scale(0),
            worker_seconds=0.2,
        )
    assert not list(tmp_path.iterdir())


def test_outputs__names_that_are_no_utf8(tmp_path):
    odd = tmp_path / os.fsdecode(b"caf\xe9")
    rows = pa.table({"text": ["a"]})
    for output in (odd, f"{odd}.d/"):
        with write_predictions(output) as writer:
            writer.write(rows)
    write_sample(f"{odd}.sample", [], FeatureConfig())
    write_summary(f"{odd}.json", {"inputs": [str(odd)]})
    [part] = Path(f"{odd}.d").iterdir()
    for path in (odd, part):
        assert pq.read_table(pa.py_buffer(path.read_bytes())) == rows
    [name] = json.loads(odd.with_suffix(".json").read_text())["inputs"]
    assert name.endswith(r"caf\udce9")


def test_predict__parts_of_a_folder_are_the_one_file(ensemble, table, client, tmp_path):
    predict(ensemble, [table], tmp_path / "one.parquet", kept(), client)
    predict(ensemble, [table], f"{tmp_path}/parts/", kept(), client)
    parts = sorted((tmp_path / "parts").iterdir())
    assert len(parts) == 3
    assert [each.name for each in parts[:2]] == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    whole = pa.concat_tables([pq.read_table(each) for each in parts])
    assert whole.equals(pq.read_table(tmp_path / "one.parquet"))
    assert (tmp_path / "parts").stat().st_mode & 0o777 == 0o777 & ~_umask()
    whole = tmp_path / "file"
    whole.touch()
    with pytest.raises(OutputError, match=r"found the file .*: leave out the slash"):
        check_target(f"{whole}/", [])
    with pytest.raises(OutputError, match="new or empty"):
        predict(ensemble, [table], tmp_path / "parts", kept(), client)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize("name", ["out.parquet", "out/"])
def test_predict__a_failure_leaves_nothing(ensemble, client, tmp_path, name):
    (tmp_path / "a.csv").write_text("text,x\n \n\n")
    with pytest.raises(InputError, match="found none in"):
        predict(ensemble, [tmp_path / "a.csv"], f"{tmp_path}/{name}", kept(), client)
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


def test_predict__nothing_readable_says_why(ensemble, client, tmp_path):
    (tmp_path / "a.csv").write_bytes(b"text,x\ncaf\xe9,1\n")
    with pytest.raises(InputError, match=r"none in 1 records \(.*a\.csv, .*UTF-8"):
        predict(ensemble, [tmp_path / "a.csv"], tmp_path / "o", kept(), client)


def test_predict__kept_columns_of_two_types(ensemble, client, tmp_path):
    pq.write_table(pa.table({"text": ["a"], "x": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": ["b"], "x": ["y"]}), tmp_path / "b.parquet")
    inputs = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    (tmp_path / "c").mkdir()
    for path in inputs:
        predict(ensemble, [path], tmp_path / "c" / path.name, kept("x"), client)
    assert pq.read_table(tmp_path / "c" / "a.parquet")["x"].type == pa.int64()
    config = SourceConfig(keep_columns=("x",), block_size=1024)
    with pytest.raises(InputError, match="needs one type"):
        predict(ensemble, inputs, f"{tmp_path}/out/", config, client)


def test_predict__of_several_ensembles_the_one_of_the_language(client, tmp_path):
    english = make_ensemble(make_members(1), vote="mean", language="en")
    spanish = make_ensemble(make_members(2), vote="mean", language="es")
    rows = [{"id": str(i), "text": f"t {i}", "lang": ["en", "es", "fr"][i % 3]}
            for i in range(30)]  # fmt: skip
    path = tmp_path / "a.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    model = Polyglot((english, spanish))
    tally = predict(model, [path], tmp_path / "o.parquet", kept(), client)
    found = pq.read_table(tmp_path / "o.parquet")
    assert found["language"].to_pylist() == ["en", "es", None] * 10
    assert tally.bins == {"other_language": 10}
    for i, each in ((0, english), (1, spanish)):
        expected = each.predict_proba(found["text"])[i::3, 1]
        assert np.array_equal(found["probability"].to_numpy()[i::3], expected)
    assert found["polarity"][2::3].null_count == 10


def as_pandas(texts):
    import pandas

    return pandas.Series(texts)


def as_polars(texts):
    import polars

    return polars.Series(texts)


@pytest.mark.parametrize(
    "convert", [np.array, pa.array, lambda t: pa.chunked_array([t[:3], t[3:]]),
                as_pandas, as_polars, tuple, iter],
)  # fmt: skip
def test_predict_proba__whatever_holds_the_texts(ensemble, convert):
    texts = ["what a day", "日本語", "", "no :(", "x" * 400]
    expected = ensemble.predict_proba(texts)
    assert np.array_equal(ensemble.predict_proba(convert(texts)), expected)


def test_predict_proba__of_a_bag_is_a_bag(ensemble, client):
    texts = [f"text {i}" for i in range(100)]
    bag = dask.bag.from_sequence(texts, npartitions=7)
    upper = bag.map(str.upper)  # its partitions come as iterators
    for lazy, here in ((bag, texts), (upper, [each.upper() for each in texts])):
        found = ensemble.predict_proba(lazy, prior=0.3)
        assert found.npartitions == 7
        expected = ensemble.predict_proba(here, prior=0.3)
        assert np.array_equal(np.stack(found.compute()), expected)
        assert ensemble.predict(lazy).compute() == ensemble.predict(here).tolist()
        assert np.array_equal(np.stack(ensemble.scores(lazy).compute()),
                              ensemble.scores(here))  # fmt: skip


def test_predict__threads_get_the_answers_of_one(ensemble):
    texts = [[f"text {i} {j}" for i in range(50 * j)] for j in range(24)]
    expected = [ensemble.predict_proba(each) for each in texts]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ensemble.predict_proba, texts))
    for one, other in zip(expected, found, strict=True):
        assert one.tobytes() == other.tobytes()


@pytest.mark.slow
def test_standard_input__each_line_is_answered_before_the_next(ensemble, tmp_path):
    model = tmp_path / "m.parquet"
    ensemble.save(model)
    command = [sys.executable, "-m", "emotiset", "predict", str(model), "-"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as program:
        for text in ("what a day", "", "日本語 \t", "so\rbad"):
            program.stdin.write(f"{text}\r\n".encode())
            program.stdin.flush()
            answer = json.loads(program.stdout.readline())
            positive = float(ensemble.predict_proba([text])[0, 1])
            assert answer == {
                "text": text,
                "polarity": 1 if positive > 0.5 else -1,
                "probability": pytest.approx(positive, abs=1e-7),
                "language": "en",
            }
        program.stdin.write(b"\xff no line end")
        program.stdin.close()
        assert json.loads(program.stdout.read())["text"] == "\ufffd no line end"
        assert program.wait() == 0


@pytest.mark.slow
def test_command__slash_means_a_folder_and_columns_are_kept(ensemble, table, tmp_path):
    ensemble.save(tmp_path / "m.parquet")
    command = [sys.executable, "-m", "emotiset", "predict", tmp_path / "m.parquet"]
    options = ["--keep-columns", "polarity", "--workers", "1", "-o", f"{tmp_path}/o/"]
    done = subprocess.run(
        [*command, table, *options], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert Path(tmp_path, "o", "part-00000.parquet").is_file()
    assert "input_polarity" in pq.read_table(tmp_path / "o").column_names
    done = subprocess.run(
        [*command, "-", "--keep-columns", "a"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "--keep-columns" in done.stderr
