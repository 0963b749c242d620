"""The tests of the kernels again, not compiled and with every index checked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
FILES = [
    "test_automaton.py",
    "test_calibration.py",
    "test_kernels_averaged.py",
    "test_kernels_maps.py",
    "test_kernels_math.py",
    "test_kernels_mixed.py",
    "test_kernels_ngrams.py",
    "test_kernels_packed.py",
    "test_kernels_sgd.py",
    "test_kernels_valued.py",
    "test_ngrams.py",
]

# Of the tests that give the kernels of calibration other numbers, one each.
_ONCE = "(not finds_the_curve or 3.0-1.4) and (not overconfident or 5-mean)"


@pytest.mark.slow
@pytest.mark.timeout(600)  # with its own compilation of what it tests
@pytest.mark.parametrize("switch", ["NUMBA_DISABLE_JIT", "NUMBA_BOUNDSCHECK"])
def test_kernels__pass_with(switch: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    if switch == "NUMBA_DISABLE_JIT":
        command += ["-k", _ONCE]  # twenty times slower
    result = subprocess.run(
        [*command, *(str(FOLDER / name) for name in FILES)],
        env={**os.environ, switch: "1"},
        cwd=FOLDER.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout
