"""How the made-up words of simulated tweets are spelled.

English has real function words, so that language identification says English, and
made-up stems with endings.  The other languages have only made-up words in their
script.  No word means anything; none is taken from a tweet.
"""

from dataclasses import dataclass
from math import prod
from typing import Final

N_STEM_WORDS: Final = 4096
N_ENDINGS: Final = 8
N_FOREIGN_WORDS: Final = 512

# The 128 most frequent words; neighbors in the list are opposites (see
# `emotiset.simulate.language`), though words such as these say little.
_FUNCTION_WORDS: Final = """
    the a i you to for and but in on my your it that is was of with me we this not
    be have so all are just at from do can up out if when what how get go she he
    will would no yes they there now then about over one some as or her his am been
    has had by off back down see know today tonight our their who why them him more
    still time day think say going want here where an any than because too very
    into own did does new old after before only even make take come never always
    much again really us its were should could every other each while until
    around another most last next week year put
"""
FUNCTION_WORDS: Final = tuple(_FUNCTION_WORDS.split())

# The four runs of letters of a stem.  The last is never e, or "have" were a stem.
_RUNS: Final = (
    "b c d f g h j k l m n p r s t v w z br ch cl cr dr fl fr gl gr pl pr sh sk sl "
    "sm sn sp st sw th tr tw",
    "a e i o u ee oa ea ai ou",
    "b c d f g k l m n p r s t v z nd nt mp st sk ll rt sp lt mb rd ng x nk lk ft sh "
    "th rm rn",
    "a i o u ee ia io",
)
_RUN_CHOICES: Final = tuple(run.split() for run in _RUNS)
_N_STEMS: Final = prod(len(choices) for choices in _RUN_CHOICES)
_ENDINGS: Final = ("", "n", "s", "d", "r", "ly", "ring", "st")


@dataclass(frozen=True)
class Language:
    """One language of the simulated stream.

    Attributes
    ----------
    code
        As the tweet API writes it; Indonesian is ``in`` there.
    percent
        Share of the users who write it.
    units
        Pieces that a made-up word has three of.
    gap
        What stands between two words.
    """

    code: str
    percent: int
    units: tuple[str, ...]
    gap: str = " "


_LATIN: Final = ("ka", "lo", "mi", "tu", "re", "sa", "ni", "do", "pe", "ga", "bu")

LANGUAGES: Final = (
    Language("en", 45, ()),
    Language("ja", 17, tuple("あいうえおかきくけこさしすせそたちつてとなにぬね"), ""),
    Language("es", 10, (*_LATIN, "ción", "ña", "que", "jó", "lle", "ís")),
    Language("in", 6, (*_LATIN, "ang", "nya", "kan", "yah", "mem")),
    Language("ar", 6, tuple("ابتثجحخدذرزسشصضطظعغفقكلمنهوي")),
    Language("pt", 5, (*_LATIN, "ção", "nha", "lhe", "ões", "é")),
    Language("ko", 3, tuple("가나다라마바사아자차카타파하거너더러머버")),
    Language("fr", 3, (*_LATIN, "eau", "ç", "é", "oux", "ès")),
    Language("tr", 2, (*_LATIN, "ş", "ğı", "lar", "ür", "çö")),
    Language("ru", 2, ("ка", "ло", "ми", "ту", "ре", "са", "ни", "до", "ще", "жы")),
    Language("th", 1, tuple("กขคงจชซดตถทธนบปผพมยรลวสห"), ""),
)


def spell_english() -> list[str]:
    """Return the 32,768 words of English, all different.

    Returns
    -------
    list of str
        Word ``ending * 4096 + stem``.  The first 128 are function words.

    Notes
    -----
    A stem is four runs of letters, consonants and vowels in turn, and an ending
    begins with a consonant.  So a word can be cut in only one way, and two
    different choices of pieces never spell the same word.
    """
    stems = [_spell_stem(number) for number in range(N_STEM_WORDS)]
    plain = [*FUNCTION_WORDS, *stems[len(FUNCTION_WORDS) :]]
    return plain + [stem + ending for ending in _ENDINGS[1:] for stem in stems]


def _spell_stem(number: int) -> str:
    # The multiplier shares no factor with _N_STEMS, so each number has its own stem;
    # it is near the golden section, so neighbors look different.
    code = (number + 1) * 59889 % _N_STEMS
    stem = ""
    for choices in _RUN_CHOICES:
        code, choice = divmod(code, len(choices))
        stem += choices[choice]
    return stem


def spell_foreign(language: Language) -> list[str]:
    """Return the 512 words of a *language* other than English, all different."""
    base = len(language.units)
    words = []
    for number in range(N_FOREIGN_WORDS):
        code, first = divmod(number * 7919 % base**3, base)
        last, middle = divmod(code, base)
        words.append("".join(language.units[unit] for unit in (first, middle, last)))
    return words
