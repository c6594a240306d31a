"""Loss and accuracies of sequences with a scored part, in parts of similar length."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from initscale.models.engines.sequences import SequenceDecoder
from initscale.tasks.interface import CHOICE, EXACT, FINAL, LOSS, TEACHER_FORCED, SequenceGroup, Sequences


def by_length(batch: Sequences, positions: int) -> Iterator[Sequences]:
    """Parts of a batch, shortest sequences first, each cut to its longest and of at most ``positions`` of them."""
    order_B = torch.argsort(batch.lengths_N, stable=True)
    lengths = batch.lengths_N[order_B].tolist()
    first = 0
    for row, length in enumerate(lengths):
        if row > first and (row + 1 - first) * length > positions:
            yield _cut(batch.rows(order_B[first:row]), lengths[row - 1])
            first = row
    if lengths:
        yield _cut(batch.rows(order_B[first:]), lengths[-1])


def _cut(part: Sequences, width: int) -> Sequences:
    return Sequences(part.tokens_Nn[:, :width], part.starts_N, part.lengths_N)


def target_logits(decoder: SequenceDecoder, part: Sequences, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Logits (S, V), targets (S,) and positions (S,) of all target tokens; row and column of a token are
    ``divmod(position, n - 1)`` with n the width of the part.
    """
    tokens_BN = part.tokens_Nn.long()
    position_M = torch.arange(tokens_BN.shape[1] - 1)  # of the token before the target token
    is_scored_BM = (position_M >= part.starts_N[:, None] - 1) & (position_M < part.lengths_N[:, None] - 1)
    position_S = is_scored_BM.flatten().nonzero().squeeze(1)
    targets_S = tokens_BN[:, 1:].flatten()[position_S].to(device)
    return decoder.scored_logits(tokens_BN[:, :-1].to(device), position_S.to(device)), targets_S, position_S


def summed_loss(decoder: SequenceDecoder, part: Sequences, device: torch.device) -> Tensor:
    """Cross-entropy summed over all target tokens."""
    logits_SV, targets_S, _ = target_logits(decoder, part, device)
    return F.cross_entropy(logits_SV, targets_S, reduction="sum")


def score(decoder: SequenceDecoder, group: SequenceGroup, eos: int, device: torch.device, positions: int) -> float:
    """Score of a group as its kind says (see ``SequenceGroup``); nan without sequences.

    Parameters
    ----------
    eos : token that stops a continuation.
    positions : how many are worked on at once.
    """
    count, total = _KINDS[group.kind], 0.0
    for part in by_length(group.sequences, positions):
        total += float(count(decoder, part, group, eos, device))
    tokens = group.sequences.lengths_N - group.sequences.starts_N
    among = int(tokens.sum()) if group.kind == LOSS else len(group.sequences)
    return total / among if among else math.nan


def _loss(decoder, part, group, eos, device) -> Tensor:
    return summed_loss(decoder, part, device)


def _exact(decoder, part, group, eos, device) -> Tensor:
    """Number of sequences that a greedy continuation gets right, stop included.

    No continuation is made: a greedy one equals the target if and only if every target token is the likeliest behind
    the true tokens before it. For the first wrong token of a continuation stands behind true ones.
    """
    return (_wrong(decoder, part, device) == 0).sum()


def _teacher_forced(decoder, part, group, eos, device) -> Tensor:
    """The same without the end token."""
    return (_wrong(decoder, Sequences(part.tokens_Nn, part.starts_N, part.lengths_N - 1), device) == 0).sum()


def _wrong(decoder: SequenceDecoder, part: Sequences, device: torch.device) -> Tensor:
    """Number of target tokens that are not the likeliest behind the true ones before them, (B,)."""
    logits_SV, targets_S, position_S = target_logits(decoder, part, device)
    is_wrong_S = (logits_SV.argmax(-1) != targets_S).long().cpu()
    row_S = position_S // (part.tokens_Nn.shape[1] - 1)
    return torch.zeros(len(part), dtype=torch.long).index_add(0, row_S, is_wrong_S)


def _choice(decoder, part, group, eos, device) -> Tensor:
    first = Sequences(part.tokens_Nn, part.starts_N, part.starts_N + 1)
    logits_SV, targets_S, _ = target_logits(decoder, first, device)
    candidates_C = group.candidates.to(device)
    return (candidates_C[logits_SV[:, candidates_C].argmax(-1)] == targets_S).sum()


def _final(decoder, part, group, eos, device) -> int:
    width = int(part.starts_N.max())
    prompts_BN = part.tokens_Nn[:, :width].long().to(device)
    continuations = decoder.continuations(prompts_BN, part.starts_N, eos, group.max_new_tokens)
    last_tokens = part.tokens_Nn[torch.arange(len(part)), part.lengths_N - 2].tolist()
    return sum(new[-2:] == [last, eos] for new, last in zip(continuations, last_tokens, strict=True))


_KINDS: dict[str, Callable] = {
    EXACT: _exact,
    TEACHER_FORCED: _teacher_forced,
    LOSS: _loss,
    CHOICE: _choice,
    FINAL: _final,
}
