"""An interrupt that is swallowed takes effect all the same, and once."""

import subprocess
import sys

START = """
import gc, os, signal, time
from emotiset.console import show_progress
from emotiset.interrupts import note_interrupts, raise_noted
from emotiset.progress import Step

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

note_interrupts()
"""
SWALLOWED = """
with show_progress(quiet=True) as progress:
    try:
        interrupt()
    except:
        pass
    print('swallowed', flush=True)
    progress(Step('read', 0, 1, 'B'))
    print('went on')
"""
COLLECTING = """
def collected(phase, info):
    gc.callbacks.remove(collected)
    interrupt()

gc.callbacks.append(collected)
gc.collect()
try:
    print('went on', flush=True)
    time.sleep(60)
except KeyboardInterrupt:
    print('interrupted')
"""
TWO_COMMANDS = """
try:
    interrupt()
except KeyboardInterrupt:
    note_interrupts()
raise_noted()
"""


def run_script(script: str) -> "subprocess.CompletedProcess[str]":
    """Run what follows the start, in a process of its own."""
    command = [sys.executable, "-c", START + script]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_interrupt__that_a_library_swallowed_takes_effect_at_the_next_step() -> None:
    done = run_script(SWALLOWED)
    assert done.stdout == "swallowed\n"
    assert done.stderr.splitlines()[-1] == "KeyboardInterrupt"


def test_interrupt__that_could_not_be_raised_comes_once_more() -> None:
    done = run_script(COLLECTING)
    assert done.stdout == "went on\ninterrupted\n"
    assert done.stderr == ""


def test_interrupt__of_an_earlier_command_does_not_end_the_next() -> None:
    done = run_script(TWO_COMMANDS)
    assert done.returncode == 0, done.stderr
