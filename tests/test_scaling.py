"""Counts of columns by polarity, and the gains that they make."""

import math
import re
from itertools import pairwise

import numba
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset.config import FeatureConfig, TrainConfig
from emotiset.errors import InputError
from emotiset.examples import EXAMPLES
from emotiset.features import hash_features
from emotiset.graph import find_scale
from emotiset.holdback import Slice
from emotiset.kernels.counts import GAIN_FLOOR, write_gains
from emotiset.scaling import (
    count_part,
    find_gains,
    make_scale,
    merge_counts,
    press_counts,
)

CONFIG = FeatureConfig(n_features=1 << 10)
ROWS = st.lists(st.tuples(st.sampled_from([-1, 1]), st.text("abc ", max_size=9)))


def _batch(rows: list[tuple[int, str]]) -> pa.RecordBatch:
    columns = [pa.array([row[i] for row in rows], EXAMPLES.types[i]) for i in (0, 1)]
    return pa.record_batch(columns, schema=EXAMPLES)


@settings(deadline=None)
@given(ROWS)
def test_count_part__agrees_with_slow_twin(rows: list[tuple[int, str]]) -> None:
    batch = _batch(rows)
    X = hash_features(batch["text"], CONFIG).toarray() > 0
    is_positive = batch["polarity"].to_numpy() == 1
    found = count_part([batch.slice(0, 2), batch.slice(2)], CONFIG)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found[:, 0], X[~is_positive].sum(axis=0))
    np.testing.assert_array_equal(found[:, 1], X[is_positive].sum(axis=0))


@settings(deadline=None)
@given(ROWS, st.lists(st.integers(0, 12), max_size=4))
def test_gains__same_bytes_however_the_sample_is_cut(
    rows: list[tuple[int, str]], cuts: list[int]
) -> None:
    whole = find_gains(count_part([_batch(rows)], CONFIG))
    ends = [0, *sorted(cuts), len(rows)]
    parts = [
        count_part([_batch(rows[start:stop])], CONFIG)
        for start, stop in pairwise(ends)
        if start <= stop
    ]
    for some in (parts[::-1], [press_counts(part) for part in parts]):
        merged = merge_counts([merge_counts(some), np.zeros_like(parts[0])])
        assert make_scale(merged, TrainConfig()).tobytes() == whole.tobytes()


@pytest.mark.parametrize("n_parts", [1, 2, 11])
@pytest.mark.parametrize("last", [Slice(0, 0), Slice(1 << 63, 0)])
def test_find_scale__any_number_of_parts(n_parts: int, last: Slice) -> None:
    rows = [(1 if i % 3 else -1, f"{i % 7} {i % 11}") for i in range(200)]
    keys = np.random.default_rng(0).integers(0, 1 << 64, len(rows), np.uint64)
    batch = _batch(rows).append_column("key", pa.array(keys))
    config = TrainConfig(n_features=1 << 10)
    parts = [[batch.take(np.arange(i, 200, n_parts))] for i in range(n_parts)]
    found = find_scale(parts, config, last).compute(scheduler="sync")
    outside, inside = last.split([batch])
    assert (sum(each.num_rows for each in inside) > 50) == (last.bound > 0)
    expected = find_gains(count_part(outside, config))
    assert found.tobytes() == expected.tobytes()


def test_count_part__no_batch_and_no_row() -> None:
    assert not count_part([], CONFIG).any()
    assert not count_part([_batch([])], CONFIG).any()


def test_count_part__strange_polarity() -> None:
    with pytest.raises(InputError, match="found 0"):
        count_part([_batch([(0, "a")])], CONFIG)


def test_find_gains__agrees_with_slow_twin() -> None:
    counts = np.random.default_rng(0).integers(0, 50, (300, 2)).astype(np.int32)
    counts[0] = 0, 1_000_000
    counts[1] = 2_000_000_000, 100
    counts[2] = 0
    total = (counts.astype(float) + 1).sum(axis=0)
    expected = [
        math.log((p + 1) / total[1] / ((q + 1) / total[0])) ** 2 + GAIN_FLOOR
        for q, p in counts.tolist()
    ]
    np.testing.assert_allclose(find_gains(counts), expected, rtol=1e-6)


def test_find_gains__counts_stay_and_polarities_are_alike() -> None:
    counts = np.array([[3, 0], [0, 5], [2, 2]], np.int32)
    before = counts.copy()
    gains = find_gains(counts)
    assert np.array_equal(counts, before)
    turned = find_gains(np.ascontiguousarray(counts[:, ::-1]))
    np.testing.assert_allclose(turned, gains, rtol=1e-6)


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="nothing is compiled")
def test_write_gains__no_fused_multiply_and_no_libm() -> None:
    # Compiled anew: code from the folder of kernels cannot be looked at.
    kernel = numba.njit(nogil=True, error_model="numpy")(write_gains.py_func)
    kernel(np.ones((2, 2), np.int32), np.empty(2, np.float32))
    for assembly in kernel.inspect_asm().values():
        assert not re.search(r"\bv?fn?m(add|sub|la|ls)", assembly)
        assert not re.search(r"\b(exp|exp2|log|log1p|pow|ldexp|frexp)\b", assembly)
