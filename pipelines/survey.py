"""Foretell one answer of a survey from the others, of which some are missing.

python pipelines/survey.py [PEOPLE]

Simulates people who answered 30 questions, each left out by about one in five, as JSON
lines.  Learns from four fifths of them who renews, and judges on the others, beside
the chances that no model can better.  Then shows which single answers tell most.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from dask.distributed import Client

from emotiset import Ensemble, TrainConfig
from emotiset.ranking import Ranking, rank
from emotiset.simulate.survey import simulate_survey
from emotiset.train import train

CONFIG = TrainConfig(
    format="json",
    features_column="answers",
    label_column="renews",
    positive="yes",
    negative="no",
    n_features=1 << 16,
)


def main(
    n_people: int, folder: Path = Path(), client: Client | None = None
) -> tuple[Ensemble, dict[str, tuple[float, Ranking]]]:
    """Return the model, and by who foretells: accuracy and ranking on the others."""
    people = simulate_survey(n_people)
    n_known = n_people * 4 // 5
    write_lines(people.slice(0, n_known), folder / "survey.jsonl")
    model = train([folder / "survey.jsonl"], CONFIG, client).ensemble

    others = people.slice(n_known)
    renews = np.array(others["renews"].to_pylist()) == "yes"
    said = {
        "always the same": np.full(len(renews), model.calibration.prior),
        "model": model.predict_proba(others["answers"].to_pylist())[:, 1],
        "best possible": others["best"].to_numpy(),
    }
    return model, {name: judge(renews, p) for name, p in said.items()}


def write_lines(people: pa.Table, path: Path) -> None:
    """Write JSON lines; an answer that is missing is null there."""
    rows = people.select(["answers", "renews"]).to_pylist()
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def judge(renews: np.ndarray, said: np.ndarray) -> tuple[float, Ranking]:
    """Compare probabilities with what people answered."""
    ranking = rank(np.where(renews, 1, -1).astype(np.int8), said.astype(np.float32))
    return float(np.mean((said > 0.5) == renews)), ranking


def find_telling(model: Ensemble, n: int = 3) -> list[tuple[float, dict[str, Any]]]:
    """Return the answers that alone speak most for renewing, and against it."""
    answers = ("never", "seldom", "sometimes", "often", "always")
    alone = [{f"q{i + 1}": answer} for i in range(30) for answer in answers]
    chance = model.predict_proba(alone)[:, 1].tolist()
    order = np.argsort(chance)
    return [(chance[i], alone[i]) for i in [*order[:n], *order[-n:]]]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        model, found = main(int(sys.argv[1]) if sys.argv[1:] else 50_000, Path(folder))
    print(f"{'who foretells':16}  accuracy    AUC  log loss")
    for name, (accuracy, ranking) in found.items():
        print(
            f"{name:16}  {accuracy:8.3f}  {ranking.auc:5.3f}  {ranking.log_loss:8.4f}"
        )
    print("\nchance to renew, of a person of whom one answer is known:")
    for chance, answer in find_telling(model):
        print(f"{chance:.3f}  {answer}")
