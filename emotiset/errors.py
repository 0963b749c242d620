"""The errors a caller may want to catch, and the exit code of each.

Every message is one line: what was needed, what was found, what to do.
"""


class EmotisetError(Exception):
    """Base of all errors raised on purpose; the command prints its message alone."""

    exit_code = 2


class ConfigError(EmotisetError):
    """A setting has a value that makes no sense."""


class InputError(EmotisetError):
    """The input cannot be read, or does not hold what was asked for."""


class OutputError(EmotisetError):
    """A result cannot be written where it was asked for."""


class SchemaError(EmotisetError):
    """A batch or file lacks a column, or a column has another type."""


class ModelFileError(EmotisetError):
    """A file is no model, is damaged, or is of a format this version cannot read."""


class OnePolarityError(InputError):
    """Examples of only one polarity are there, so nothing can be learned."""


class TooFewError(InputError):
    """Fewer examples are there than were asked for."""


class BadDataError(EmotisetError):
    """Too large a share of the records cannot be read."""

    exit_code = 3


class ClusterError(EmotisetError):
    """The cluster cannot be reached, or cannot do the work."""

    exit_code = 4


class CutShortError(EmotisetError):
    """A command was interrupted when a part of its outputs was written already."""

    exit_code = 130


class GateError(EmotisetError):
    """New data, or a model made of it, is not fit to be used unseen."""

    exit_code = 5
