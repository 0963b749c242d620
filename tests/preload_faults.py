"""Loaded by Dask workers that shall fail: lets functions stop, die or take memory.

``FAULTS`` in the environment names a folder.  ``faults.json`` there lists what shall
happen: at which call of which function, counted over all workers, and whether before or
after its work.  What has happened is appended to ``log``, a line of JSON each.
"""

import importlib
import json
import os
import signal
import time
from functools import wraps
from pathlib import Path
from typing import Any


def folder() -> Path:
    """Return the folder of the faults."""
    return Path(os.environ["FAULTS"])


def dask_setup(worker: Any) -> None:
    """Put the faults in place; Dask calls this when a worker starts."""
    faults = json.loads((folder() / "faults.json").read_text())
    for name in {fault["function"] for fault in faults}:
        module_name, _, function_name = name.rpartition(".")
        module = importlib.import_module(module_name)
        mine = [fault for fault in faults if fault["function"] == name]
        function = getattr(module, function_name)
        setattr(module, function_name, _wrap(function, name, mine))


def _wrap(function: Any, name: str, faults: list[dict[str, Any]]) -> Any:
    @wraps(function)
    def failing(*arguments: Any, **named: Any) -> Any:
        call = _count(name)
        due = [
            fault
            for fault in faults
            if fault.get("call", call) == call
            and fault.get("at", "") in getattr(arguments[0], "name", "")
        ]
        for fault in due:
            if fault["when"] == "start":
                _fail(fault, name, call)
        result = function(*arguments, **named)
        for fault in due:
            if fault["when"] == "end":
                _fail(fault, name, call)
        return result

    return failing


def _count(name: str) -> int:
    """Return how often a function was called before, in any worker."""
    call = 0
    while True:
        try:
            os.close(os.open(folder() / f"{name}-{call}", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            call += 1
        else:
            return call


def _fail(fault: dict[str, Any], name: str, call: int) -> None:
    told = {"pid": os.getpid(), "function": name, "call": call, **fault}
    with (folder() / "log").open("a") as log:
        log.write(json.dumps(told) + "\n")
    if fault["do"] == "stop":  # until somebody continues or kills it
        os.kill(os.getpid(), signal.SIGSTOP)
    elif fault["do"] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault["do"] == "wait":  # while something happens elsewhere
        time.sleep(1)
    elif fault["do"] == "hog":
        hogged = []
        for _ in range(300):  # 3 GB at most, in 30 s
            hogged.append(b"x" * 10_000_000)
            time.sleep(0.1)
