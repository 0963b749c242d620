"""SVMLight and LIBSVM files, beside scikit-learn's."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client
from scipy.sparse import random_array
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

from emotiset import TrainConfig
from emotiset.config import FeatureConfig, SourceConfig
from emotiset.features import hash_features
from emotiset.map_features import hash_map_features
from emotiset.sources import plan_blocks, read_block
from emotiset.svmlight import write_svmlight
from emotiset.train import train

LINES = b"""# by hand
+1 3:0.5 12:-2e1 # a comment
-1 qid:7 1:1

0
1 2:x
1 1:nan 4:.25\r
"""
CONFIG = SourceConfig(format="svmlight")


def read(path: Path, config: SourceConfig = CONFIG) -> pa.Table:
    readings = [
        reading
        for block in plan_blocks([str(path)], config)
        for reading in read_block(block, config)
    ]
    return pa.Table.from_batches([each.tweets for each in readings])


def test_read__comments_query_ids_and_broken_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(LINES)
    named = SourceConfig(features_column="features", label_column="label")
    [block] = plan_blocks([str(path)], named)
    assert block.format == "svmlight"
    [reading] = read_block(block, named)
    rows = zip(
        reading.tweets["label"].to_pylist(),
        reading.tweets["text"].to_pylist(),
        strict=True,
    )
    assert dict(rows) == {"+1": "12:-20 3:0.5", "-1": "1:1", "0": "", "1": "4:0.25"}
    assert reading.bins == {"blank": 2, "unreadable": 1}
    assert [each.head for each in reading.rejects] == ["1 2:x"]


@pytest.mark.parametrize("zero_based", [True, False])
def test_read__the_same_as_scikit_learn(tmp_path: Path, zero_based: bool) -> None:
    rng = np.random.default_rng(0)
    X = random_array((300, 40), density=0.2, rng=rng, format="csr", dtype=np.float32)
    X.data -= np.float32(0.5)
    labels = np.where(rng.random(300) < 0.3, 1, -1)
    path = tmp_path / "a.svm"
    dump_svmlight_file(X, labels, str(path), zero_based=zero_based, comment="made")
    expected, found_labels = load_svmlight_file(str(path), dtype=np.float32)

    table = read(path, SourceConfig(format="svmlight", block_size=4096))
    assert [float(label) for label in table["label"].to_pylist()] == list(found_labels)
    for words, row in zip(table["text"].to_pylist(), expected, strict=True):
        pairs = [word.split(":") for word in words.split()]
        first = 0 if zero_based else 1
        found = {int(name) - first: np.float32(value) for name, value in pairs}
        assert found == dict(zip(row.indices.tolist(), row.data, strict=True))


@pytest.mark.parametrize(
    ("name", "text"),
    [("maps", ["a=x b:-1.5", "", "c:1e-20 a=y"]), ("mixed", ["so good", "", "bad"])],
)
def test_write__scikit_learn_reads_the_hashed_matrix(
    tmp_path: Path, name: str, text: list[str]
) -> None:
    features = FeatureConfig(features=name, n_features=64)  # type: ignore[arg-type]
    labels = pa.array([1, -1, -1], pa.int8())
    batch = pa.record_batch([labels, pa.array(text)], ["polarity", "text"])
    path = tmp_path / "a.svm"
    write_svmlight(path, [batch.slice(0, 1), batch.slice(1)], features)
    X, y = load_svmlight_file(
        str(path), n_features=64, zero_based=False, dtype=np.float32
    )
    hash_rows = hash_map_features if name == "maps" else hash_features
    assert (hash_rows(batch["text"], features) != X).nnz == 0
    assert y.tolist() == [1, -1, -1]


def test_train__from_svmlight_as_from_parquet(tmp_path: Path, client: Client) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 3)).astype(np.float32)
    labels = np.where(x @ [1, -1, 0.5] + rng.normal(size=400) > 0, 1, 0)
    dump_svmlight_file(x, labels, str(tmp_path / "a.svm"))
    maps = [{f"{i}": float(v) for i, v in enumerate(row)} for row in x]
    table = pa.table({"features": pa.array(maps), "label": labels})
    pq.write_table(table, tmp_path / "a.parquet")
    config = TrainConfig(format="svmlight", n_features=64, test_fraction=0.2)
    out = tmp_path / "sample.libsvm"
    result = train([tmp_path / "a.svm"], config, client, sample_out=out)
    other = train(
        [tmp_path / "a.parquet"],
        TrainConfig(
            features_column="features",
            label_column="label",
            n_features=64,
            test_fraction=0.2,
        ),
        client,
    )
    assert result.summary["model_sha256"] == other.summary["model_sha256"]
    assert result.summary["metrics"]["accuracy"] > 0.7
    X, y = load_svmlight_file(str(out), n_features=64)
    assert X.shape == (400, 64) and sorted(set(y)) == [-1, 1]
