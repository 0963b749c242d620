"""Tell invoices from other papers in a folder of scans.

python pipelines/documents.py [PAPERS_OF_EACH_KIND]

Draws papers of four kinds as image files, of which a few are broken.  Each file is one
task on Dask, which straightens the page and measures it; a file that cannot be read is
a fault, recorded by name, and stops nothing.  Then one ensemble for each kind learns it
against the others, and the surest of them says what a paper is.  Takes Pillow and
scikit-image: pip install 'emotiset[images]'.
"""

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from dask.distributed import Client, LocalCluster, wait
from PIL import Image
from skimage.feature import hog
from skimage.filters import threshold_otsu
from skimage.transform import resize, rotate

from emotiset import TrainConfig
from emotiset.simulate.documents import KINDS, draw_document
from emotiset.train import train

ANGLES = np.linspace(-2.5, 2.5, 11)
SIZE = (152, 104)
FEATURES = pa.map_(pa.string(), pa.float32())
CONFIG = TrainConfig(
    features_column="features",
    label_column="invoice",
    n_features=1 << 14,
    scale="none",  # all are shares already
    class_weight="balanced",  # one kind against three
    epochs=20,
)


def draw_folder(n: int, folder: Path) -> list[Path]:
    """Draw *n* papers of each kind, and three files that are none."""
    paths = []
    for kind in KINDS:
        for number in range(n):
            paths.append(folder / f"{kind}-{number:04d}.png")
            draw_document(kind, number).save(paths[-1])
    whole = paths[0].read_bytes()
    for name, content in {"empty": b"", "cut": whole[:9000], "note": b"No!"}.items():
        paths.append(folder / f"{name}.png")
        paths[-1].write_bytes(content)
    return paths


def measure(path: Path) -> dict[str, float]:
    """Return the features of one paper: how much ink, and edges in which direction."""
    with Image.open(path) as image:
        gray = np.asarray(image.convert("L"), np.float32) / 255
    small = resize(gray, SIZE, anti_aliasing=True)
    ink = np.clip((threshold_otsu(small) - small) * 4, 0, 1)
    turned = [rotate(ink, angle) for angle in ANGLES]
    # Lines of text lie straight where rows are either full or empty.
    straight = max(turned, key=lambda page: float(page.sum(axis=1).var()))
    edges = hog(straight, 8, (8, 8), (1, 1))
    rows, columns = resize(straight, (38, 1)), resize(straight, (1, 26))
    named = {"edge": edges, "row": rows.ravel(), "column": columns.ravel()}
    return {
        f"{name} {i}": float(value)
        for name, values in named.items()
        for i, value in enumerate(values)
    }


def try_to_measure(path: Path) -> dict[str, float] | str:
    """Return the features, or what is wrong with the file."""
    try:
        return measure(path)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return f"{type(error).__name__}: {error}".replace(str(path), path.name)


def measure_all(
    paths: Sequence[Path], client: Client
) -> tuple[dict[Path, dict[str, float]], dict[Path, str]]:
    """Return the features of each file that could be read, and what ails the others."""
    futures = client.map(try_to_measure, paths)
    wait(futures)
    found: list[dict[str, float] | str] = [
        f"killed its workers: {future.exception()}" if future.status == "error" else {}
        for future in futures
    ]
    done = [i for i, future in enumerate(futures) if future.status == "finished"]
    for i, answer in zip(done, client.gather([futures[i] for i in done]), strict=True):
        found[i] = answer
    named = dict(zip(paths, found, strict=True))
    return (
        {path: what for path, what in named.items() if isinstance(what, dict)},
        {path: what for path, what in named.items() if isinstance(what, str)},
    )


def main(n: int, client: Client, folder: Path) -> tuple[np.ndarray, dict[Path, str]]:
    """Return how often each kind (row) was taken for each (column), and the faults."""
    features, faults = measure_all(draw_folder(n, folder), client)
    kind = np.array([path.stem.rsplit("-", 1)[0] for path in features])
    maps = pa.array([list(each.items()) for each in features.values()], FEATURES)
    is_known = np.arange(len(kind)) % 3 > 0
    labels = {each: (kind == each).astype(np.int8) for each in KINDS}
    table = pa.table({"features": maps, **labels})
    pq.write_table(table.filter(is_known), folder / "known.parquet")

    others = maps.filter(pa.array(~is_known))
    chance = []
    for each in KINDS:
        config = replace(CONFIG, label_column=each)
        ensemble = train([folder / "known.parquet"], config, client).ensemble
        chance.append(ensemble.predict_proba(others)[:, 1])
    said = np.array(KINDS)[np.argmax(chance, axis=0)]
    found = [[np.sum(said[kind[~is_known] == a] == b) for b in KINDS] for a in KINDS]
    return np.array(found), faults


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(threads_per_worker=1) as cluster,
        Client(cluster) as client,
    ):
        n = int(sys.argv[1]) if sys.argv[1:] else 60
        found, faults = main(n, client, Path(folder))
    print("\n".join(f"fault in {path.name}: {why}" for path, why in faults.items()))
    print(f"\n{'is, and was taken for':22}" + "".join(f"{kind:>15}" for kind in KINDS))
    for kind, row in zip(KINDS, found, strict=True):
        print(f"{kind:22}" + "".join(f"{n:15}" for n in row))
    print(f"\n{np.trace(found)} of {found.sum()} papers are what they are said to be")
