"""What the README says of speed is what `benchmarks/compare.py` measured."""

import json
import math
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = ROOT / "docs" / "benchmarks.json"
FOUND: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


@pytest.fixture(scope="module")
def compare() -> ModuleType:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        import compare
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    module: ModuleType = compare
    return module


def _block(name: str) -> str:
    found = re.findall(rf"<!-- benchmark {name} -->\n(.*?)\n<!-- end -->", README, re.S)
    assert len(found) == 1, name
    return str(found[0])


def test_readme__has_each_section_as_it_was_measured(compare: ModuleType) -> None:
    assert set(FOUND) <= set(compare.sections.ALL)
    for name in compare.sections.ALL:
        shown = _block(name)
        if name in FOUND:
            rendered = compare.render(name, FOUND[name])
            assert shown == rendered, f"{name}: python benchmarks/compare.py --render"


def test_readme__no_number_of_a_benchmark_stands_outside_of_its_marks() -> None:
    [beside] = re.findall(r"\n## Beside its peers\n(.*?)\n## ", README, re.S)
    typed = re.sub(r"<!-- benchmark.*?<!-- end -->", "", beside, flags=re.S)
    assert not re.findall(r"\d+(?:\.\d+)? (?:s|GB|MB|times|seconds)\b", typed)


def test_results__each_has_times_above_zero_machine_and_versions() -> None:
    for name, section in FOUND.items():
        assert "Python" in section["machine"], name
        assert "dask" in section["versions"], name
        for row in section.get("rows", []):
            assert row.get("failed") or min(row["seconds"]) > 0, (name, row)


def test_whole__shows_medians_ratios_and_the_best_of_each_column(
    compare: ModuleType,
) -> None:
    ours = {"seconds": [5.0, 1.0, 2.0], "cpu": [2.5], "peak": [3e9]}
    theirs = {"seconds": [9.0, 8.0, 1.0], "cpu": [1.5], "peak": [2e9]}
    alike = {"gigabytes": 1, "labeled": 7, "trained": 6}
    rows = [
        {"program": "emotiset", **alike, **ours, "accuracy": 0.6, "model_bytes": 1e5},
        {"program": "another", **alike, **theirs, "accuracy": 0.5, "model_bytes": 2e5},
        {"program": "a third", "gigabytes": 1, "failed": "no luck", "seconds": []},
    ]
    section = {"rows": rows, "left_out": {"a fourth": ["java"]}}
    shown = compare.sections.RENDER["whole"](section).splitlines()
    assert shown[2] == (
        "| 1 GB | emotiset | **2.0** | 1.0 | 2.5 | 3.00 GB | 7 | 6 | **0.600** | "
        "**0.1 MB** | 3 |"
    )
    assert shown[3] == (
        "| 1 GB | another | 8.0 | 4.0 | **1.5** | **2.00 GB** | 7 | 6 | 0.500 | "
        "0.2 MB | 3 |"
    )
    assert "failed: no luck" in shown[4]
    assert shown[-1] == "a fourth is left out: java is not installed."


def test_whole__peers_labeled_what_emotiset_did() -> None:
    rows = [row for row in FOUND.get("whole", {"rows": []})["rows"] if row["seconds"]]
    ours = {r["gigabytes"]: r["labeled"] for r in rows if r["program"] == "emotiset"}
    for row in rows:
        assert math.isclose(row["labeled"], ours[row["gigabytes"]], rel_tol=0.03), row


def test_growth__fits_a_line_and_tells_where_cost_bends(compare: ModuleType) -> None:
    growth = compare.sections.growth
    values = growth.np.array([1.0, 2.0, 4.0])
    assert growth.fit_line(values, 3 + 2 * values) == pytest.approx((3, 2))
    assert growth.bend(values, 3 + 2 * values) == pytest.approx(1)
    assert growth.bend(values, values**2) > 1.1


def test_growth__draws_a_panel_for_each_axis(
    compare: ModuleType, tmp_path: Path
) -> None:
    growth = compare.sections.growth
    measured = {"seconds": [8.0, 9.0], "cpu": [1.0], "peak": [1e9]}
    points = [
        {"axis": axis, "value": value, **measured}
        for axis in growth.AXES
        for value in (1.0, 2.0)
    ]
    found = {"points": points, "cores": 2, "gigabytes": 1}
    growth.draw(found, tmp_path)
    assert (tmp_path / "growth.svg").read_text().count('id="axes_') == 8
    assert growth.render(found).count("\n| ") == 5  # a head and four axes
