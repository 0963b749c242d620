import numpy as np
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st

from emotiset.kernels.hashing import hash_rows, mix64


def _hash_all(rows: list[bytes], seed: int) -> list[int]:
    offsets = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    data = np.frombuffer(b"".join(rows) or b"\0", np.uint8)
    out = np.empty(len(rows), np.uint64)
    hash_rows(offsets, data, np.uint64(seed), out)
    return out.tolist()


@pytest.mark.parametrize("seed", [0, 1, 2**63, 2**64 - 1])
def test_hash_rows__every_length_agrees_with_xxhash(seed: int) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.bytes(n) for n in range(140)]
    assert _hash_all(rows, seed) == [xxhash.xxh64_intdigest(r, seed) for r in rows]


@given(st.lists(st.binary(max_size=80), max_size=5))
@settings(deadline=None)
def test_hash_rows__any_rows_agree_with_xxhash(rows: list[bytes]) -> None:
    assert _hash_all(rows, 7) == [xxhash.xxh64_intdigest(r, 7) for r in rows]


def test_mix64__is_one_to_one_and_spreads_every_bit() -> None:
    x = np.arange(1 << 16, dtype=np.uint64)
    mixed = mix64(x)
    assert len(np.unique(mixed)) == len(x)
    bits = (mixed[:, None] >> np.arange(64, dtype=np.uint64)) & np.uint64(1)
    assert np.all(np.abs(bits.mean(axis=0) - 0.5) < 0.02)
