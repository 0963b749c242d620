"""Text to the matrix on which members learn, as a transformer."""

from collections.abc import Iterable
from typing import Any, Self

from scipy.sparse import csr_matrix, vstack
from sklearn.base import BaseEstimator, TransformerMixin

from emotiset.config import FeatureConfig
from emotiset.features import hash_features
from emotiset.labeling import strip_symbols
from emotiset.learning import FeatureSet
from emotiset.lexicon import load_lexicon
from emotiset.texts import split_texts

_BATCH_ROWS = 16_384


class TextHasher(TransformerMixin, BaseEstimator):
    """Hash text into the columns that members see; learns nothing.

    Parameters
    ----------
    features
        Feature set, ``mixed`` or ``byte4``.
    n_features
        Columns, a power of two.
    strip
        Take the symbols of the package's lexicon out first, as training does.

    Examples
    --------
    >>> TextHasher(features="byte4", n_features=1024).transform(["abcde :)"]).shape
    (1, 1024)
    """

    def __init__(
        self,
        features: FeatureSet = "mixed",
        n_features: int = 1 << 21,
        strip: bool = True,
    ) -> None:
        self.features = features
        self.n_features = n_features
        self.strip = strip

    def fit(self, X: Iterable[str | None], y: Any = None) -> Self:
        """Check the settings; there is nothing to learn.

        Raises
        ------
        ConfigError
            If a setting makes no sense.
        """
        FeatureConfig(features=self.features, n_features=self.n_features)
        return self

    def transform(self, X: Iterable[str | None]) -> csr_matrix:
        """Return the rows of *X*.

        Parameters
        ----------
        X
            What `Ensemble.predict` takes: n texts.

        Returns
        -------
        csr_matrix of float32[n, n_features]

        Raises
        ------
        InputError
            If *X* are no texts.
        """
        config = FeatureConfig(features=self.features, n_features=self.n_features)
        rows = [csr_matrix((0, self.n_features), dtype="float32")]
        for text in split_texts(X, _BATCH_ROWS):
            kept = strip_symbols(text, load_lexicon()) if self.strip else text
            rows.append(hash_features(kept, config))
        return vstack(rows, format="csr")

    def __sklearn_is_fitted__(self) -> bool:
        """Tell that there is nothing to learn."""
        return True

    def __sklearn_tags__(self) -> Any:
        """Tell that text comes in."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        tags.requires_fit = False
        return tags
