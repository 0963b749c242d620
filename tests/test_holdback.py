"""The slice: drawn by key, never in two places, scored before it is learned from."""

import numpy as np
import pyarrow as pa
import pytest

from emotiset.config import FeatureConfig, LearnerConfig, TrainConfig
from emotiset.holdback import Slice, choose_slice, fit_around, keep_firsts
from emotiset.keys import make_keys
from emotiset.learner import EXAMPLES, fit_member
from emotiset.scaling import count_part, find_gains
from emotiset.schema import KEYED

FEATURES = FeatureConfig(n_features=1 << 10)


def make_batch(n, seed=0):
    rng = np.random.default_rng(seed)
    words = rng.choice(["good", "bad", "day", "rain", "sun", "of", "my"], (n, 5))
    text = pa.array([f"{' '.join(row)} x{i:x}" for i, row in enumerate(words)])
    nothing = [pa.nulls(n, KEYED.field(i).type) for i in range(2, 5)]
    polarity = pa.array(rng.choice(np.int8([-1, 1]), n))
    columns = [pa.array(make_keys(text, 0)), polarity, *nothing, text]
    return pa.record_batch(columns, schema=KEYED)


def texts(batches):
    return [text for batch in batches for text in batch["text"].to_pylist()]


def test_split__each_row_once_and_any_cut_alike():
    batch = make_batch(4000)
    chosen = choose_slice(4000, 1, TrainConfig())
    outside, inside = chosen.split([batch])
    assert sorted(texts(outside) + texts(inside)) == sorted(texts([batch]))
    assert 300 < len(texts(inside)) < 500
    cut = chosen.split([batch.slice(0, 17), batch.slice(17, 0), batch.slice(17)])
    assert (texts(cut[0]), texts(cut[1])) == (texts(outside), texts(inside))


def test_split__near_copies_stay_together():
    text = pa.array([f"word{chr(97 + i % 26) * 3} number{'!' * i}" for i in range(260)])
    key = pa.array(make_keys(text, 0))
    nothing = [pa.nulls(260, KEYED.field(i).type) for i in range(1, 5)]
    batch = pa.record_batch([key, *nothing, text], schema=KEYED)
    outside, inside = Slice(1 << 63, 0).split([batch])
    forms = [{each.split()[0] for each in texts(part)} for part in (outside, inside)]
    assert not forms[0] & forms[1]
    assert forms[0]
    assert forms[1]


def test_keep_firsts__one_of_each_near_copy_over_all_batches():
    text = pa.array(["so good", "bad day", "so good!!", "bad  day 2", "other"])
    key = pa.array(make_keys(text, 0))
    nothing = [pa.nulls(5, KEYED.field(i).type) for i in range(1, 5)]
    batch = pa.record_batch([key, *nothing, text], schema=KEYED)
    kept = keep_firsts([batch.slice(0, 3), batch.slice(3, 0), batch.slice(3)])
    assert [texts([each]) for each in kept] == [["so good", "bad day"], [], ["other"]]
    assert keep_firsts([]) == []


def test_split__seeds_differ():
    batch = make_batch(1000)
    a, b = (texts(Slice(1 << 62, seed).split([batch])[1]) for seed in (0, 1))
    assert a != b


@pytest.mark.parametrize(
    ("n_train", "members", "calibration"),
    [(999, 1, 20_000), (10_000, 51, 20_000), (10_000, 1, 0), (10_000, 1, 99)],
)
def test_choose_slice__none_where_too_small(n_train, members, calibration):
    config = TrainConfig(calibration=calibration)
    assert choose_slice(n_train, members, config).bound == 0


@pytest.mark.parametrize("learner", ["averaged", "logistic", "pegasos"])
@pytest.mark.parametrize("epochs", [1, 3])
def test_fit_around__before_knows_nothing_of_the_slice(learner, epochs):
    settings = LearnerConfig(learner=learner, epochs=epochs)
    outside, inside = Slice(1 << 62, 0).split([make_batch(500)])
    before, after = fit_around(outside, inside, FEATURES, settings)
    alone = fit_member(outside, FEATURES, settings)
    assert before.weights.tobytes() == alone.weights.tobytes()
    assert before.vote_weight == alone.vote_weight
    assert after.n_examples == 500
    assert alone.n_correct <= after.n_correct <= alone.n_correct + len(texts(inside))
    if epochs == 1:
        gains = find_gains(count_part(outside, FEATURES))
        in_order = fit_member([*outside, *inside], FEATURES, settings, gains)
        assert after.weights.tobytes() == in_order.weights.tobytes()
        assert after.n_correct == in_order.n_correct
        assert after.progressive_loss == pytest.approx(in_order.progressive_loss)


def test_fit_around__without_slice_is_fit_member():
    batch = make_batch(300)
    outside, inside = Slice(0, 0).split([batch])
    before, after = fit_around(outside, inside, FEATURES, LearnerConfig())
    alone = fit_member([batch.select(EXAMPLES.names)], FEATURES, LearnerConfig())
    assert before is after
    assert after.weights.tobytes() == alone.weights.tobytes()
