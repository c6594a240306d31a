"""Two-layer models whose weights are written by hand: one composes, one memorizes unordered pairs.

Sequences have five tokens with the key at position 1: noise, key, anchor 1, anchor 2, noise. The residual stream is
divided into blocks (one-hot token and position, three for what is carried, the answer) and two large opposite entries
that make every LayerNorm nearly the identity; the first of them also serves as a constant.

composing:   layer 1 brings the key to anchor 1, its feed-forward block applies that anchor; layer 2 brings result and
             anchor 2 to the last token (Fig 3c)
memorizing:  layer 1 brings both anchors to the last token, layer 2 the key (Fig 3a); (4, 3) is answered as (3, 4)
"""

from __future__ import annotations

import math

import torch

from initscale.models.spec import ModelSpec, parameters
from initscale.tasks.anchor.definition import all_pairs, inferential_shift, taught_shift, trained_pairs

KEY, FIRST, SECOND, LAST = 1, 2, 3, 4
_BALLAST, _SHARP, _LOUD = 1000.0, 60.0, 20.0


class Builder:
    """Weights by name, all zero at first, and the blocks of the residual stream."""

    def __init__(self, data: dict, vocabulary: int):
        self.data, self.V, self.N = data, vocabulary, data["length"]
        sizes = {"token": vocabulary, "place": self.N} | dict.fromkeys(("one", "two", "three", "answer"), vocabulary)
        starts = [0]
        for size in sizes.values():
            starts.append(starts[-1] + size)
        self.at = dict(zip(sizes, starts, strict=False))
        self.ballast = starts[-1]
        width = self.ballast + 2
        shape = {"d_model": width, "n_heads": 1, "d_head": 2 * vocabulary, "d_ff": 4 * vocabulary, "depth": 2}
        rest = {"vocabulary": vocabulary, "max_positions": self.N, "norm": "post", "activation": "relu"}
        self.spec = ModelSpec(**shape, **rest, final_norm=False)
        self.weights = {p.name: torch.zeros(p.shape) for p in parameters(self.spec)}
        for name in self.weights:
            if name.endswith("norm.weight"):
                self.weights[name] += _BALLAST * math.sqrt(2 / width)
        self._embed()

    def _embed(self) -> None:
        self.weights["tokens.weight"][:, : self.V] = torch.eye(self.V)
        places = self.weights["positions.weight"]
        places[:, self.at["place"] : self.at["place"] + self.N] = torch.eye(self.N)
        places[:, self.ballast], places[:, self.ballast + 1] = _BALLAST, -_BALLAST
        answer = slice(self.at["answer"], self.at["answer"] + self.V)
        self.weights["output.weight"][:, answer] = torch.eye(self.V)

    def attend(self, layer: int, routes: dict[int, list[int]], moves: dict[str, str]) -> None:
        """Attention from query position to source positions (itself, if not named); ``moves``: block -> block."""
        name, at = f"layers.{layer - 1}.attn", self.at
        for place in range(self.N):
            self.weights[f"{name}.k.weight"][place, at["place"] + place] = 1.0
            for source in routes.get(place, [place]):
                self.weights[f"{name}.q.weight"][source, at["place"] + place] = _SHARP * math.sqrt(2 * self.V)
        for number, (source, target) in enumerate(moves.items()):
            for value in range(self.V):
                self.weights[f"{name}.v.weight"][number * self.V + value, at[source] + value] = 1.0
                self.weights[f"{name}.o.weight"][at[target] + value, number * self.V + value] = 1.0

    def look_up(self, layer: int, units: list[tuple[list[int], float, int, float]]) -> None:
        """Hidden units: features that are added, threshold, feature that is written, strength."""
        up, down = (self.weights[f"layers.{layer - 1}.ffn.{side}.weight"] for side in ("up", "down"))
        for unit, (features, threshold, target, strength) in enumerate(units):
            for feature in features:
                up[unit, feature] += 1.0
            up[unit, self.ballast] -= threshold / _BALLAST
            down[target, unit] += strength


def composing(data: dict, vocabulary: int) -> tuple[ModelSpec, dict]:
    """A model that applies one anchor after the other, to every pair."""
    b, (low, high) = Builder(data, vocabulary), data["values"]
    at, shifts = b.at, dict(enumerate(data["anchor_shifts"], start=1))
    b.attend(1, {FIRST: [KEY], SECOND: [KEY]}, {"token": "one"})
    first, second = at["place"] + FIRST, at["place"] + SECOND
    apply = [
        ([at["one"] + x, at["token"] + a, first], 2.5, at["two"] + x + shift, 2.0)
        for x in range(low, high + 1)
        for a, shift in shifts.items()
    ]
    keep = [([at["token"] + a, second], 1.5, at["two"] + a, 2.0) for a in shifts]
    b.look_up(1, apply + keep)
    b.attend(2, {LAST: [FIRST, SECOND]}, {"two": "three"})
    between = range(low + min(shifts.values()), high + max(shifts.values()) + 1)
    answers = [(y, a, y + shift) for y in between for a, shift in shifts.items() if y + shift >= 0]
    # both sources get half of the attention, so 0.5 + 0.5 is above the threshold and 0.5 alone is not
    b.look_up(2, [([at["three"] + y, at["three"] + a], 0.75, at["answer"] + label, _LOUD) for y, a, label in answers])
    return b.spec, b.weights


def memorizing(data: dict, vocabulary: int) -> tuple[ModelSpec, dict]:
    """A model that looks up the unordered pair of anchors."""
    b, (low, high) = Builder(data, vocabulary), data["values"]
    at = b.at
    b.attend(1, {LAST: [FIRST, SECOND]}, {"token": "one"})
    b.attend(2, {LAST: [KEY]}, {"token": "two"})
    units = []
    for x in range(low, high + 1):
        for pair in all_pairs(data):
            if pair[0] <= pair[1]:
                taught = taught_shift(data, pair) if pair in trained_pairs(data) else inferential_shift(data, pair)
                # half an anchor each, or a whole one twice; the stronger unit of equal anchors wins where both fire
                strength = _LOUD * (10 if pair[0] == pair[1] else 1)
                features = [at["two"] + x, *(at["one"] + a for a in (pair if pair[0] != pair[1] else pair[:1]))]
                units.append((features, 1.75, at["answer"] + x + taught, strength))
    b.look_up(2, units)
    return b.spec, b.weights
