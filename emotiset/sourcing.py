"""Settings of reading; a part of `emotiset.config.TrainConfig`."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

from emotiset.checks import check_choice, check_range, option_name
from emotiset.errors import ConfigError

TweetFormat = Literal["tweets", "bluesky", "mastodon", "reddit", "json"]
TableFormat = Literal["csv", "parquet", "svmlight", "text"]
Format = Literal["auto", TweetFormat, TableFormat, "simulated"]

# Formats in which nothing can be named; of SVMLight what is learned from has a name.
_KNOWN_PLACES: Final = ("tweets", "bluesky", "mastodon", "reddit", "text", "svmlight")
_PLACES: Final = ("text_column", "lang_column", "time_column", "id_column")


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """How raw input is found and read; never what is done with it.

    Attributes
    ----------
    format
        What the files hold; ``auto`` looks at their content.
    text_column, lang_column, time_column, id_column
        Column names, for JSON lines places such as ``a.b.c``; None: the common names
        are tried.
    label_column
        Column with a known class.  Each row is then an observation: nothing is
        filtered, balanced or taken for a copy.
    features_column
        Column with a feature map instead of a text: a Parquet map or struct, a JSON
        object, or a ``name:value`` string.  Of SVMLight any name will do.
    block_size
        Bytes of input that one task reads, where a file can be split.
    limit
        Read only the first so many records, in the order of the inputs.
    max_bad_fraction
        Share of unreadable records above which a run stops.
    storage_options
        What the file systems of URLs are told, such as keys; never written anywhere.
    keep_columns
        Further columns that `emotiset.predict` carries along; training has no use
        for them.
    """

    format: Format = "auto"
    text_column: str | None = None
    lang_column: str | None = None
    time_column: str | None = None
    id_column: str | None = None
    label_column: str | None = None
    features_column: str | None = None
    block_size: int = 64 << 20
    limit: int | None = None
    max_bad_fraction: float = 0.5
    storage_options: dict[str, Any] = field(default_factory=dict, repr=False)
    keep_columns: tuple[str, ...] = ()

    @property
    def content_column(self) -> str | None:
        """The column of what is learned from, where it is named."""
        return self.features_column or self.text_column

    def __post_init__(self) -> None:
        """Check the values."""
        check_choice("format", self.format, get_args(Format))
        if self.format == "svmlight":  # whose columns have no names
            for name in ("features_column", "label_column"):
                object.__setattr__(self, name, getattr(self, name) or name[:-7])
        self._check_places()
        check_range("block_size", self.block_size, at_least=1024)
        check_range("limit", self.limit, at_least=1)
        check_range("max_bad_fraction", self.max_bad_fraction, at_least=0, at_most=1)
        if self.label_column is not None and self.label_column == self.text_column:
            raise ConfigError(
                "--text-column and --label-column need two different columns, found "
                f"{self.label_column!r} for both: change one"
            )
        if self.features_column is not None and self.text_column is not None:
            raise ConfigError(
                "--text-column and --features-column exclude each other, found both: "
                "keep one"
            )

    def _check_places(self) -> None:
        """Refuse names of places in a format where they would be passed over."""
        if self.format not in _KNOWN_PLACES:
            return
        has_maps = self.format == "svmlight"
        odd = [*_PLACES, *(() if has_maps else ("features_column",))]
        for name in odd:
            if getattr(self, name) is not None:
                raise ConfigError(
                    f"--format {self.format} says where everything is, found "
                    f"{option_name(name)} {getattr(self, name)!r} too: leave it out, "
                    "or say --format json or csv"
                )
