"""What has a model file: how it is written and known by its bytes."""

from abc import ABC, abstractmethod
from pathlib import Path

from emotiset.store import ModelFile, hash_model, write_model


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
        write_model(path, self.to_model_file())

    def sha256(self) -> str:
        """Return the SHA-256 of the file that `save` writes, in hexadecimal digits."""
        return hash_model(self.to_model_file())
