"""Proves that llama.cpp and the trainer tokenize alike: on training text, on held-out prompts, and on text of any kind.

Usage: check_tokenizer.py MODEL.gguf TOKENIZER.json FOLDER-OF-TEXT
"""

import json
import random
import subprocess
import sys
from itertools import islice
from pathlib import Path

from tokenizers import Tokenizer

PROGRAM = Path(__file__).parent.parent / "src" / "tokenize-file.ts"
ODD = [
    "", " ", "  ", "\n", "\n\n", " \n ", "a  b   c", "tab\there", "12345 67.89", "it's we've I'll don't", "{\"a\": [1, 2]}",
    "Österreich, España, Île-de-France; ¿Qué?", "日本語のテキスト", "emoji 🙂🚀", "C++/C#", "<think>x</think>", "A\u00a0B\u2019s", "...?!",
    "UPPER lower MiXeD", "snake_case camelCase", "a@b.example", "-5 + 3 = -2",
]  # fmt: skip


def main() -> None:
    model, tokenizer_file, folder = sys.argv[1:]
    tokenizer = Tokenizer.from_file(tokenizer_file)
    with open(f"{folder}/train.jsonl", encoding="utf8") as file:
        texts = ["".join(json.loads(line)["pieces"]) for line in islice(file, 2_000)]
    with open(f"{folder}/held-out.jsonl", encoding="utf8") as file:
        texts += [message["content"] or "" for line in file for message in json.loads(line)["messages"]]
    chance = random.Random(1)
    alphabet = "abcXYZ 019 .,:;'\"{}[]_-\n\t<>|/äéñß€"
    texts += ODD + ["".join(chance.choices(alphabet, k=60)) for _ in range(2_000)]

    answer = subprocess.run(
        ["node", str(PROGRAM), model], input=json.dumps(texts), capture_output=True, text=True, check=True
    )
    wrong = 0
    for text, theirs in zip(texts, json.loads(answer.stdout), strict=True):
        ours = tokenizer.encode(text).ids
        if ours != theirs:
            wrong += 1
            if wrong <= 5:
                print(f"{text!r}\n  trainer   {tokenizer.decode(ours, skip_special_tokens=False)!r} {ours}\n  llama.cpp {theirs}")
    print(f"{len(texts)} texts, {wrong} tokenized differently.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
