"""One update recorded as a CUDA graph: a small model's step is hundreds of launches, a replay is one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_WARM_UP = 3  # PyTorch's advice before a capture


class CapturedUpdate:
    """Replays ``update(index_RB)`` with new indices.

    Parameters
    ----------
    update : changes weights and optimiser state in place and returns tensors; it must not wait for the device.
    state : returns all tensors that ``update`` changes. They are put back after the warm-up, whose updates would
        otherwise count.
    index_RB : indices of the shape that all calls have.
    """

    def __init__(self, update: Callable, state: Callable[[], list[Tensor]], index_RB: Tensor):
        self.index_RB = index_RB.clone()
        before = {tensor.data_ptr(): tensor.clone() for tensor in state()}
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP):
                update(self.index_RB)
        torch.cuda.current_stream().wait_stream(side)
        put_back(state(), before)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.results = update(self.index_RB)

    def __call__(self, index_RB: Tensor) -> tuple[Tensor, ...]:
        """Run the update; the returned tensors are overwritten by the next call."""
        self.index_RB.copy_(index_RB)
        self.graph.replay()
        return self.results


def put_back(tensors: list[Tensor], before: dict[int, Tensor]) -> None:
    """Restore tensors in place; those that did not exist before (moments of a first step) become zero."""
    for tensor in tensors:
        old = before.get(tensor.data_ptr())
        tensor.zero_() if old is None else tensor.copy_(old)
