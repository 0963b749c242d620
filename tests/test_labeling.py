"""Labels: which texts get one, what is left of the text, and given labels."""

import csv
import html
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from emotiset.config import FeatureConfig, LabelingConfig
from emotiset.errors import InputError, SchemaError
from emotiset.features import hash_features
from emotiset.labeling import (
    check_labels,
    label_batch,
    label_observations,
    normalize_text,
    observed_labels,
    strip_symbols,
)
from emotiset.lexicon import load_lexicon
from emotiset.schema import LABELED, NEGATIVE, POSITIVE, TWEETS, empty_batch

LEXICON = load_lexicon()
ANY_LENGTH = LabelingConfig(min_length=0, keep_retweets=True)


def make_tweets(*rows: str | dict[str, Any] | None) -> pa.RecordBatch:
    made = [row if isinstance(row, dict) else {"text": row} for row in rows]
    return pa.RecordBatch.from_pylist(made, schema=TWEETS)


def label(*texts: str, config: LabelingConfig = ANY_LENGTH) -> list[tuple[int, str]]:
    labeled, _ = label_batch(make_tweets(*texts), LEXICON, config)
    return list(zip(*labeled.select(["polarity", "text"]).to_pydict().values(),
                    strict=True))  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """Compile before hypothesis looks at the clock."""
    hash_features(strip_symbols(pa.array([""]), LEXICON), FeatureConfig())


NO_SYMBOL = """
just a plain sentence
http://example.com/page and https://t.co/abc
see http://t.co/D:) there
https://example.com/a=(b)
http://example.com/wiki/Foo_(bar):D
ftp://example.com/<3/x
8) do the dishes
1) first 2) second 8) eighth
list: a) one, b) two
9) ten (8) eight
user ID: 4711
your ID:4711
enter the ID:)oops
(enter your ID:)
(1:)
(1:) and (2:)
chapter (10:)
at 10:30 or 8:00
10:(30)
from 3:(4+1) on
the score was 5:3 at half time
Proverbs 3:(5)
:/ is not sure
shrug :| and :O and :P and :p
C:\\Users and D:\\files
D:/music and C:/windows
note:(see below)
note: (see below)
note : (see below)
Mon-Fri: (9 to 5)
WHATSAPP : (+62) 555
options: ( ) yes ( ) no
std::)
std::(foo)
:Dx
Go :Dancing
ID:Dave
x=(1+2)*3
f(x)=(x+1)
f(x): return
def f(a, b):
def f(a): pass
print("a"):
case (a): break
lambda x:(x+1)
dict(a=(1, 2))
a[1:]
{"a":[1, 2], "b":("x")}
{"a":["b"]}
for(;;)
for (i=0; i<3; i++)
if x<3: y
2<3 and 33<34
1 < 3
<3rd place
<b>bold</b> </3d>
maxDepth and exDee
an xDrive car
#xD @xD
@XD hello
foo_xD xD_foo
axD
T_Total and GET_T_T
RT @D: hello
RT @ID: hello
"@GOLD: nice" he said
APOD: the picture
RT @someoneD: what
HD:TV
(London 2012): the games
The guide (Princeton Field Guides): here
10,000): Inden
(訳): 今日
（産経新聞）: 今日
注：（社説）
2^^3
a^^b
^^^ this
x^_^y
__-_-__
--_--
-_-_-_-_-
key;(value)
foo();(function(){})()
foo(bar;)
&#58;)x
AT&T;)5
(@ the Bar)
(^_^;)
(^^;)
❤\u200d🔥 is on fire
❤\ufe0f\u200d🔥 is on fire
👩\u200d❤\ufe0f\u200d👨 in love
👨🏽\u200d❤\ufe0f\u200d💋\u200d👨🏿
so funny 😂😂
crying 😭
*:･
""".strip("\n").splitlines()

POSITIVE_TEXTS = """
great :)
great:)
great :-)
great : )
great =)
great:)))))))
great!:)
great...:)
love it :D
love it:D
love it :DDDDD
love it =D
LOL xD
haha XD
haha xDDD
haha...XD!
wink ;)
wink;)
wink ;-)
(: hello
hello(:
hello (((:
hello (:!
kiss :*
kiss:*
kiss :-*
love u <3
love you<3
love you<3!
love you <333
love <3<3<3
yes ^_^
yes (^_^)
yes ^__^
yes ^^
ありがとう^^
ありがとう(^o^)
ありがとう（＾＾）
嬉しい(*´▽｀*)
嬉しい(≧∇≦)
좋아요^^
спасибо:)
شكرا :)
yay \\o/
so nice \\o/\\o/
❤
❤\ufe0f
I ❤ NY
I❤NY
♥♥♥♥
👍🏽
👍🏿👍🏻
ok👌ok
today😍today
(thanks :)
"thanks :)"
thanks :)RT @bob
thanks :) http://t.co/a
http://t.co/a :)
http://t.co/a❤
@bob:) @ann
#happy:)
great：）
great ：-）
:)
""".strip("\n").splitlines()

NEGATIVE_TEXTS = """
sad :(
sad:(
sad :-(
sad : (
sad =(
sad:((((((
sad.:(
sad?:(
sad :(!
sad ):
sad):
sad )))):
sad ):!
"so sad :("
tears :'(
tears :'-(
tears :''(
tears='(
no D:
no DDD:
no! D:!
angry >:(
angry >:-(
over </3
over</3
crying T_T
crying T____T
(T_T)
（Ｔ＿Ｔ）
(;_;)
；＿；
sigh -_-
sigh -___-
sigh-_-
ouch >_<
ugh :[
ugh =[
ugh ;(
😒
so tired😩😩
👎🏿
💔
☹\ufe0f
:(
:( http://t.co/a
""".strip("\n").splitlines()

assert len(NO_SYMBOL) >= 60


@pytest.mark.parametrize("text", NO_SYMBOL)
def test_label_batch__no_symbol(text: str) -> None:
    labeled, bins = label_batch(make_tweets(text), LEXICON, ANY_LENGTH)
    assert labeled.num_rows == 0
    assert bins["no_symbol"] == 1
    assert strip_symbols(pa.array([text]), LEXICON)[0].as_py() == text


@pytest.mark.parametrize("text", POSITIVE_TEXTS)
def test_label_batch__positive(text: str) -> None:
    assert [polarity for polarity, _ in label(f"so {text}")] == [POSITIVE]


@pytest.mark.parametrize("text", NEGATIVE_TEXTS)
def test_label_batch__negative(text: str) -> None:
    assert [polarity for polarity, _ in label(f"so {text}")] == [NEGATIVE]


@pytest.mark.parametrize("text", [":) :(", ":):(", "❤ D:", "<3</3", ":) 💔", "xD T_T"])
def test_label_batch__both_polarities_conflict(text: str) -> None:
    labeled, bins = label_batch(make_tweets(f"so {text}"), LEXICON, ANY_LENGTH)
    assert labeled.num_rows == 0
    assert bins["conflicting_symbols"] == 1


def test_label_batch__keeps_the_other_columns_and_the_order() -> None:
    rows = [
        {"text": "b ❤ é", "lang": "fr", "created_at": 5, "id": "7", "label": "x"},
        {"text": "nothing", "id": "8"},
        {"text": "a :( c", "id": None},
    ]
    labeled, _ = label_batch(make_tweets(*rows), LEXICON, ANY_LENGTH)
    assert labeled.schema == LABELED
    assert labeled["text"].to_pylist() == ["b   é", "a   c"]
    assert labeled["polarity"].to_pylist() == [1, -1]
    assert labeled["lang"].to_pylist() == ["fr", None]
    assert labeled["id"].to_pylist() == ["7", None]
    assert labeled["created_at"].cast(pa.int64()).to_pylist() == [5, None]


def test_label_batch__bins_in_their_order() -> None:
    retweet = {"text": ":) :(", "is_retweet": True}
    unmarked = {"text": "no mark, hello there :)", "is_retweet": None}
    tweets = make_tweets(
        retweet, unmarked, None, "", "nothing here", ":) or :(", "short :)",
        "@someone @anyone :) http://t.co/a", "this one is long enough :)",
    )  # fmt: skip
    labeled, bins = label_batch(tweets, LEXICON, LabelingConfig())
    assert labeled["text"].to_pylist() == [
        "no mark, hello there  ",
        "this one is long enough  ",
    ]
    assert list(bins.items()) == [
        ("retweet", 1),
        ("no_symbol", 3),
        ("conflicting_symbols", 1),
        ("too_short", 1),
        ("nothing_left", 1),
    ]
    assert sum(bins.values()) + labeled.num_rows == tweets.num_rows


def test_label_batch__keep_retweets() -> None:
    tweets = make_tweets({"text": "RT @ann: so good :)", "is_retweet": True})
    assert label_batch(tweets, LEXICON, ANY_LENGTH)[0].num_rows == 1


def test_label_batch__length_is_in_characters_with_symbols() -> None:
    config = LabelingConfig(min_length=21)
    assert len("é" * 18 + " :)") == 21
    assert label("é" * 18 + " :)", config=config)
    assert not label("é" * 17 + " :)", config=config)
    assert label("x" * 20 + "❤", config=config)
    assert not label("x" * 19 + "❤", config=config)


def test_label_batch__empty_batch() -> None:
    labeled, bins = label_batch(empty_batch(TWEETS), LEXICON, LabelingConfig())
    assert labeled.schema == LABELED
    assert labeled.num_rows == 0
    assert set(bins.values()) == {0}


def test_label_batch__refuses_another_schema() -> None:
    with pytest.raises(SchemaError, match="label_batch"):
        label_batch(pa.record_batch({"text": [":)"]}), LEXICON, LabelingConfig())


def test_label_batch__takes_a_slice() -> None:
    tweets = make_tweets("a :)", "b :(", None, "c ❤").slice(1, 3)
    labeled, _ = label_batch(tweets, LEXICON, ANY_LENGTH)
    assert labeled["text"].to_pylist() == ["b  ", "c  "]


def test_label_batch__own_lexicon() -> None:
    toml = 'extends = true\nsymbols = [{ text = ":P", polarity = "positive" }]'
    labeled, _ = label_batch(
        make_tweets("so :P", "so :)"), load_lexicon(toml), ANY_LENGTH
    )
    assert labeled["polarity"].to_pylist() == [1, 1]


# Not drawn: open brackets and joiners, behind which a symbol is none on purpose.
CONTEXTS = st.text(
    st.sampled_from(list("aZé9я笑ก .,!?\"'*:;=)]}D3xT_-^<>/\\@#&😂🔥\n\u00a0\u3000"))
    | st.characters(exclude_categories=["Cs", "Ps", "Cf"]),
    max_size=12,
)
SYMBOLS = st.sampled_from([symbol.text for symbol in LEXICON.symbols]).flatmap(
    lambda text: (
        st.sampled_from([text, text + text[-1] * 3, f"{text} {text}"])
        if text[-1] in ")(D3"
        else st.sampled_from([text, f"{text}\ufe0f", text + "🏽"])
        if not text.isascii()
        else st.just(text)
    )
)


@given(CONTEXTS, st.tuples(SYMBOLS, SYMBOLS), CONTEXTS, st.tuples(SYMBOLS, SYMBOLS))
def test_strip_symbols__features_are_the_same_for_all_symbols(
    before: str, first: tuple[str, str], after: str, second: tuple[str, str]
) -> None:
    texts = [
        f"{before} {first[0]} {after} {first[1]}",
        f"{before} {second[0]} {after} {second[1]}",
    ]
    stripped = strip_symbols(pa.array(texts), LEXICON)
    one, other = (" ".join(text.split()) for text in stripped.to_pylist())
    assert one == other
    features = hash_features(stripped, FeatureConfig(n_features=2**16))
    assert np.array_equal(features[0].indices, features[1].indices)


@given(CONTEXTS, SYMBOLS, CONTEXTS)
def test_label_batch__opposite_symbols_give_opposite_labels(
    before: str, symbol: str, after: str
) -> None:
    # What stands around may be a symbol of its own.
    assume(strip_symbols(pa.array([f"{before} . {after}"]), LEXICON)[0].as_py()
           == f"{before} . {after}")  # fmt: skip
    texts = [f"ok {before} {each} {after} ok" for each in (symbol, ":)", "❤", ":(")]
    polarity = [polarity for polarity, _ in label(*texts)]
    assert polarity[1:] == [POSITIVE, POSITIVE, NEGATIVE]
    assert polarity[0] in (POSITIVE, NEGATIVE)


@given(st.lists(st.none() | st.text(max_size=20)))
def test_strip_symbols__leaves_what_label_batch_leaves(texts: list[str | None]) -> None:
    texts = [*texts, "ok :)"]
    labeled, _ = label_batch(make_tweets(*texts), LEXICON, ANY_LENGTH)
    stripped = strip_symbols(pa.array(texts, pa.string()), LEXICON).to_pylist()
    assert set(labeled["text"].to_pylist()) <= set(stripped)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        (None, None),
        ("", ""),
        ("  ", ""),
        ("So  TRUE\t\n ok", "so true ok"),
        ("\u00a0so\u3000true\u2003\u2028\x0b\x85ok\ufeff", "so true ok"),
        ("RT @ann: so true", "so true"),
        ("RT @ann so true", "so true"),
        ("  rt @Ann:so true", "so true"),
        ("RT @ann: RT @bob_1: so true", "so true"),
        ("RT is short", "rt is short"),
        ("so true RT @ann: yes", "so true rt : yes"),
        ("ARTS @ann", "arts"),
        ("@ann @bob so true", "so true"),
        ("＠ann so true", "so true"),
        ("so true http://t.co/AbC?x=1#y yes", "so true yes"),
        ("so true https://t.co/a", "so true"),
        ("HTTP://T.CO/A so true", "so true"),
        ("http://t.co/a面白い", "面白い"),
        ("see www.example.com/a now", "see now"),
        ("awww.cute and www... well", "awww.cute and www... well"),
        ("http://t.co/a @ann", ""),
        ("RT @ann: http://t.co/a", ""),
        ("ÀÉ ЯЖ ΣΑΣ", "àé яж σασ"),
        ("42 times", "42 times"),
    ],
)
def test_normalize_text__cases(text: str | None, normal: str | None) -> None:
    assert normalize_text(pa.array([text], pa.string())).to_pylist() == [normal]


@given(
    st.lists(
        st.sampled_from(
            ["RT", "rt ", "@", "＠", "ann", ":", " ", "http", "://", "www."]
        )
        | st.text(max_size=3)
    ).map("".join)
)
def test_normalize_text__twice_is_once(text: str) -> None:
    once = normalize_text(pa.array([text]))
    assert normalize_text(once) == once
    assert once[0].as_py() == " ".join(once[0].as_py().split())


def test_normalize_text__empty() -> None:
    assert len(normalize_text(pa.array([], pa.string()))) == 0


def _observe(*labels: str | None, **settings: str) -> list[int]:
    tweets = make_tweets(*({"text": ":)", "label": each} for each in labels))
    labeled = label_observations(tweets, LabelingConfig(**settings))
    assert labeled.schema == LABELED
    assert labeled["text"].to_pylist() == [":)"] * len(labels)
    return labeled["polarity"].to_pylist()


def test_label_observations__accepted_values() -> None:
    assert _observe("-1", "1", "-1.0", "1.0", "+1") == [-1, 1, -1, 1, 1]
    assert _observe("0", "1", "0.0", "1.0") == [-1, 1, -1, 1]
    assert _observe("negative", "Positive", " NEGATIVE ") == [-1, 1, -1]
    assert _observe("true", "False", "pos", "NEG") == [1, -1, 1, -1]
    assert _observe() == []


def test_label_observations__named_values() -> None:
    named = {"positive": "4", "negative": "0"}
    assert _observe("0", "4", " 4", **named) == [-1, 1, 1]
    assert _observe("-1", "0", positive="-1", negative="0") == [1, -1]
    with pytest.raises(InputError, match="needs 0/4, found '2'"):
        _observe("0", "2", **named)
    with pytest.raises(InputError, match="needs bad/Good, found 'good'"):
        _observe("good", positive="Good", negative="bad")


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (["2"], "'2'"),
        (["neutral", "1"], "'neutral'"),
        (["yes"], "'yes'"),
        ([""], "a row without a label"),
        (["1", None], "a row without a label"),
        (["-1", "0", "1"], "0 may be neutral"),
        (["0.0", "-1.0"], "0 may be neutral"),
    ],
)
def test_label_observations__refuses_in_one_line(
    labels: list[str | None], found: str
) -> None:
    with pytest.raises(InputError) as caught:
        _observe(*labels)
    message = str(caught.value)
    assert found in message
    assert "--positive" in message
    assert "\n" not in message


def test_check_labels__over_several_batches() -> None:
    config = LabelingConfig()
    seen = [
        observed_labels(make_tweets({"text": "", "label": each}), config)
        for each in ("0", "1", "-1")
    ]
    check_labels(seen[0] | seen[1], config)
    check_labels(seen[1] | seen[2], config)
    check_labels(frozenset(), config)
    with pytest.raises(InputError, match="0 and -1"):
        check_labels(frozenset().union(*seen), config)


def _read_nltk(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return [html.unescape(row[" tweet_text"]) for row in csv.DictReader(file)]


def test_label_batch__real_tweets(real_data: Path) -> None:
    n_tweets = n_conflicting = n_labeled = n_agreeing = 0
    for name, polarity in (("positive", POSITIVE), ("negative", NEGATIVE)):
        texts = _read_nltk(real_data / "nltk" / f"{name}_tweets.csv")
        labeled, bins = label_batch(make_tweets(*texts), LEXICON, ANY_LENGTH)
        n_tweets += len(texts)
        n_conflicting += bins["conflicting_symbols"]
        n_labeled += labeled.num_rows + bins["nothing_left"]
        given = labeled["polarity"].to_pylist()
        n_agreeing += given.count(polarity) + bins["nothing_left"]
    assert n_tweets == 10_000
    assert n_labeled + n_conflicting >= 0.98 * n_tweets
    assert n_agreeing >= 0.999 * n_labeled
