"""Which families of kernels a run needs; see `emotiset.kernels._cache`."""

from collections.abc import Sequence

from emotiset.compiling import COMMON
from emotiset.config import FeatureConfig, TrainConfig, Vote
from emotiset.kernels._cache import Family
from emotiset.sources import SCANNED, Block


def find_families(config: TrainConfig, blocks: Sequence[Block]) -> list[Family]:
    """Return the families that training on *blocks* needs.

    Examples
    --------
    >>> find_families(TrainConfig(vote="majority"), [])
    ['label', 'learn', 'paper']
    """
    found = list_families(config, config.vote, config.learner)
    if config.label_column is None and any(each.format in SCANNED for each in blocks):
        found.append("scan")
    return found


def list_families(
    features: FeatureConfig, vote: Vote, learner: str | None = None
) -> list[Family]:
    """Return the families that a model needs: to be trained, or to answer.

    Examples
    --------
    >>> list_families(FeatureConfig(features="maps"), "mean")
    ['label', 'learn', 'maps']
    """
    found = [*COMMON]
    has_maps = features.features == "maps"
    is_plain = features.features == "mixed" and learner in (None, "averaged")
    if has_maps:
        found.append("maps")
    if vote != "mean" or not (has_maps or is_plain):
        found.append("paper")
    return found
