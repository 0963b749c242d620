"""What a scheduler calls each day: new data, a challenger, perhaps a new champion.

python pipelines/retrain_daily.py DATA MODELS [--day 2020-01-31] [--window 7 | --update]
python pipelines/retrain_daily.py DATA MODELS --rollback [VERSION]

DATA has a folder for each day, named by its date; MODELS gets the versions, the history
and current.parquet.  Exits with 5 where the day's data look strange (--accept takes
them as they are) or the challenger is worse.  A day that is done is not done again.
"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dask.distributed import Client

from emotiset import TrainConfig, load_ensemble
from emotiset.cluster import ClusterConfig, connect
from emotiset.comparing import compare_models
from emotiset.config_file import load_config
from emotiset.continuing import continue_config
from emotiset.days import check_order, find_days
from emotiset.errors import EmotisetError, GateError
from emotiset.gates import check_jumps, check_not_worse, take_profiles
from emotiset.profiling import profile_input, take_held_out
from emotiset.publishing import Shelf
from emotiset.train import train
from emotiset.update import update

ALARM, REJECTED = "alarm", "rejected"


def main(
    given: argparse.Namespace, client: Client, settings: dict[str, Any]
) -> dict[str, Any]:
    """Do one day's work, unless it is done; return its line of the history."""
    days, shelf = find_days(given.data, given.day), Shelf(given.models, given.keep)
    day = days[-1].name
    with shelf.lock():
        shelf.settle()
        line = shelf.find(run=day)
        if line is None or line["action"] == ALARM:
            line = retrain(days, shelf, given, client, settings)
    if line["action"] in (ALARM, REJECTED):
        raise GateError(f"{day} {line['action']}: {line['why']}")
    return line


def retrain(
    days: list[Path],
    shelf: Shelf,
    given: argparse.Namespace,
    client: Client,
    settings: dict[str, Any],
) -> dict[str, Any]:
    """Check the newest day, train, judge, and decide."""
    newest = days[-1:]
    champion = load_ensemble(shelf.current) if shelf.current.exists() else None
    goes_on = champion is not None and given.update
    config = continue_config(champion, settings) if goes_on else TrainConfig(**settings)
    work = shelf.folder / "work"  # what is read and labeled today is so tomorrow
    earlier = [each for each in shelf.read_history() if each["action"] != ALARM]
    check_order(newest[0].name, earlier)

    profile = profile_input(newest, config, client, work_dir=work)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    line = {"run": newest[0].name, "at": at, "profile": profile.to_dict()}
    try:
        if not given.accept:
            check_jumps(profile, take_profiles(earlier))
    except GateError as error:
        return shelf.note({**line, "action": ALARM, "why": str(error)})

    if goes_on:
        result = update(shelf.current, newest, client, settings=settings)
    else:
        result = train(days[-given.window :], config, client, work_dir=work)
    line |= {name: result.summary[name] for name in ("n_train", "model_sha256")}
    if champion is not None:
        texts = take_held_out(newest, config, client, work_dir=work)
        pairing = compare_models(result.ensemble, champion, texts)
        line["judged"] = pairing.to_dict()
        try:
            check_not_worse(pairing)
        except GateError as error:
            return shelf.note({**line, "action": REJECTED, "why": str(error)})
    return shelf.publish(newest[0].name, result.ensemble.save, line)


def parse(words: list[str]) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("models", type=Path)
    parser.add_argument("--day", help="default: the last one")
    parser.add_argument("--window", type=int, default=7, help="days to train on")
    parser.add_argument("--update", action="store_true", help="go on from the champion")
    parser.add_argument("--accept", action="store_true", help="raise no alarm")
    parser.add_argument("--keep", type=int, default=7, help="versions")
    parser.add_argument("--rollback", nargs="?", const="", metavar="VERSION")
    parser.add_argument("--config", help="TOML file of settings, as for train")
    parser.add_argument("--scheduler", help="of a running Dask cluster")
    return parser.parse_args(words)


def run(words: list[str]) -> dict[str, Any]:
    """Do what the command line says."""
    given = parse(words)
    if given.rollback is None:
        settings = load_config(given.config) if given.config else {}
        with connect(ClusterConfig(scheduler=given.scheduler)) as client:
            return main(given, client, settings)
    shelf = Shelf(given.models, given.keep)
    with shelf.lock():
        return shelf.roll_back(given.rollback or None)


if __name__ == "__main__":
    try:
        told = run(sys.argv[1:])
    except EmotisetError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    print(f"{told['action']}: {told['version']} is current")
