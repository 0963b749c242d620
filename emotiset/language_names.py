"""What people call a language who do not know its code: for advice in messages."""

import difflib
from collections.abc import Collection
from typing import Final

# Code, names in English and in the language itself, codes of three letters.
_NAMES: Final = """
af afrikaans afr, ar arabic ara, bg bulgarian bul, bn bengali bangla ben, ca catalan
catala cat, cs czech cestina ces cze, cy welsh cymraeg cym wel, da danish dansk dan,
de german deutsch deu ger, el greek ell gre gr, en english eng uk us, es spanish
espanol castellano spa, et estonian eesti est, eu basque euskara eus baq, fa persian
farsi fas per, fi finnish suomi fin, fr french francais fra fre, ga irish gaeilge gle,
gl galician galego glg, gu gujarati guj, he hebrew heb, hi hindi hin, hr croatian
hrvatski hrv, ht haitian hat, hu hungarian magyar hun, hy armenian hye arm, id
indonesian bahasa ind, is icelandic isl ice, it italian italiano ita, ja japanese
nihongo jpn jp, ka georgian kat geo, kk kazakh kaz, km khmer khm, kn kannada kan, ko
korean kor kr, lt lithuanian lit, lv latvian lav, mk macedonian mkd mac, ml malayalam
mal, mn mongolian mon, mr marathi mar, ms malay msa may, my burmese mya bur, ne nepali
nep, nl dutch nederlands flemish nld dut, no norwegian norsk nor, pa punjabi pan, pl
polish polski pol, ps pashto pus, pt portuguese portugues brazilian por br, ro
romanian romana ron rum, ru russian russkij rus, si sinhala sin, sk slovak slovencina
slk slo, sl slovenian slovenscina slv, sq albanian shqip sqi alb, sr serbian srpski
srp, sv swedish svenska swe se, sw swahili kiswahili swa, ta tamil tam, te telugu tel,
th thai tha, tl tagalog filipino tgl ph, tr turkish turkce tur, uk ukrainian ukr ua,
ur urdu urd, uz uzbek uzb, vi vietnamese vie vn, zh chinese mandarin zho chi cn, any
all every
"""
_CODES: Final = {
    name: code
    for code, *names in (entry.split() for entry in _NAMES.split(","))
    for name in names
}
_SHOWN: Final = 3
_NO_LANGUAGE: Final = frozenset({"zxx", "art"})  # nobody means these by a typo


def near_codes(name: str, codes: Collection[str]) -> list[str]:
    """Return the codes that somebody who wrote *name* may have meant, at least one.

    Examples
    --------
    >>> codes = {"en", "eo", "es", "pt", "de", "da"}
    >>> near_codes("spansih", codes), near_codes("POR", codes), near_codes("eng", codes)
    (['es'], ['pt'], ['en'])
    >>> near_codes("xq", codes), near_codes("xx", {"en", "zxx"})
    (['en'], ['en'])
    """
    name = name.strip().lower()
    codes = set(codes) - _NO_LANGUAGE
    if name in _CODES:
        return [_CODES[name]]
    if len(name) > _SHOWN:
        names = difflib.get_close_matches(name, _CODES, n=_SHOWN, cutoff=0.7)
        return list(dict.fromkeys(_CODES[each] for each in names)) or ["en"]
    near = [code for code in sorted(codes) if len(code) > 1 and name.startswith(code)]
    near += [code for code in sorted(codes) if sorted(code) == sorted(name)]
    near += difflib.get_close_matches(name, sorted(codes), n=_SHOWN, cutoff=0.6)
    return list(dict.fromkeys(near))[:_SHOWN] or ["en"]
