"""What is promised is there: docstrings, documented commands, no machine's traces."""

import ast
import re
from pathlib import Path

import pytest
import typer

from emotiset.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
MODULES = sorted((ROOT / "emotiset").rglob("*.py"))


def _commands() -> dict[str, list[str]]:
    group = typer.main.get_command(app)
    return {
        name: [opt for param in command.params for opt in param.opts]
        for name, command in group.commands.items()  # type: ignore[attr-defined]
    }


def test_readme__names_every_command_and_no_other() -> None:
    named = set(re.findall(r"^emotiset (\w+)", README, flags=re.MULTILINE))
    assert named == set(_commands())


def test_readme__names_only_options_that_exist() -> None:
    known = {opt for options in _commands().values() for opt in options}
    known |= {"--help", "--version"}
    others = {"--editable", "--scheduler-file", "--dist", "--tweets", "--quiet"}
    for option in set(re.findall(r"(?<![\w-])--[a-z][\w-]+", README)):
        assert option in known | others, option


def test_options__each_has_help() -> None:
    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        assert command.help, name
        for param in command.params:
            assert getattr(param, "help", None), f"{name} {param.name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_docstrings__every_public_thing_has_one(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "a module opens with what it is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
            inside = any(
                node in parent.body
                for parent in ast.walk(tree)
                if isinstance(parent, ast.FunctionDef)
            )
            assert inside or ast.get_docstring(node), f"{path.name}: {node.name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_functions__stay_short(path: Path) -> None:
    limit = 60 if "kernels" in path.parts else 40
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            docstring = node.body[0] if ast.get_docstring(node) else None
            first = (
                (docstring.end_lineno or 0) + 1 if docstring else node.body[0].lineno
            )
            n_lines = (node.end_lineno or 0) - first + 1
            assert n_lines <= limit, f"{path.name}: {node.name} has {n_lines} lines"


def test_code__has_no_global_random_state() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        assert "import random" not in text
        unseeded = r"np\.random\.(?!Generator|SeedSequence|PCG64)"
        assert not re.search(unseeded, text), path
        assert not re.search(r"(?<![\w.])hash\(", text), path
        assert "pickle" not in text, path
