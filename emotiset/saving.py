"""What has a model file: how it is written and known by its bytes."""

import hashlib
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final
from weakref import WeakKeyDictionary

import pyarrow as pa

from emotiset.atomic import write_atomically
from emotiset.store import ModelFile, pack_model, write_model

# Files of models whose hash was asked for and that were not written since: packing
# takes longer than all else of writing.
_PACKED: Final[WeakKeyDictionary["Saved", pa.Buffer]] = WeakKeyDictionary()


class Saved(ABC):
    """A model that says what stands in its file; the same model, the same bytes."""

    @abstractmethod
    def to_model_file(self) -> ModelFile:
        """Return what `save` writes."""

    def save(self, path: str | Path) -> None:
        """Write the model file; the same model gives the same bytes.

        Raises
        ------
        OutputError
            If *path* cannot be written.
        """
        packed = _PACKED.pop(self, None)
        if packed is None:
            write_model(path, self.to_model_file())
            return
        with write_atomically(path) as temporary:
            temporary.write_bytes(packed)

    def sha256(self) -> str:
        """Return the SHA-256 of the file that `save` writes, in hexadecimal digits."""
        packed = pack_model(self.to_model_file())
        _PACKED[self] = packed
        return hashlib.sha256(packed).hexdigest()
