"""Classify texts by a saved model.

python pipelines/classify.py MODEL TEXT [TEXT ...]
"""

import sys

from emotiset import load_ensemble


def main(model: str, texts: list[str]) -> list[tuple[str, int, float]]:
    """Return each text with its polarity and the probability of positive."""
    ensemble = load_ensemble(model)
    polarity = ensemble.predict(texts)
    positive = ensemble.predict_proba(texts)[:, 1]
    return list(zip(texts, polarity.tolist(), positive.tolist(), strict=True))


if __name__ == "__main__":
    for text, polarity, positive in main(sys.argv[1], sys.argv[2:]):
        print(f"{polarity:+d}  {positive:.3f}  {text}")
