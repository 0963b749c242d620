"""Several languages in one run: one reading, an ensemble each, one model file.

python pipelines/languages.py [INPUT ...]

Without input: simulated tweets in many languages.  Writes languages.parquet and
sample.parquet, and shows how well each language's held-out tweets are answered by their
own ensemble, and by the English one.
"""

import sys
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
from dask.distributed import Client

from emotiset import TrainConfig, load_ensemble
from emotiset.train import train

LANGUAGES = "en,es,pt"


def main(
    inputs: list[str], folder: Path = Path(), client: Client | None = None
) -> dict[str, tuple[int, float, float]]:
    """Return for each language: tweets judged, accuracy of its own and of English."""
    result = train(
        inputs or ["simulated:200000?emoticon_share=0.5"],
        TrainConfig(language=LANGUAGES),
        client,
        sample_out=folder / "sample.parquet",
    )
    result.ensemble.save(folder / "languages.parquet")
    for language, why in result.summary["omitted"].items():
        print(f"no ensemble for {language}: {why}", file=sys.stderr)

    model = load_ensemble(folder / "languages.parquet")
    sample = pq.read_table(folder / "sample.parquet")
    held_out = sample.filter(pc.equal(sample["part"], "test"))
    found = {}
    for language in result.summary["languages"]:
        tweets = held_out.filter(pc.equal(held_out["lang"], language))
        gold = tweets["polarity"].to_numpy()
        right = [
            float((model.predict(tweets["text"], language=name) == gold).mean())
            for name in (language, "en")
        ]
        found[language] = (len(gold), right[0], right[1])
    return found


if __name__ == "__main__":
    print(f"{'language':8}  {'tweets':>7}  {'own':>6}  {'English':>7}")
    for language, (n, own, english) in main(sys.argv[1:]).items():
        print(f"{language:8}  {n:7,}  {own:6.3f}  {english:7.3f}")
