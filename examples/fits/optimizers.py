"""
The same cubic as a module, by RMSprop
======================================

A cubic is a linear layer that is fed x, x^2 and x^3. ``pl.fit`` takes any module and any optimizer of PyTorch.
RMSprop divides each gradient by a running mean of its size, so that every coefficient moves at about the same speed.
With a fixed rate it never comes to rest: each coefficient ends stepping to and fro, half a rate to either side of the
best one, and the loss is near 8.92 where 8.8172 is the least. A smaller rate afterwards cures it.
"""

import math

import matplotlib.pyplot as plt
import torch
from torch import nn

import pinnlite as pl

LEAST = 8.8171654


def main(seed: int = 4) -> dict[str, float]:
    x = torch.linspace(-math.pi, math.pi, 2000)
    data = (x[:, None] ** torch.tensor([1, 2, 3]), torch.sin(x))
    layer = nn.Linear(3, 1)
    generator = torch.Generator().manual_seed(seed)
    for parameter in layer.parameters():
        nn.init.uniform_(parameter, -0.577, 0.577, generator=generator)
    model = nn.Sequential(layer, nn.Flatten(0, 1))

    axes = plt.figure(layout="constrained").subplots()
    found: dict[str, float] = {}
    for name, begin, steps, rate in (("coarse", 0, 2500, 1e-3), ("fine", 2500, 200, 1e-5)):
        result = pl.fit(data, model, method=pl.Descent(torch.optim.RMSprop, steps=steps, lr=rate))
        loss, slope, cubic = result.history[-1][1], layer.weight[0, 0].item(), layer.weight[0, 2].item()
        print(f"rate {rate:g}   loss {loss:.4f}   {slope:.4f} x {cubic:+.4f} x^3   {result.seconds:.2f} s")
        found |= {f"{name} loss": loss, f"{name} slope": slope, f"{name} cubic": cubic}
        excess = [loss - LEAST for _, loss in result.history]
        axes.semilogy(range(begin, begin + len(excess)), excess, label=f"rate {rate:g}")
    axes.set(xlabel="step", ylabel="loss $-$ least loss", ylim=(1e-6, None))
    axes.legend()
    return found


if __name__ == "__main__":
    main()
