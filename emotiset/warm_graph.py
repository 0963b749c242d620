"""Graphs of an update: members that go on from what they have learned."""

from collections.abc import Sequence
from typing import Any

from dask.delayed import Delayed

from emotiset.config import TrainConfig
from emotiset.fitting import continue_part
from emotiset.graph import make_task
from emotiset.holdback import Slice
from emotiset.warm import Past, unpack_past


def continue_members(
    parts: Sequence[Any],
    pasts: Sequence[tuple[Past, Sequence[Any]]],
    config: TrainConfig,
    last: Slice,
    gains: Any = None,
) -> list[Delayed]:
    """Do as `emotiset.graph.fit_members` does, with members that have a past.

    *pasts* are one for each part, each with the tasks that hold the pieces of its
    weights.
    """
    return [
        make_task(
            continue_part,
            part,
            make_task(unpack_past, list(pieces), past, config.n_features),
            config,
            last,
            gains,
        )
        for part, (past, pieces) in zip(parts, pasts, strict=True)
    ]
