"""Trains xero-embed: the same architecture looking both ways, the mean over the positions as the sentence's vector.

The two sentences of a pair shall be nearest to each other among all of a batch; pairs of the same meaning are not held
against each other. A second, weaker aim puts sentences of one topic nearer than those of others.

Usage: train_embed.py --pairs PAIRS.jsonl --tokenizer TOKENIZER.json --out FOLDER --minutes 8
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from model import Llama, Shape
from optimiser import optimisers

TEMPERATURE = 0.05
TOPIC_TEMPERATURE = 0.3
TOPIC_WEIGHT = 0.2
LENGTH_MAX = 48
WARM_UP_STEPS = 50


def sentence_vectors(model: Llama, tokens: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Of length 1, so that their products are cosines."""
    real = torch.arange(tokens.shape[1])[None, :] < lengths[:, None]
    hidden = model.hidden(tokens, real[:, None, None, :])
    mean = (hidden.float() * real[:, :, None]).sum(1) / lengths[:, None]
    return F.normalize(mean, dim=-1)


def padded(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    lengths = [min(len(row), LENGTH_MAX) for row in rows]
    width = -(-max(lengths) // 8) * 8
    tokens = np.zeros((len(rows), width), dtype=np.int64)
    for i, row in enumerate(rows):
        tokens[i, : lengths[i]] = row[: lengths[i]]
    return torch.from_numpy(tokens), torch.tensor(lengths)


def loss_of(vectors: torch.Tensor, meanings: torch.Tensor, topics: torch.Tensor) -> torch.Tensor:
    """`vectors` holds the first sentences, then the second ones, in the same order."""
    count = len(vectors)
    products = vectors @ vectors.T
    itself = torch.eye(count, dtype=torch.bool)
    partner = torch.arange(count).roll(count // 2)
    same = meanings[:, None] == meanings[None, :]
    same[torch.arange(count), partner] = False
    logits = (products / TEMPERATURE).masked_fill(itself | same, -1e4)
    pairs = F.cross_entropy(logits, partner)

    log_odds = (products / TOPIC_TEMPERATURE).masked_fill(itself, -1e4).log_softmax(-1)
    of_topic = (topics[:, None] == topics[None, :]) & ~itself
    topic = -(log_odds * of_topic).sum(-1) / of_topic.sum(-1).clamp(min=1)
    return pairs + TOPIC_WEIGHT * topic.mean()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=Path, required=True)
    parser.add_argument("--tokenizer", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--dimensions", type=int, default=192)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--heads", type=int, default=6)
    parser.add_argument("--feed-forward", type=int, default=512)
    parser.add_argument("--batch-pairs", type=int, default=192)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(options.tokenizer))
    pairs = [json.loads(line) for line in options.pairs.open(encoding="utf8")]
    firsts = [each.ids for each in tokenizer.encode_batch([pair["texts"][0] for pair in pairs])]
    seconds = [each.ids for each in tokenizer.encode_batch([pair["texts"][1] for pair in pairs])]
    numbers: dict[str, int] = {}
    meanings = np.array([numbers.setdefault(pair["meaning"], len(numbers)) for pair in pairs])
    topics = np.array([numbers.setdefault("topic " + pair["topic"], len(numbers)) for pair in pairs])

    shape = Shape(
        tokenizer.get_vocab_size(), options.dimensions, options.layers, options.heads, options.feed_forward, 512, causal=False
    )
    model = Llama(shape)
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {len(pairs)} pairs", flush=True)
    made = optimisers(model, 0.006, 0.002)
    random = np.random.default_rng(options.seed)
    start = shown_at = time.monotonic()
    step, losses = 0, []
    while (progress := (time.monotonic() - start) / (options.minutes * 60)) < 1:
        rate = min(1.0, (step + 1) / WARM_UP_STEPS, (1 - progress) / 0.5)
        chosen = random.choice(len(pairs), options.batch_pairs, replace=False)
        tokens, lengths = padded([firsts[i] for i in chosen] + [seconds[i] for i in chosen])
        with torch.autocast("cpu", torch.bfloat16):
            vectors = sentence_vectors(model, tokens, lengths)
        both = np.concatenate([chosen, chosen])
        loss = loss_of(vectors, torch.from_numpy(meanings[both]), torch.from_numpy(topics[both]))
        loss.backward()
        for optimiser in made:
            for group in optimiser.param_groups:
                group["lr"] = group["full_rate"] * rate
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        step += 1
        losses.append(loss.item())
        if time.monotonic() - shown_at > 20:
            print(f"step {step} rate {rate:.2f} loss {sum(losses) / len(losses):.4f}", flush=True)
            shown_at, losses = time.monotonic(), []
    torch.save({"shape": asdict(shape), "model": model.state_dict()}, options.out / "checkpoint.pt")
    print(f"Finished after {step} steps.")


if __name__ == "__main__":
    main()
