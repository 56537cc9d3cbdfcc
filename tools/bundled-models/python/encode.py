"""Turns the training text into tokens, once.

Usage: encode.py FOLDER-OF-TEXT TOKENIZER.json CONTEXT
"""

import sys
from pathlib import Path

from dataset import encode

folder, tokenizer, context = sys.argv[1:]
encode(Path(folder) / "train.jsonl", Path(tokenizer), Path(folder) / "tokens.npz", int(context))
