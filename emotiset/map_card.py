"""What the card of a model of feature maps says otherwise; see `emotiset.card`."""

from collections.abc import Mapping
from typing import Any, Final

TASK: Final = {"type": "tabular-classification", "name": "Tabular Classification"}
TAGS: Final = ("tabular", "feature-hashing", "linear")
WHAT: Final = "Tells positive from negative examples that are feature maps."


def describe_limits(metrics: Mapping[str, Any]) -> list[str]:
    """Return what such a model is not good for, given its metrics.

    Examples
    --------
    >>> print(describe_limits({"base_log_loss": 0.0967})[-2][:59])
    - **Balance.** Who knows the share of positives alone has a
    """
    base = metrics.get("base_log_loss")
    told = (
        ""
        if base is None
        else (f" Who knows the share of positives alone has a log loss of {base:.4f}.")
    )
    return [
        "- **Linear.** What counts only together needs a cross; names and values that "
        "it has not met count nothing.",
        "- **Hashed.** Features may share a column; `inspect --texts` tells which.",
        f"- **Balance.**{told} Probabilities presume the share of positives in "
        "training, weighted by its class weights; `--prior` says another.",
        "- **People.** Features may stand for what must not count. It should decide "
        "nothing about a person.",
    ]


def describe_use(name: str) -> list[str]:
    """Return how to load such a model."""
    return [
        "```python",
        "from emotiset import load_ensemble",
        "",
        f"model = load_ensemble({name!r})",
        'rows = [{"name": "category", "other": 2.5}]',
        "model.predict(rows)  # -1 negative, 1 positive",
        "model.predict_proba(rows)  # of negative and of positive",
        "```",
    ]
