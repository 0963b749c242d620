"""Posts as JSON lines, of any network that `networks` knows, or by named columns."""

from collections.abc import Iterator, Sequence
from functools import partial

import pyarrow as pa

from emotiset.config import SourceConfig
from emotiset.errors import InputError
from emotiset.maps import canonical_list
from emotiset.sources.blocks import Piece, Reading, name_ids
from emotiset.sources.door import make_tweets
from emotiset.sources.dropping import count_dropped_lines
from emotiset.sources.lines import Lines, decode_chunks, read_lines
from emotiset.sources.networks import Network, Post, find_network, split_path
from emotiset.sources.paths import Picker, UnreadableError, as_text
from emotiset.sources.picking import pick_columns


def read_posts(
    piece: Piece, config: SourceConfig, limit: int | None, *, format: str
) -> Iterator[Reading]:
    """Read the posts of a piece of JSON lines.

    Parameters
    ----------
    piece
        Of a file of lines.
    config
        Names columns.
    limit
        Records to read at most; None: all.
    format
        As `networks.find_network` knows it.

    Returns
    -------
    iterator of Reading
        Each of at most `MAX_ROWS` lines.

    Raises
    ------
    InputError
        If the file cannot be opened or read.
    """
    network = find_network(format, config)
    picker = Picker(network.paths)
    labels = None
    if config.label_column is not None:
        labels = Picker(split_path(config.label_column))
    decode = partial(
        _read_chunk,
        network=network,
        picker=picker,
        labels=labels,
        keep=config.keep_columns,
    )
    return decode_chunks(read_lines(piece), piece.source, limit, decode)


def _read_chunk(
    chunk: Lines,
    source: str,
    network: Network,
    picker: Picker,
    labels: Picker | None,
    keep: Sequence[str],
) -> Reading:
    posts = [_read_line(line, network, picker) for line in chunk.lines]
    if network.has_maps:
        text = _write_maps(posts)
    else:
        text = pa.array([post.text for post in posts], pa.string())
    batch, dropped = make_tweets(
        text,
        lang=pa.array([post.lang for post in posts], pa.string()),
        created_at=pa.array([post.created_at for post in posts], pa.string()),
        id=pa.array([post.id for post in posts], pa.string()),
        is_retweet=pa.array([post.is_retweet for post in posts], pa.bool_()),
        label=None if labels is None else _find_labels(chunk.lines, labels),
        is_escaped=network.is_escaped,
        is_features=network.has_maps,
        kept=pick_columns(chunk.lines, keep),
    )
    why = count_dropped_lines(
        source, chunk, dropped, lambda row: (posts[row].bin, posts[row].reason)
    )
    lost = (posts[row] for row in dropped.tolist())
    deleted = name_ids(post.id for post in lost if post.bin == "delete")
    return Reading(source, batch, *why, deleted=deleted)


def _write_maps(posts: list[Post]) -> pa.Array:
    """Return canonical feature maps; where one is nested too deep its post says so."""
    try:
        return canonical_list([post.text for post in posts])
    except InputError:
        for post in posts:
            try:
                canonical_list([post.text])
            except InputError as error:
                post.text, post.bin, post.reason = None, "unreadable", str(error)
        return canonical_list([post.text for post in posts])


def _read_line(line: bytes, network: Network, picker: Picker) -> Post:
    try:
        return network.to_post(*picker.pick(line))
    except UnreadableError as error:
        if not line.strip():
            return Post(None, bin="blank", reason="")
        return Post(None, bin="unreadable", reason=str(error))


def _find_labels(lines: list[bytes], picker: Picker) -> pa.Array:
    labels = []
    for line in lines:
        try:
            plain = [as_text(value) for value in picker.pick(line)]
        except UnreadableError:
            plain = []
        labels.append(next((each for each in plain if each is not None), None))
    return pa.array(labels, pa.string())
