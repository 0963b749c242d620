"""Simulated tweets: a stream of API lines, and a language of which all is known."""

from emotiset.simulate.language import best_accuracy, labeled_texts
from emotiset.simulate.records import EMOTICON_SHARE, simulate_records

__all__ = ["EMOTICON_SHARE", "best_accuracy", "labeled_texts", "simulate_records"]
