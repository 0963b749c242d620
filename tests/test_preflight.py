"""What is said where client, scheduler and workers differ, and what a process sees."""

import re
from pathlib import Path
from typing import Any

import pytest

from emotiset.access import check_files, check_folder, pick_files, put_token
from emotiset.config import SourceConfig
from emotiset.entry import check_guard, has_guard
from emotiset.errors import OutputError
from emotiset.preflight import OTHERS, SHAPING, Node, compare_nodes, list_problems
from emotiset.probe import look
from emotiset.sources import plan_blocks
from emotiset.sources.storage import Place

PACKAGES = dict.fromkeys((*SHAPING, *OTHERS), "1.2")
FACTS = {"python": "3.11.7", "packages": PACKAGES, "code": "abc", "allowed_failures": 3}


def make_nodes(role: str, **changed: Any) -> list[Node]:
    """Return a client, and one other node that differs in *changed*."""
    packages = {**PACKAGES, **changed.pop("packages", {})}
    facts = {**FACTS, "packages": packages, **changed}
    return [Node("client", "", FACTS), Node(role, "tcp://a:1", facts)]  # type: ignore


def test_compare_nodes__alike() -> None:
    assert compare_nodes(make_nodes("worker")) == []


@pytest.mark.parametrize(
    ("role", "changed", "says"),
    [
        ("worker", {"code": None}, "--ship-code"),
        ("scheduler", {"code": None}, "found none on the scheduler"),
        ("worker", {"code": "abd"}, "found abd on 1 worker"),
        ("worker", {"python": "3.12.0"}, "Python needs to be 3.11.7"),
        ("worker", {"packages": {"numba": None}}, "pip install 'numba==1.2'"),
        ("worker", {"packages": {"dask": None}}, "pip install 'dask==1.2'"),
        ("worker", {"packages": {"numba": "1.3"}}, "another may change the model"),
    ],
)
def test_compare_nodes__problem(role: str, changed: dict[str, Any], says: str) -> None:
    [problem] = list_problems(compare_nodes(make_nodes(role, **changed)))
    assert says in problem


@pytest.mark.parametrize(
    ("role", "changed", "says"),
    [
        ("worker", {"python": "3.11.9"}, "found 3.11.9"),
        ("worker", {"packages": {"dask": "1.3"}}, "found 1.3"),
        ("scheduler", {"packages": {"numba": "1.3"}}, "found 1.3 on the scheduler"),
        ("scheduler", {"allowed_failures": 0}, "the loss of 1 at one block"),
    ],
)
def test_compare_nodes__warning(role: str, changed: dict[str, Any], says: str) -> None:
    [finding] = compare_nodes(make_nodes(role, **changed))
    assert not finding.is_problem
    assert says in finding.text


def test_compare_nodes__many_workers_are_one_finding() -> None:
    client, worker = make_nodes("worker", code="x")
    [finding] = compare_nodes([client, *[worker] * 5])
    assert "5 workers (tcp://a:1, …)" in finding.text


def test_look__knows_what_is_missing() -> None:
    found = look(["numpy", "no-such-package"])
    assert found["packages"]["numpy"] is not None
    assert found["packages"]["no-such-package"] is None
    assert found["code"] == look([])["code"]


def test_packages__are_those_that_the_project_needs() -> None:
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    needed = text.split("dependencies = [")[1].split("]\n")[0]
    named = set(re.findall(r'"([\w-]+)', needed)) | {"distributed"}
    assert named - {"rich", "typer", "packaging"} == {*SHAPING, *OTHERS}


def test_check_files__missing_and_changed(tmp_path: Path) -> None:
    there = tmp_path / "there"
    there.write_bytes(b"abc")
    missing, changed = check_files(
        [
            (Place(str(there)), 3),
            (Place(str(tmp_path / "no")), 3),
            (Place(str(there)), 4),
        ]
    )
    assert "No such file" in missing
    assert "of 3 bytes, not 4" in changed


def test_pick_files__one_of_each_folder_and_not_too_many(tmp_path: Path) -> None:
    for folder in "abcdef":
        (tmp_path / folder).mkdir()
        for name in "xy":
            (tmp_path / folder / f"{name}.txt").write_text("what a day\n")
    blocks = plan_blocks([str(tmp_path)], SourceConfig())
    assert len(pick_files(blocks, 100)) == 6
    assert len(pick_files(blocks, 4)) == 3
    assert pick_files(plan_blocks(["simulated:10"], SourceConfig()), 4) == []


def test_check_folder__shared_or_not(tmp_path: Path) -> None:
    folder = str(tmp_path / "new")
    with put_token(folder, {}) as token:
        assert check_folder(folder, {}, token) == []
        [problem] = check_folder(str(tmp_path), {}, token)
    assert "without what the client wrote" in problem
    assert list((tmp_path / "new").iterdir()) == []


@pytest.mark.parametrize("folder", ["file", "nosuch://a"])
def test_put_token__refuses(folder: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    where = folder if "://" in folder else str(tmp_path / folder)
    with pytest.raises(OutputError, match="choose another"):
        put_token(where, {}).__enter__()


@pytest.mark.parametrize(
    ("source", "line", "guarded"),
    [
        ("import a\na.train()", 2, False),
        ("if __name__ == '__main__':\n    train()", 1, True),
        ("if __name__ != '__main__':\n    exit()\ntrain()", 3, True),
        ("train()\nif __name__ == '__main__':\n    pass", 1, False),
        ("log(__name__)\ntrain()", 2, False),
        ("__name__ == '__main__' and train()", 1, True),
        ("%magic", 1, True),
    ],
)
def test_has_guard(source: str, line: int, guarded: bool) -> None:
    assert has_guard(source, line) == guarded


def test_check_guard__passes_where_no_script_calls() -> None:
    check_guard()
