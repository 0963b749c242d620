"""Raw tweets to a voting ensemble of sentiment classifiers, on Dask.

The public names load on first use, so that ``import emotiset`` and
``emotiset --help`` cost nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from emotiset.config import TrainConfig
    from emotiset.ensemble import Ensemble
    from emotiset.loading import load_ensemble
    from emotiset.polyglot import Polyglot

__all__ = ["Ensemble", "Polyglot", "TrainConfig", "__version__", "load_ensemble"]

_HOMES = {
    "Ensemble": "emotiset.ensemble",
    "TrainConfig": "emotiset.config",
    "load_ensemble": "emotiset.loading",
    "Polyglot": "emotiset.polyglot",
}


def __getattr__(name: str) -> Any:
    """Import a public name from its home module when it is first asked for."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'emotiset' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
