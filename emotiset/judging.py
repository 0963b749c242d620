"""Judge models on files whose classes are known, side by side."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from emotiset.automaton import find_and_strip
from emotiset.breakdown import (
    find_language_groups,
    find_months,
    judge_doubts,
    judge_groups,
    judge_symbols,
)
from emotiset.comparing import pair_up
from emotiset.config import SourceConfig
from emotiset.ensemble import Ensemble
from emotiset.errors import InputError
from emotiset.evaluate import evaluate_scores, judge_probability
from emotiset.gold import NEUTRAL, UNLABELED, GoldConfig, check_zeros, find_gold
from emotiset.kinds import check_kind, has_maps
from emotiset.lexicon import Lexicon
from emotiset.maps import Canonical
from emotiset.partition import Tally
from emotiset.polyglot import NO_ENSEMBLE, Model, Polyglot, by_language
from emotiset.schema import NEGATIVE, POSITIVE
from emotiset.sources import Reading, find_blocks, find_label, read_block
from emotiset.voting import decide


@dataclass(frozen=True)
class Answers:
    """What one model says of some texts.

    Attributes
    ----------
    probability, left_in : float32[n]
        Of positive, with the lexicon's symbols taken out of the text and left in.
    has_symbol : bool[n]
    scores : float32[n, n_members]
        NaN beyond the members of a text's ensemble, where another has more.
    where : int64[n]
        Number of the text's ensemble in the model.
    """

    probability: NDArray[np.float32]
    left_in: NDArray[np.float32]
    has_symbol: NDArray[np.bool_]
    scores: NDArray[np.float32]
    where: NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """Rows of known class: their gold, their groups, and the answers of each model."""

    gold: NDArray[np.int8]
    languages: pa.Array
    months: pa.Array
    answers: tuple[Answers, ...]


def evaluate_files(
    models: Mapping[str, Model],
    inputs: Sequence[str | Path],
    source: SourceConfig,
    gold: GoldConfig,
    *,
    abstain: float | None = None,
) -> dict[str, Any]:
    """Judge models on every text of the inputs.

    Runs in this process; holds some bytes for each text and member, and no text.

    Parameters
    ----------
    models
        What predicts, by name.
    inputs
        Files, folders or globs.
    source
        How they are read.
    gold
        What the labels mean.
    abstain
        Judge, besides, answers that are neutral where neither polarity has this
        probability; rows that are neutral are then judged too, else left out.

    Returns
    -------
    dict
        Plain JSON values: ``read`` and ``bins``, how many records there were and how
        many of them were not judged for want of what; ``gold``, rows of each class;
        ``models``, for each one its name, what `emotiset.evaluate.evaluate_scores`
        returns, ``by_language``, ``by_month``, ``symbols`` and ``doubts`` (see
        `emotiset.breakdown`; of feature maps no symbols), and of several ensembles
        the metrics of each under ``ensembles``; texts in a language that some model
        lacks are not judged, bin ``other_language``; ``pairs``, for each two models
        what `emotiset.comparing.Pairing.to_dict` returns.

    Raises
    ------
    InputError
        If the inputs cannot be read, hold no text of known class, or another label.
    """
    for model in models.values():
        check_kind(model, source)
    tally, parts = Tally(), []
    for reading in _read(inputs, source):
        tally.add_reading(reading, keep_rejects=False)
        labels, where = reading.tweets["label"], partial(find_label, reading)
        found = find_gold(labels, reading.source, gold, where)
        tally.labels |= frozenset(labels.unique().to_pylist())
        is_left_out = found == UNLABELED
        tally.add_bins({"no_label": int(is_left_out.sum())})
        if abstain is None:
            tally.add_bins({"neutral": int(np.count_nonzero(found == NEUTRAL))})
            is_left_out |= found == NEUTRAL
        has_answer = _can_answer(reading.tweets, list(models.values()))
        n_other = np.count_nonzero(~has_answer & ~is_left_out)
        tally.add_bins({"other_language": int(n_other)})
        is_left_out |= ~has_answer
        kept = reading.tweets.filter(pa.array(~is_left_out))
        parts.append(_judge(kept, found[~is_left_out], list(models.values())))
    if not gold.by_file:
        check_zeros({label or "" for label in tally.labels}, gold)
    return {
        "read": tally.n_read,
        "bins": tally.bins,
        **_summarize(_merge(parts, tally), models, abstain),
    }


def _read(inputs: Sequence[str | Path], source: SourceConfig) -> Iterator[Reading]:
    blocks = find_blocks(inputs, source)
    for block in blocks:
        yield from read_block(block, source)


def _can_answer(tweets: pa.RecordBatch, models: Sequence[Model]) -> NDArray[np.bool_]:
    """Tell which texts are in a language of every model."""
    can: NDArray[np.bool_] = np.ones(tweets.num_rows, bool)
    for model in models:
        if isinstance(model, Polyglot):
            can &= model.pick(tweets["text"], tweets["lang"]) != NO_ENSEMBLE
    return can


def _judge(
    tweets: pa.RecordBatch, gold: NDArray[np.int8], models: Sequence[Model]
) -> Judged:
    return Judged(
        gold,
        find_language_groups(tweets["lang"]),
        find_months(tweets["created_at"]),
        tuple(_answer(tweets, model) for model in models),
    )


def _answer(tweets: pa.RecordBatch, model: Model) -> Answers:
    """Let each text be answered by the ensemble of its language."""
    text, n = tweets["text"], tweets.num_rows
    if isinstance(model, Ensemble):
        return _answer_alone(text, model)
    where = model.pick(text, tweets["lang"])
    width = max(each.n_members for each in model.ensembles)
    answers = Answers(
        np.empty(n, np.float32),
        np.empty(n, np.float32),
        np.empty(n, bool),
        np.full((n, width), np.nan, np.float32),
        where,
    )
    for place, ensemble in enumerate(model.ensembles):
        mine = where == place
        found = _answer_alone(text.filter(pa.array(mine)), ensemble)
        answers.probability[mine] = found.probability
        answers.left_in[mine] = found.left_in
        answers.has_symbol[mine] = found.has_symbol
        answers.scores[mine, : ensemble.n_members] = found.scores
    return answers


def _answer_alone(text: pa.Array, model: Ensemble) -> Answers:
    where = np.zeros(len(text), np.int64)
    if has_maps(model):  # in which there are no symbols
        asked = Canonical(text)
        probability = model.predict_proba(asked)[:, 1]
        scores = model.scores(asked)
        return Answers(probability, probability, where > 0, scores, where)
    probability = model.predict_proba(text)[:, 1]
    _, found = find_and_strip(text, model.lexicon)
    left_in = probability.copy()
    unstripped = replace(model, lexicon=Lexicon(symbols=()))
    with_symbol = text.filter(pa.array(found > 0))
    left_in[found > 0] = unstripped.predict_proba(with_symbol)[:, 1]
    return Answers(probability, left_in, found > 0, model.scores(text), where)


def _merge(parts: Sequence[Judged], tally: Tally) -> Judged:
    if not any(np.any(part.gold != NEUTRAL) for part in parts):
        lost = ", ".join(f"{n} {name}" for name, n in tally.bins.items() if n)
        why = f" ({lost or 'all neutral'})" if tally.n_read else ""
        raise InputError(
            "evaluation needs texts that are positive or negative, found none in "
            f"{tally.n_read} records{why}: check the inputs, "
            "--label-column and --format"
        )
    answers = [
        Answers(
            *(
                np.concatenate([getattr(each, name) for each in of_model])
                for name in Answers.__dataclass_fields__
            )
        )
        for of_model in zip(*(part.answers for part in parts), strict=True)
    ]
    return Judged(
        np.concatenate([part.gold for part in parts]),
        pa.chunked_array([part.languages for part in parts]),
        pa.chunked_array([part.months for part in parts]),
        tuple(answers),
    )


def _summarize(
    judged: Judged, models: Mapping[str, Model], abstain: float | None
) -> dict[str, Any]:
    told = []
    for (name, model), answers in zip(models.items(), judged.answers, strict=True):
        told.append({"model": name, **_summarize_model(judged, model, answers)})
        if abstain is not None:
            doubts = judge_doubts(judged.gold, answers.probability, abstain)
            told[-1]["doubts"] = doubts
    has_polarity = judged.gold != NEUTRAL
    gold = judged.gold[has_polarity]
    is_right = [decide(a.probability[has_polarity]) == gold for a in judged.answers]
    classes = {"negative": NEGATIVE, "neutral": NEUTRAL, "positive": POSITIVE}
    return {
        "gold": {
            name: int(np.count_nonzero(judged.gold == sign))
            for name, sign in classes.items()
        },
        "models": told,
        "pairs": [
            {"first": a, "second": b, **pair_up(is_right[i], is_right[j]).to_dict()}
            for (i, a), (j, b) in combinations(enumerate(models), 2)
        ],
    }


def _summarize_model(judged: Judged, model: Model, answers: Answers) -> dict[str, Any]:
    mask = judged.gold != NEUTRAL
    rows = pa.array(mask)
    gold, probability = judged.gold[mask], answers.probability[mask]
    told = {
        **_judge_ensembles(model, answers, judged.gold),
        "by_language": judge_groups(judged.languages.filter(rows), gold, probability),
        "by_month": judge_groups(judged.months.filter(rows), gold, probability),
    }
    if not has_maps(model):
        told["symbols"] = judge_symbols(
            gold, probability, answers.left_in[mask], answers.has_symbol[mask]
        )
    return told


def _judge_ensembles(
    model: Model, answers: Answers, gold: NDArray[np.int8]
) -> dict[str, Any]:
    """Judge the rows with a polarity: all of them, and those of each ensemble."""
    has_polarity = gold != NEUTRAL
    told = {}
    for place, (language, each) in enumerate(by_language(model).items()):
        mine = has_polarity & (answers.where == place)
        scores = np.ascontiguousarray(answers.scores[mine, : each.n_members])
        told[language] = evaluate_scores(
            scores, gold[mine], each.vote, each.vote_weights, each.calibration
        )
    if isinstance(model, Ensemble):
        return told[model.language]
    probability = answers.probability[has_polarity]
    return {**judge_probability(gold[has_polarity], probability), "ensembles": told}
