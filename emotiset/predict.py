"""Classify what files hold: blocks in parallel, results in the order of the input."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import pyarrow as pa
from dask.distributed import Client, Future

from emotiset.answering import AS_TRAINED, Answering
from emotiset.cluster import count_threads
from emotiset.config import SourceConfig
from emotiset.errors import ClusterError, InputError
from emotiset.kinds import check_kind, has_maps
from emotiset.maps import Canonical, canonical_list
from emotiset.nodes import check_access
from emotiset.partition import Tally, merge_tallies
from emotiset.polyglot import Model
from emotiset.predictions import (
    check_target,
    join_answers,
    make_table,
    write_predictions,
)
from emotiset.progress import Progress, Step, ignore
from emotiset.sources import Block, find_blocks, find_paths, read_block
from emotiset.waiting import WORKER_SECONDS, tell_losses, wait_for_end

_LINE: Final = ("text", "polarity", "probability", "language")
_ATTEMPTS: Final = 4  # to score a block, where workers are lost with the model
_BLOCKS_AHEAD: Final = 2  # for each thread; bounds what waits to be written


def predict(
    ensemble: Model,
    inputs: Sequence[str | Path],
    output: str | Path,
    config: SourceConfig,
    client: Client,
    *,
    answering: Answering = AS_TRAINED,
    progress: Progress = ignore,
    worker_seconds: float = WORKER_SECONDS,
) -> Tally:
    """Classify every text of the inputs, into one Parquet file or a folder of them.

    Parameters
    ----------
    ensemble
        What predicts.
    inputs
        Files, folders or globs of any format that training reads.
    output
        Parquet file, or a folder that is new or empty, for a file for each block of
        the input; see `emotiset.predictions`.
    config
        How the inputs are read, and which of their columns stand beside the answers.
    client
        Where to work.
    answering
        Share of positive texts, language, and whether to abstain.
    progress
        Is told how far it is.
    worker_seconds
        How long the cluster may be without a worker.

    Returns
    -------
    Tally
        How many records were read, and those without a prediction by bin.

    Raises
    ------
    InputError
        If the inputs cannot be read, hold no text, or lack a column to keep.
    OutputError
        If the output cannot be written; found before the work begins.
    ClusterError
        If the cluster loses the work, or is without a worker for too long.

    Examples
    --------
    >>> import tempfile
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> made = EmotisetClassifier(n_features=1024).fit(["good", "bad"], [1, -1])
    >>> with (
    ...     tempfile.TemporaryDirectory() as folder,
    ...     Client(processes=False, dashboard_address=":0") as client,
    ... ):
    ...     tally = predict(
    ...         made.ensemble_,
    ...         ["simulated:100"],
    ...         f"{folder}/out.parquet",
    ...         SourceConfig(),
    ...         client,
    ...     )
    >>> tally.n_read
    100
    """
    check_kind(ensemble, config)
    blocks = find_blocks(inputs, config)
    check_access(client, blocks)
    check_target(output, find_paths(blocks))
    tallies: list[Tally] = []
    scorer = _Scorer(client, ensemble, config, answering, worker_seconds)
    scored = _score_in_order(scorer, blocks, count_threads(client), progress)
    with write_predictions(output) as writer:
        for table, tally in scored:
            tallies.append(tally)
            writer.write(table)
        merged = merge_tallies(tallies)
        n_other = merged.bins.get("other_language", 0)
        if merged.n_read == sum(merged.bins.values()) - n_other:
            raise _no_text(merged)
    return merged


def _no_text(tally: Tally) -> InputError:
    first = [f"{each.source}, {each.where}: {each.reason}" for each in tally.rejects]
    why = f" ({first[0]})" if first else ""
    return InputError(
        f"prediction needs text, found none in {tally.n_read} records{why}: check the "
        "inputs and --format"
    )


def predict_block(
    block: Block,
    ensemble: Model,
    config: SourceConfig,
    answering: Answering = AS_TRAINED,
) -> tuple[pa.Table, Tally]:
    """Classify one block; holds its texts and their predictions."""
    tally, batches = Tally(), []
    for reading in read_block(block, config):
        tally.add_reading(reading, keep_rejects=False)
        tweets = reading.tweets
        text = Canonical(tweets["text"]) if has_maps(ensemble) else tweets["text"]
        answers = answering.answer(ensemble, text, tweets["lang"])
        tally.add_bins({"other_language": answers[1].null_count})
        if tweets.num_rows:
            batches.append(join_answers(tweets, *answers))
    return make_table(batches), tally


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
        UTF-8; bytes that are none are replaced, so that no line is lost.  Feature
        maps are JSON objects or ``name:value`` words.
    output
        Gets ``{"text": ..., "polarity": ..., "probability": ..., "language": ...}``
        and a flush for each line, so that it works in a pipe.
    answering
        Share of positive texts, and whether to abstain: a polarity of null.

    Examples
    --------
    >>> from io import BytesIO
    >>> from emotiset.sklearn import EmotisetClassifier
    >>> made = EmotisetClassifier(n_features=1024).fit(["good", "bad"], [1, -1])
    >>> answers = BytesIO()
    >>> predict_lines(made.ensemble_, [b"good"], answers)
    >>> msgspec.json.decode(answers.getvalue())["polarity"]
    1
    """
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        asked = pa.array([text])
        if has_maps(ensemble):
            asked = Canonical(_read_map(text))
        found = answering.answer(ensemble, asked)
        values = (text, *(column[0].as_py() for column in found))
        answer = dict(zip(_LINE, values, strict=True))
        output.write(msgspec.json.encode(answer) + b"\n")
        output.flush()


def _read_map(line: str) -> pa.Array:
    """Return the feature map of a line: a JSON object, or ``name:value`` words."""
    if not line.lstrip().startswith("{"):
        return canonical_list([line])
    try:
        return canonical_list([msgspec.json.decode(line)])
    except msgspec.DecodeError as error:
        raise InputError(
            "a feature map needs to be a JSON object or name:value words, found "
            f"{line[:80]!r} ({error}): mend the line"
        ) from None


def _score_in_order(
    scorer: "_Scorer", blocks: Sequence[Block], n_threads: int, progress: Progress
) -> Iterator[tuple[pa.Table, Tally]]:
    """Give the results of `predict_block` in block order, few blocks ahead."""
    done, total = 0, sum(block.n_bytes for block in blocks)
    waiting = iter(blocks)
    n_ahead = _BLOCKS_AHEAD * n_threads
    under_way = deque((b, scorer.submit(b)) for b in islice(waiting, n_ahead))
    while under_way:
        block, future = under_way.popleft()
        yield scorer.wait(block, future)
        under_way.extend((b, scorer.submit(b)) for b in islice(waiting, 1))
        done += block.n_bytes
        progress(Step("predict", done, total, "B"))


class _Scorer:
    """Scores blocks by a model that lies on the workers; shares it anew if it is lost.

    Dask computes a lost result again, but not what was sent: that is lost with the last
    worker that holds it.
    """

    def __init__(
        self,
        client: Client,
        ensemble: Model,
        config: SourceConfig,
        answering: Answering,
        worker_seconds: float,
    ) -> None:
        self._client = client
        self._seconds = worker_seconds
        self._ensemble = ensemble
        self._predict = partial(predict_block, config=config, answering=answering)
        self._shared = self._share()

    def submit(self, block: Block) -> Future:
        """Score a block some time."""
        return self._client.submit(self._predict, block, self._shared, pure=False)

    def wait(self, block: Block, future: Future) -> tuple[pa.Table, Tally]:
        """Return what scoring a block has given."""
        with tell_losses("predict", block.name):
            for _ in range(_ATTEMPTS):
                wait_for_end(future, "predict", self._seconds)
                try:
                    scored: tuple[pa.Table, Tally] = future.result()
                except CancelledError:
                    if self._client.status != "running":
                        raise
                    if self._shared.status != "finished":
                        self._shared = self._share()
                    future = self.submit(block)
                else:
                    return scored
            raise CancelledError

    def _share(self) -> Future:
        try:
            return self._client.scatter(
                self._ensemble, hash=False, broadcast=True, timeout=self._seconds
            )
        except TimeoutError as error:
            raise ClusterError(
                "stage 'predict' needs a worker, found none for "
                f"{self._seconds:.0f} s: start one with 'dask worker', run it again; "
                "where workers take longer to come, raise --worker-timeout"
            ) from error
