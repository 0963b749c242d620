"""Send this package to a scheduler and to workers that lack it, late ones too."""

import base64
import io
import tempfile
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Final

from dask.distributed import Client
from distributed.diagnostics.plugin import SchedulerUploadFile, UploadFile

import emotiset
from emotiset.probe import look

# Unpacked rather than imported from an archive: kernels are kept by a digest of their
# files, and numba looks for these.  Dask runs it twice, once to import, once to reload.
_UNPACK: Final = """

import base64
import io
import sys
import zipfile

CODE = {code!r}
DIGEST = {digest!r}

if _digest_code() != DIGEST:
    folder = Path(__file__).resolve().parent / f"emotiset-{{DIGEST}}"
    with zipfile.ZipFile(io.BytesIO(base64.b85decode(CODE))) as archive:
        archive.extractall(folder)
    sys.path.insert(0, str(folder))
    for name in list(sys.modules):  # those of another version
        if name == "emotiset" or name.startswith("emotiset."):
            del sys.modules[name]
    if _digest_code() != DIGEST:
        raise RuntimeError("emotiset was sent, and something else is found")
"""


def ship_code(client: Client) -> None:
    """Give the package of this process to scheduler and workers, now and later.

    What it needs has to be there already.  It stands in their temporary folders and is
    gone when they are.
    """
    digest = look([])["code"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"emotiset_shipped_{digest}.py")
        path.write_text(make_module(digest), encoding="utf-8")
        for plugin in (SchedulerUploadFile(str(path)), UploadFile(str(path))):
            plugin.idempotent = True
            client.register_plugin(plugin, name=f"{type(plugin).__name__}-{path.stem}")


def make_module(digest: str) -> str:
    """Return the source of a module that unpacks this package where it is imported."""
    probe = files("emotiset").joinpath("probe.py").read_text(encoding="utf-8")
    code = base64.b85encode(pack_code()).decode()
    return probe + _UNPACK.format(code=code, digest=digest)


def pack_code() -> bytes:
    """Return an archive of the files that make up the package."""
    root = Path(emotiset.__path__[0])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(root.rglob("*")):
            if path.suffix in (".py", ".toml"):
                archive.write(path, Path("emotiset", path.relative_to(root)))
    return packed.getvalue()
