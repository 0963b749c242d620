"""Classify what files hold: blocks in parallel, results in the order of the input."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dask.distributed import Client

from emotiset.atomic import check_outputs, write_atomically
from emotiset.checks import check_range
from emotiset.cluster import count_threads
from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.nodes import check_access
from emotiset.partition import Tally, merge_tallies
from emotiset.polyglot import Model, positive_of
from emotiset.progress import Progress, Step, ignore
from emotiset.schema import ABSTAINED
from emotiset.sources import Block, find_blocks, find_paths, read_block
from emotiset.voting import decide
from emotiset.waiting import tell_losses

PREDICTED: Final = pa.schema(
    [
        ("id", pa.string()),
        ("created_at", pa.timestamp("us", tz="UTC")),
        ("lang", pa.string()),
        ("text", pa.string()),
        ("polarity", pa.int8()),
        ("probability", pa.float32()),
    ]
)

_BLOCKS_AHEAD: Final = 2  # for each thread; bounds what waits to be written


@dataclass(frozen=True)
class Answering:
    """What a model is told about where it is used.

    Attributes
    ----------
    prior
        Share of positive texts there; None: as in training.
    abstain
        Texts of which neither polarity has at least this probability get none.
    language
        Of all texts; None: of several ensembles each text's own language picks one.
    """

    prior: float | None = None
    abstain: float | None = None
    language: str | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        check_range("prior", self.prior, at_least=1e-6, at_most=1 - 1e-6)
        check_range("abstain", self.abstain, at_least=0.5, at_most=1)

    def answer(
        self, model: Model, text: pa.Array, codes: pa.Array | None = None
    ) -> tuple[pa.Array, pa.Array]:
        """Return polarity and probability of positive of each text.

        The polarity is null where it abstains, both are where the model has no
        ensemble for the text's language; *codes* are what the texts say it is.
        """
        positive = positive_of(model, text, codes, self.language, prior=self.prior)
        polarity = decide(positive, self.abstain)
        has_none = np.isnan(positive)
        return (
            pa.array(polarity, mask=has_none | (polarity == ABSTAINED)),
            pa.array(positive, mask=has_none),
        )


AS_TRAINED: Final = Answering()


def predict(
    ensemble: Model,
    inputs: Sequence[str | Path],
    output: str | Path,
    config: SourceConfig,
    client: Client,
    *,
    answering: Answering = AS_TRAINED,
    progress: Progress = ignore,
) -> Tally:
    """Classify every text of the inputs into one Parquet file.

    Parameters
    ----------
    ensemble
        What predicts.
    inputs
        Files, folders or globs of any format that training reads.
    output
        Parquet file with the columns of `PREDICTED`, rows in the order of the input;
        ``probability`` is that of positive; no ``polarity`` where it abstained, and
        neither where the model has no ensemble for the text's language.
    config
        How the inputs are read.
    client
        Where to work.
    answering
        Share of positive texts, language, and whether to abstain.
    progress
        Is told how far it is.

    Returns
    -------
    Tally
        How many records were read, and those without a prediction by bin.

    Raises
    ------
    InputError
        If the inputs cannot be read, or hold no text.
    """
    blocks = find_blocks(inputs, config)
    check_access(client, blocks)
    check_outputs([output], find_paths(blocks))
    tallies = []
    with (
        write_atomically(output) as temporary,
        pq.ParquetWriter(temporary, PREDICTED, compression="zstd") as writer,
    ):
        for batches, tally in _score_in_order(
            client, blocks, ensemble, config, answering, progress
        ):
            tallies.append(tally)
            for batch in batches:
                writer.write_batch(batch)
        merged = merge_tallies(tallies)
        n_other = merged.bins.get("other_language", 0)
        if merged.n_read == sum(merged.bins.values()) - n_other:
            raise InputError(
                f"prediction needs text, found none in {merged.n_read} records: check "
                "the inputs and --format"
            )
    return merged


def predict_block(
    block: Block,
    ensemble: Model,
    config: SourceConfig,
    answering: Answering = AS_TRAINED,
) -> tuple[list[pa.RecordBatch], Tally]:
    """Classify one block; holds its texts and their predictions."""
    tally, batches = Tally(), []
    for reading in read_block(block, config):
        tally.add_reading(reading, keep_rejects=False)
        tweets = reading.tweets
        polarity, positive = answering.answer(ensemble, tweets["text"], tweets["lang"])
        tally.add_bins({"other_language": positive.null_count})
        columns = [
            tweets["id"],
            tweets["created_at"],
            tweets["lang"],
            tweets["text"],
            polarity,
            positive,
        ]
        batches.append(pa.record_batch(columns, schema=PREDICTED))
    return batches, tally


def predict_lines(
    ensemble: Model,
    lines: Iterable[bytes],
    output: BinaryIO,
    answering: Answering = AS_TRAINED,
) -> None:
    """Classify one text a line, and write a JSON line for each, at once.

    Parameters
    ----------
    ensemble
        What predicts.
    lines
        UTF-8; bytes that are none are replaced, so that no line is lost.
    output
        Gets ``{"text": ..., "polarity": ..., "probability": ...}`` and a flush for
        each line, so that it works in a pipe.
    answering
        Share of positive texts, and whether to abstain: a polarity of null.
    """
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        polarity, positive = answering.answer(ensemble, pa.array([text]))
        answer = {
            "text": text,
            "polarity": polarity[0].as_py(),
            "probability": positive[0].as_py(),
        }
        output.write(msgspec.json.encode(answer) + b"\n")
        output.flush()


def _score_in_order(
    client: Client,
    blocks: Sequence[Block],
    ensemble: Model,
    config: SourceConfig,
    answering: Answering,
    progress: Progress,
) -> Iterator[tuple[list[pa.RecordBatch], Tally]]:
    """Give the results of `predict_block` in block order, few blocks ahead."""
    shared = client.scatter(ensemble, hash=False, broadcast=True)
    submit = partial(
        client.submit, predict_block, config=config, answering=answering, pure=False
    )
    done, total = 0, sum(block.n_bytes for block in blocks)
    waiting = iter(blocks)
    n_ahead = _BLOCKS_AHEAD * count_threads(client)
    under_way = deque((b, submit(b, shared)) for b in islice(waiting, n_ahead))
    while under_way:
        block, future = under_way.popleft()
        with tell_losses("predict", block.name):
            scored = future.result()
        yield scored
        under_way.extend((b, submit(b, shared)) for b in islice(waiting, 1))
        done += block.n_bytes
        progress(Step("predict", done, total, "B"))
