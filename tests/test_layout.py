"""Members side by side and apart: NumPy's own answers, at any size."""

import numpy as np
import pytest

from emotiset.layout import lay_side_by_side, take_apart


@pytest.mark.parametrize("n_rows", [0, 1, 4095, 4096, 4097, 10_000])
@pytest.mark.parametrize("n_columns", [1, 3, 4, 5, 9])
def test_layout__as_numpy_does(n_rows: int, n_columns: int) -> None:
    rng = np.random.default_rng(n_rows + n_columns)
    columns = [rng.random(n_rows, np.float32) for _ in range(n_columns)]
    matrix = lay_side_by_side(columns)
    assert matrix.flags.c_contiguous
    np.testing.assert_array_equal(matrix, np.stack(columns, axis=1))
    for each in (matrix, np.asfortranarray(matrix)):
        apart = list(take_apart(each))
        assert all(column.flags.c_contiguous for column in apart)
        np.testing.assert_array_equal(apart, columns)
