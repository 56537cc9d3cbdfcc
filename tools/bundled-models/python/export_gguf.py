"""Writes a checkpoint as a GGUF file that llama.cpp loads: architecture llama, 8-bit weights, tokenizer and chat template.

Usage: export_gguf.py chat|embed CHECKPOINT.pt TOKENIZER.json MODEL.gguf
"""

import json
import sys
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Kind
from gguf import TokenType

from tokenizer import CONTROL, END, VISIBLE

TEMPLATE = Path(__file__).parent.parent / "chat-template.jinja"

ABOUT = {
    "chat": ("xero-tiny", "The model in the box of Xerotier: tiny, trained on the text of its own generator."),
    "embed": ("xero-embed", "Sentence embeddings in the box of Xerotier: tiny, trained on its own templates."),
}

# The logits of the chat model are multiplied by this at export (it is folded into the last norm): sampling at temperature 1
# is then what temperature 1/SHARPNESS would be, which keeps a model of this size on the road. Greedy answers stay the same.
SHARPNESS = 1.5

# Conversations to learn from end at 1,024 tokens, and few are that long. Longer ones may be asked, at their own risk.
CHAT_CONTEXT = 2048


def write_tokenizer(writer: gguf.GGUFWriter, tokenizer_file: Path, kind: str) -> None:
    model = json.loads(tokenizer_file.read_text())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    special = {**dict.fromkeys(CONTROL, TokenType.CONTROL), **dict.fromkeys(VISIBLE, TokenType.USER_DEFINED)}
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(pieces)
    writer.add_token_types([special.get(piece, TokenType.NORMAL) for piece in pieces])
    writer.add_token_merges([pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]])
    writer.add_bos_token_id(model["vocab"][CONTROL[0]])
    writer.add_eos_token_id(model["vocab"][END])
    writer.add_eot_token_id(model["vocab"][END])
    writer.add_pad_token_id(model["vocab"][CONTROL[0]])
    # A prompt begins with its first character: training had nothing before it.
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    if kind == "chat":
        writer.add_chat_template(TEMPLATE.read_text())


def write_shape(writer: gguf.GGUFWriter, shape: dict, kind: str) -> None:
    writer.add_vocab_size(shape["vocabulary"])
    writer.add_context_length(shape["context"])
    writer.add_embedding_length(shape["dimensions"])
    writer.add_block_count(shape["layers"])
    writer.add_feed_forward_length(shape["feed_forward"])
    writer.add_head_count(shape["heads"])
    writer.add_head_count_kv(shape["heads"])
    writer.add_layer_norm_rms_eps(shape["norm_epsilon"])
    writer.add_rope_dimension_count(shape["dimensions"] // shape["heads"])
    writer.add_rope_freq_base(shape["rope_base"])
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    if kind == "embed":
        writer.add_causal_attention(False)
        writer.add_pooling_type(gguf.PoolingType.MEAN)


def main() -> None:
    kind, checkpoint, tokenizer_file, target = sys.argv[1:]
    saved = torch.load(checkpoint)
    name, description = ABOUT[kind]
    writer = gguf.GGUFWriter(target, "llama")
    writer.add_name(name)
    writer.add_description(description)
    writer.add_license("apache-2.0")
    shape = saved["shape"] if kind == "embed" else {**saved["shape"], "context": CHAT_CONTEXT}
    write_shape(writer, shape, kind)
    write_tokenizer(writer, Path(tokenizer_file), kind)
    for name, tensor in saved["model"].items():
        values = tensor.float().numpy()
        if name == "output_norm.weight" and kind == "chat":
            values = values * SHARPNESS
        if values.ndim == 1:
            writer.add_tensor(name, values.astype(np.float32))
        else:
            writer.add_tensor(name, gguf.quants.quantize(values, Kind.Q8_0), raw_dtype=Kind.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main()
