"""Values at named places in JSON lines, such as ``commit.record.text``.

What is not named is skipped unread, by a struct made of the names.  Only a line that
does not fit the struct is decoded in full.
"""

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec

from emotiset.sources.decoding import BROKEN, mend_pairs

Path = tuple[str, ...]

_ANY: Final = msgspec.json.Decoder()
_MISFIT: Final = (*BROKEN, AttributeError)
_Tree = dict[str, Any]  # a name to the tree below it; empty: a leaf


class UnreadableError(Exception):
    """Says why a line is no JSON object.  Never leaves the sources."""


class Picker:
    """Picks the same places out of line after line.

    Parameters
    ----------
    paths
        Names from the outside in.  A place that is not there holds None.

    Examples
    --------
    >>> picker = Picker([("a", "b"), ("c",)])
    >>> picker.pick(b'{"a": {"b": 1, "x": 2}, "c": [3]}')
    (1, [3])
    >>> picker.pick(b'{"a": null}')
    (None, None)
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        tree: _Tree = {}
        for path in self._paths:
            node = tree
            for name in path:
                node = node.setdefault(name, {})
        # Two paths more than needed: one alone would come back without its tuple.
        self._get = attrgetter(*(_attributes(path, tree) for path in self._paths * 2))
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(_struct(tree))

    def pick(self, line: bytes) -> tuple[Any, ...]:
        """Return the values of a line, one for each path.

        Raises
        ------
        UnreadableError
            If the line is no JSON object.
        """
        try:
            found: tuple[Any, ...] = self._get(self._decoder.decode(line))
        except _MISFIT:
            fields = decode_object(line)
            return tuple(walk(fields, path) for path in self._paths)
        return found[: len(self._paths)]


def decode_object(line: bytes) -> dict[str, Any]:
    """Return all of a JSON object.

    Raises
    ------
    UnreadableError
        If the line is no JSON object.
    """
    try:
        found = _ANY.decode(line)
    except RecursionError:
        raise UnreadableError("is nested too deep") from None
    except BROKEN as error:
        mended = mend_pairs(line)
        if mended != line:
            return decode_object(mended)
        raise UnreadableError(f"is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise UnreadableError("is JSON, but no object")
    return found


def walk(value: Any, path: Iterable[str]) -> Any:
    """Return what lies at a path in a decoded object; None if nothing does.

    Examples
    --------
    >>> walk({"a": {"b": 1}}, ("a", "b")), walk({"a": "b"}, ("a", "b"))
    (1, None)
    """
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def as_text(value: Any) -> str | None:
    """Return a plain value as text; None for what is no plain value.

    Examples
    --------
    >>> as_text(7), as_text(True), as_text([])
    ('7', 'true', None)
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else None


def as_features(value: Any) -> dict[str, Any] | str | None:
    """Return a feature map, an object or a ``name:value`` string; None for others."""
    return value if isinstance(value, dict | str) else None


def _struct(tree: _Tree) -> type:
    """Make a struct of a tree, with a field for each name."""
    fields = []
    for i, below in enumerate(tree.values()):
        inner = _struct(below) if below else None
        fields.append(
            (f"f{i}", Any, None)
            if inner is None
            else (f"f{i}", inner, msgspec.field(default_factory=inner))
        )
    names = {f"f{i}": name for i, name in enumerate(tree)}
    return msgspec.defstruct("_Picked", fields, rename=names)


def _attributes(path: Path, tree: _Tree) -> str:
    attributes = []
    for name in path:
        attributes.append(f"f{list(tree).index(name)}")
        tree = tree[name]
    return ".".join(attributes)
