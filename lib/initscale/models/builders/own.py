"""A model that a function of the user builds (``initscale.sweep``); ``options.function`` of the model names it."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from initscale.errors import InputError
from initscale.sweep.functions import call


def build(model: dict, seed: int) -> nn.Module:
    """The user's module; PyTorch's generator is seeded with ``seed`` while it is built.

    Raises
    ------
    InputError for something that cannot be trained here.
    """
    where = model["options"]["function"]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = call(where, model["vocabulary"], model["init"]["gamma"], seed)
    if not isinstance(module, nn.Module):
        raise InputError(f"gave a {type(module).__name__}; a torch.nn.Module is needed", where=where)
    _check_parameters(module, where)
    _check_logits(module, model, where)
    return module


def _check_parameters(module: nn.Module, where: str) -> None:
    for name, value in module.named_parameters():
        if value.dtype != torch.float32 or value.device.type != "cpu":
            raise InputError(
                f"has {name} as {value.dtype} on {value.device}; float32 on the CPU is needed", where=where
            )
    if not any(value.requires_grad for value in module.parameters()):
        raise InputError("has no parameter that can be trained", where=where)
    for name, layer in module.named_modules():
        if getattr(layer, "track_running_stats", False):
            raise InputError(f"has running statistics ({name}), which a resumed training would not have", where=where)


@torch.no_grad()
def _check_logits(module: nn.Module, model: dict, where: str) -> None:
    tokens_BN = torch.zeros(2, model["max_positions"], dtype=torch.long)
    wanted = (*tokens_BN.shape, model["vocabulary"])
    was_training = module.training
    try:
        logits = module.eval()(tokens_BN)
    except Exception as error:
        raise InputError(f"its module raised {type(error).__name__}: {error}", where=where) from error
    finally:
        module.train(was_training)
    given = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    if given != wanted:
        raise InputError(
            f"its module gave {given} for tokens {tuple(tokens_BN.shape)}; logits {wanted} are needed", where=where
        )
