"""Arrays that are mostly zero are kept as what is not, to the last bit."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotiset.member import Member
from emotiset.pressing import Pressed, add_to, press, release

BITS = st.lists(st.sampled_from([0, 0, 0, 1 << 31, 1, 0x7F800000, 0xFFFFFFFF]))


@given(BITS)
def test_press__gives_every_bit_back(bits: list[int]) -> None:
    array = np.array(bits, np.uint32).view(np.float32)
    pressed = press(array)
    assert release(pressed).tobytes() == array.tobytes()
    n_others = sum(bit != 0 for bit in bits)
    assert isinstance(pressed, Pressed) == (2 * n_others < len(bits))


@given(st.lists(st.integers(-3, 3), min_size=12, max_size=12), st.booleans())
def test_add_to__as_numpy_adds(numbers: list[int], is_pressed: bool) -> None:
    array = np.array(numbers, np.int32).reshape(6, 2)
    total = np.arange(12, dtype=np.int32).reshape(6, 2)
    expected = total + array
    add_to(total, press(array) if is_pressed else array)
    np.testing.assert_array_equal(total, expected)


@pytest.mark.parametrize("share", [0.0, 0.01, 1.0])
def test_member__travels_light_and_arrives_whole(share: float) -> None:
    rng = np.random.default_rng(0)
    weights: NDArray[np.float32] = rng.normal(size=100_000).astype(np.float32)
    weights[rng.random(100_000) >= share] = 0
    member = Member(weights, 0.5, 1.0, 9, 8, 0.1)
    sent = pickle.dumps(member, 5)
    arrived = pickle.loads(sent)
    assert arrived.weights.tobytes() == weights.tobytes()
    assert vars(arrived).keys() == vars(member).keys()
    assert arrived.intercept == 0.5
    assert len(sent) < 2_000 + 2 * share * 400_000
