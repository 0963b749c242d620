"""Language: the same answers as py3langid, and the rule for a tweet's own code."""

import html
import json
import random
import subprocess
import sys
from bz2 import BZ2File
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mpmath
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid.langid import LanguageIdentifier, _load_identifier

from emotiset.errors import ConfigError, SchemaError
from emotiset.kernels.language import log1p_units
from emotiset.langid import LABELS, load_model
from emotiset.language import (
    CODES,
    _fold_texts,
    canonical_codes,
    identify_languages,
    keep_languages,
    parse_languages,
)
from emotiset.schema import KEYED, LABELED, empty_batch

# Made up for this test, one for each way a script or a case can matter.
SENTENCES = (
    "The weather was lovely and we walked along the river all day",
    "Hoy hace buen tiempo y vamos a caminar junto al río",
    "Aujourd'hui il fait beau et nous marchons près de la rivière",
    "Сегодня хорошая погода и мы гуляем вдоль реки",
    "今日は天気がいいので川沿いを歩きます",
    "오늘은 날씨가 좋아서 강을 따라 걸어요",
    "วันนี้อากาศดีเราเดินเล่นริมแม่น้ำ",
    "आज मौसम अच्छा है और हम नदी के किनारे चलते हैं",
    "আজ আবহাওয়া ভালো এবং আমরা নদীর ধারে হাঁটি",
    "اليوم الطقس جميل ونحن نمشي على طول النهر",
    "היום מזג האוויר יפה ואנחנו הולכים לאורך הנהר",
    "Danas je lepo vreme i šetamo pored reke sa prijateljima",
    "Данас је лепо време и шетамо поред реке",
    "Bugun havo yaxshi va biz daryo bo‘yida sayr qilamiz",
    "THE WEATHER WAS LOVELY AND WE WALKED ALONG THE RIVER",
    "ÇA C'EST TRÈS BIEN, MERCI À TOUS MES AMIS",
    "ΚΑΛΗΜΕΡΑ ΣΑΣ ΦΙΛΟΙ ΜΟΥ ΟΔΥΣΣΕΥΣ",
    "СЕГОДНЯ ХОРОШАЯ ПОГОДА",
    "SO HAPPY 😀🎉 今日",
    "ǅ IS TITLE CASE",
    "Ⓐ 𝐀 🅰 ROMAN Ⅷ",
    "cafe\u0301 tre\u0300s agre\u0301able",
    "a\u0323\u0307 b\u0307\u0323",
    "\u1112\u1161\u11ab\u1100\u116e\u11a8 \uac00\u11a8",
    "\u212b \u2126 \ufb01 \u0958 \U0002f800",
    "𠮷野家 \U000e0067\U000e007f",
    "",
    " ",
    "1234 56",
    ":) <3",
    "😂😂😂",
    "\ufeff\x00\x01 tab\tline\nend",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
)

# Two languages closer than float32 can tell, once with equal scores.
CLOSE_CALLS = ("sho", "@sho", "bmsk)")

MALFORMED = (
    b"caf\xe9 au lait",
    b"cut in a character: \xe2\x82",
    b"cut in a character: \xf0\x9f\x98",
    b"three lone bytes \x80\x80\x80",
    b"four lone bytes \x80\x80\x80\x80",
    b"overlong \xc0\xaf \xe0\x80\xaf",
    b"surrogate \xed\xa0\x80 in UTF-8",
    b"beyond \xf4\x90\x80\x80 the end",
    b"\xff\xfe\x00UPPER",
    b"ALL UPPER \xc3",
)


@pytest.fixture(scope="module")
def library() -> LanguageIdentifier:
    return _load_identifier()


def _answers(library: LanguageIdentifier, texts) -> list[str]:
    return [library.classify(text)[0] for text in texts]


def _is_close(library: LanguageIdentifier, text) -> bool:
    """Tell whether rounding can change the library's answer."""
    (_, first), (_, second), *_ = library.rank(text)
    return first - second < 1e-5 * max(1, len(text))


def _assert_same(library: LanguageIdentifier, texts, kind: pa.DataType) -> None:
    expected = _answers(library, texts)
    found = identify_languages(pa.array(texts, kind)).to_pylist()
    differing = [
        (text, mine, theirs)
        for text, mine, theirs in zip(texts, found, expected, strict=True)
        if mine != theirs
    ]
    # None differs with OpenBLAS's kernel for AVX-512; others round otherwise.
    assert [each for each in differing if not _is_close(library, each[0])] == []
    assert len(differing) <= len(texts) // 20_000


def _labeled(rows: list[tuple[str | None, str | None]]) -> pa.RecordBatch:
    lang, text = zip(*rows, strict=True)
    columns = {
        "polarity": pa.array([1] * len(rows), pa.int8()),
        "created_at": pa.nulls(len(rows), LABELED.field("created_at").type),
        "id": pa.array([str(number) for number in range(len(rows))]),
        "lang": pa.array(lang, pa.string()),
        "text": pa.array(text, pa.string()),
    }
    return pa.record_batch(columns, schema=LABELED)


# Settings and codes


@pytest.mark.parametrize(
    ("setting", "codes"),
    [
        ("en", {"en"}),
        ("en+es", {"en", "es"}),
        (" EN + es ", {"en", "es"}),
        ("en+en-GB", {"en"}),
        ("in", {"id"}),
        ("iw+he", {"he"}),
        ("zh-cn+zh-TW+zh_Hant_HK", {"zh"}),
        ("pt_BR", {"pt"}),
        ("ckb", {"ckb"}),
    ],
)
def test_parse_languages__canonical(setting, codes) -> None:
    assert parse_languages(setting) == codes


@pytest.mark.parametrize("setting", ["any", "ANY", " any "])
def test_parse_languages__any_is_none(setting) -> None:
    assert parse_languages(setting) is None


@pytest.mark.parametrize(
    "setting",
    ["", "+", "en+", "xx", "english", "und", "qme", "any+en", "en,es", "e\nn"],
)
def test_parse_languages__unknown_code(setting) -> None:
    with pytest.raises(ConfigError, match="--language needs codes such as en"):
        parse_languages(setting)


def test_parse_languages__names_near_codes() -> None:
    with pytest.raises(ConfigError, match=r"found 'eng': try en\b"):
        parse_languages("en+eng")
    with pytest.raises(ConfigError, match=r"found 'en\+Any': leave out 'any' or"):
        parse_languages("en+Any")


def test_canonical_codes__each_rule() -> None:
    given_found = {
        "en": "en",
        "EN": "en",
        " en ": "en",
        "en-gb": "en",
        "en_US": "en",
        "hi-Latn": "hi",
        "zh-cn": "zh",
        "zh-tw": "zh",
        "in": "id",
        "iw": "he",
        "ji": "yi",
        "fil": "tl",
        "msa": "ms",
        "nb": "no",
        "zxx": "zxx",
        "art": "art",
        "und": None,
        "": None,
        " ": None,
        "mis": None,
        "qam": None,
        "qct": None,
        "qht": None,
        "qme": None,
        "qst": None,
        "qu": "qu",
        "quz": "quz",
        None: None,
    }
    found = canonical_codes(pa.array(given_found.keys(), pa.string()))
    assert found.type == pa.string()
    assert found.to_pylist() == list(given_found.values())


def test_canonical_codes__own_codes_stay() -> None:
    codes = sorted(CODES)
    assert canonical_codes(pa.array(codes)).to_pylist() == codes


def test_labels__are_those_of_the_model(library) -> None:
    assert set(library.labels) == LABELS
    assert load_model().labels.to_pylist() == library.nb_classes


# Identification


@pytest.mark.parametrize("count", [0, 1, 2, 3, 255, 256, 2**24, 2**31 - 2])
def test_log1p_units__correctly_rounded(count) -> None:
    exact = np.float32(mpmath.log(mpmath.mpf(count) + 1))
    assert log1p_units(count) / 2**24 == exact


def test_log1p_units__many_counts() -> None:
    with mpmath.workdps(30):
        exact = [np.float32(mpmath.log(count + 1)) for count in range(5000)]
    found = [log1p_units(count) / 2**24 for count in range(5000)]
    np.testing.assert_array_equal(found, np.array(exact, np.float64))


@pytest.mark.parametrize("text", SENTENCES + CLOSE_CALLS)
def test_identify_languages__one_text(library, text) -> None:
    expected = _answers(library, [text])
    assert identify_languages(pa.array([text])).to_pylist() == expected


def test_identify_languages__malformed_bytes(library) -> None:
    found = identify_languages(pa.array(MALFORMED, pa.binary()))
    assert found.to_pylist() == _answers(library, MALFORMED)


def test_identify_languages__two_columns_of_one_language() -> None:
    latin, cyrillic = "Danas je lepo vreme i šetamo", "Данас је лепо време и шетамо"
    assert identify_languages(pa.array([latin, cyrillic])).to_pylist() == ["sr", "sr"]


def test_identify_languages__empty_and_null() -> None:
    empty = identify_languages(pa.array([], pa.string()))
    assert (empty.type, len(empty)) == (pa.string(), 0)
    nulls = identify_languages(pa.array([None, None], pa.string()))
    assert nulls.to_pylist() == [None, None]
    mixed = identify_languages(pa.array([None, "what a lovely day", None]))
    assert mixed.to_pylist() == [None, "en", None]


def test_identify_languages__slice_of_an_array() -> None:
    texts = pa.array([*SENTENCES, None])
    whole = identify_languages(texts).to_pylist()
    assert identify_languages(texts[5:]).to_pylist() == whole[5:]
    assert identify_languages(texts[20:23]).to_pylist() == whole[20:23]


def test_identify_languages__counts_beyond_the_table(library) -> None:
    texts = [
        "the weather " * 300,
        "a" * 20_000,
        "ab" * 5_000 + "да" * 5_000,
        " ".join(SENTENCES * 20),
    ]
    _assert_same(library, texts, pa.string())


def test_identify_languages__texts_walk_together_and_alone(library) -> None:
    shreds = ["what a day", "", "qué bonito", "ça va", "привет всем", "so gut", "日本"]
    texts = [shreds[i % 7] * (1 + i % 5) for i in range(19)]
    for long in (3, 12, 18):
        texts[long] = texts[long] * 300
        assert identify_languages(pa.array(texts)).to_pylist() == _answers(
            library, texts
        )


def test_identify_languages__threads_agree() -> None:
    texts = pa.array(SENTENCES * 20)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(identify_languages, [texts] * 8))
    assert all(answer.equals(answers[0]) for answer in answers)


def test_load_model__once_for_threads_that_come_together() -> None:
    code = (
        "from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from emotiset.langid import load_model\n"
        "with Pool(4) as pool:\n"
        "    models = list(pool.map(lambda _: load_model(), range(4)))\n"
        "assert len(set(map(id, models))) == 1\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_fold_texts__every_character(library) -> None:
    codes = [*range(0xD800), *range(0xE000, 0x20000), *range(0x20000, 0x110000, 997)]
    codes += range(0x2F800, 0x2FA20)
    for before, after in [("", ""), ("A", ""), ("e", "\u0323"), ("\u1100", "Z")]:
        texts = [f"{before}{chr(code)}{after}".encode() for code in codes]
        expected = [library._encode(text) for text in texts]
        assert _fold_texts(pa.array(texts)).to_pylist() == expected


_TRICKY = st.sampled_from(
    "aAzZ 1éÉßẞıİΣσǅⅧⓐⒶ\u0301\u0323\u0307\u1161\u11a8가か\u3099।ऩ"
)


@given(st.lists(st.one_of(st.text(_TRICKY), st.text()), max_size=20))
@settings(max_examples=200, deadline=None)
def test_fold_texts__any_strings(texts) -> None:
    expected = [LanguageIdentifier._encode(text) for text in texts]
    assert _fold_texts(pa.array(texts, pa.string()).cast(pa.binary())).to_pylist() == (
        expected
    )


@given(st.lists(st.binary(max_size=12), max_size=20))
@settings(max_examples=200, deadline=None)
def test_fold_texts__any_bytes(texts) -> None:
    expected = [LanguageIdentifier._encode(text) for text in texts]
    assert _fold_texts(pa.array(texts, pa.binary())).to_pylist() == expected


def _random_bytes(rng: random.Random) -> bytes:
    letters = "etaoin shrdlu,.'!#@ABéñüабвさคअ"
    words = [word for text in SENTENCES for word in text.split()]
    kind = rng.randrange(5)
    if kind == 0:
        return rng.randbytes(rng.randrange(60))
    if kind == 1:
        ranges = [(0x20, 0x7F), (0x80, 0x800), (0x800, 0xD800), (0x10000, 0x1FA00)]
        codes = [rng.randrange(*rng.choice(ranges)) for _ in range(rng.randrange(30))]
        return "".join(map(chr, codes)).encode()
    if kind == 2:
        return "".join(rng.choices(letters, k=rng.randrange(1, 9))).encode()
    text = " ".join(rng.choices(words, k=rng.randrange(1, 8)))
    if kind == 3:
        text = text[rng.randrange(6) :].upper()
    return text.encode()[: rng.randrange(1, 90)]  # may cut a character


@pytest.mark.slow
def test_identify_languages__random_bytes(library) -> None:
    rng = random.Random(20120520)
    texts = [_random_bytes(rng) for _ in range(30_000)]
    _assert_same(library, texts, pa.binary())


@pytest.mark.slow
def test_identify_languages__real_stream(library, real_data: Path) -> None:
    texts = []
    for path in sorted(real_data.glob("stream/*/*.bz2"))[::4]:
        with BZ2File(path) as lines:
            tweets = [json.loads(line) for line in lines if line.strip()]
        for tweet in tweets:
            longer = tweet.get("extended_tweet", {}).get("full_text")
            if longer or "text" in tweet:
                texts.append(html.unescape(longer or tweet["text"]))
    assert len(texts) > 12_000
    found = identify_languages(pa.array(texts, pa.string())).to_pylist()
    assert found == _answers(library, texts)


# Keeping


def test_keep_languages__own_code_before_text() -> None:
    spanish, english = "hoy hace muy buen tiempo", "the weather is lovely today"
    batch = _labeled(
        [
            ("en", spanish),
            ("en-GB", spanish),
            ("es", english),
            (None, english),
            (None, spanish),
            ("und", english),
            ("", english),
            ("qst", english),
            ("zxx", english),
            ("art", english),
        ]
    )
    kept, n_dropped = keep_languages(batch, frozenset({"en"}))
    assert kept["id"].to_pylist() == ["0", "1", "3", "5", "6", "7"]
    assert kept["lang"].to_pylist() == ["en"] * 6
    assert n_dropped == 4
    assert kept.schema == LABELED


def test_keep_languages__pooled() -> None:
    batch = _labeled([("in", "a"), ("es", "b"), ("en", "c"), ("iw", "d")])
    kept, n_dropped = keep_languages(batch, frozenset({"id", "he"}))
    assert kept["lang"].to_pylist() == ["id", "he"]
    assert n_dropped == 2


def test_keep_languages__any_identifies_nothing() -> None:
    batch = _labeled([("iw", "x"), (None, "the weather"), ("und", "x"), ("", None)])
    kept, n_dropped = keep_languages(batch, None)
    assert kept["lang"].to_pylist() == ["he", None, None, None]
    assert kept.drop_columns(["lang"]).equals(batch.drop_columns(["lang"]))
    assert n_dropped == 0


def test_keep_languages__neither_code_nor_text() -> None:
    kept, n_dropped = keep_languages(_labeled([(None, None)]), frozenset({"en"}))
    assert (kept.num_rows, n_dropped) == (0, 1)


def test_keep_languages__empty_batch() -> None:
    for languages in (None, frozenset({"en"})):
        kept, n_dropped = keep_languages(empty_batch(LABELED), languages)
        assert (kept.num_rows, kept.schema, n_dropped) == (0, LABELED, 0)


def test_keep_languages__slices_give_the_rows_of_the_whole() -> None:
    langs = ("en", None, "und", "es", None)
    batch = _labeled([(langs[k % 5], text) for k, text in enumerate(SENTENCES)])
    whole, n_dropped = keep_languages(batch, frozenset({"en", "ru"}))
    for size in (1, 2, 7):
        slices = [batch.slice(at, size) for at in range(0, batch.num_rows, size)]
        parts = [keep_languages(part, frozenset({"en", "ru"})) for part in slices]
        assert pa.concat_batches([kept for kept, _ in parts]).equals(whole)
        assert sum(dropped for _, dropped in parts) == n_dropped


def test_keep_languages__further_columns_stay() -> None:
    batch = _labeled([("en", "x"), ("es", "y")])
    keyed = pa.record_batch([pa.array([7, 8], pa.uint64()), *batch], schema=KEYED)
    kept, _ = keep_languages(keyed, frozenset({"es"}))
    assert kept["key"].to_pylist() == [8]


def test_keep_languages__missing_column() -> None:
    with pytest.raises(SchemaError, match="keep_languages needs column 'text'"):
        keep_languages(_labeled([("en", "x")]).drop_columns(["text"]), None)
