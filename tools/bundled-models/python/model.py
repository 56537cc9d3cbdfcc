"""The llama architecture as llama.cpp computes it, small enough to be read at one sitting.

RoPE turns neighbouring dimensions (2i, 2i+1), which is what llama.cpp does for the architecture "llama": the weights are
exported as they are, without the permutation that checkpoints of other libraries need.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    vocabulary: int
    dimensions: int
    layers: int
    heads: int
    feed_forward: int
    context: int
    causal: bool = True
    rope_base: float = 10_000.0
    norm_epsilon: float = 1e-5

    @property
    def head_size(self) -> int:
        return self.dimensions // self.heads


class RmsNorm(nn.Module):
    def __init__(self, size: int, epsilon: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), self.weight.to(x.dtype), self.epsilon)


def rotations(shape: Shape, length: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines by position and pair of dimensions."""
    half = torch.arange(0, shape.head_size, 2, dtype=torch.float32) / shape.head_size
    angles = torch.outer(torch.arange(length, dtype=torch.float32), shape.rope_base**-half)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    pairs = x.unflatten(-1, (-1, 2))
    even, odd = pairs[..., 0], pairs[..., 1]
    return torch.stack((even * cosines - odd * sines, even * sines + odd * cosines), dim=-1).flatten(-2)


class Layer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        size = shape.dimensions
        self.shape = shape
        self.attn_norm = RmsNorm(size, shape.norm_epsilon)
        self.attn_q = nn.Linear(size, size, bias=False)
        self.attn_k = nn.Linear(size, size, bias=False)
        self.attn_v = nn.Linear(size, size, bias=False)
        self.attn_output = nn.Linear(size, size, bias=False)
        self.ffn_norm = RmsNorm(size, shape.norm_epsilon)
        self.ffn_gate = nn.Linear(size, shape.feed_forward, bias=False)
        self.ffn_up = nn.Linear(size, shape.feed_forward, bias=False)
        self.ffn_down = nn.Linear(shape.feed_forward, size, bias=False)

    def forward(self, x: Tensor, cosines: Tensor, sines: Tensor, mask: Tensor | None) -> Tensor:
        batch, length, size = x.shape
        heads = (batch, length, self.shape.heads, self.shape.head_size)
        h = self.attn_norm(x)
        q = rotate(self.attn_q(h).view(heads).transpose(1, 2), cosines, sines)
        k = rotate(self.attn_k(h).view(heads).transpose(1, 2), cosines, sines)
        v = self.attn_v(h).view(heads).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=self.shape.causal)
        x = x + self.attn_output(mixed.transpose(1, 2).reshape(batch, length, size))
        h = self.ffn_norm(x)
        return x + self.ffn_down(F.silu(self.ffn_gate(h)) * self.ffn_up(h))


class Llama(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocabulary, shape.dimensions)
        self.blk = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.output_norm = RmsNorm(shape.dimensions, shape.norm_epsilon)
        cosines, sines = rotations(shape, shape.context)
        self.register_buffer("cosines", cosines, persistent=False)
        self.register_buffer("sines", sines, persistent=False)
        self._initialise()

    def _initialise(self) -> None:
        nn.init.normal_(self.token_embd.weight, std=0.02 if self.shape.causal else 0.05)
        for layer in self.blk:
            for name, weight in layer.named_parameters():
                if weight.dim() < 2:
                    continue
                # What is added to the residual stream starts at nothing, so that depth does no harm at the start.
                if "output" in name or "down" in name:
                    nn.init.zeros_(weight)
                else:
                    nn.init.normal_(weight, std=weight.shape[1] ** -0.5)

    def hidden(self, tokens: Tensor, mask: Tensor | None = None) -> Tensor:
        """What the last layer says about every position, normed; the mask is only for models that look both ways."""
        length = tokens.shape[1]
        # Positions are turned in the type of the numbers they turn, which halves the memory that is moved.
        kind = torch.bfloat16 if torch.is_autocast_enabled("cpu") else torch.float32
        cosines, sines = self.cosines[:length].to(kind), self.sines[:length].to(kind)
        x = self.token_embd(tokens).to(kind)
        for layer in self.blk:
            x = layer(x, cosines, sines, mask)
        return self.output_norm(x)

    def logits(self, hidden: Tensor) -> Tensor:
        """The matrix of the input is also that of the output."""
        return F.linear(hidden, self.token_embd.weight)
