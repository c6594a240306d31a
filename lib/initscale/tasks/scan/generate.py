"""Generate all SCAN commands from the grammar, and the split by the words `turn left`."""

from __future__ import annotations

import pyarrow as pa

from initscale.files.tables import make_table
from initscale.tasks.random_integers import Stream
from initscale.tasks.scan.definition import ACTIONS, PRIMITIVE, PRIMITIVES, TURNS, columns

_STREAM, _TEST_STREAM = 0, 1


def generate(spec: dict) -> dict[str, pa.Table]:
    """``commands``: every command once. ``train``: those without the words `turn left`, and the bare command 2,189
    times. ``test``: all others. The last two are in random order (``spec["seed"]``), so that their first rows, which
    evaluations take, are a fair sample. Columns: see ``initscale.tasks.scan.columns``.
    """
    commands = all_commands()
    is_held_out = {command: f" {PRIMITIVE} " in f" {command} " and command != PRIMITIVE for command in commands}
    train = [command for command in commands if not is_held_out[command] and command != PRIMITIVE]
    train += [PRIMITIVE] * PRIMITIVES
    test = [command for command in commands if is_held_out[command]]
    order, test_order = (
        Stream(spec["seed"], number).permutation(len(rows)) for number, rows in ((_STREAM, train), (_TEST_STREAM, test))
    )
    splits = {
        "commands": list(commands),
        "train": [train[row] for row in order],
        "test": [test[row] for row in test_order],
    }
    return {
        name: make_table(columns(spec), {"command": rows, "actions": [commands[command] for command in rows]})
        for name, rows in splits.items()
    }


def all_commands() -> dict[str, str]:
    """Command -> its actions, for all 20,910."""
    sentences = {
        f"{phrase}{often}": " ".join([actions] * times)
        for phrase, actions in verb_phrases().items()
        for often, times in (("", 1), (" twice", 2), (" thrice", 3))
    }
    found = dict(sentences)
    for first, first_actions in sentences.items():
        for second, second_actions in sentences.items():
            found[f"{first} and {second}"] = f"{first_actions} {second_actions}"
            found[f"{first} after {second}"] = f"{second_actions} {first_actions}"
    return found


def verb_phrases() -> dict[str, str]:
    """Verb phrase -> its actions, for all 34."""
    found = {verb: action for verb, action in ACTIONS.items() if action}
    for verb, action in ACTIONS.items():
        for direction, turn in TURNS.items():
            found[f"{verb} {direction}"] = f"{turn} {action}".strip()
            found[f"{verb} opposite {direction}"] = f"{turn} {turn} {action}".strip()
            found[f"{verb} around {direction}"] = " ".join([f"{turn} {action}".strip()] * 4)
    return found
