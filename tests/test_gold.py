"""What stands for which class, in columns and in names of files."""

import pyarrow as pa
import pytest

from emotiset.errors import ConfigError, InputError
from emotiset.gold import GoldConfig, check_zeros, find_gold


def find(labels, source="a.csv", **settings):
    config = GoldConfig(**settings)
    return find_gold(pa.array(labels, pa.string()), source, config).tolist()


def test_find_gold__usual_values_in_any_case():
    labels = ["1", " POS", "Positive", "+1", "-1", "neg", "0", "Neutral", "", None, " "]
    assert find(labels) == [1, 1, 1, 1, -1, -1, -1, 0, 127, 127, 127]
    assert find([]) == []


def test_find_gold__named_values_are_the_only_ones():
    named = {"positive": ("4", "5"), "negative": ("0", "1"), "neutral": ("2 ",)}
    assert find(["4", "5", "0", "1", "2", None], **named) == [1, 1, -1, -1, 0, 127]
    with pytest.raises(InputError, match="one of 4, 5, 0, 1, 2, found 'positive'"):
        find(["positive"], **named)


def test_find_gold__neutral_named_alone_leaves_the_usual_ones():
    assert find(["1", "-1", "0", "mixed"], neutral=("0", "Mixed")) == [1, -1, 0, 0]


def test_find_gold__strange_label_is_one_short_line():
    with pytest.raises(InputError) as caught:
        find(["1", "x\n" * 1000])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_find_gold__class_of_the_file():
    named = {"positive": ("pos*",), "negative": ("neg*",), "by_file": True}
    assert find([None, None], "/data/positive.csv", **named) == [1, 1]
    assert find([None], "/positive/neg.csv", **named) == [-1]
    for name in ("other.csv", "neutral.csv"):
        with pytest.raises(InputError, match="matches none of the patterns"):
            find([None], name, **named)
    with pytest.raises(InputError, match="matches several"):
        find([None], "posneg", positive=("pos*",), negative=("*neg",), by_file=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"positive": ("1",)}, "needed together"),
        ({"negative": ("1",)}, "needed together"),
        ({"positive": ("1",), "negative": ("1 ",)}, "found '1' twice"),
        ({"neutral": ("2", "2")}, "found '2' twice"),
        ({"by_file": True}, "--label-column"),
    ],
)
def test_gold_config__that_makes_no_sense(settings, message):
    with pytest.raises(ConfigError, match=message):
        GoldConfig(**settings)


def test_check_zeros__0_beside_minus_1_has_to_be_named():
    with pytest.raises(InputError, match="--neutral 0"):
        check_zeros({"0", "-1", "1"}, GoldConfig())
    check_zeros({"0", "1"}, GoldConfig())
    check_zeros({"0", "-1", "1"}, GoldConfig(neutral=("0",)))
    check_zeros({"0", "-1"}, GoldConfig(positive=("-1",), negative=("0",)))
