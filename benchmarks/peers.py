"""The other libraries, used as their users would: float32, all cores, their usual optimisers."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn.functional import cross_entropy

torch.set_num_threads(2)


def tensors(x: np.ndarray, labels: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images (N, 784) of bytes as floats in 0..1, and labels."""
    return torch.tensor(x).float() / 255, torch.tensor(labels.astype(np.int64))


def full_step(x: torch.Tensor, labels: torch.Tensor, rows: int) -> Callable[[], float]:
    """Return a function that computes a linear classifier's loss and gradients.

    It takes the examples in pieces of so many rows.
    """
    model = nn.Linear(x.shape[1], 10)

    def step() -> float:
        model.zero_grad()
        total = 0.0
        for part, target in zip(x.split(rows), labels.split(rows), strict=True):
            loss = cross_entropy(model(part), target, reduction="sum") / len(x)
            loss.backward()
            total += loss.item()
        return total

    return step


def compiled_step(x: torch.Tensor, labels: torch.Tensor) -> Callable[[], float]:
    """Return the same under torch.compile; raises whatever its compiler does."""
    model = nn.Linear(x.shape[1], 10)
    loss_of = torch.compile(lambda: cross_entropy(model(x), labels))

    def step() -> float:
        model.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss.item()

    step()
    return step


def epoch(
    model: nn.Module, optimiser: Any, x: torch.Tensor, labels: torch.Tensor, batch: int
) -> None:
    """Train one epoch in mini-batches."""
    for rows in torch.randperm(len(x)).split(batch):
        optimiser.zero_grad()
        cross_entropy(model(x[rows]), labels[rows]).backward()
        optimiser.step()


def to_accuracy(
    start: np.ndarray, train: tuple, test: tuple, goal: float, batch: int, rate: float, seed: int
) -> int:
    """Train by SGD, as we do, from given weights to the test accuracy; return the epochs."""
    torch.manual_seed(seed)
    model = linear(start)
    optimiser = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, nesterov=True)
    slower = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.6)
    for count in range(1, 21):
        epoch(model, optimiser, *train, batch)
        with torch.no_grad():
            if (model(test[0]).argmax(1) == test[1]).float().mean() >= goal:
                return count
        slower.step()
    raise RuntimeError(f"expected an accuracy of {goal} within 20 epochs")


def linear(start: np.ndarray) -> nn.Linear:
    """Return a linear classifier with given weights and no bias yet."""
    model = nn.Linear(start.shape[1], len(start))
    with torch.no_grad():
        model.weight.copy_(torch.tensor(start))
        model.bias.zero_()
    return model


def lbfgs_to_loss(start: np.ndarray, x: torch.Tensor, labels: torch.Tensor, goal: float) -> int:
    """Train by L-BFGS with a strong Wolfe line search to the loss; return the evaluations."""
    model = linear(start)
    count = 0
    optimiser = torch.optim.LBFGS(
        model.parameters(), max_iter=10, line_search_fn="strong_wolfe", history_size=20
    )

    def closure() -> torch.Tensor:
        nonlocal count
        count += 1
        optimiser.zero_grad()
        loss = cross_entropy(model(x), labels)
        loss.backward()
        return loss

    for _ in range(60):
        optimiser.step(closure)
        with torch.no_grad():
            if cross_entropy(model(x), labels) <= goal:
                return count
    raise RuntimeError(f"expected a loss of {goal} within 600 iterations")


def two_layer_epoch(x: torch.Tensor, labels: torch.Tensor, batch: int) -> Callable[[], None]:
    """Return a function that trains a 784-256-10 network for an epoch."""
    model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return lambda: epoch(model, optimiser, x, labels, batch)


def toy(x: np.ndarray, labels: np.ndarray, hidden: int, steps: int) -> Callable[[], None]:
    """Return a function that trains a small network on points, all of them in every step."""
    points = torch.tensor(x)
    targets = torch.tensor(labels)

    def train() -> None:
        model = nn.Sequential(
            nn.Linear(2, hidden), nn.ReLU(), nn.Linear(hidden, int(labels.max()) + 1)
        ).double()
        optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
        for _ in range(steps):
            optimiser.zero_grad()
            cross_entropy(model(points), targets).backward()
            optimiser.step()

    return train


def sklearn_fit(x: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Fit scikit-learn's default on floats; return seconds and the loss where it stops."""
    model = LogisticRegression()
    began = time.perf_counter()
    model.fit(x, labels)
    seconds = time.perf_counter() - began
    log_q = model.predict_log_proba(x)
    return seconds, float(-log_q[np.arange(len(x)), labels].mean())
