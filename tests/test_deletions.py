"""What delete notices name is dropped, wherever they stand, and nothing else is."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dask.distributed import Client

from emotiset.config import TrainConfig
from emotiset.deletions import NO_IDS, find_deleted, hash_ids, split_ids, unite_ids
from emotiset.lexicon import load_lexicon
from emotiset.partition import label_block
from emotiset.sampling import make_rule
from emotiset.sources import plan_blocks
from emotiset.train import train

GONE = range(0, 4000, 7)


def notices(tweets: Sequence[dict[str, Any]]) -> list[str]:
    """Return a notice for some of the tweets, in each form, and for one unknown."""
    made = []
    for n, i in enumerate(GONE):
        id = tweets[i]["id"]
        forms: list[dict[str, Any]] = [
            {"delete": {"status": {"id": int(id), "id_str": id, "user_id": 3}}},
            {"delete": {"status": {"id": int(id), "user_id": 3}}},
            {"data": {"delete": {"tweet": {"id": id}, "event_at": "2020"}}},
        ]
        line = json.dumps(forms[n % 3])
        made.append(line.replace("delete", "d\\u0065lete") if n % 4 == 0 else line)
    return [*made, '{"delete": {"status": {"id": 5}}}', '{"delete": {"status": 7}}']


def run(client: Client, files: Sequence[Path], **settings: Any) -> Any:
    config = TrainConfig(block_size=40_000, members=3, n_features=1 << 14, **settings)
    return train([str(path) for path in files], config, client)


def write(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def texts(tweets: list[dict[str, Any]]) -> list[str]:
    return [json.dumps(tweet) for tweet in tweets]


@pytest.mark.slow
def test_train__the_model_of_the_tweets_that_stay_wherever_notices_stand(
    client: Client, tmp_path: Path, tweets: list[dict[str, Any]], texts: list[str]
) -> None:
    gone = notices(tweets)
    first = write(tmp_path / "a.json", gone + texts)
    last = write(tmp_path / "b.json", texts + gone)
    alone = [write(tmp_path / "c.json", gone), write(tmp_path / "d.json", texts)]
    mixed = list(texts)
    for n, notice in enumerate(gone):
        mixed.insert(n * 11, notice)
    among = write(tmp_path / "e.json", mixed)
    stay = [text for i, text in enumerate(texts) if i not in GONE]
    expected = run(client, [write(tmp_path / "f.json", stay)], drop_deleted=True)
    expected.ensemble.save(tmp_path / "expected")
    for files in ([first], [last], alone, alone[::-1], [among]):
        result = run(client, files, drop_deleted=True)
        result.ensemble.save(tmp_path / "model")
        content = (tmp_path / "model").read_bytes()
        assert content == (tmp_path / "expected").read_bytes()
        funnel = result.summary["funnel"]
        assert funnel["delete"] == len(gone)
        assert 0 < funnel["deleted"] < len(GONE)
        assert sum(funnel.values()) == result.summary["read"] == len(texts + gone)


def test_train__a_copy_that_was_not_deleted_stays(
    client: Client, tmp_path: Path, texts: list[str], tweets: list[dict[str, Any]]
) -> None:
    copy = {**tweets[10], "text": "no other tweet is like this one :)", "lang": "en"}
    earlier = {**copy, "id": "1", "created_at": "2019-01-01T00:00:00Z"}
    notice = '{"delete":{"status":{"id":1}}}'
    lines = [*texts[:2000], json.dumps(earlier), json.dumps(copy)]
    for kind, more in (("same", [notice]), ("other", [])):
        path = write(tmp_path / f"{kind}.json", lines + more)
        result = run(client, [path], drop_deleted=True)
        assert result.summary["funnel"]["deleted"] == len(more)
        drawn = result.summary["funnel"]["copy"]
        assert drawn == run(client, [path]).summary["funnel"]["copy"] - len(more)


def test_label_block__without_the_option_nothing_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", ['{"delete":{"status":{"id":1}}}'])
    for drop_deleted, n in ((False, 0), (True, 1)):
        config = TrainConfig(drop_deleted=drop_deleted, format="tweets")
        [block] = plan_blocks([str(path)], config)
        found = label_block(block, config, load_lexicon(), make_rule(config))
        assert len(found.named) == n
        bin = "delete" if drop_deleted else "no_symbol"
        assert found.tally.bins[bin] == 1


def test_label_block__bluesky_posts_and_their_deletion(tmp_path: Path) -> None:
    commit = {"collection": "app.bsky.feed.post", "rkey": "r"}
    event = {"did": "did:plc:a", "kind": "commit"}
    lines = [
        {**event, "commit": {**commit, "operation": "delete"}},
        {
            **event,
            "commit": {**commit, "operation": "delete", "collection": "app.bsky.like"},
        },
        {
            **event,
            "commit": {
                **commit,
                "operation": "create",
                "record": {"text": "what a lovely day, so good :)", "langs": ["en"]},
            },
        },
    ]
    path = write(tmp_path / "a.json", [json.dumps(line) for line in lines])
    config = TrainConfig(drop_deleted=True)
    [block] = plan_blocks([str(path)], config)
    found = label_block(block, config, load_lexicon(), make_rule(config))
    assert found.named.tolist() == hash_ids(found.rows["id"]).tolist()


def test_find_deleted__ranges_give_what_the_whole_gives() -> None:
    rng = np.random.default_rng(0)
    ids = [str(n) for n in rng.integers(0, 500, 300)]
    named = [str(n) for n in rng.integers(0, 500, 200)]
    expected = unite_ids([hash_ids(sorted({*ids} & {*named}))]).tolist()
    mine, theirs = unite_ids([hash_ids(ids)]), unite_ids([hash_ids(named)])
    for n_ranges in (1, 2, 7):
        split = zip(split_ids(mine, n_ranges), split_ids(theirs, n_ranges), strict=True)
        found = [find_deleted([a, NO_IDS], [b]) for a, b in split]
        assert np.concatenate(found).tolist() == expected
