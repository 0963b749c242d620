"""Whether the running script may start processes, which import it."""

import ast
import sys
from pathlib import Path

from emotiset.errors import ConfigError


def check_guard() -> None:
    """Raise where starting processes would run the script anew in each of them.

    A process that Python starts imports the running script.  So a script may start
    some only below ``if __name__ == "__main__":``, and this says so in one line,
    before each process prints a page of its own.

    Raises
    ------
    ConfigError
        If the script's own top level is what led here, without the guard.
    """
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    main = sys.modules["__main__"]
    path = getattr(main, "__file__", None)
    if path == "<stdin>":
        raise ConfigError(
            "worker processes import the script that starts them, found one from "
            "standard input: write it into a file, or pass a client"
        )
    if path is None or frame.f_globals is not vars(main):
        return
    try:
        source = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    if not has_guard(source, frame.f_lineno):
        raise ConfigError(
            "worker processes import the script that starts them, so train needs the "
            "guard 'if __name__ == \"__main__\":' around it, found none in "
            f"{path} at line {frame.f_lineno}: add it, or pass a client"
        )


def has_guard(source: str, line: int) -> bool:
    r"""Return whether *line* of a script runs only where it is the program.

    Parameters
    ----------
    source
        Of the script.
    line
        Of the statement at its top level that is running, counted from 1.

    Examples
    --------
    >>> has_guard("train()", 1)
    False
    >>> has_guard("if __name__ == '__main__':\n    train()", 2)
    True
    """
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # a notebook's, say: what runs is not what was read
        return True
    before = [each for each in statements if each.lineno <= line]
    compared = [
        node
        for statement in before
        if isinstance(statement, ast.If | ast.Expr)
        for node in ast.walk(statement)
        if isinstance(node, ast.Compare)
    ]
    return any(
        isinstance(node, ast.Name) and node.id == "__name__"
        for comparison in compared
        for node in ast.walk(comparison)
    )
