"""What a process has installed.

Sent to schedulers and workers as text, since they may lack this package or run another
Python: so it uses the standard library alone, and returns plain values.
"""

import hashlib
import importlib.util
import platform
from importlib import metadata
from pathlib import Path
from typing import Any


def look(packages: list[str]) -> dict[str, Any]:
    """Return what this process has.

    Parameters
    ----------
    packages
        Names as `pip` knows them.

    Returns
    -------
    dict
        ``python`` is its version, ``packages`` their versions by name, None where one
        is missing; ``code`` a digest of emotiset's files, None without them;
        ``allowed_failures`` what Dask is configured to, None without Dask.
    """
    return {
        "python": platform.python_version(),
        "packages": {name: _find_version(name) for name in packages},
        "code": _digest_code(),
        "allowed_failures": _find_allowed_failures(),
    }


def _find_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _digest_code() -> str | None:
    """Return 12 digits for all that a process would import of emotiset."""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec("emotiset")
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(spec.submodule_search_locations[0])
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        if path.suffix in (".py", ".toml"):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0")
            digest.update(path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]


def _find_allowed_failures() -> int | None:
    try:
        import dask
        import distributed  # noqa: F401  (fills in the defaults)
    except ImportError:
        return None
    found = dask.config.get("distributed.scheduler.allowed-failures", None)
    return found if isinstance(found, int) else None
