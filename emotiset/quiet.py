"""Keep loggers of other packages silent for a while."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

SILENT: Final = logging.CRITICAL + 1


@contextmanager
def quiet(*names: str) -> Iterator[None]:
    """Keep loggers silent that would print a traceback beside our one line."""
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(SILENT)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
