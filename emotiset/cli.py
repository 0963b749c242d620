"""The command line: parses, calls, prints, and turns errors into exit codes."""

import errno
import gc
import os
import sys
from typing import Annotated

import typer

from emotiset import (
    __version__,
    cli_doctor,
    cli_evaluate,
    cli_inspect,
    cli_model,
    cli_train,
    cli_tune,
    cli_update,
)
from emotiset.console import print_error
from emotiset.errors import CutShortError, EmotisetError
from emotiset.interrupts import note_interrupts

INTERRUPTED = CutShortError.exit_code
_WRITE_MODELS = (["train"], ["update"])
_FULL = (errno.ENOSPC, errno.EDQUOT)

app = typer.Typer(
    name="emotiset",
    help="Raw tweets to a sentiment model, without a human label.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.command()(cli_train.train)
app.command()(cli_update.update)
app.command()(cli_tune.tune)
app.command()(cli_model.predict)
app.command()(cli_evaluate.evaluate)
app.command()(cli_inspect.inspect)
app.command()(cli_inspect.card)
app.command()(cli_model.simulate)
app.command()(cli_doctor.doctor)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"emotiset {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, help="Print the version."),
    ] = False,
) -> None:
    """Raw tweets to a sentiment model, without a human label."""


def run(*prefix: str) -> None:
    """Run the command of the arguments, and exit with its code.

    Parameters
    ----------
    prefix
        Words that go before the arguments: ``python -m emotiset.train`` is the
        command ``train``.
    """
    _open_streams()
    note_interrupts()
    code = _run([*prefix, *sys.argv[1:]])
    gc.freeze()  # else all that was loaded would be gone over once more at the end
    sys.exit(code)


def main() -> None:
    """Run ``emotiset``."""
    run()


def _run(arguments: list[str]) -> int:
    usage_error = typer.BadParameter.__mro__[1]  # its home differs between versions
    try:
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
    except CutShortError as error:
        return _end_interrupted(str(error))
    except EmotisetError as error:
        print_error(str(error))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has had enough
        _give_up_output()
        return 0
    except OSError as error:  # one of a file has its name, and was told of before
        if error.errno not in _FULL or error.filename is not None:
            raise
        _give_up_output()
        print_error(f"standard output needs room, found {error.strerror}: make some")
        return EmotisetError.exit_code
    except Exception as error:
        if _holds_interrupt(error):
            code = INTERRUPTED
        elif isinstance(error, usage_error):
            message = error.format_message()  # type: ignore[attr-defined]
            if message:  # without arguments the help was shown instead
                print_error(f"{message}; see --help")
            return EmotisetError.exit_code
        else:
            raise
    if code == INTERRUPTED:  # typer may turn the interrupt into this code
        lost = "; the model was not written" if arguments[:1] in _WRITE_MODELS else ""
        return _end_interrupted(f"interrupted{lost}")
    return code if isinstance(code, int) else 0


def _open_streams() -> None:
    """Open what whoever started this has closed: else a file would take its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115


def _give_up_output() -> None:
    """Let what is still to be printed go nowhere, instead of failing once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _holds_interrupt(error: BaseException | None) -> bool:
    """Return whether an error came of Ctrl-C.

    Where that meets a class in the making, as it may while modules are loaded, Python
    3.11 hides it in a ``RuntimeError``.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__
    return error is not None


def _end_interrupted(told: str) -> int:
    # Where the interrupt met code that was made of a string, Python would end the
    # process by a signal in spite of our code, unless such code has ended since.
    exec("")
    print_error(told)
    return INTERRUPTED
