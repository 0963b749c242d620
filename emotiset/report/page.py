"""Put a report together: numbers into words, pictures and tables into one page."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from emotiset.atomic import write_atomically
from emotiset.errors import ConfigError
from emotiset.plain import make_plain, show_all
from emotiset.report import pictures
from emotiset.report.svg import Picture
from emotiset.schema import BINS

if TYPE_CHECKING:
    from jinja2 import Environment

_NEEDED: Final = {"jinja2": "Jinja", "matplotlib": "matplotlib"}
_TEXT_SIZE: Final = 400
_SYMBOLS_SHOWN: Final = 20

# What becomes of a record, in words; each bin of the funnel has one.
EXPLAINED: Final = {
    "blank": "empty lines and pages",
    "unreadable": "broken records",
    "delete": "notices, not posts",
    "no_text": "posts without a text",
    "retweet": "copies of another's tweet",
    "no_symbol": "no emoticon or emoji of the lexicon",
    "conflicting_symbols": "symbols of both polarities",
    "too_short": "fewer characters than needed",
    "nothing_left": "no text but symbols, addresses and names",
    "other_language": "in another language",
    "deleted": "deleted later, as a notice says",
    "copy": "equal to another text",
    "conflicting_copies": "equal texts of both polarities",
    "surplus": "more than a balanced sample takes",
    "held_out": "set aside to judge the model",
    "trained": "examples that the model learned from",
}


def check_can_report() -> None:
    """Raise `ConfigError` unless what draws a report is installed.

    Examples
    --------
    >>> check_can_report()
    """
    missing = [name for module, name in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise ConfigError(
            f"--report needs {' and '.join(missing)}, found none: "
            "pip install 'emotiset[report]'"
        )


def write_report(
    path: str | Path,
    summary: Mapping[str, Any],
    evidence: Mapping[str, Any] | None = None,
    *,
    model: str = "",
) -> None:
    """Write one self-contained page about a training run.

    Parameters
    ----------
    path
        HTML file.
    summary
        What `emotiset.train.train` returned as ``summary``.
    evidence
        ``mistakes`` and ``strongest``, as `emotiset.evidence.find_evidence` returns
        them; None: the page goes without.
    model
        Name of the model file.

    Raises
    ------
    ConfigError
        If Jinja or matplotlib is missing.
    OutputError
        If *path* cannot be written.

    Examples
    --------
    >>> import tempfile
    >>> summary = {
    ...     "read": 9, "funnel": {"no_symbol": 7, "trained": 2}, "members": 1,
    ...     "n_train": 2, "n_test": 0, "metrics": {"n": 0}, "inputs": ["<b>.json"],
    ...     "seconds": {"read": 1.5}, "config": {"label_column": None},
    ...     "settings": {}, "versions": {"emotiset": "0.1.0"}, "model_sha256": "",
    ...     "sample_digest": "",
    ... }
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_report(f"{folder}/report.html", summary)
    ...     page = Path(f"{folder}/report.html").read_text()
    >>> page.count("<svg"), "<b>.json" in page, "&lt;b&gt;.json" in page
    (2, False, True)
    """
    check_can_report()
    page = make_page(summary, evidence or {}, model)
    with write_atomically(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def make_page(
    summary: Mapping[str, Any], evidence: Mapping[str, Any], model: str
) -> str:
    """Return the page as HTML; the same arguments give the same page."""
    folder = files("emotiset.report")
    environment = _make_environment()
    template = environment.from_string(folder.joinpath("page.html.jinja").read_text())
    return template.render(
        style=folder.joinpath("page.css").read_text(),
        model=model,
        summary=summary,
        metrics=summary["metrics"],
        funnel=[
            {"name": name, "n": n, "told": EXPLAINED.get(name, "")}
            for name, n in summary["funnel"].items()
        ],
        symbols=_rank_symbols(summary),
        folds=_list_folds(summary),
        stages=_rate_stages(summary),
        strongest=evidence.get("strongest"),
        mistakes=evidence.get("mistakes"),
        pictures=_draw_all(summary),
        config=_describe_config({**summary["config"], **summary["settings"]}),
    )


def _make_environment() -> "Environment":
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup, escape

    def finalize(value: object) -> object:
        is_text = isinstance(value, str) and not isinstance(value, Markup)
        return make_plain(value, _TEXT_SIZE) if is_text else value

    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["count"] = lambda n: f"{n:,}"
    environment.filters["share"] = lambda x, digits=1: f"{x:.{digits}%}"
    environment.filters["digits"] = lambda x: "–" if x is None else f"{x:.4f}"
    environment.filters["svg"] = lambda picture: Markup(picture.svg)
    environment.filters["keep"] = lambda text: Markup(escape(show_all(text)))
    environment.filters["css"] = lambda style: Markup(style)
    environment.filters["words"] = lambda name: str(name).replace("_", " ")
    return environment


def _draw_all(summary: Mapping[str, Any]) -> dict[str, Picture]:
    metrics = summary["metrics"]
    funnel = {name: summary["funnel"].get(name, 0) for name in BINS}
    drawn = {
        "funnel": pictures.draw_funnel(funnel, summary["read"]),
        "seconds": pictures.draw_seconds(summary["seconds"]),
    }
    days = summary.get("labels", {}).get("by_day", {})
    if any(days):
        drawn["days"] = pictures.draw_days(days)
    if "roc" in metrics and metrics["n"]:  # not of several languages together
        curve = metrics["accuracy_by_members"]
        drawn["members"] = pictures.draw_members(curve, metrics["n"])
        drawn["roc"] = pictures.draw_roc(metrics["roc"], metrics["auc"])
        drawn["reliability"] = pictures.draw_reliability(metrics["reliability"])
    return drawn


def _rank_symbols(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the commonest symbols of either polarity, and how many come after."""
    labels = summary.get("labels", {})
    ranked: list[dict[str, Any]] = sorted(
        labels.get("by_symbol", []), key=lambda each: (-each["n"], each["symbol"])
    )
    total = sum(each["n"] for each in ranked)
    most = ranked[0]["n"] if ranked else 1
    rows = [
        {**each, "share": each["n"] / total, "width": each["n"] / most}
        for each in ranked[:_SYMBOLS_SHOWN]
    ]
    return {"rows": rows, "n_more": len(ranked) - len(rows), "total": total}


def _list_folds(summary: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return what cross-validation says, by language where there are several."""
    each = summary.get("languages", {"": summary})
    return [(name, one["folds"]) for name, one in each.items() if "folds" in one]


def _rate_stages(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return seconds by stage, with what a second did where that is known."""
    amounts = {
        "read": (summary["read"], "records"),
        "train": (summary["n_train"], "examples"),
        "evaluate": (summary["n_test"], "texts"),
        "total": (summary["read"], "records"),
    }
    rows = []
    for name, seconds in summary["seconds"].items():
        n, unit = amounts.get(name, (0, ""))
        rate = f"{n / seconds:,.0f} {unit}/s" if n and seconds else ""
        rows.append({"name": name, "seconds": seconds, "rate": rate})
    return rows


def _describe_config(config: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Return names and values; what a rule chose stands there as it was chosen."""
    told = {
        name: "–" if value is None or value == {} else str(value)
        for name, value in config.items()
        if name != "lexicon"
    }
    return [*told.items(), ("lexicon", "own" if config.get("lexicon") else "built-in")]
