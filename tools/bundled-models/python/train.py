"""Trains xero-tiny. The schedule follows the clock: a short warm-up, a plateau, and a decay that always completes within
--minutes, so the result is usable whenever it has to end. Checkpoints are written every few minutes; --resume goes on from
one with a plateau and a decay of its own.

Only what the assistant says is learnt.

Usage: train.py --data TOKENS.npz --out FOLDER --minutes 60 [--resume FOLDER/checkpoint.pt]
"""

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path

import torch
import torch.nn.functional as F

from dataset import Conversations
from model import Llama, Shape
from optimiser import optimisers

WARM_UP_STEPS = 100
DECAY_SHARE = 0.35
CHECKPOINT_SECONDS = 180


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--vocabulary", type=int, default=2048)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--heads", type=int, default=8)
    parser.add_argument("--feed-forward", type=int, default=640)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--batch-tokens", type=int, default=4096)
    parser.add_argument("--muon-rate", type=float, default=0.006)
    parser.add_argument("--adam-rate", type=float, default=0.0015)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def rate_at(step: int, progress: float) -> float:
    """Of the full rate: linear warm-up by steps, then 1, then a linear way down to nothing by the clock."""
    return min(1.0, (step + 1) / WARM_UP_STEPS, max(0.0, (1 - progress) / DECAY_SHARE))


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    options.out.mkdir(parents=True, exist_ok=True)
    shape = Shape(
        options.vocabulary, options.dimensions, options.layers, options.heads, options.feed_forward, options.context
    )
    model = Llama(shape)
    made = optimisers(model, options.muon_rate, options.adam_rate)
    step = epoch = 0
    if options.resume:
        saved = torch.load(options.resume)
        model.load_state_dict(saved["model"])
        for optimiser, state in zip(made, saved["optimisers"], strict=True):
            rates = [group["full_rate"] for group in optimiser.param_groups]
            optimiser.load_state_dict(state)
            # The rates are those of this run, not of the one that wrote the checkpoint.
            for group, rate in zip(optimiser.param_groups, rates, strict=True):
                group["full_rate"] = rate
        step, epoch = saved["step"], saved["epoch"]
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters", flush=True)

    @torch.compile(dynamic=True)
    def loss_of(tokens, counted, targets):
        with torch.autocast("cpu", torch.bfloat16):
            logits = model.logits(model.hidden(tokens).flatten(0, 1)[counted])
        return F.cross_entropy(logits.float(), targets)

    def save() -> None:
        part = options.out / "checkpoint.part"
        state = [optimiser.state_dict() for optimiser in made]
        torch.save(
            {"shape": asdict(shape), "model": model.state_dict(), "optimisers": state, "step": step, "epoch": epoch}, part
        )
        part.rename(options.out / "checkpoint.pt")

    start = saved_at = time.monotonic()
    length = options.minutes * 60
    seen, shown_at, losses = 0, start, []
    log = (options.out / "log.jsonl").open("a")
    while True:
        epoch += 1
        for inputs, targets, counted in Conversations(options.data, options.batch_tokens, options.seed + epoch).epoch():
            now = time.monotonic()
            progress = (now - start) / length
            if progress >= 1:
                save()
                print(f"Finished after {step} steps.", flush=True)
                return
            rate = rate_at(step, progress)
            chosen = torch.from_numpy(counted.reshape(-1).nonzero()[0])
            loss = loss_of(torch.from_numpy(inputs), chosen, torch.from_numpy(targets.reshape(-1))[chosen])
            loss.backward()
            for optimiser in made:
                for group in optimiser.param_groups:
                    group["lr"] = group["full_rate"] * rate
                optimiser.step()
                optimiser.zero_grad(set_to_none=True)
            step += 1
            seen += inputs.size
            losses.append(loss.item())
            if now - shown_at > 20:
                line = dict(
                    minutes=round((now - start) / 60, 2), step=step, epoch=epoch, rate=round(rate, 3),
                    loss=round(sum(losses) / len(losses), 4), tokens_per_second=round(seen / (now - shown_at)),
                )  # fmt: skip
                print(json.dumps(line), flush=True)
                print(json.dumps(line), file=log, flush=True)
                seen, shown_at, losses = 0, now, []
            if now - saved_at > CHECKPOINT_SECONDS:
                save()
                saved_at = now


if __name__ == "__main__":
    main()
