"""Settings: what is refused, how a message names it, and what rules choose."""

import datetime
from pathlib import Path
from typing import Any

import pytest
from dask.distributed import Client

from emotiset import TrainConfig
from emotiset.config import SourceConfig
from emotiset.errors import ConfigError, OutputError
from emotiset.language import CODES
from emotiset.language_names import near_codes
from emotiset.pools import parse_pools
from emotiset.simulation import simulate_files
from emotiset.train import train

DAY = datetime.date(2020, 1, 1)

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"test_fraction": 2}, "--test-fraction needs a value of at least 0"),
    ({"test_fraction": "much"}, "--test-fraction needs another type"),
    ({"test_fraction": 0.1, "test_after": DAY}, "--test-fraction and --test-after"),
    ({"max_bad_fraction": -1}, "--max-bad-fraction needs"),
    ({"n_features": 1000}, "--n-features needs a power of two"),
    ({"min_length": 10**30}, "--min-length needs a value of at least 0 and at most"),
    ({"vote": "loud"}, "--vote needs one of majority, weighted, mean"),
    ({"positive": "a"}, "--positive and --negative are needed together"),
    ({"positive": "a", "negative": "b"}, "found no --label-column"),
    ({"learner": "averaged", "alpha": 1, "eta0": 2}, "--alpha times --eta0"),
    ({"text_column": "a", "label_column": "a"}, "--text-column and --label-column"),
    ({"format": "tweets", "text_column": "a"}, "found --text-column 'a' too: leave it"),
    ({"format": "text", "lang_column": "a"}, "--format text says where everything is"),
    ({"format": "svmlight", "id_column": "a"}, "found --id-column 'a' too"),
    (
        {"format": "reddit", "features_column": "a", "label_column": "b"},
        "found --features-column 'a' too",
    ),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED)
def test_config__names_options_in_its_messages(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as raised:
        TrainConfig(**settings)
    assert "_" not in str(raised.value).partition(":")[0]
    assert "\n" not in str(raised.value)


def test_source_config__one_column_cannot_be_text_and_label() -> None:
    with pytest.raises(ConfigError, match="found 'y' for both: change one"):
        SourceConfig(text_column="y", label_column="y")


def test_result_settings__tell_what_rules_chose() -> None:
    chosen = TrainConfig(features="byte4", epochs=7).result_settings()
    assert (chosen["learner"], chosen["scale"]) == ("logistic", "none")
    assert chosen["epochs"] == 7
    assert 0 < chosen["alpha"] < chosen["eta0"]
    assert (chosen["test_fraction"], chosen["language"]) == (0.1, "en")
    observed = TrainConfig(label_column="y").result_settings()
    assert (observed["test_fraction"], observed["language"]) == (0.0, "any")
    later = TrainConfig(test_after=DAY).result_settings()
    assert (later["test_fraction"], later["test_after"]) == (None, "2020-01-01")


@pytest.mark.parametrize(
    ("language", "n_trained"), [(None, 80), ("any", 80), ("en", 40), ("en+fr", 60)]
)
def test_label_column__filters_languages_where_asked(
    language: str | None, n_trained: int, client: Client, tmp_path: Path
) -> None:
    rows = [
        (f"good bad {i}", i % 2, ("en", "fr", "en", "de")[i % 4]) for i in range(80)
    ]
    rows = [(text, i // 4 % 2, code) for i, (text, _, code) in enumerate(rows)]
    path = tmp_path / "gold.csv"
    path.write_text("text,y,lang\n" + "".join(f"{t},{y},{c}\n" for t, y, c in rows))
    config = TrainConfig(
        label_column="y", language=language, members=1, n_features=1 << 10
    )
    summary = train([path], config, client).summary
    assert summary["n_train"] == n_trained
    assert summary["funnel"]["other_language"] == 80 - n_trained


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("english", "en"),
        ("eng", "en"),
        ("englsh", "en"),
        ("Spanish", "es"),
        ("portugese", "pt"),
        ("jp", "ja"),
        ("ger", "de"),
        ("ne", "ne"),
    ],
)
def test_near_codes__first_is_what_was_meant(name: str, code: str) -> None:
    found = near_codes(name, CODES)
    assert found[0] == code
    assert set(found) <= CODES


@pytest.mark.parametrize("name", ["", "x", "qqqq", "e\nn", "ñ", "zz"])
def test_near_codes__has_always_a_code_to_give(name: str) -> None:
    assert near_codes(name, CODES)


def test_parse_pools__order_and_spelling_do_not_matter() -> None:
    pools = parse_pools("es, en-GB,gl + pt")
    assert pools == parse_pools("pt+gl,en,es")
    assert [pool.name for pool in pools] == ["en", "es", "gl+pt"]
    assert parse_pools("any")[0].codes is None


@pytest.mark.parametrize(
    "setting", ["en,", ",", "en,en", "en,en-us", "en,en+es", "any,en", "in,id"]
)
def test_parse_pools__ambiguous_is_refused(setting: str) -> None:
    with pytest.raises(ConfigError, match="--language needs"):
        parse_pools(setting)


def test_simulate_files__refuses_a_folder_that_holds_files(
    client: Client, tmp_path: Path
) -> None:
    assert simulate_files(10, tmp_path / "new", client) > 0
    before = {path: path.read_bytes() for path in (tmp_path / "new").iterdir()}
    with pytest.raises(OutputError, match=r"new or empty folder, found 1 files"):
        simulate_files(20, tmp_path / "new", client, seed=1)
    assert {path: path.read_bytes() for path in (tmp_path / "new").iterdir()} == before
