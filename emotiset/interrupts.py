"""Ctrl-C takes effect even where a library swallows it.

Python raises it wherever the main thread is, and some code between here and there,
such as a bare ``except`` around an import, takes it for an error of its own and goes
on.  So a command notes each one, and asks as a run goes from step to step.
"""

import signal
import threading
from typing import Any

_noted = threading.Event()


def note_interrupts() -> None:
    """Note Ctrl-C from now on, besides raising it; where it is ignored leave that."""
    _noted.clear()  # one that ended a command before this one, in the same process
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def raise_noted() -> None:
    """Raise an interrupt again that was noted, yet ended nothing.

    Examples
    --------
    >>> raise_noted()  # nobody has pressed Ctrl-C
    """
    if _noted.is_set():
        _noted.clear()
        raise KeyboardInterrupt


def _interrupt(number: int, frame: Any) -> None:
    _noted.set()
    raise KeyboardInterrupt
