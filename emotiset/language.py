"""Which language a tweet is in, and which tweets to keep for it.

The tweet's own code is taken where it has one.  The others are identified as
py3langid [1]_ does, with its model and the same answers, but by a compiled kernel
over Arrow's buffers.

References
----------
.. [1] A. Barbaresi, py3langid, a fork of M. Lui and T. Baldwin, "langid.py: An
   Off-the-shelf Language Identification Tool", ACL 2012.
"""

import unicodedata
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from py3langid.langid import decode_trimmed

from emotiset.errors import ConfigError
from emotiset.kernels import language as kernels
from emotiset.kernels.walking import make_room
from emotiset.langid import LABELS, load_characters, load_model
from emotiset.language_names import near_codes
from emotiset.schema import LABELED, check_schema

ANY: Final = "any"

# What a tweet can be in: py3langid's labels, and what only Twitter tells.
CODES: Final = LABELS | {"bo", "chr", "ckb", "dv", "iu", "sd"}

# Former codes, and narrower or longer ones that Twitter and others use.
_RENEWED: Final = {
    "in": "id",
    "iw": "he",
    "ji": "yi",
    "jw": "jv",
    "mo": "ro",
    "nb": "no",
    "fil": "tl",
    "msa": "ms",
    "cmn": "zh",
}

# No judgement: undetermined, uncoded, several, and the codes of private use, with
# which Twitter marks a text as too short or as mentions, hashtags or links alone.
# Not among them: zxx and art, a judgement that there is no language.
_NO_JUDGEMENT: Final = "^(und|mis|mul|q[a-t][a-z])?$"


def parse_languages(setting: str) -> frozenset[str] | None:
    """Return the canonical codes that *setting* names.

    Parameters
    ----------
    setting
        A code, several joined by ``+``, or ``any``.  Regions and scripts are
        dropped, former codes are renewed.

    Returns
    -------
    frozenset or None
        None for ``any``.

    Raises
    ------
    ConfigError
        If a code is none that a tweet is known to carry or to be identified as.

    Examples
    --------
    >>> sorted(parse_languages("en-GB + in"))
    ['en', 'id']
    >>> parse_languages("any") is None
    True
    >>> parse_languages("eng")
    Traceback (most recent call last):
    ...
    emotiset.errors.ConfigError: --language needs codes such as en or en+es, or 'any', \
found 'eng': try en
    """
    if setting.strip().lower() == ANY:
        return None
    names = [name.strip() for name in setting.split("+")]
    codes = canonical_codes(pa.array(names, pa.string())).to_pylist()
    for name, code in zip(names, codes, strict=True):
        if code not in CODES:
            advice = f"try {' or '.join(near_codes(name, CODES))}"
            if name.lower() == ANY:
                advice = "leave out 'any' or the other codes"
            raise ConfigError(
                "--language needs codes such as en or en+es, or 'any', found "
                f"{name if name.lower() != ANY else setting!r}: {advice}"
            )
    return frozenset(codes)


def canonical_codes(lang: pa.Array) -> pa.Array:
    """Return the one code that is used here for each language.

    Parameters
    ----------
    lang
        String array of codes as sources give them, such as ``en``, ``zh-TW`` or
        ``pt_BR``, in any case.

    Returns
    -------
    pa.Array
        Strings: without region or script, former codes renewed.  Null where the
        code is null, empty or no judgement: ``und``, ``mis``, ``mul`` and the codes
        of private use ``qaa`` to ``qtz``.

    Examples
    --------
    >>> canonical_codes(pa.array(["iw", "zh-cn", "und", "qht", "zxx"])).to_pylist()
    ['he', 'zh', None, None, 'zxx']
    """
    code = pc.ascii_lower(pc.utf8_trim_whitespace(lang))
    code = pc.replace_substring_regex(code, "(?s)[-_].*", "")
    former, renewed = map(pa.array, zip(*_RENEWED.items(), strict=True))
    code = pc.coalesce(renewed.take(pc.index_in(code, former)), code)
    is_judged = pc.invert(pc.match_substring_regex(code, _NO_JUDGEMENT))
    return pc.if_else(is_judged, code, pa.scalar(None, pa.string()))


def keep_languages(
    batch: pa.RecordBatch, languages: frozenset[str] | None
) -> tuple[pa.RecordBatch, int]:
    """Keep the rows that are in one of *languages*.

    A row's own code decides where it has one; only the others are identified.

    Parameters
    ----------
    batch
        Has the columns of `LABELED`.
    languages
        Canonical codes; None keeps all rows and identifies none.

    Returns
    -------
    pa.RecordBatch
        The same columns, ``lang`` canonical: the own code or, where there is none
        and *languages* is not None, the identified one.
    int
        Rows dropped; a row without code and text is one of them.

    Raises
    ------
    SchemaError
        If a column is missing or has another type.
    """
    check_schema(batch, LABELED, stage="keep_languages")
    lang = canonical_codes(batch["lang"])
    if languages is not None and lang.null_count:
        is_missing = lang.is_null()
        identified = identify_languages(batch["text"].filter(is_missing))
        lang = pc.replace_with_mask(lang, is_missing, identified)
    where = batch.schema.get_field_index("lang")
    batch = batch.set_column(where, batch.schema.field(where), lang)
    if languages is None:
        return batch, 0
    wanted = pa.array(sorted(languages), pa.string())
    kept = batch.filter(pc.is_in(lang, wanted))
    return kept, batch.num_rows - kept.num_rows


def check_trained_on(own: str, language: str | None) -> None:
    """Raise `ConfigError` unless a model for *own* languages answers for *language*.

    Examples
    --------
    >>> check_trained_on("en+es", "es"), check_trained_on("en", None)
    (None, None)
    """
    if language is None:
        return
    known, asked = parse_languages(own), parse_languages(language)
    if known is not None and (asked is None or not asked <= known):
        raise ConfigError(
            f"this model needs language {own}, found {language!r}: leave it out, or "
            "train a model for it"
        )


def identify_languages(text: pa.Array) -> pa.Array:
    """Identify the language of each text, as py3langid 0.4 does.

    The answer is the library's, and the same on every CPU.  The library's own depends
    on the CPU where two languages are closer than float32 can tell, which is so for
    one of 100,000 random shreds of text; then it is the one given with AVX-512.

    Parameters
    ----------
    text
        Strings; or binary, of which what is no UTF-8 is read as the library does.

    Returns
    -------
    pa.Array
        Strings, of `langid.LABELS`; null where *text* is.  A text in which the model
        knows nothing is ``af``, as in the library: it is the first label.

    Examples
    --------
    >>> identify_languages(pa.array(["what a lovely day", "12 34", None])).to_pylist()
    ['en', 'af', None]
    """
    if len(text) == 0:
        return pa.array([], pa.string())
    model = load_model()
    data = pc.fill_null(text.cast(pa.binary()), b"")
    data = _fold_texts(data)
    columns = np.empty(len(data), np.uint8)
    room = make_room(model.likelihoods)
    kernels.identify(*_buffers(data), *model.tables, room, columns)
    is_null = text.is_null().to_numpy(zero_copy_only=False)
    return model.labels.take(pa.array(columns, mask=is_null))


def _fold_texts(data: pa.Array) -> pa.Array:
    """Change case and normal form as py3langid does; most texts stay as they are."""
    characters = load_characters()
    foldings = np.empty(len(data), np.uint8)
    kernels.find_foldings(
        *_buffers(data), characters.traits, characters.combining, foldings
    )
    lowers = pa.array(foldings == kernels.LOWER_ASCII)
    lowered = pc.ascii_lower(data.filter(lowers).cast(pa.string()))
    data = pc.replace_with_mask(data, lowers, lowered.cast(pa.binary()))
    # 0.4% of a stream of tweets: accents that stand apart, capitals beyond ASCII.
    asks = pa.array(foldings == kernels.ASK_PYTHON)
    folded = [_fold_text(raw) for raw in data.filter(asks).to_pylist()]
    return pc.replace_with_mask(data, asks, pa.array(folded, pa.binary()))


def _fold_text(raw: bytes) -> bytes:
    text = decode_trimmed(raw)
    if text is None:
        return raw
    if text.isupper():
        text = text.lower()
    return unicodedata.normalize("NFC", text).encode()


def _buffers(data: pa.Array) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return offsets and bytes of a binary array, read-only.

    Arrow's buffers are read-only when they come from another process; a kernel
    would be compiled once for each kind.
    """
    _, offsets, values = data.buffers()
    stop = data.offset + len(data) + 1
    starts = np.frombuffer(offsets, np.int32)[data.offset : stop]
    contents = np.frombuffer(values or b"", np.uint8)
    starts.flags.writeable = contents.flags.writeable = False
    return starts, contents
