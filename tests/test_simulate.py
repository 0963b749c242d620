"""The simulated stream: its bytes, its mix, and what can be learned from it."""

import bz2
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.linear_model import SGDClassifier
from sklearn.naive_bayes import MultinomialNB

from emotiset.config import LabelingConfig
from emotiset.errors import ConfigError
from emotiset.labeling import label_batch
from emotiset.lexicon import load_lexicon
from emotiset.schema import TWEETS
from emotiset.simulate import (
    EMOTICON_SHARE,
    best_accuracy,
    labeled_texts,
    simulate_records,
)
from emotiset.simulate.draws import Draws
from emotiset.simulate.render import Pool, Template, join_segments
from emotiset.simulate.tweets import N_PER_POLARITY, SYMBOLS
from emotiset.simulate.words import LANGUAGES, spell_english, spell_foreign

N = 20_000
MOST_RECORDS = 2**29


def simulate(start: int, stop: int, **others: Any) -> bytes:
    return b"".join(simulate_records(start, stop, **others))


@dataclass(frozen=True)
class Stream:
    """The first records of a stream, decoded by the standard library."""

    data: bytes

    @cached_property
    def lines(self) -> list[bytes]:
        lines = self.data.split(b"\r\n")
        assert lines.pop() == b""
        return lines

    @cached_property
    def bins(self) -> Counter[str]:
        return Counter(kind for kind, _ in self.records)

    @cached_property
    def records(self) -> list[tuple[str, Any]]:
        return [decode(line) for line in self.lines]

    @cached_property
    def tweets(self) -> list[dict[str, Any]]:
        kinds = ("original", "retweet", "quote")
        return [record for kind, record in self.records if kind in kinds]

    @cached_property
    def originals(self) -> list[dict[str, Any]]:
        return [record for kind, record in self.records if kind == "original"]


def decode(line: bytes) -> tuple[str, Any]:
    if not line:
        return "blank", None
    try:
        record = json.loads(line)
    except UnicodeDecodeError:
        return "no utf-8", None
    except json.JSONDecodeError:
        return "cut", None
    if not isinstance(record, dict):
        return "no object", record
    if "delete" in record:
        return "delete", record
    if record["text"] is None:
        return "no text", record
    if "retweeted_status" in record:
        return "retweet", record
    return "quote" if record["text"].startswith("RT @") else "original", record


@pytest.fixture(scope="module")
def stream() -> Stream:
    return Stream(simulate(0, N))


def read(texts: Iterable[str], langs: Iterable[str | None] = ()) -> pa.RecordBatch:
    """Return originals as a reader would, entities unescaped."""
    plain = [
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        for text in texts
    ]
    n = len(plain)
    columns = [
        pa.array(plain, pa.string()),
        pa.array(list(langs) or [None] * n, pa.string()),
        pa.nulls(n, TWEETS.field("created_at").type),
        pa.array([str(row) for row in range(n)], pa.string()),
        pa.array([False] * n),
        pa.nulls(n, pa.string()),
    ]
    return pa.record_batch(columns, schema=TWEETS)


# Bytes


@pytest.mark.parametrize(
    "cuts",
    [(0, 1), (0, 4096), (0, 4095, 4097), (5, 5, 6, 4000, 9000), (4096, 8192, 12_000)],
)
def test_simulate_records__ranges_cut_anyhow_are_the_same(
    cuts: tuple[int, ...], stream: Stream
) -> None:
    found = b"".join(simulate(start, stop) for start, stop in pairwise(cuts))
    wanted = b"".join(line + b"\r\n" for line in stream.lines[cuts[0] : cuts[-1]])
    assert found == wanted


def test_simulate_records__empty_range() -> None:
    assert list(simulate_records(7, 7)) == []


def test_simulate_records__one_line_a_record(stream: Stream) -> None:
    assert stream.data.count(b"\n") == stream.data.count(b"\r\n") == N


def test_simulate_records__chunks_end_with_lines() -> None:
    chunks = list(simulate_records(100, 10_000))
    assert len(chunks) > 1
    assert all(type(chunk) is bytes and chunk.endswith(b"\r\n") for chunk in chunks)


def test_simulate_records__bytes_are_pinned() -> None:
    # The same on every machine and version of NumPy and Arrow.  A change to the
    # simulation changes it too: then write down the new one.
    digest = hashlib.sha256(simulate(0, 10_000, seed=3)).hexdigest()
    assert digest == "af3e6962eeb4b15646130192dcf229cd52f2686ed9acbabbd2a2b3cd3d5201ec"


def test_simulate_records__seed_and_share_matter() -> None:
    streams = [
        simulate(0, 50),
        simulate(0, 50, seed=1),
        simulate(0, 50, seed=1 + 2**32),
        simulate(0, 50, seed=2**63 - 1),
        simulate(0, 50, emoticon_share=0.9),
    ]
    assert len(set(streams)) == len(streams)


@pytest.mark.parametrize(
    ("start", "stop", "others"),
    [
        (-1, 5, {}),
        (5, 4, {}),
        (0, MOST_RECORDS + 1, {}),
        (0, 1, {"seed": -1}),
        (0, 1, {"emoticon_share": -0.1}),
        (0, 1, {"emoticon_share": 1.1}),
        (0, 1, {"emoticon_share": float("nan")}),
    ],
)
def test_simulate_records__nonsense_is_refused_at_the_call(
    start: int, stop: int, others: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="simulated records need"):
        simulate_records(start, stop, **others)


def test_simulate_records__last_records_of_all() -> None:
    lines = simulate(MOST_RECORDS - 50, MOST_RECORDS).split(b"\r\n")
    tweets = [record for kind, record in map(decode, lines) if kind == "original"]
    assert tweets
    assert all(0 < tweet["id"] < 2**63 for tweet in tweets)
    check_times(tweets)


# Mix


def test_mix__each_kind_has_its_share(stream: Stream) -> None:
    wanted = {
        "original": 0.728,
        "retweet": 0.170,
        "quote": 0.012,
        "delete": 0.080,
        "blank": 0.004,
        "cut": 0.002,
        "no utf-8": 0.002,
        "no text": 0.001,
        "no object": 0.001,
    }
    assert set(stream.bins) == set(wanted)
    for kind, share in wanted.items():
        assert abs(stream.bins[kind] / N - share) < 5 * (share / N) ** 0.5, kind


def test_mix__line_length_is_realistic(stream: Stream) -> None:
    lengths = [len(json.dumps(tweet)) for tweet in stream.originals]
    assert 1800 < np.median(lengths) < 2600
    assert 2000 < len(stream.data) / N < 2700


def test_mix__languages(stream: Stream) -> None:
    found = Counter(tweet.get("lang") for tweet in stream.tweets)
    n = len(stream.tweets)
    for language in LANGUAGES:
        wanted = 0.92 * language.percent / 100
        assert found[language.code] / n == pytest.approx(wanted, abs=0.02)
    assert found[None] / n == pytest.approx(0.05, abs=0.01)
    assert found["und"] / n == pytest.approx(0.03, abs=0.01)


def test_mix__non_ascii_is_escaped(stream: Stream) -> None:
    kinds = [kind for kind, _ in stream.records]
    for kind, line in zip(kinds, stream.lines, strict=True):
        assert line.isascii() == (kind != "no utf-8")
    texts = "".join(tweet["text"] for tweet in stream.originals)
    assert set("あسщç가😍") <= set(texts)


def test_mix__copies_repeat_text_under_another_id(stream: Stream) -> None:
    texts = Counter(
        tweet["text"] for tweet in stream.originals if len(tweet["text"]) > 40
    )
    n_copies = sum(count - 1 for count in texts.values())
    # A tenth of the copies of tweets with a symbol have the opposite one.
    assert 0.014 < n_copies / len(stream.originals) < 0.026


def test_mix__some_copies_contradict() -> None:
    stream = Stream(simulate(0, N // 2, emoticon_share=1))
    texts = read(tweet["text"] for tweet in stream.originals)
    labeled, _ = label_batch(texts, load_lexicon(), LabelingConfig())
    polarities: dict[str, set[int]] = {}
    columns = labeled["text"].to_pylist(), labeled["polarity"].to_pylist()
    for text, polarity in zip(*columns, strict=True):
        polarities.setdefault(" ".join(text.split()), set()).add(polarity)
    assert sum(len(found) == 2 for found in polarities.values()) > 5


def test_mix__retweets_hold_an_earlier_tweet(stream: Stream) -> None:
    earlier: dict[int, Any] = {}
    for kind, record in stream.records:
        if kind == "retweet":
            inner = record["retweeted_status"]
            assert inner == earlier[inner["id"]]
            name = inner["user"]["screen_name"]
            assert record["text"] == f"RT @{name}: {inner['text']}"
            assert record.get("lang") == inner.get("lang")
        elif kind == "original":
            earlier[record["id"]] = record


def test_mix__a_quote_repeats_an_earlier_tweet(stream: Stream) -> None:
    texts = {tweet["text"] for tweet in stream.originals}
    quotes = [record for kind, record in stream.records if kind == "quote"]
    assert quotes
    assert all(quote["text"].split(": ", 1)[1] in texts for quote in quotes)


def test_mix__deletes_name_a_tweet_and_its_user(stream: Stream) -> None:
    deletes = [record for kind, record in stream.records if kind == "delete"]
    for record in deletes:
        status = record["delete"]["status"]
        assert status["id_str"] == str(status["id"])
        assert status["user_id_str"] == str(status["user_id"])


# Fields


def test_fields__ids_are_unique_and_rise(stream: Stream) -> None:
    ids = [tweet["id"] for tweet in stream.tweets]
    assert all(first < second for first, second in pairwise(ids))
    assert all(tweet["id_str"] == str(tweet["id"]) for tweet in stream.tweets)
    other = Stream(simulate(0, N // 4, seed=1))
    assert not {tweet["id"] for tweet in other.tweets} & set(ids)


def check_times(tweets: list[dict[str, Any]]) -> None:
    for tweet in tweets:
        written = datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y")
        elapsed = timedelta(milliseconds=int(tweet["timestamp_ms"]))
        exact = datetime(1970, 1, 1, tzinfo=UTC) + elapsed
        assert written == exact.replace(microsecond=0)
        assert written.strftime("%a") == tweet["created_at"][:3]
        snowflake = timedelta(milliseconds=(tweet["id"] >> 22) + 1_288_834_974_657)
        assert datetime(1970, 1, 1, tzinfo=UTC) + snowflake == exact


def test_fields__times_agree_and_rise(stream: Stream) -> None:
    check_times(stream.tweets)
    times = [int(tweet["timestamp_ms"]) for tweet in stream.tweets]
    assert times == sorted(times)


def test_fields__a_million_records_take_a_month() -> None:
    _, first = decode(simulate(0, 1).rstrip())
    last = decode(simulate(999_990, 10**6).split(b"\r\n")[0])[1]
    elapsed = int(last["timestamp_ms"]) - int(first["timestamp_ms"])
    assert timedelta(days=28) < timedelta(milliseconds=elapsed) < timedelta(days=40)


def test_fields__entities_point_into_the_text(stream: Stream) -> None:
    found: Counter[str] = Counter()
    for tweet in stream.tweets:
        text, entities = tweet["text"], tweet["entities"]
        pieces = {
            "hashtags": ["#" + each["text"] for each in entities["hashtags"]],
            "urls": [each["url"] for each in entities["urls"]],
            "user_mentions": [
                "@" + each["screen_name"] for each in entities["user_mentions"]
            ],
        }
        for name, wanted in pieces.items():
            for entity, piece in zip(entities[name], wanted, strict=True):
                start, stop = entity["indices"]
                assert text[start:stop] == piece
                found[name] += 1
        assert text.count("@") == len(pieces["user_mentions"])
        assert text.count("https://") == len(pieces["urls"])
    assert min(found.values()) > N // 20
    assert len(found) == 3


def test_fields__replies_name_whom_they_answer(stream: Stream) -> None:
    for tweet in stream.originals:
        name = tweet["in_reply_to_screen_name"]
        assert (name is not None) == tweet["text"].startswith("@")
        assert name is None or tweet["text"].startswith(f"@{name} ")


def test_fields__a_user_is_always_the_same(stream: Stream) -> None:
    users: dict[int, Any] = {}
    for tweet in stream.tweets:
        user = tweet["user"]
        assert users.setdefault(user["id"], user) == user
    names = {user["screen_name"] for user in users.values()}
    assert len(names) == len(users)


def test_fields__are_those_of_real_tweets(stream: Stream, real_data: Path) -> None:
    with bz2.open(real_data / "stream" / "2016-01-06" / "30.json.bz2") as file:
        real = [json.loads(line) for line in file]
    real = [tweet for tweet in real if "text" in tweet]
    known = {name for tweet in real for name in tweet}
    known_of_user = {name for tweet in real for name in tweet["user"]}
    for tweet in stream.tweets:
        assert set(tweet) <= known
        assert set(tweet["user"]) <= known_of_user


# Symbols


def test_symbols__the_lexicon_reads_them_as_meant() -> None:
    texts = [f"quite long a text before it{symbol}" for symbol in SYMBOLS]
    labeled, bins = label_batch(read(texts), load_lexicon(), LabelingConfig())
    assert not any(bins.values())
    wanted = [1] * N_PER_POLARITY + [-1] * N_PER_POLARITY
    assert labeled["polarity"].to_pylist() == wanted


@pytest.mark.parametrize("share", [0.0, EMOTICON_SHARE, 0.5, 1.0])
def test_symbols__share_of_originals_that_have_one(share: float) -> None:
    stream = Stream(simulate(0, 8000, seed=5, emoticon_share=share))
    config = LabelingConfig(min_length=0)
    texts = read(tweet["text"] for tweet in stream.originals)
    labeled, bins = label_batch(texts, load_lexicon(), config)
    n = len(stream.originals)
    has_symbol = 1 - bins["no_symbol"] / n
    assert abs(has_symbol - share) <= 5 * (share * (1 - share) / n) ** 0.5
    if share == 1:
        assert bins["conflicting_symbols"] / n == pytest.approx(0.04, abs=0.01)
        positive = np.mean(labeled["polarity"].to_numpy() == 1)
        assert positive == pytest.approx(0.6, abs=0.02)


def test_symbols__share_changes_nothing_else(stream: Stream) -> None:
    def without_symbols(tweet: dict[str, Any]) -> str:
        text = tweet["text"]
        for symbol in sorted(SYMBOLS, key=len, reverse=True):
            text = text.replace(symbol, "")
        return str(text)

    bare = Stream(simulate(0, 4000, emoticon_share=0))
    for (kind, one), (other_kind, other) in zip(
        bare.records, stream.records[:4000], strict=True
    ):
        assert kind == other_kind
        if kind == "original":
            assert one["text"] == without_symbols(other)
            assert all(one[name] == other[name] for name in ("id", "user", "source"))


# Language


def test_words__english_are_all_different() -> None:
    words = spell_english()
    assert len(words) == len(set(words)) == 32_768
    assert all(word.isascii() and word.islower() for word in words)


@pytest.mark.parametrize("language", LANGUAGES[1:], ids=lambda each: each.code)
def test_words__foreign_are_all_different(language: Any) -> None:
    words = spell_foreign(language)
    assert len(words) == len(set(words)) == 512


def test_languages__shares_add_up() -> None:
    assert sum(language.percent for language in LANGUAGES) == 100


@pytest.mark.parametrize("n", [0, 1, 2, 20_000])
def test_labeled_texts__more_begin_with_the_same(n: int) -> None:
    text, polarity, log_odds = labeled_texts(n, seed=4)
    more = labeled_texts(40_000, seed=4)
    assert text.type == pa.string()
    assert polarity.dtype == np.int8
    assert len(text) == len(polarity) == len(log_odds) == n
    assert text == more[0][:n]
    assert (polarity == more[1][:n]).all()
    assert (log_odds == more[2][:n]).all()


def test_labeled_texts__no_symbols_left() -> None:
    text, polarity, _ = labeled_texts(20_000)
    batch = read(text.to_pylist())
    _, bins = label_batch(batch, load_lexicon(), LabelingConfig(min_length=0))
    assert bins["no_symbol"] == 20_000
    assert abs(polarity.mean()) < 0.03


def test_labeled_texts__seeds_share_words_but_no_text() -> None:
    one, other = (labeled_texts(5000, seed=seed)[0].to_pylist() for seed in (1, 2))
    assert not set(one) & set(other)
    words = [
        {word for text in texts for word in text.split()} for texts in (one, other)
    ]
    assert len(words[0] & words[1]) > 0.3 * len(words[0])
    assert words[0] | words[1] <= set(spell_english())


@pytest.mark.parametrize(("n", "seed"), [(-1, 0), (1, -1)])
def test_labeled_texts__nonsense_is_refused(n: int, seed: int) -> None:
    with pytest.raises(ConfigError, match="labeled_texts needs"):
        labeled_texts(n, seed=seed)


def test_log_odds__say_how_often_a_text_is_positive() -> None:
    _, polarity, log_odds = labeled_texts(200_000, seed=9)
    edges = np.quantile(log_odds, np.linspace(0, 1, 21)[1:-1])
    group = np.digitize(log_odds, edges)
    for number in range(20):
        here = group == number
        wanted = np.mean(1 / (1 + np.exp(-log_odds[here])))
        assert np.mean(polarity[here] == 1) == pytest.approx(wanted, abs=0.025)


def test_best_accuracy__is_that_of_the_true_log_odds() -> None:
    _, polarity, log_odds = labeled_texts(200_000, seed=10)
    accuracy = np.mean(np.sign(log_odds) == polarity)
    assert best_accuracy() == pytest.approx(accuracy, abs=0.004)
    assert best_accuracy(seed=1) == pytest.approx(best_accuracy(), abs=0.001)
    assert 0.82 < best_accuracy() < 0.85


def test_best_accuracy__naive_bayes_on_words_comes_near_and_no_further() -> None:
    text, polarity, _ = labeled_texts(120_000, seed=11)
    words = CountVectorizer(token_pattern=r"[^ ]+").fit_transform(text.to_pylist())
    model = MultinomialNB(alpha=0.5).fit(words[:100_000], polarity[:100_000])
    accuracy = model.score(words[100_000:], polarity[100_000:])
    assert best_accuracy() - 0.03 < accuracy < best_accuracy() + 0.008


def learn(n: int) -> float:
    """Return the accuracy of logistic regression on byte 4-grams of *n* texts."""
    grams = HashingVectorizer(
        analyzer="char", ngram_range=(4, 4), binary=True, norm=None, lowercase=False
    )
    text, polarity, _ = labeled_texts(n, seed=12)
    test_text, test_polarity, _ = labeled_texts(8000, seed=13)
    model = SGDClassifier(
        loss="log_loss", learning_rate="constant", eta0=0.02, alpha=1e-6, max_iter=1,
        tol=None, shuffle=False,
    )  # fmt: skip
    model.partial_fit(grams.transform(text.to_pylist()), polarity, classes=[-1, 1])
    test = grams.transform(test_text.to_pylist())
    return float(model.score(test, test_polarity))


def test_learning__accuracy_rises_and_stays_below_the_best() -> None:
    few, some, many = learn(500), learn(4000), learn(40_000)
    assert 0.6 < few < some - 0.02
    assert 0.70 < some < 0.75
    assert some + 0.02 < many < best_accuracy()


# What it is made with


def test_draws__are_even() -> None:
    drawn = Draws(60_000, seed=1, stream=(9,)).below(6)
    assert abs(np.bincount(drawn, minlength=6) - 10_000).max() < 500
    happened = Draws(60_000, seed=1, stream=(9, 1)).happens(0.25)
    assert happened.mean() == pytest.approx(0.25, abs=0.01)
    chosen = Draws(60_000, seed=1, stream=(9, 2)).choose((1, 0, 3))
    assert np.bincount(chosen)[1] == 0
    assert np.mean(chosen == 2) == pytest.approx(0.75, abs=0.01)


def test_draws__limits() -> None:
    draws = Draws(1000, seed=0, stream=())
    assert not draws.below(0).any()
    assert not draws.below(np.array([1] * 1000)).any()
    assert not draws.happens(0).any()
    assert draws.happens(1).all()
    assert draws.below(2**31).max() < 2**31


numbers = st.lists(st.integers(0, 10**12 - 1), min_size=1, max_size=20)


@settings(deadline=None, max_examples=50)
@given(numbers)
def test_pool__spells_numbers_as_python_does(values: list[int]) -> None:
    spelled = pool().spell_numbers(np.array(values), 3)
    found = join_segments(pool().segments(), spelled).to_pylist()
    assert found == [str(value).encode() for value in values]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(0, 4 * 10**12), min_size=1, max_size=20))
def test_pool__spells_dates_as_the_api_does(values: list[int]) -> None:
    spelled = pool().spell_dates(np.array(values))
    found = join_segments(pool().segments(), spelled).to_pylist()
    wanted = [
        datetime.fromtimestamp(value // 1000, UTC).strftime("%a %b %d %H:%M:%S %z %Y")
        for value in values
    ]
    assert found == [text.encode() for text in wanted]


@cache
def pool() -> Pool:
    return Pool()


def test_pool__text_is_escaped_as_the_api_does() -> None:
    own = Pool()
    own.add("text", ['"a/b"', "ñ😀", ""])
    segments = own.segments().to_pylist()[own["text"] :]
    assert segments == [rb"\"a\/b\"", rb"\u00f1\ud83d\ude00", b""]
    assert own.n_chars()[own["text"] :].tolist() == [5, 2, 0]


def test_template__fills_a_slot_each_time_it_occurs() -> None:
    own = Pool()
    template = Template(own, '{"id":$id,"id_str":"$id"}')
    rows = template.fill(id=own.spell_numbers(np.array([7, 123_456]), 2))
    assert join_segments(own.segments(), rows).to_pylist() == [
        b'{"id":7,"id_str":"7"}',
        b'{"id":123456,"id_str":"123456"}',
    ]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 2)])
def test_join_segments__nothing_to_join(shape: tuple[int, int]) -> None:
    segments = pa.array([b"", b"x"], pa.binary())
    joined = join_segments(segments, np.zeros(shape, np.int32))
    assert joined.to_pylist() == [b""] * shape[0]
