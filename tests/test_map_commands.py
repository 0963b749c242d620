"""Feature maps on the command line: train, predict, evaluate, inspect."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client

from emotiset import TrainConfig, load_ensemble
from emotiset.card import make_card
from emotiset.cli_settings import parse_class_weight, parse_crosses
from emotiset.config import FeatureConfig, SourceConfig
from emotiset.display_judged import print_judged
from emotiset.errors import ConfigError, InputError
from emotiset.gold import GoldConfig
from emotiset.inspection import describe_features, describe_model
from emotiset.judging import evaluate_files
from emotiset.map_features import hash_map_features
from emotiset.map_grams import enumerate_words
from emotiset.maps import canonical_list
from emotiset.predict import predict, predict_lines
from emotiset.train import train
from tests.test_maps import CONFIG, make_clicks

MAPS = SourceConfig(features_column="features", label_column="label")


@pytest.fixture(scope="module")
def clicks(
    client: Client, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, TrainConfig]:
    """A folder with rows, a model and its summary; and the settings."""
    folder = tmp_path_factory.mktemp("clicks")
    rows, labels = make_clicks(3000)
    table = pa.table({"features": pa.array(rows), "label": labels, "n": range(3000)})
    pq.write_table(table, folder / "rows.parquet")
    result = train([folder / "rows.parquet"], CONFIG, client)
    result.ensemble.save(folder / "model.parquet")
    (folder / "summary.json").write_text(json.dumps(result.summary))
    return folder, CONFIG


def test_predict__answers_stand_beside_the_canonical_maps(
    clicks: tuple[Path, TrainConfig], client: Client, tmp_path: Path
) -> None:
    folder, _ = clicks
    model = load_ensemble(folder / "model.parquet")
    source = SourceConfig(features_column="features", keep_columns=("n",))
    predict(model, [folder / "rows.parquet"], tmp_path / "o.parquet", source, client)
    found = pq.read_table(tmp_path / "o.parquet")
    rows, _ = make_clicks(3000)
    assert found["probability"].to_pylist() == model.predict_proba(rows)[:, 1].tolist()
    assert found["n"].to_pylist() == list(range(3000))
    first = rows[0]
    assert found["text"][0].as_py().startswith(f"ad={first['ad']} user={first['user']}")


def test_predict__kinds_of_input_and_model_have_to_agree(
    clicks: tuple[Path, TrainConfig], client: Client, tmp_path: Path
) -> None:
    model = load_ensemble(clicks[0] / "model.parquet")
    with pytest.raises(ConfigError, match="--features-column"):
        predict(model, ["x.csv"], tmp_path / "o.parquet", SourceConfig(), client)


def test_predict_lines__takes_objects_and_words(
    clicks: tuple[Path, TrainConfig],
) -> None:
    model = load_ensemble(clicks[0] / "model.parquet")
    answers = io.BytesIO()
    lines = [b'{"user": "u1", "x": 1.5}\n', b"user=u1 x:1.5\n"]
    predict_lines(model, lines, answers)
    one, other = map(json.loads, answers.getvalue().splitlines())
    assert one["probability"] == other["probability"]
    with pytest.raises(InputError, match="JSON object"):
        predict_lines(model, [b"{"], answers)


def test_evaluate__judges_by_the_label_column(
    clicks: tuple[Path, TrainConfig], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = clicks
    model = load_ensemble(folder / "model.parquet")
    told = evaluate_files({"m": model}, [folder / "rows.parquet"], MAPS, GoldConfig())
    [judged] = told["models"]
    print_judged(told)
    assert "accuracy" in (shown := capsys.readouterr().out)
    assert "symbol" not in shown and "symbols" not in judged  # there are none to take
    assert judged["n"] == 3000 and judged["log_loss"] < judged["base_log_loss"]
    assert judged["mean_probability"] == pytest.approx(
        told["gold"]["positive"] / 3000, rel=0.2
    )


def test_inspect__tells_what_the_input_is(clicks: tuple[Path, TrainConfig]) -> None:
    path = clicks[0] / "model.parquet"
    told = describe_model(load_ensemble(path), path)
    assert told["settings"]["features"] == "maps"
    assert told["settings"]["scale"] == "largest"
    assert set(told["calibration"]["line"]) == {"slope", "intercept"}


def test_inspect__names_the_strongest_features(
    clicks: tuple[Path, TrainConfig],
) -> None:
    folder, _ = clicks
    model = load_ensemble(folder / "model.parquet")
    paths = [folder / "rows.parquet"]
    told = describe_features(model, paths, SourceConfig(features_column="features"), 50)
    shown = told["positive"] + told["negative"]
    assert {row["ngram"] for row in shown} == {
        "x",
        *(f"user=u{i}" for i in range(30)),
        *(f"ad=a{i}" for i in range(10)),
    }
    assert {row["kind"] for row in shown} == {"feature"}
    assert told["collisions"] == 0 and told["texts"] == 3000


def test_card__speaks_of_feature_maps(clicks: tuple[Path, TrainConfig]) -> None:
    path = clicks[0] / "model.parquet"
    summary = json.loads((clicks[0] / "summary.json").read_text())
    card = make_card(describe_model(load_ensemble(path), path), summary)
    assert "tabular-classification" in card and "feature maps" in card
    text = card.split("Settings:")[0].replace("The same tweets", "")
    for word in ("tweet", "Symbols", "short", "Irony"):
        assert word not in text, word


def test_enumerate__hashes_as_learning_does() -> None:
    config = FeatureConfig(features="maps", cross=(("t", "t"), ("t", "n")))
    text = canonical_list([{"t": ["a", "b", "c"], "n": 2.0}, {}, {"t": "a"}])
    column, row, *_ = enumerate_words(text, config)
    found = [set(column[row == i].tolist()) for i in range(3)]
    X = hash_map_features(text, config)
    assert found == [set(X[i].indices.tolist()) for i in range(3)]
    assert [len(each) for each in found] == [4 + 3 + 3, 0, 1]


def test_options__crosses_and_class_weights() -> None:
    for wrong in ("user", "a,b,c", "a,"):
        with pytest.raises(ConfigError, match="--cross user,ad"):
            parse_crosses([wrong])
    for weights in ("1", "a,b"):
        with pytest.raises(ConfigError, match="--class-weight 1,20"):
            parse_class_weight(weights)
