"""Curvature of the loss at the end of a run, and how far its tangent kernel moved.

Measures of arXiv 2305.12133 (largest eigenvalue), 2305.13141 (kernel) and 2206.04817 (norm of the last layer).

H is the Hessian of the mean cross-entropy at the last position over the first ``sequences`` training sequences, by all
weights, in float32.

=========================  =========================================================================================
quantity                   value
=========================  =========================================================================================
loss                       that mean loss, nats
sequences                  number of these sequences
lambda_max                 largest (signed) eigenvalue of H
lambda_preconditioned      largest eigenvalue of S H S, S = diag((sqrt(v) + eps)^(-1/2)), eps of the recipe
products, residual         for each of both (``part``): Hessian products that it took, |H x - l x| / |l|
gradient_norm              mean norm of the gradients that v is made of, before clipping
kernel_cosine              <K, K_0> / (|K| |K_0|), K_ij = grad z_i . grad z_j, z = logit of the label
kernel_relative            |K - K_0| / |K_0|, Frobenius norms, K_0 at the first weights; both are means over ``draws``
                           groups of ``kernel_sequences`` sequences
output_norm                |W|_F of the output weight
output_relative            the same over its first value
=========================  =========================================================================================

v is the mean squared gradient over ``batches`` batches of ``batch`` training sequences: an estimate of Adam's second
moments, which are not kept after a training. Clipping is left out of it, so where ``gradient_norm`` exceeds the
recipe's ``clip`` the real preconditioned eigenvalue is larger. Gradient descent is unstable above lambda_max = 2 / lr;
Adam with beta1 = 0.9 above lambda_preconditioned = 38 / lr. An eigenvalue that did not converge is nan. The kernel
scores depend on the number of sequences (the more, the more of K is off its diagonal), so only equal numbers compare.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as F

from initscale.models.decoder import Decoder
from initscale.models.spec import ModelSpec, trained_parameters
from initscale.probes.curvature import (
    Eigenvalue,
    gradient,
    hessian_product,
    kernel_drift,
    largest_eigenvalue,
    preconditioned,
    tangent_kernel,
)
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun
from initscale.probes.training_rows import training_rows

__all__ = ["COLUMNS", "adam_scale", "eigenvalues", "kernel", "probe", "sharpness_rows", "sharpness_scores"]

Weights = Mapping[str, Tensor]
Rows = tuple[Tensor, Tensor]
"""Tokens (B, N) and labels (B,)."""


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``sequences``; ``batches`` and ``batch`` of the second moments; ``kernel_sequences`` and ``draws``;
        ``tolerance`` of the eigenvalues and the number of ``products`` after which they give up.
    """
    return as_table(sharpness_scores(run, sharpness_rows(run, options), options))


def sharpness_rows(run: FinishedRun, options: dict) -> Rows:
    """As many training sequences with their labels as the options ask for."""
    kernels = options["draws"] * options["kernel_sequences"]
    return training_rows(run, max(options["sequences"], options["batches"] * options["batch"], kernels))


def sharpness_scores(run: FinishedRun, rows: Rows, options: dict) -> list[pd.DataFrame]:
    """All scores of the module on the given sequences."""
    first = run.initial_weights()
    return [
        *eigenvalues(run.spec, run.weights, *rows, run.facts["training"]["eps"], options),
        *kernel_scores(run.spec, first, run.weights, *rows, options),
        *output_norms(run.spec, first, run.weights),
    ]


def eigenvalues(
    spec: ModelSpec, weights: Weights, tokens_BN: Tensor, labels_B: Tensor, eps: float, options: dict
) -> list[pd.DataFrame]:
    """Loss and both eigenvalues with what they took; see :func:`probe` for the options."""
    model = Decoder.with_weights(spec, {name: w.float().clone() for name, w in weights.items()})
    trained = [model.get_parameter(p.name) for p in trained_parameters(spec)]
    at = slice(options["sequences"])
    loss = last_loss(model, tokens_BN[at], labels_B[at])
    product, size = hessian_product(loss, trained), sum(w.numel() for w in trained)
    scale_P, norm = adam_scale(model, trained, tokens_BN, labels_B, eps, options)
    limits = size, options["tolerance"], options["products"]
    both = {
        "lambda_max": largest_eigenvalue(product, *limits),
        "lambda_preconditioned": largest_eigenvalue(preconditioned(product, scale_P.numpy()), *limits),
    }
    frames = [frame for name, one in both.items() for frame in _described(name, one)]
    count = len(labels_B[at])
    return [score("loss", loss.item()), score("sequences", count), score("gradient_norm", norm), *frames]


def last_loss(model: Decoder, tokens_BN: Tensor, labels_B: Tensor) -> Tensor:
    """Mean cross-entropy at the last position, nats; a scalar."""
    return F.cross_entropy(model(tokens_BN)[:, -1], labels_B)


def adam_scale(
    model: Decoder, weights: list[Tensor], tokens_BN: Tensor, labels_B: Tensor, eps: float, options: dict
) -> tuple[Tensor, float]:
    """Diagonal of S, (P,), and the mean gradient norm; see the module."""
    squares_P, norms = 0.0, []
    batches = list(zip(tokens_BN.split(options["batch"]), labels_B.split(options["batch"]), strict=True))
    for batch in batches[: options["batches"]]:
        gradient_P = gradient(last_loss(model, *batch), weights)
        squares_P = squares_P + gradient_P.square()
        norms.append(gradient_P.norm().item())
    v_P = squares_P / len(norms)
    return (v_P.sqrt() + eps).rsqrt(), sum(norms) / len(norms)


def kernel(spec: ModelSpec, weights: Weights, tokens_BN: Tensor, labels_B: Tensor) -> Tensor:
    """Tangent kernel of the logit of the label at the last position, by the trained parameters, (B, B)."""
    model = Decoder.with_weights(spec, {name: w.float() for name, w in weights.items()}).requires_grad_(False)
    names = {p.name for p in trained_parameters(spec)}

    def logit(trained: Weights, tokens_N: Tensor, label: Tensor) -> Tensor:
        return functional_call(model, trained, (tokens_N[None],))[0, -1].gather(0, label[None])[0]

    return tangent_kernel(logit, {name: weights[name].float() for name in names}, tokens_BN, labels_B)


def kernel_scores(
    spec: ModelSpec, first: Weights, last: Weights, tokens_BN: Tensor, labels_B: Tensor, options: dict
) -> list[pd.DataFrame]:
    """``kernel_cosine`` and ``kernel_relative``; see :func:`probe` for the options."""
    size = options["kernel_sequences"]
    draws = list(zip(tokens_BN.split(size), labels_B.split(size), strict=True))[: options["draws"]]
    moved = [kernel_drift(*(kernel(spec, weights, *draw) for weights in (first, last))) for draw in draws]
    cosine, relative = (sum(values) / len(draws) for values in zip(*moved, strict=True))
    return [score("kernel_cosine", cosine), score("kernel_relative", relative)]


def output_norms(spec: ModelSpec, first: Weights, last: Weights) -> list[pd.DataFrame]:
    """``output_norm`` and ``output_relative``; a tied output is the token embedding."""
    name = "tokens.weight" if spec.tied else "output.weight"
    now, before = (torch.linalg.norm(weights[name].double()).item() for weights in (last, first))
    return [score("output_norm", now), score("output_relative", now / before)]


def _described(name: str, found: Eigenvalue) -> list[pd.DataFrame]:
    return [
        score(name, found.value),
        score("products", found.products, name),
        score("residual", found.residual, name),
    ]
