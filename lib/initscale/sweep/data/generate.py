"""Ask the user's function for its data, check them and lay them out as a table."""

from __future__ import annotations

import contextlib
import functools
import random
import re
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import torch

from initscale.errors import InputError
from initscale.files.tables import make_table
from initscale.sweep.data.definition import columns
from initscale.sweep.functions import call

IGNORED = -100
"""Label of a position that is not asked, as in ``torch.nn.functional.cross_entropy``."""

Splits = dict[str, tuple[np.ndarray, np.ndarray]]


@functools.lru_cache(maxsize=1)
def given(function: str, seed: int) -> Splits:
    """Tokens and labels of every split, checked; the function is called once in a process.

    Raises
    ------
    InputError for data of another form than ``initscale.sweep`` describes.
    """
    with _seeded(seed):
        found = call(function, seed)
    if not (isinstance(found, Mapping) and found):
        raise InputError("must give split -> (tokens, labels)", where=function)
    return {str(split): _arrays(f"{function}, split `{split}`", str(split), pair) for split, pair in found.items()}


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """The global generators of Python, NumPy and PyTorch start at the seed inside, and go on as before behind it."""
    before, legacy = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(before)
        np.random.set_state(legacy)


def _arrays(where: str, split: str, pair: object) -> tuple[np.ndarray, np.ndarray]:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", split):
        raise InputError("has a name that is no column name (lower-case letters, digits, underscores)", where=where)
    try:
        tokens, labels = (np.asarray(one) for one in pair)
    except (TypeError, ValueError) as error:
        raise InputError(f"is no pair of tokens and labels ({error})", where=where) from error
    if tokens.ndim != 2 or labels.shape not in ((len(tokens),), tokens.shape):
        shapes = f"tokens {tokens.shape}, labels {labels.shape}"
        raise InputError(f"has {shapes}; (N, time) is needed, with labels (N,) or (N, time)", where=where)
    for name, values, refused in (
        ("tokens", tokens, tokens < 0),
        ("labels", labels, (labels < 0) & (labels != IGNORED)),
    ):
        if values.dtype.kind not in "iu":
            raise InputError(f"has {name} of type {values.dtype}; integers are needed", where=where)
        if refused.any():
            raise InputError(f"has {name} below 0, such as {values[refused][0]}", where=where)
    return tokens.astype(np.int32), labels.astype(np.int32)


def about(splits: Splits, where: str) -> dict:
    """What a data set's section says of its data.

    Raises
    ------
    InputError for splits that do not go together.
    """
    if not len(splits.get("train", ((), ()))[0]):
        raise InputError(f"has no split `train` with sequences (it has {', '.join(splits)})", where=where)
    forms = {(tokens.shape[1], labels.ndim) for tokens, labels in splits.values()}
    if len(forms) > 1:
        raise InputError("has splits of different length, or labels of different shape", where=where)
    (length, dimensions) = forms.pop()
    largest = max(max(int(tokens.max(initial=0)), int(labels.max(initial=0))) for tokens, labels in splits.values())
    rows = {split: len(tokens) for split, (tokens, _) in splits.items()}
    return {"vocabulary": largest + 1, "length": length, "every_position": dimensions == 2, "rows": rows}


def generate(spec: dict) -> dict[str, pa.Table]:
    """The table ``sequences``; see ``initscale.sweep.data.definition.columns``."""
    splits = given(spec["function"], spec["seed"])
    tokens_NT = np.concatenate([tokens for tokens, _ in splits.values()])
    labels_NL = np.concatenate([labels.reshape(len(labels), -1) for _, labels in splits.values()])
    names = [column.name for column in columns(spec)]
    values = [np.repeat(list(splits), [len(tokens) for tokens, _ in splits.values()]), *tokens_NT.T, *labels_NL.T]
    return {"sequences": make_table(columns(spec), dict(zip(names, values, strict=True)))}
