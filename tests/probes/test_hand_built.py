"""The hand-built models do what they are said to do (else the tests that use them prove nothing)."""

from __future__ import annotations

import pytest
import torch
from mechanisms import MODELS, contexts

from initscale.models.decoder import Decoder
from initscale.tasks.anchor.definition import all_pairs, inferential_shift, taught_shift, trained_pairs


@pytest.mark.parametrize("name", MODELS)
def test_answers_of_every_pair(name, five_tokens):
    model = Decoder.with_weights(*MODELS[name](five_tokens, 60))
    for pair in all_pairs(five_tokens):
        tokens_XN, keys_X = contexts(five_tokens, pair)
        answer_X = model(tokens_XN)[:, -1].argmax(-1)
        shift = inferential_shift(five_tokens, pair)
        if name == "memorizing":
            known = pair if pair in trained_pairs(five_tokens) else pair[::-1]
            shift = taught_shift(five_tokens, known)
        assert torch.equal(answer_X, keys_X + shift), pair
