"""Muon for the matrices of the layers, Adam for embeddings and norms.

Muon makes every update of a matrix orthogonal before it is applied, which for models as small as this one reaches the
same loss in about half of the steps. The iteration is the usual one of Newton and Schulz, in bfloat16.
"""

import torch
from torch import Tensor
from torch.optim import AdamW, Optimizer


def orthogonal(update: Tensor, steps: int = 5) -> Tensor:
    x = update.bfloat16()
    flip = x.shape[-2] > x.shape[-1]
    if flip:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.mT
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return (x.mT if flip else x).float()


class Muon(Optimizer):
    def __init__(self, parameters, lr: float, momentum: float = 0.95, weight_decay: float = 0.01):
        super().__init__(parameters, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            # Matrices of one shape go through the iteration together.
            by_shape: dict[torch.Size, list] = {}
            for p in group["params"]:
                if p.grad is not None:
                    by_shape.setdefault(p.shape, []).append(p)
            for shape, parameters in by_shape.items():
                updates = []
                for p in parameters:
                    state = self.state[p]
                    if not state:
                        state["momentum"] = torch.zeros_like(p)
                    state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                    updates.append(p.grad.lerp(state["momentum"], group["momentum"]))
                scale = group["lr"] * max(1.0, shape[0] / shape[1]) ** 0.5
                for p, update in zip(parameters, orthogonal(torch.stack(updates)), strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-scale)


def optimisers(model, muon_rate: float, adam_rate: float) -> list[Optimizer]:
    matrices = [p for name, p in model.named_parameters() if name.startswith("blk") and p.dim() == 2]
    taken = {id(p) for p in matrices}
    others = [p for p in model.parameters() if id(p) not in taken]
    made = [Muon(matrices, lr=muon_rate), AdamW(others, lr=adam_rate, betas=(0.9, 0.95), weight_decay=0.0)]
    for optimiser in made:
        for group in optimiser.param_groups:
            group["full_rate"] = group["lr"]
    return made
