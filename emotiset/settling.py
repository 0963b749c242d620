"""What is settled over all blocks before the draw: deleted tweets, identical rows."""

from collections.abc import Callable

from dask.distributed import Client, Future

from emotiset import graph
from emotiset.config import TrainConfig
from emotiset.map_graph import number_rows
from emotiset.partition import merge_tallies
from emotiset.sampling import make_rule
from emotiset.shape import choose_ranges
from emotiset.steps import Labeled


def settle(
    client: Client,
    labeled: Labeled,
    config: TrainConfig,
    wait: Callable[[list[Future], str], None],
) -> Labeled:
    """Drop what delete notices name, and tell identical feature maps apart.

    *wait* waits for futures of a stage.
    """
    if config.drop_deleted:
        labeled = _drop_deleted(client, labeled, config, wait)
    if config.features_column is None:
        return labeled
    n_ranges, rule = choose_ranges(labeled.n_rows), make_rule(config)
    numbered = number_rows(labeled.runs, n_ranges, rule, config.seed)
    runs: list[Future] = client.compute(numbered)
    wait(runs, "number")
    return Labeled(runs, labeled.tally)


def _drop_deleted(
    client: Client,
    labeled: Labeled,
    config: TrainConfig,
    wait: Callable[[list[Future], str], None],
) -> Labeled:
    n_ids = labeled.n_rows + labeled.tally.bins.get("delete", 0)
    rule = make_rule(config)
    runs = client.compute(graph.drop_deleted(labeled.runs, choose_ranges(n_ids), rule))
    tallies = client.compute(graph.take_tallies(runs))
    wait(tallies, "delete")
    return Labeled(runs, merge_tallies(client.gather(tallies)))
