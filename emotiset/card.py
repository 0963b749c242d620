"""The model card: what a model is good for and what not, for those who find it.

Markdown with the YAML header that model hubs read.  Names and paths come from
elsewhere: each stands in a code span, where nothing has a meaning but its end.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Final

import yaml

from emotiset import map_card
from emotiset.evaluate import wilson
from emotiset.inspection import list_settings
from emotiset.plain import make_plain

_TASK: Final = {"type": "text-classification", "name": "Sentiment Analysis"}
_TAGS: Final = ("sentiment-analysis", "distant-supervision", "tweets", "linear")
_HEADER_METRICS: Final = {
    "accuracy": "Accuracy",
    "f1": "F1 of positive",
    "macro_recall": "Macro recall",
    "auc": "AUC",
}
_OTHERS: Final = {"log_loss": "Log loss", "ece": "Calibration error"}
_METRIC: Final = ("metric", "value", "interval")
_NAME_SIZE: Final = 300
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def make_card(model: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    """Write the card of a model.

    Parameters
    ----------
    model
        As `emotiset.inspection.describe_model` describes it.
    summary
        Of the run that made it, as `emotiset.summaries.read_summary` returns it.

    Returns
    -------
    str
        Markdown; the same arguments give the same text.
    """
    name = make_plain(PurePath(model["file"]).name, _NAME_SIZE)
    header = yaml.safe_dump(
        _make_header(name, model, summary), sort_keys=False, allow_unicode=True
    )
    sections = {
        f"Model {quote(name)}": _describe(model, summary),
        "Data": _describe_data(model, summary),
        "Funnel": _describe_funnel(summary),
        "Metrics": _describe_metrics(summary),
        "Limits": map_card.describe_limits(summary["metrics"])
        if _has_maps(model)
        else _describe_limits(summary),
        "How to load": map_card.describe_use(name)
        if _has_maps(model)
        else _describe_use(name, model),
        "Where it comes from": _describe_origin(model, summary),
    }
    parts = [f"---\n{header}---"]
    for level, (title, lines) in enumerate(sections.items()):
        parts += [f"{'##' if level else '#'} {title}", "\n".join(lines)]
    return "\n\n".join(parts) + "\n"


def quote(text: object) -> str:
    r"""Return a code span that shows *text* and gives none of it a meaning.

    Examples
    --------
    >>> print(quote("a.json"), quote("`<b>` \x1b"), quote(""))
    `a.json` `` `<b>` \x1b `` (empty)
    """
    plain = make_plain(text, _NAME_SIZE)
    if not plain:
        return "(empty)"
    fence = "`" * (1 + max(map(len, re.findall("`+", plain)), default=0))
    blank = " " if "`" in (plain[0], plain[-1]) else ""
    return f"{fence}{blank}{plain}{blank}{fence}"


def _make_header(
    name: str, model: Mapping[str, Any], summary: Mapping[str, Any]
) -> dict[str, Any]:
    metrics = summary["metrics"]
    codes = [code for code in re.split(r"[,+]", model["language"]) if code != "any"]
    task, tags = (map_card.TASK, map_card.TAGS) if _has_maps(model) else (_TASK, _TAGS)
    header: dict[str, Any] = {
        "library_name": "emotiset",
        "pipeline_tag": task["type"],
        "tags": [tag for tag in tags if tag != "linear" or not _has_states(model)],
    }
    if codes:
        header = {"language": codes, **header}
    found = [
        {"type": key, "name": title, "value": metrics[key]}
        for key, title in _HEADER_METRICS.items()
        if metrics.get(key) is not None
    ]
    if not found:
        return header
    kind = "tabular" if _has_maps(model) else "tweets"
    dataset = {"name": "held-out part of the training input", "type": kind}
    result = {"task": task, "dataset": dataset, "metrics": found}
    header["metrics"] = [each["type"] for each in found]
    return {**header, "model-index": [{"name": name, "results": [result]}]}


def _describe(model: Mapping[str, Any], summary: Mapping[str, Any]) -> list[str]:
    features, n_members = model["features"], len(model["members"])
    kind = "own" if _has_states(model) else "linear"
    language = quote(model["language"])
    what = f"Tells positive from negative short texts (language: {language})."
    return [
        map_card.WHAT if _has_maps(model) else what,
        f"{n_members} {kind} {'classifiers' if n_members != 1 else 'classifier'} over "
        f"{features['n_features']:,} hashed columns ({features['name']}), by "
        f"{model['vote']} vote, trained by emotiset {_find_version(summary)} on "
        f"{summary['n_train']:,} examples.",
    ]


def _has_maps(model: Mapping[str, Any]) -> bool:
    return bool(model["features"]["name"] == "maps")


def _find_version(summary: Mapping[str, Any]) -> str:
    return quote(summary["versions"].get("emotiset", "of an unknown version"))


def _describe_data(model: Mapping[str, Any], summary: Mapping[str, Any]) -> list[str]:
    if summary["config"].get("label_column"):
        told = "The labels are those of a column of the input."
    else:
        told = (
            "No person labeled anything: the emoticons and emoji in a text are its "
            "label, and are taken out of it before anything is learned."
        )
    inputs = [f"- {quote(each)}" for each in summary["inputs"]]
    symbols = [
        f"- {name}: {' '.join(quote(each) for each in found)}"
        for name, found in model["symbols"].items()
    ]
    read = [told, "", f"{summary['read']:,} records were read from", "", *inputs]
    if _has_maps(model):
        return read
    return [*read, "", "Symbols that count:", "", *symbols]


def _describe_funnel(summary: Mapping[str, Any]) -> list[str]:
    n_read = summary["read"]
    rows = [
        (name.replace("_", " "), f"{n:,}", f"{n / n_read:.1%}" if n_read else "")
        for name, n in summary["funnel"].items()
        if n
    ]
    return [
        "Each record falls into one bin.",
        "",
        *_table(("bin", "records", "share"), rows),
    ]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give the lines of a table; its cells are words and numbers of ours."""
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' + '--:|' * (len(head) - 1)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _describe_metrics(summary: Mapping[str, Any]) -> list[str]:
    metrics, folds = summary["metrics"], _describe_folds(summary)
    if not metrics["n"]:
        unknown = "Nothing was held out, so it is not known how good this model is."
        return folds or [unknown]
    lines = [
        f"On {metrics['n']:,} held-out texts of the same input, none of them a copy of "
        "one to learn from; intervals are of 95% (Wilson).",
        "",
        *_table(_METRIC, list(_rate(metrics))),
        *(["", *folds] if folds else []),
    ]
    languages = summary.get("languages", {})
    for name, each in languages.items():
        table = _table(_METRIC, list(_rate(each["metrics"])))
        lines += ["", f"Of {quote(name)}, {each['n_train']:,} examples:", "", *table]
        lines += ["", *found] if (found := _describe_folds(each)) else []
    for name, reason in summary.get("omitted", {}).items():
        lines += ["", f"None for {quote(name)}: {quote(reason)}"]
    return lines


def _rate(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    cells = metrics["confusion"]
    shares = {
        "accuracy": (cells["tp"] + cells["tn"], metrics["n"]),
        "recall of positive": (cells["tp"], cells["tp"] + cells["fn"]),
        "recall of negative": (cells["tn"], cells["tn"] + cells["fp"]),
    }
    for name, (n_right, n) in shares.items():
        interval = wilson(n_right, n)
        if interval is not None:
            low, high = interval
            yield name, f"{n_right / n:.4f}", f"{low:.4f} to {high:.4f}"
    others = {"f1": "F1 of positive", "auc": "AUC", "log_loss": "log loss"}
    others |= {"ece": "calibration error", "single_member_accuracy": "one member alone"}
    for key, name in others.items():
        if metrics.get(key) is not None:
            yield name, f"{metrics[key]:.4f}", ""


def _describe_folds(each: Mapping[str, Any]) -> list[str]:
    """Tell what cross-validation says of the settings, where it was asked."""
    folds = each.get("folds")
    if folds is None:
        return []
    known = _HEADER_METRICS | _OTHERS
    means = {name: folds["means"].get(key) for key, name in known.items()}
    rows = [
        (name, f"{mean['mean']:.4f}", "{:.4f} to {:.4f}".format(*mean["interval"]))
        for name, mean in means.items()
        if mean is not None
    ]
    return [
        f"By cross-validation in {folds['k']} folds of the sample, by {folds['by']}: "
        "means of models trained on the other folds; intervals are of 95%, wider for "
        "what folds share (Nadeau and Bengio 2003).",
        "",
        *_table(_METRIC, rows),
    ]


def _describe_limits(summary: Mapping[str, Any]) -> list[str]:
    is_told = bool(summary["config"].get("label_column"))
    judged = "labels of the input" if is_told else "symbols, not what people say"
    return [
        "- **No neutral class.** Each text is called positive or negative, whatever it "
        "is; `--abstain` leaves out the doubtful.",
        "- **Domain.** It has met short posts"
        + ("" if is_told else " whose authors use emoticons")
        + ". Reviews, news or another network are harder than the figures say, which "
        f"are against {judged}.",
        f"- **Time.** Words and symbols change meaning. {_describe_time(summary)}",
        "- **Irony.** A smile under a complaint is a wrong label, and the model learns "
        "from it; irony is mostly read as it is written.",
        "- **Balance.** Probabilities presume the share of positive texts in training; "
        "`--prior` says another.",
        "- **People.** It has learned from what its authors wrote, with their "
        "prejudices. It should decide nothing about a person.",
    ]


def _describe_time(summary: Mapping[str, Any]) -> str:
    days = (summary.get("labels") or {}).get("by_day", {})
    known = sorted(day for day in days if _DAY.fullmatch(day))
    if not known:
        return "When the texts were written is not known."
    return f"The labeled texts are from {known[0]} to {known[-1]}."


def _has_states(model: Mapping[str, Any]) -> bool:
    """Tell whether its members have no weights; see `emotiset.scorer`."""
    return "n_bytes" in model["members"][0]


def _describe_use(name: str, model: Mapping[str, Any]) -> list[str]:
    load = f"model = load_ensemble({name!r})"
    if _has_states(model):
        told = make_plain(model["settings"].get("learner"), _NAME_SIZE)
        load = f"model = load_ensemble({name!r}, learner)  # the class {told!r}"
    return [
        "```python",
        "from emotiset import load_ensemble",
        "",
        load,
        'model.predict(["what a day"])  # -1 negative, 1 positive',
        'model.predict_proba(["what a day"])  # of negative and of positive',
        "```",
    ]


def _describe_origin(model: Mapping[str, Any], summary: Mapping[str, Any]) -> list[str]:
    settings = list_settings(model["settings"])
    return [
        "The same tweets, settings, seed and versions give the same bytes.",
        "",
        f"- SHA-256 of the model: {quote(summary['model_sha256'])}",
        *(f"- {quote(k)} {quote(v)}" for k, v in summary["versions"].items()),
        "",
        "Settings:",
        "",
        *(f"- {quote(k)}: {quote(v)}" for k, v in settings.items()),
    ]
