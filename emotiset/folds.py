"""Settings of cross-validation; how a sample is cut by them, in `emotiset.folding`."""

from dataclasses import dataclass
from typing import Literal, get_args

from emotiset.checks import check_choice, check_range

FoldBy = Literal["key", "time"]


@dataclass(frozen=True, kw_only=True)
class FoldConfig:
    """Whether the sample is judged by cross-validation too; the model stays the same.

    Attributes
    ----------
    folds
        Parts of the sample, each of which judges a model trained on the others; None:
        no cross-validation.
    fold_by
        ``key``: parts are drawn at random; ``time``: each is a block of time, since
        texts of the same hours are alike.
    """

    folds: int | None = None
    fold_by: FoldBy = "key"

    def __post_init__(self) -> None:
        """Check the values."""
        check_range("folds", self.folds, at_least=2, at_most=100)
        check_choice("fold_by", self.fold_by, get_args(FoldBy))
