"""The scan decides bins, never a model: with it and without, the same bytes."""

import bz2
from pathlib import Path

import pytest
from dask.distributed import Client

from emotiset.config import TrainConfig
from emotiset.simulate import simulate_records
from emotiset.train import train

# Its first symbol stands in nearly every line of API v1.1, outside of the texts.
BRACKETS = """
symbols = [
  { text = ":[", polarity = "negative" },
  { text = ":]", polarity = "positive" },
]
"""


@pytest.mark.parametrize("lexicon", [None, BRACKETS])
@pytest.mark.parametrize("source", ["simulated", "stream"])
def test_train__same_model_with_and_without_the_scan(
    client: Client,
    tmp_path: Path,
    source: str,
    lexicon: str | None,
    request: pytest.FixtureRequest,
) -> None:
    if source == "stream":
        folder = request.getfixturevalue("real_data") / "stream" / "2011-09-28"
        files = sorted(folder.iterdir())[::5]
        data = b"".join(bz2.decompress(path.read_bytes()) for path in files)
    else:
        data = b"".join(simulate_records(0, 8000))
    if lexicon:
        data = data.replace(b":)", b":]").replace(b":(", b":[")
    tweets = tmp_path / "tweets.json"
    tweets.write_bytes(data)
    config = TrainConfig(language="any", lexicon=lexicon, n_features=1 << 16)
    models, funnels = [], []
    for rejects in (None, tmp_path / "rejects.json"):
        result = train([tweets], config, client, rejects_out=rejects)
        result.ensemble.save(tmp_path / "model")
        models.append((tmp_path / "model").read_bytes())
        funnels.append(result.summary["funnel"])
    assert models[0] == models[1]
    assert funnels[0]["no_symbol"] > funnels[1]["no_symbol"], "the scan was on"
    for bin in ("copy", "surplus", "held_out", "trained"):
        assert funnels[0][bin] == funnels[1][bin]
