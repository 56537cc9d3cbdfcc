"""Compares the vectors of llama.cpp with the trainer's, and measures how well they tell paraphrases from other sentences.

Usage: check_embeddings.py MODEL.gguf CHECKPOINT.pt TOKENIZER.json HELD-OUT-PAIRS.jsonl
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from model import Llama, Shape
from train_embed import padded, sentence_vectors

PROGRAM = Path(__file__).parent.parent / "src" / "embed-file.ts"
# 8-bit weights are the only difference that there should be.
COSINE_LEAST = 0.99


def main() -> None:
    gguf_file, checkpoint, tokenizer_file, pairs_file = sys.argv[1:]
    pairs = [json.loads(line) for line in open(pairs_file, encoding="utf8")]
    texts = [pair["texts"][side] for side in (0, 1) for pair in pairs]
    answer = subprocess.run(
        ["node", str(PROGRAM), gguf_file], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    theirs = np.array(json.loads(answer.stdout))
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)

    saved = torch.load(checkpoint)
    model = Llama(Shape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    tokenizer = Tokenizer.from_file(tokenizer_file)
    with torch.no_grad():
        rows = [each.ids for each in tokenizer.encode_batch(texts)]
        ours = np.concatenate([sentence_vectors(model, *padded(rows[i : i + 200])).numpy() for i in range(0, len(rows), 200)])
    cosines = (ours * theirs).sum(1)
    print(f"trainer and llama.cpp: cosine at least {cosines.min():.4f}, {cosines.mean():.5f} in the mean")

    firsts, seconds = theirs[: len(pairs)], theirs[len(pairs) :]
    products = firsts @ seconds.T
    partner = np.diagonal(products)
    meanings = np.array([pair["meaning"] for pair in pairs])
    other = meanings[:, None] != meanings[None, :]
    nearer = (partner[:, None] > products)[other].mean()
    best = np.where(other, products, -1).max(1)
    for kind in sorted({pair["kind"] for pair in pairs}):
        rows = np.array([pair["kind"] == kind for pair in pairs])
        print(f"{kind:10} {rows.sum():4}  nearer than a random other {(partner[rows, None] > products[rows])[other[rows]].mean():.4f}"
              f"  nearest of all {(partner[rows] > best[rows]).mean():.4f}")  # fmt: skip
    print(f"all        {len(pairs):4}  nearer than a random other {nearer:.4f}  nearest of all {(partner > best).mean():.4f}")
    sys.exit(0 if cosines.min() >= COSINE_LEAST else 1)


if __name__ == "__main__":
    main()
