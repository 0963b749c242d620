"""Several languages in one run: the members of each alone, and who answers what."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from dask.distributed import Client

from emotiset import Ensemble, Polyglot, TrainConfig, load_ensemble
from emotiset.config import SourceConfig
from emotiset.errors import ConfigError, InputError, ModelFileError, TooFewError
from emotiset.gold import GoldConfig
from emotiset.inspection import describe_model
from emotiset.judging import evaluate_files
from emotiset.predict import Answering, predict
from emotiset.progress import Step
from emotiset.train import train

# Words as the language identification knows them; they tell the polarity too.
_WORDS = {
    "en": (
        "the weather and what we have with that from there about which would people",
        "happy lovely wonderful great beautiful",
        "sad awful terrible horrible lonely",
    ),
    "es": (
        "el tiempo y lo que tenemos con esto desde hace sobre cual siempre gente nada",
        "feliz bonito maravilloso genial alegre",
        "triste horrible terrible fatal aburrido",
    ),
    "pt": (
        "o tempo e o que temos com isso desde muito sobre qual sempre pessoas não você",
        "feliz bonito maravilhoso ótimo alegre",
        "triste horrível terrível péssimo chato",
    ),
}


def make_rows(language: str, n: int, seed: int) -> list[dict[str, Any]]:
    """Return tweets in a language, half of them with a code of their own."""
    rng = np.random.default_rng(seed)
    filler, good, bad = (words.split() for words in _WORDS[language])
    rows = []
    for i in range(n):
        is_positive = bool(rng.random() < 0.5)
        words = [*rng.choice(filler, 9), *rng.choice(good if is_positive else bad, 2)]
        text = " ".join([*words, f"w{seed}x{'abcdefghij'[i % 10] * (i // 10 % 7 + 1)}"])
        text += f" {i} " + (":)" if is_positive else ":(")
        rows.append({"id": str(i), "text": text, "lang": language if i % 2 else None})
    return rows


def shuffle(rows: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    order = np.random.default_rng(seed).permutation(len(rows))
    return [rows[i] for i in order]


@pytest.fixture(scope="module")
def tweets() -> list[dict[str, Any]]:
    rows = [row for i, code in enumerate(_WORDS) for row in make_rows(code, 1500, i)]
    # The same text, said in two languages: of the same polarity, and of the other.
    same = "no la la la no si si claro {} no no la la"
    for i in range(200):
        text = same.format("abcdefghij"[i % 10] * (i // 10 + 1))
        other = ":)" if i % 3 else ":("
        rows.append({"id": f"a{i}", "text": f"{text} :)", "lang": "en"})
        rows.append({"id": f"b{i}", "text": f"{text} {other}", "lang": "es"})
    return shuffle(rows, 9)


@pytest.fixture(scope="module")
def tweet_file(tweets: list[dict[str, Any]], tmp_path_factory: Any) -> Path:
    path: Path = tmp_path_factory.mktemp("languages") / "tweets.json"
    path.write_text("".join(json.dumps(row) + "\n" for row in tweets))
    return path


def make_config(language: str, **others: Any) -> TrainConfig:
    return TrainConfig(language=language, n_features=1 << 12, **others)


@pytest.fixture(scope="module")
def several(tweet_file: Path, client: Client, tmp_path_factory: Any) -> Path:
    """A model of English, Spanish and Portuguese, two members each."""
    path: Path = tmp_path_factory.mktemp("several") / "model.parquet"
    result = train([tweet_file], make_config("en,es,pt", members=2), client)
    assert isinstance(result.ensemble, Polyglot)
    result.ensemble.save(path)
    return path


def test_train__finished_work_serves_all_languages(
    tweets: list[dict[str, Any]], client: Client, tmp_path: Path
) -> None:
    path, work = tmp_path / "tweets.json", tmp_path / "work"
    tweets = tweets[::3]
    gone = [row["id"] for row in tweets if row["id"].startswith("a")]
    notices = [{"delete": {"status": {"id": each, "id_str": each}}} for each in gone]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in [*tweets, *notices]))
    config = make_config("en,es", drop_deleted=True, block_size=100_000)
    plain, first, second = (
        train([path], config, client, work_dir=folder).summary
        for folder in (None, work, work)
    )
    assert plain["model_sha256"] == first["model_sha256"] == second["model_sha256"]
    assert plain["funnel"] == second["funnel"]
    assert plain["funnel"]["deleted"] == len(gone)
    assert first["work"]["blocks_reused"] == first["work"]["members_reused"] == 0
    assert second["work"]["blocks_read"] == second["work"]["members_trained"] == 0
    assert second["work"]["members_reused"] == 2


@pytest.fixture(scope="module", params=["nb", "none"])
def together(
    request: pytest.FixtureRequest, tweet_file: Path, client: Client
) -> tuple[str, Polyglot]:
    """A way of scaling, and a model of three languages by it."""
    config = make_config("pt,en,es", members=2, scale=request.param)
    model = train([tweet_file], config, client).ensemble
    assert isinstance(model, Polyglot)
    return request.param, model


@pytest.mark.parametrize("language", ["en", "es", "pt"])
def test_train__members_are_those_of_each_language_alone(
    language: str,
    together: tuple[Any, Polyglot],
    tweet_file: Path,
    client: Client,
    tmp_path: Path,
) -> None:
    scale, model = together
    config = make_config(language, members=2, scale=scale)
    alone = train([tweet_file], config, client)
    model.save(tmp_path / "together.parquet")
    alone.ensemble.save(tmp_path / "alone.parquet")
    rows = pq.read_table(tmp_path / "together.parquet")
    rows = rows.filter(pc.equal(rows["language"], language))
    expected = pq.read_table(tmp_path / "alone.parquet")
    assert rows.num_rows == 2
    assert rows.replace_schema_metadata().equals(expected.replace_schema_metadata())
    mine = dict(model.by_language)[language]
    assert mine.sample_digest == alone.summary["sample_digest"]


def test_train__order_of_codes_and_cut_of_input_change_no_byte(
    several: Path, tweets: list[dict[str, Any]], client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "other.json"
    lines = (json.dumps(row) + "\n" for row in shuffle(tweets, 3))
    path.write_text("".join(lines))
    config = make_config(" pt ,es,en-US", members=2, block_size=20_000)
    train([path], config, client).ensemble.save(tmp_path / "model.parquet")
    assert (tmp_path / "model.parquet").read_bytes() == several.read_bytes()


def test_train__each_record_is_in_one_bin_and_each_language_is_told(
    tweet_file: Path, client: Client, tmp_path: Path
) -> None:
    steps: list[Step] = []
    sample = tmp_path / "sample.parquet"
    config = make_config("en,es")
    result = train(
        [tweet_file], config, client, progress=steps.append, sample_out=sample
    )
    summary = json.loads(json.dumps(result.summary))
    assert sum(summary["funnel"].values()) == summary["read"] == 4900
    assert summary["funnel"]["other_language"] > 1000
    told = summary["languages"]
    assert list(told) == ["en", "es"]
    for name in ("n_train", "n_test", "members"):
        assert summary[name] == sum(each[name] for each in told.values())
    parts = [each["metrics"] for each in told.values()]
    assert summary["metrics"]["n"] == sum(each["n"] for each in parts)
    right = sum(each["accuracy"] * each["n"] for each in parts)
    n = summary["metrics"]["n"]
    assert summary["metrics"]["accuracy"] == pytest.approx(right / n)
    assert all(each["accuracy"] > 0.9 for each in parts)
    assert {"read", "train en", "train es"} <= {step.stage for step in steps}
    rows = pq.read_table(sample)
    assert rows.num_rows == summary["n_train"] + summary["n_test"]
    for code in ("en", "es"):
        mine = rows.filter(pc.equal(rows["lang"], code))
        trained = mine.filter(pc.equal(mine["part"], "train"))
        assert trained.num_rows == told[code]["n_train"]
        assert sum(trained["polarity"].to_pylist()) == 0


def test_train__one_text_in_two_languages_is_no_copy(
    client: Client, tmp_path: Path
) -> None:
    texts = [f"so la la {'abcdefgh'[i % 8] * (i // 8 + 1)} no no no" for i in range(96)]
    path = tmp_path / "same.json"
    rows = [
        {"text": f"{text} {':)' if i % 2 else ':('}", "lang": code}
        for i, text in enumerate(texts)
        for code in ("en", "es")
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings: dict[str, Any] = {"min_length": 0, "test_fraction": 0}
    two = train([path], make_config("en,es", **settings), client).summary
    assert two["funnel"]["copy"] == 0
    assert [each["n_train"] for each in two["languages"].values()] == [96, 96]
    pooled = train([path], make_config("en+es", **settings), client)
    assert isinstance(pooled.ensemble, Ensemble)
    assert pooled.summary["funnel"]["copy"] == 96
    assert pooled.summary["n_train"] == 96


def test_train__pool_among_several_is_that_pool_alone(
    tweet_file: Path, client: Client
) -> None:
    pooled = train([tweet_file], make_config("pt+es"), client).ensemble
    found = train([tweet_file], make_config("en,es+pt"), client).ensemble
    assert isinstance(found, Polyglot)
    assert list(found.by_language) == ["en", "es+pt"]
    expected = pooled.weights  # type: ignore[union-attr]
    assert np.array_equal(found.by_language["es+pt"].weights, expected)
    texts = [
        "el tiempo y lo que tenemos feliz",
        "o tempo e o que temos não você triste",
    ]
    assert found.predict(texts).tolist() == [1, -1]
    assert found.predict(texts, language="pt").tolist() == [1, -1]


def test_train__language_with_too_few_is_left_out_and_named(
    tweet_file: Path, client: Client
) -> None:
    result = train([tweet_file], make_config("en,de,fr"), client)
    summary = result.summary
    assert list(summary["languages"]) == ["en"]
    assert set(summary["omitted"]) == {"de", "fr"}
    assert "found 0 positive" in summary["omitted"]["de"]
    assert sum(summary["funnel"].values()) == summary["read"]
    assert (
        result.ensemble.predict(["what we have", "was wir haben und das ist so"])[1]
        == 0
    )
    with pytest.raises(TooFewError, match=r"de: .*; fr: .*") as raised:
        train([tweet_file], make_config("de,fr"), client)
    assert raised.value.exit_code == 2
    some = train([tweet_file], make_config("en,es,pt", per_class=680), client).summary
    assert list(some["omitted"]) == ["pt"]
    assert some["funnel"]["surplus"] > 500


EN = "what we have with that weather wonderful and lovely people"
ES = "lo que tenemos con esto desde hace siempre triste y horrible nada"
DE = "und das ist nicht so schön wie ich es mir gedacht habe"


def test_predict__language_picks_and_none_is_null(several: Path) -> None:
    model = load_ensemble(several)
    assert isinstance(model, Polyglot)
    assert model.predict([EN, ES, DE, None, EN]).tolist() == [1, -1, 0, 0, 1]
    proba = model.predict_proba([EN, ES, DE])
    assert np.isnan(proba).tolist() == [[False] * 2, [False] * 2, [True] * 2]
    assert proba[0, 1] == model.by_language["en"].predict_proba([EN])[0, 1]
    forced = model.predict_proba([EN, ES, DE, None], language="es")
    assert np.array_equal(
        forced, model.by_language["es"].predict_proba([EN, ES, DE, None])
    )
    assert model.predict([]).shape == (0,)
    with pytest.raises(ConfigError, match="needs one of en, es, pt"):
        model.predict([EN], language="de")
    with pytest.raises(ConfigError, match="needs one of"):
        model.predict([], language="en+es")


def test_predict__own_code_goes_before_what_a_text_looks_like(several: Path) -> None:
    model = load_ensemble(several)
    assert isinstance(model, Polyglot)
    codes = pa.array(["es", "en-gb", "de", None, "und"])
    where = model.pick(pa.array([EN] * 5), codes)
    assert where.tolist() == [1, 0, -1, 0, 0]
    with pytest.raises(InputError, match="found 1 for 2"):
        model.pick(pa.array([EN, EN]), pa.array(["en"]))


def test_predict__file_has_nulls_where_no_ensemble_is(
    several: Path, client: Client, tmp_path: Path
) -> None:
    rows = [(EN, "en"), (ES, ""), (DE, "de"), (DE, ""), (EN, "es")]
    (tmp_path / "t.csv").write_text(
        "text,lang\n" + "".join(f"{text},{code}\n" for text, code in rows)
    )
    out, model = tmp_path / "o.parquet", load_ensemble(several)
    tally = predict(model, [tmp_path / "t.csv"], out, SourceConfig(), client)
    found = pq.read_table(out).to_pydict()
    assert found["polarity"][:4] == [1, -1, None, None]
    assert [each is None for each in found["probability"]] == [0, 0, 1, 1, 0]
    assert (tally.n_read, tally.bins["other_language"]) == (5, 2)
    how = Answering(language="en")
    predict(model, [tmp_path / "t.csv"], out, SourceConfig(), client, answering=how)
    assert pq.read_table(out)["polarity"].null_count == 0


def test_evaluate__tells_each_ensemble(several: Path, tmp_path: Path) -> None:
    rows = [(EN, "en", 1), (EN, "en", 0), (ES, "es", 0), (DE, "de", 1)]
    (tmp_path / "t.csv").write_text(
        "text,lang,y\n" + "".join(f"{t},{code},{y}\n" for t, code, y in rows)
    )
    told = evaluate_files(
        {"m": load_ensemble(several)},
        [tmp_path / "t.csv"],
        SourceConfig(label_column="y"),
        GoldConfig(),
    )
    assert told["bins"]["other_language"] == 1
    metrics = told["models"][0]
    assert (metrics["n"], metrics["accuracy"]) == (3, 2 / 3)
    by = metrics["ensembles"]
    assert [(name, each["n"], each["accuracy"]) for name, each in by.items()] == [
        ("en", 2, 0.5),
        ("es", 1, 1.0),
        ("pt", 0, None),
    ]


def test_model_file__comes_back_as_it_was(several: Path, tmp_path: Path) -> None:
    model = load_ensemble(several)
    model.save(tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == several.read_bytes()
    rows = pq.read_table(several, columns=["language", "member"]).to_pylist()
    assert [(row["language"], row["member"]) for row in rows] == [
        (code, member) for code in ("en", "es", "pt") for member in (0, 1)
    ]
    told = describe_model(model, several)
    assert told["language"] == "en,es,pt"
    assert [each["language"] for each in told["members"]] == [
        "en",
        "en",
        "es",
        "es",
    ] + ["pt"] * 2
    assert told["settings"]["members"] == {"en": 2, "es": 2, "pt": 2}
    assert set(told["sample_digest"]) == {"en", "es", "pt"}


_SIDE = {"log_slope": 0.0, "exponent": 1.0}


def _own(**changes: Any) -> dict[str, Any]:
    """Return what is told of three languages, one of them changed."""
    own = {"sample_digest": "0", "calibration": {"prior": 0.5}}
    return {"ensembles": {"en": own, "es": {**own, **changes}, "pt": own}}


HOSTILE: list[tuple[dict[str, Any], str]] = [
    ({"languages": {"en": 4, "es": 1, "pt": 1}}, "each once"),
    ({"languages": {"en": 2, "es": 2}}, "in all"),
    ({"languages": {"en": 2, "es": 2, "pt": 0}}, ">= 1"),
    ({"languages": {"en": 2, "es": 2, "fr": 2}, "language": "en,es,fr"}, "alone"),
    ({"languages": {"es": 2, "en": 2, "pt": 2}, "language": "es,en,pt"}, "in order"),
    ({"languages": {}}, "alone"),
    ({"ensembles": "none"}, "object"),
    ({"ensembles": {"en": {}, "es": {}, "pt": {}}}, "sample_digest"),
    ({"languages": {"en": 2, "es": 2, "pt": 10**9}}, "<= 10000"),
    ({"languages": {"en": 2, "es": 2, "pt": "two"}}, "`int`"),
    ({"languages": ["en", "es", "pt"]}, "object"),
    ({"languages": {"en": 2, "\x1b[2J": 2, "pt": 2}}, "in all"),
    ({"languages": None}, "object"),
    ({"language": "en,es"}, "in all"),
    ({"language": 7}, "`str`"),
    ({"members": 10**9}, "<= 10000"),
    (_own(sample_digest=7), "`str`"),
    (_own(calibration=[]), "object"),
    (_own(calibration={"prior": 0.0}), "prior"),
    (_own(calibration={"prior": "half"}), "`float`"),
    (_own(calibration={"n_examples": -1}), "calibration"),
    (_own(calibration={"positive": _SIDE}), "both sides"),
    (_own(calibration={"positive": _SIDE, "negative": {"log_slope": 1}}), "exponent"),
    (_own(calibration={"positive": _SIDE, "negative": {**_SIDE, "exponent": 0}}), "0"),
    (_own(calibration={"positive": _SIDE, "negative": {**_SIDE, "log_slope": 1e9}}),
     "finite"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "found"), HOSTILE)
def test_model_file__forged_header_is_refused(
    changes: dict[str, Any], found: str, several: Path, tmp_path: Path
) -> None:
    table = pq.read_table(several)
    document = json.loads(pq.read_metadata(several).metadata[b"emotiset"])
    del document["digest"]
    document.update(changes)
    path = tmp_path / "forged.parquet"
    schema = pq.read_schema(several).remove_metadata()
    with pq.ParquetWriter(path, schema, store_schema=False) as writer:
        writer.write_table(table.cast(schema))
        writer.add_key_value_metadata({"emotiset": json.dumps(document)})
    with pytest.raises(ModelFileError, match=found) as raised:
        load_ensemble(path)
    assert str(raised.value).isprintable()


def test_graph__reads_once_however_many_languages(
    tweet_file: Path, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts: dict[str, int] = {}
    compute = client.compute

    def count(collections: Any, **others: Any) -> Any:
        many = collections if isinstance(collections, list | tuple) else [collections]
        for each in many:
            for key in dict(each.__dask_graph__()):
                name = str(key[0] if isinstance(key, tuple) else key).rsplit("-", 5)[0]
                counts[name] = counts.get(name, 0) + 1
        return compute(collections, **others)

    monkeypatch.setattr(client, "compute", count)
    n_tasks = []
    for language in ("en", "en,es,pt"):
        counts.clear()
        config = make_config(language, members=1, block_size=20_000)
        train([tweet_file], config, client)
        n_tasks.append(dict(counts))
    one, three = n_tasks
    reads = [sum(n for name, n in each.items() if "label" in name) for each in n_tasks]
    assert reads[0] == reads[1] > 10
    n_runs = one["split_run"]
    assert three["take_pool"] == 3 * n_runs
    assert three["split_run"] == 3 * n_runs
    assert three["fit_part"] == 3 * one["fit_part"]
    n_ranges, n_members = 1, 1
    each = n_runs * (n_ranges + n_members + 5) + 2 * n_ranges + 4 * n_members + 12
    assert sum(three.values()) <= reads[1] + 2 * n_runs + 3 * each  # as in the README
