"""Trains the byte-level BPE tokenizer on the training text.

A word is the same tokens wherever it stands: merges are learnt on words without the space before them, so that a name in
a question and the same name between quotes in a tool call differ in nothing. Copying is then a matter of looking up,
which a tiny model can do. Only the most frequent words in lower case get a token that includes the space. Digits are
single for the same reason.

Usage: tokenizer.py TRAIN.jsonl TOKENIZER.json
"""

import json
import re
import sys
from collections import Counter
from itertools import islice

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|im_end|>"
CONTROL = ["<|endoftext|>", "<|im_start|>", END]
VISIBLE = ["<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"]

VOCABULARY = 2048
SPACED_WORDS = 224
LINES_READ = 40_000
# What JSON is made of; longer runs of punctuation would only be other spellings of the same.
JSON_MERGES = [("{", '"'), ('"', ":"), ('"', ","), ('"', "}")]
SPACE = "Ġ"


def texts(path: str) -> list[str]:
    """The training text without its special tokens, cut to what is enough for counting."""
    special = re.compile("|".join(re.escape(text) for text in CONTROL + VISIBLE))
    with open(path, encoding="utf8") as file:
        return [special.sub("\n", "".join(json.loads(line)["pieces"])) for line in islice(file, LINES_READ)]


def learn_merges(corpus: list[str], size: int) -> tuple[dict[str, int], list[tuple[str, str]]]:
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]|\s"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, min_frequency=2
    )
    learner.train_from_iterator(corpus, trainer)
    model = json.loads(learner.to_str())["model"]
    merges = [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in model["merges"]]
    return model["vocab"], merges


def main() -> None:
    source, target = sys.argv[1:]
    corpus = texts(source)
    special = CONTROL + VISIBLE
    size = VOCABULARY - len(special) - SPACED_WORDS - len(JSON_MERGES)
    vocabulary, merges = learn_merges(corpus, size)

    counts = Counter(word for text in corpus for word in re.findall(r" ([a-z]+)", text))
    spaced = [word for word, _ in counts.most_common() if word in vocabulary][:SPACED_WORDS]
    # These come last: a word is put together first, and then with its space, so no other word is spelt differently.
    merges += JSON_MERGES + [(SPACE, word) for word in spaced]
    pieces = [piece for piece, _ in sorted(vocabulary.items(), key=lambda item: item[1])]
    pieces += ["".join(pair) for pair in JSON_MERGES] + [SPACE + word for word in spaced]
    ids = {piece: i for i, piece in enumerate(special + pieces)}
    assert len(ids) == len(special) + len(pieces) <= VOCABULARY, "a piece occurs twice"

    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(special)
    tokenizer.save(target)
    sample = "".join(json.loads(open(source, encoding="utf8").readline())["pieces"])
    print(f"{tokenizer.get_vocab_size()} tokens; the first conversation has {len(tokenizer.encode(sample).ids)}.")


if __name__ == "__main__":
    main()
