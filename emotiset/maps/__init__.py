"""Examples that are features already: maps of names to values, in one canonical form.

The canonical form of a row is one string, in which each feature is a word: a category
is ``name=value``, a number ``name:1.5``.  Words stand in the order of their bytes,
each once, with one blank between two.  White space and ``%`` are written as ``%20`` and
the like, in names ``=`` and ``:`` too, so that it can be read again.  A missing value
(null, NaN, infinite, or absent) is no feature, nor is a 0: neither leaves a trace.
Numbers are float32, as learners take them.

So a feature map passes through sampling, exchange, files and models as a text does.
"""

from emotiset.maps.arrow import canonical_column
from emotiset.maps.objects import canonical_objects
from emotiset.maps.rows import Canonical, canonical_array, canonical_list, split_maps
from emotiset.maps.text import canonical_text

__all__ = [
    "Canonical",
    "canonical_array",
    "canonical_column",
    "canonical_list",
    "canonical_objects",
    "canonical_text",
    "split_maps",
]
