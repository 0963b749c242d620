"""The notebook runs from its first cell to its last, and holds no output."""

import base64
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "pipelines" / "notebook.ipynb"


def read() -> Any:
    return nbformat.read(NOTEBOOK, as_version=4)


def test_notebook__is_kept_without_outputs() -> None:
    notebook = read()
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_notebook__goes_from_raw_tweets_to_a_plot(tmp_path: Path) -> None:
    notebook = read()
    place = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=240, resources=place).execute()
    outputs = [each for cell in notebook.cells for each in cell.get("outputs", [])]
    printed = "".join(each.get("text", "") for each in outputs)
    assert "conflicting_symbols" in printed
    accuracy = float(printed.split("accuracy ")[1].split()[0])
    assert 0.6 < accuracy < 1
    shown = [each.data for each in outputs if "data" in each]
    assert "mean vote" in shown[0]["text/plain"]
    picture = base64.b64decode(shown[-1]["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) > 5_000
    made = {path.name for path in tmp_path.iterdir()}
    assert made >= {"model.parquet", "sample.parquet"}
