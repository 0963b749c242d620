"""emotiset beside its peers: all that the README says of speed, by one command.

    python benchmarks/compare.py [--gigabytes 1 4 10] [--rounds 3] [--only whole ...]

Takes ``pip install 'emotiset[bench]'``, Java 17 or later for Spark, and the folder of
real tweets that ``EMOTISET_REAL_DATA`` names.  Sections: ``whole``, from raw tweets to
a saved model; ``accuracy``, that and seconds on labeled tweets; ``texts``, a
million of them scored; ``growth``, what more input, members, columns and workers cost;
``floors``, where the time goes, and how far each stage is from the least it could take.

dask-ml brings ``sparse``, which every process that compiles by numba then imports, ours
too.  So it goes to a folder of its own (``pip install --no-deps --target FOLDER dask-ml
dask-glm sparse multipledispatch``) that ``--apart FOLDER`` shows to the peers alone.

What is measured goes to ``docs/benchmarks.json``, section by section, and from there
into the tables of the README and the figure: ``--render`` does that alone.  Inputs are
made in ``--scratch`` once and stay there.
"""

import argparse
import compileall
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final, get_args

import sections
from sections import Plan
from tables import machine
from update_readme import README, insert

import emotiset
from emotiset.compiling import compile_kernels
from emotiset.kernels._cache import Family

RESULTS: Final = README.parent / "docs" / "benchmarks.json"
PACKAGES: Final = (
    *("dask", "dask-ml", "fasttext-wheel", "numba", "numpy", "polars", "pyarrow"),
    *("py3langid", "pyspark", "scikit-learn", "vaderSentiment", "vowpalwabbit"),
)


def main() -> None:
    """Measure what is asked for, write it down, and render all that is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=sections.ALL, help="sections")
    parser.add_argument("--gigabytes", nargs="+", type=float, default=[1, 4, 10])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scratch", type=Path, default=Path("scratch"), help="inputs")
    parser.add_argument("--results", type=Path, default=RESULTS, help="JSON")
    parser.add_argument("--readme", type=Path, default=README, help="to be rewritten")
    parser.add_argument("--once-above", type=float, default=90, help="seconds")
    parser.add_argument("--apart", type=Path, help="folder of packages for peers alone")
    parser.add_argument("--render", action="store_true", help="measure nothing")
    options = parser.parse_args()
    options.scratch.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        scratch=options.scratch.absolute(),
        gigabytes=tuple(options.gigabytes),
        rounds=options.rounds,
        once_above=options.once_above,
        apart=options.apart,
    )
    if not options.render:
        # Once for a machine, so no run's affair; peers come compiled, too.
        compile_kernels(get_args(Family))
        compileall.compile_dir(Path(emotiset.__file__).parent, quiet=1)
    names = [] if options.render else options.only or sections.ALL
    failed = [name for name in names if not is_measured(name, plan, options.results)]
    found = read_results(options.results)
    text = options.readme.read_text(encoding="utf-8")
    options.readme.write_text(render_all(text, found), encoding="utf-8")
    sections.draw(found, options.readme.parent / "docs")
    if failed:
        raise SystemExit(f"not measured: {', '.join(failed)}")


def is_measured(name: str, plan: Plan, results: Path) -> bool:
    """Measure one section; where a program of it fails, say so and go on."""
    try:
        measure(name, plan, results)
    except subprocess.CalledProcessError as error:
        print(f"{name}: {error}\n{str(error.stderr)[-2000:]}", file=sys.stderr)
        return False
    return True


def measure(name: str, plan: Plan, results: Path) -> None:
    """Measure one section and add it to the results."""
    note = make_note()
    note(f"section {name}")
    found = sections.MEASURE[name](plan, note)
    known = read_results(results)
    where = {"machine": describe_machine(), "versions": find_versions(plan.apart)}
    known[name] = {**found, **where}
    results.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    note(f"section {name} is done")


def read_results(path: Path) -> dict[str, Any]:
    """Return what was measured, section by section."""
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def render_all(readme: str, found: dict[str, Any]) -> str:
    """Return the README's text with the tables of all sections that are known."""
    for name, section in found.items():
        readme = insert(readme, name, render(name, section))
    return readme


def render(name: str, section: dict[str, Any]) -> str:
    """Return the Markdown of one section, with its machine and versions."""
    used = section["versions"].items()
    packages = ", ".join(f"{package} {number}" for package, number in used)
    table = sections.RENDER[name](section)
    return f"{table}\n\n{section['machine']}; {packages}"


def make_note() -> Callable[[str], None]:
    """Return what tells how far a section is."""
    began = time.monotonic()

    def note(text: str) -> None:
        print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    return note


def describe_machine() -> str:
    """Return machine and interpreter."""
    return f"{machine()}; {platform.system()} {platform.release().split('-')[0]}"


def find_versions(apart: Path | None) -> dict[str, str]:
    """Return the versions of the packages that are compared, where they are there."""
    places = [*sys.path, *([str(apart)] if apart else [])]
    found = {each.name: each.version for each in distributions(path=places)}
    return {name: found[name] for name in PACKAGES if name in found}


if __name__ == "__main__":
    main()
