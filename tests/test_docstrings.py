"""What the package offers is explained: parameters, shapes, results, and an example.

That the examples run is seen to by ``--doctest-modules``.
"""

import doctest
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from typing import Any

import pytest

import emotiset
from emotiset.predict import predict, predict_lines
from emotiset.train import train

MODULES = [
    importlib.import_module(each.name)
    for each in pkgutil.walk_packages(emotiset.__path__, "emotiset.")
    if not each.name.endswith("__main__")
]
PUBLIC: dict[str, Any] = {
    f"{module.__name__}.{name}": getattr(module, name)
    for module in (emotiset, *MODULES)
    for name in getattr(module, "__all__", ())
    if callable(getattr(module, name))
}
PUBLIC |= {f"{each.__module__}.{each.__name__}": each
           for each in (train, predict, predict_lines)}  # fmt: skip

_FINDER = doctest.DocTestFinder(exclude_empty=True)
# Examples of all docstrings of the modules in which something public is at home.
EXAMPLES = "".join(
    example.source
    for home in sorted({each.__module__ for each in PUBLIC.values()})
    for test in _FINDER.find(importlib.import_module(home))
    for example in test.examples
)


def _methods() -> dict[str, Callable[..., Any]]:
    found = {}
    for name, each in PUBLIC.items():
        if inspect.isclass(each):
            for key, value in vars(each).items():
                function = getattr(value, "__func__", value)
                own = inspect.isfunction(function) and key[0] != "_"
                if own and function.__module__.startswith("emotiset"):
                    found[f"{name}.{key}"] = function
    return found


METHODS = _methods()
FUNCTIONS = {name: each for name, each in PUBLIC.items() if inspect.isfunction(each)}


def test_public__is_what_is_meant() -> None:
    assert {"emotiset.Ensemble", "emotiset.train.train"} <= set(PUBLIC)
    assert "emotiset.sklearn.TextHasher.transform" in METHODS
    assert "emotiset.Ensemble.predict_proba" in METHODS


@pytest.mark.parametrize("name", PUBLIC)
def test_public__has_an_example(name: str) -> None:
    docstring = inspect.getdoc(PUBLIC[name]) or ""
    assert re.search(r"^Examples\n-+\n", docstring, re.MULTILINE)
    assert doctest.DocTestParser().get_examples(docstring)


@pytest.mark.parametrize("name", {**FUNCTIONS, **METHODS})
def test_parameters__are_explained(name: str) -> None:
    function = {**FUNCTIONS, **METHODS}[name]
    docstring = inspect.getdoc(function) or ""
    parameters = [
        each
        for each in inspect.signature(function).parameters
        if each not in ("self", "cls")
    ]
    is_referred = "see `" in docstring.lower() or "`predict" in docstring
    for each in parameters:
        told = re.search(rf"\b{each}\b", docstring)
        assert told or is_referred or each in ("X", "y"), f"{name} has {each}"


@pytest.mark.parametrize("name", {**FUNCTIONS, **METHODS})
def test_results__are_explained(name: str) -> None:
    function = {**FUNCTIONS, **METHODS}[name]
    docstring = inspect.getdoc(function) or ""
    returned = str(inspect.signature(function).return_annotation)
    if "ndarray" in returned or "csr_matrix" in returned:
        shape = r"(u?int|float)\d+\[|\bn labels"
        assert re.search(shape, docstring), f"{name} gives an array of what shape?"
    elif "None" not in returned and "Self" not in returned:
        told = re.search(r"\b(Returns|Yields|Return|Yield|Plan|Give|Lay|Train|Read)\b",
                         docstring)  # fmt: skip
        assert told, f"{name} gives what?"


@pytest.mark.parametrize("name", METHODS)
def test_methods__are_shown_in_some_example(name: str) -> None:
    method = name.rsplit(".", 1)[1]
    assert f".{method}(" in EXAMPLES, f"no example calls {method}"
