"""Ctrl-C takes effect even where it is swallowed.

Python raises it wherever the main thread is, and some code between here and there goes
on: a bare ``except`` around an import takes it for an error of its own, and out of a
callback of the garbage collector nothing can be raised at all.  So a command notes each
one.  It asks as a run goes from step to step; and where Python says that it could not
raise one, that one comes once more a moment later.
"""

import _thread
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final

_MOMENT: Final = 0.05

_noted = threading.Event()


def note_interrupts() -> None:
    """Note Ctrl-C from now on, besides raising it; where it is ignored leave that."""
    _noted.clear()  # one that ended a command before this one, in the same process
    in_main = threading.current_thread() is threading.main_thread()
    if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)
        sys.unraisablehook = partial(_pass_on, sys.unraisablehook)


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


def _pass_on(tell: Callable[[Any], Any], unraisable: Any) -> None:
    """Interrupt once more a moment later; *tell* of everything else."""
    if unraisable.exc_type is KeyboardInterrupt and _noted.is_set():
        again = threading.Timer(_MOMENT, _interrupt_again)
        again.daemon = True
        again.start()
    else:
        tell(unraisable)


def _interrupt_again() -> None:
    if not _noted.is_set():  # it has taken effect meanwhile
        return
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()
