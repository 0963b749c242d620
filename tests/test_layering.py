"""Imports point one way: a module imports only from modules above its own."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "emotiset"

# From the vocabulary down to the command line.  A folder stands for its files.
_ORDER = """
errors memory layout pressing forking checks plain schema learning folds sourcing config
search_space atomic config_file publishing days progress kernels compiling unpacked
texts maps lexicon automaton first_symbol machine scan simulate sources families tally
access work_folder reuse langid language_names language pools labeling keys lean ready
folding map_keys deletions sampling drawing exchange features map_features svmlight
map_grams ngrams examples map_scaling hashed map_learner scaling scorer member own_class
own learner calibration lines warm holdback voting packing model_format model_digest
store saving ensemble polyglot answering kinds loading sklearn ranking curves evaluate
resampling kept partition fitting assessing fold_fitting trials halving resuming warmup
shape graph map_graph fold_graph warm_graph rehearsal entry quiet waiting probe
preflight nodes shipping local cluster recalling steps settling stages tuning training
outputs summaries result train tune continuing update evidence predictions doctor
predict comparing gates profiling gold breakdown judging inspection map_card card
simulation preview report interrupts console display display_judged display_model
display_tuned cli_options cli_settings cli_run cli_train cli_tune cli_model cli_update
cli_inspect cli_evaluate cli_doctor cli __main__
"""
ORDER = _ORDER.split()

MODULES = sorted(
    path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py"
)


def _layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path: Path) -> list[tuple[str, bool]]:
    """Return imported modules of the package, and whether inside a function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    top = set(tree.body)
    for node in tree.body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            top.update(node.body)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
            if node.module == "emotiset":
                names = [f"emotiset.{each.name}" for each in node.names]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        else:
            continue
        found += [
            (name, node not in top) for name in names if name.startswith("emotiset.")
        ]
    return found


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports__point_up(path: Path) -> None:
    layer = _layer(path)
    assert layer in ORDER, f"{layer} has no place in the order of the layers"
    for name, _ in _imports(path):
        imported = name.split(".")[1]
        if imported == "__version__" or (layer == "train" and imported == "cli"):
            continue
        if imported != layer:
            assert ORDER.index(imported) < ORDER.index(layer), f"{layer} uses {name}"


@pytest.mark.parametrize(
    "path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_imports__stand_at_the_top(path: Path) -> None:
    if _layer(path).startswith("cli"):
        return  # commands load what they need when they run
    inside = [name for name, is_inside in _imports(path) if is_inside]
    allowed = ["emotiset.cli"] if _layer(path) == "train" else []
    assert inside == allowed


def test_imports__only_these_know_dask() -> None:
    knowing = {
        _layer(path)
        for path in MODULES
        if any(
            line.startswith(("import dask", "from dask", "from distributed"))
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    }
    assert knowing == {
        *(
            "graph",
            "fold_graph",
            "warm_graph",
            "map_graph",
            "settling",
            "waiting",
            "nodes",
            "shipping",
            "local",
            "cluster",
            "stages",
        ),
        *("steps", "recalling", "training", "train", "predict", "simulation"),
        *("tuning", "tune", "update", "profiling"),
    }


def test_modules__stay_small() -> None:
    long = {
        path.name: n
        for path in MODULES
        if (n := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_module__makes_no_arrow_data_while_it_is_imported(path: Path) -> None:
    # The first such has Arrow import pandas: 0.2 s and 38 MB; see `emotiset.lean`.
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bodies = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    calls = [
        ast.unparse(node)
        for statement in tree.body
        if not isinstance(statement, bodies)
        for node in ast.walk(statement)
        if isinstance(node, ast.Call)
    ]
    makers = ("pa.array(", "pa.scalar(", "pa.nulls(", "pa.record_batch(", "pc.")
    assert not [call for call in calls if call.startswith(makers)]
