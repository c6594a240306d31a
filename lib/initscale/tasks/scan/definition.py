"""SCAN (Lake and Baroni 2018): commands of a small grammar and the actions that they mean; the split `turn left`.

Verb phrases: ``u``, ``u left``, ``u opposite left``, ``u around left`` (or ``right``) with u one of walk, look, run,
jump; with u = turn all but the bare word. A sentence is a verb phrase, alone or done ``twice`` or ``thrice``; a command
is a sentence, or two joined by ``and`` (first, then second) or ``after`` (second, then first): 34 phrases, 102
sentences, 20,910 commands.

Split: commands with the adjacent words ``turn left`` are the test set, but the bare command stays in the training set,
copied so that it is one tenth of it.
"""

from __future__ import annotations

from collections.abc import Callable

from initscale.files.tables import Column

TRAINER = "sequence_trainer"
SPLITS = ("commands", "train", "test")
ACTIONS = {"walk": "I_WALK", "look": "I_LOOK", "run": "I_RUN", "jump": "I_JUMP", "turn": ""}
TURNS = {"left": "I_TURN_LEFT", "right": "I_TURN_RIGHT"}
WORDS = (*ACTIONS, *TURNS, "opposite", "around", "twice", "thrice", "and", "after")
PRIMITIVE = "turn left"
TRAIN, TEST, COMMANDS, PRIMITIVES = 21_890, 1_208, 20_910, 2_189
_LONGEST = 60  # words, actions, and the two tokens behind them: 9 + 48 + 2 at most


def vocabulary(spec: dict) -> list[str]:
    """Words and actions, without the special tokens."""
    return [*WORDS, *filter(None, ACTIONS.values()), *TURNS.values()]


def sequence_length(spec: dict) -> int:
    """Tokens of the longest sequence."""
    return _LONGEST


def vocabulary_size(spec: dict) -> int:
    """Words, actions and four special tokens."""
    return len(vocabulary(spec)) + 4


def training_rows(spec: dict) -> int:
    """Rows of the training split, the copies of the primitive included."""
    return TRAIN


def copies(size: int) -> int:
    """Copies of the primitive among ``size`` training rows: a tenth, at least one."""
    return max(1, round(size * PRIMITIVES / TRAIN))


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Every specification that the schema lets pass can be generated."""


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of commands.parquet, train.parquet and test.parquet."""
    return (
        Column("command", "string", "words", "what is to be done, such as `walk left twice`"),
        Column("actions", "string", "words", "what the command means, such as `I_TURN_LEFT I_WALK I_TURN_LEFT I_WALK`"),
    )
