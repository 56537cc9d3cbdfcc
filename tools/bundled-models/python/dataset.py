"""The training text as tokens: one array of tokens, one that says which of them are learnt, and where conversations begin."""

import json
from itertools import islice
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

LENGTH_STEP = 32


def encode(source: Path, tokenizer_file: Path, target: Path, context: int) -> None:
    """Conversations longer than the context are left out, not cut: a cut one would teach to end anywhere."""
    tokenizer = Tokenizer.from_file(str(tokenizer_file))
    tokens, learnt, starts = [], [], [0]
    left_out = 0
    with source.open(encoding="utf8") as file:
        while lines := list(islice(file, 5_000)):
            pieces = [json.loads(line)["pieces"] for line in lines]
            encoded = iter(tokenizer.encode_batch([piece for row in pieces for piece in row]))
            for row in pieces:
                ids = [next(encoded).ids for _ in row]
                length = sum(len(piece) for piece in ids)
                if length > context:
                    left_out += 1
                    continue
                tokens += [np.array(piece, dtype=np.uint16) for piece in ids]
                learnt += [np.full(len(piece), i % 2, dtype=np.uint8) for i, piece in enumerate(ids)]
                starts.append(starts[-1] + length)
    np.savez(target, tokens=np.concatenate(tokens), learnt=np.concatenate(learnt), starts=np.array(starts))
    print(f"{len(starts) - 1} conversations, {starts[-1]} tokens; {left_out} were too long.")


class Conversations:
    """Batches of conversations of about the same length, each in a row of its own: no attention crosses between them."""

    def __init__(self, file: Path, batch_tokens: int, seed: int):
        data = np.load(file)
        self.tokens, self.learnt, self.starts = data["tokens"], data["learnt"], data["starts"]
        self.batch_tokens = batch_tokens
        self.random = np.random.default_rng(seed)

    def epoch(self):
        """Yields inputs, targets and which targets count; ends when every conversation was seen once."""
        lengths = np.diff(self.starts)
        # Sorted within large groups only, so that every batch has another mixture in every epoch.
        order = self.random.permutation(len(lengths))
        batches = []
        for group in np.array_split(order, max(1, len(order) // 8_192)):
            group = group[np.argsort(lengths[group], kind="stable")]
            batch, longest = [], 0
            for index in group:
                padded = -(-int(lengths[index]) // LENGTH_STEP) * LENGTH_STEP
                if batch and max(longest, padded) * (len(batch) + 1) > self.batch_tokens:
                    batches.append((batch, longest))
                    batch, longest = [], 0
                batch.append(index)
                longest = max(longest, padded)
            batches.append((batch, longest))
        self.random.shuffle(batches)
        for batch, longest in batches:
            yield self._rows(batch, longest)

    def _rows(self, batch, longest):
        inputs = np.zeros((len(batch), longest), dtype=np.int64)
        targets = np.zeros((len(batch), longest), dtype=np.int64)
        counted = np.zeros((len(batch), longest), dtype=bool)
        for row, index in enumerate(batch):
            start, end = self.starts[index], self.starts[index + 1]
            length = end - start
            inputs[row, :length] = self.tokens[start:end]
            targets[row, : length - 1] = self.tokens[start + 1 : end]
            counted[row, : length - 1] = self.learnt[start + 1 : end] == 1
        return inputs, targets, counted
