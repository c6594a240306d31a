"""What is guaranteed to be equal, and the settings that make it so, in one place.

Guaranteed on a CPU: the same run facts, data, package versions, processor type and thread count give the same weights
and history to the last bit, whether the run was interrupted or not. Not guaranteed: equality across thread counts,
processors, devices or bundle sizes, where sums are taken in another order; there runs agree to rounding at first
and drift apart as any two roundings do.
"""

from __future__ import annotations

import os

import torch

from initscale.errors import InputError


def prepare(device: str, threads: int, precision: str = "fp32") -> torch.device:
    """Fix thread counts, the workspace of cuBLAS and the GPU's precision of float32 products; return the device.

    Raises
    ------
    InputError if CUDA is asked for and not there.
    """
    torch.set_num_threads(threads)
    # At large init most softmax weights are 1 or 1e-40. Arithmetic with such subnormal numbers is many times
    # slower on a CPU; as zeros they change nothing above 1e-38.
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("high" if precision == "tf32" else "highest")
    if device == "cuda":
        if not torch.cuda.is_available():
            raise InputError(
                "`execution.device: cuda` was asked for, but torch sees no GPU",
                hint="install a CUDA build of torch, or set `execution.device: cpu`",
            )
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    return torch.device(device)
