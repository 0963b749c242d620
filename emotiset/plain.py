"""Text of strangers, made safe to show: on a terminal, on a page, in a file.

What a terminal obeys and what turns the direction of writing around is made visible;
nothing that a reader could have read is lost.
"""

import unicodedata
from typing import Any, Final, Literal

import msgspec

# Format characters that writing needs: joiners of emoji and of several scripts.
_KEPT: Final = "\u200c\u200d"


def make_plain(text: object, size: int | None = None) -> str:
    r"""Return *text* on one line, control and direction characters as escapes.

    Parameters
    ----------
    text
        Anything; its `str` is taken.
    size
        Characters to keep; what is cut ends in three dots.

    Examples
    --------
    >>> print(make_plain("red \x1b[31m, two\nlines, \u202eback"))
    red \x1b[31m, two lines, \u202eback
    >>> make_plain("four words are here", 9)
    'four w...'
    """
    shown = show_all(" ".join(str(text).split()))
    return shown if size is None or len(shown) <= size else f"{shown[: size - 3]}..."


def show_all(text: str) -> str:
    r"""Return *text* with its blanks as they are, and no character to obey.

    Examples
    --------
    >>> show_all("  so\n")
    '  so\\n'
    """
    return "".join(map(_show, text))


def encode_json(value: object, order: Literal["deterministic"] | None = None) -> bytes:
    r"""Return JSON; of a name that is no UTF-8 the odd bytes are escapes.

    Examples
    --------
    >>> encode_json(["caf\udce9.json"])
    b'["caf\\\\udce9.json"]'
    """
    try:
        return msgspec.json.encode(value, order=order)
    except UnicodeEncodeError:
        plain = _without_odd(msgspec.to_builtins(value))
        return msgspec.json.encode(plain, order=order)


def _without_odd(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, list | tuple):
        return [_without_odd(each) for each in value]
    if isinstance(value, dict):
        return {_without_odd(k): _without_odd(v) for k, v in value.items()}
    return value


def _show(character: str) -> str:
    is_odd = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn")
    if not is_odd or character in _KEPT or _is_tag(character):
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"  # flags such as Scotland's
