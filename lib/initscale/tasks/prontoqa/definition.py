"""PrOntoQA: true or false after a chain of rules about fictional concepts (Saparov & He, ICLR 2023; the paper's Fig 7).

An item's *context* is a list of universal rules and one premise: `Every wumpus is a zumpus. Zumpuses are not red.
Max is a wumpus.` Its *query* asks whether a property holds of the premise's entity: `True or false: Max is red.` The
*chain of thought* derives the property's polarity in ``hops`` applications of a rule, and the answer follows. One rule
is a *distractor*: it gives the queried adjective, with the other polarity, to a concept that has nothing to do with it.

The concepts form one chain, each a kind of its parent. How it is grown and walked is in ``prontoqa_problem``, how it is
worded in ``prontoqa_sentences``, and what a text implies in ``prontoqa_inference``, which knows nothing of the former.
The variant of the paper is not known; this is the first version's fictional ontology with modus ponens.
"""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.files.tables import Column

TRAINER = "sequence_trainer"
SPLITS = ("train", "test")
NAMES = ("wumpus", "yumpus", "zumpus", "dumpus", "rompus", "numpus", "tumpus", "vumpus", "impus", "jompus")
FAMILIES = (
    ("blue", "red", "brown", "orange"),
    ("small", "large"),
    ("metallic", "wooden", "luminous", "liquid"),
    ("transparent", "opaque"),
    ("nervous", "happy", "feisty", "shy"),
    ("bright", "dull"),
    ("sweet", "sour", "spicy", "bitter"),
    ("floral", "fruity", "earthy"),
    ("hot", "cold", "temperate"),
    ("kind", "mean", "angry", "amenable", "aggressive"),
)
"""Adjectives that describe the same property."""
ENTITIES = ("Fae", "Rex", "Sally", "Max", "Alex", "Sam", "Polly", "Stella", "Wren")
ORDERS = ("postorder", "preorder", "random")
"""Of the rules: from the most special concept up (the original default), from the most general down, shuffled."""
MOST_HOPS = len(NAMES) - 2
"""One name is the distractor's; the chain of the other nine has eight steps."""
LABELS = ("False", "True")
MARKS = 4
"""Tokens that are not words: the padding, the end of an item, the end of its query, unknown words."""


def plural(name: str) -> str:
    """``wumpus`` -> ``wumpuses``."""
    return f"{name}es"


def words() -> tuple[str, ...]:
    """The 74 lower-case words and punctuation marks."""
    found = (".", ":", "a", "an", "each", "every", "is", "are", "not", "or", "true", "false")
    adjectives = (adjective for family in FAMILIES for adjective in family)
    return (*found, *NAMES, *map(plural, NAMES), *adjectives, *(name.lower() for name in ENTITIES))


def vocabulary_size(spec: dict) -> int:
    """Number of ``words`` and marks."""
    return len(words()) + MARKS


def sequence_length(spec: dict) -> int:
    """Upper bound of the words of an item with its chain of thought, answer and the marks behind query and answer.

    A chain of nine concepts has eight subsumptions and eight properties, and there is one distractor: 17 rules of at
    most 6 words and marks (`Each impus is an X .`). Premise, query and label add 5 + 9 + 1, the chain of thought a
    premise and two sentences a hop.
    """
    rule, fact = 6, 5
    most = 2 * (len(NAMES) - 2) + 1
    return rule * most + fact + 9 + fact + (rule + fact) * max(spec["hops"]) + 1 + 2


def training_rows(spec: dict) -> int:
    """Items of the training split."""
    return spec["sequences"]


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` unless the specification describes a data set that can be generated."""
    if max(spec["hops"]) > MOST_HOPS:
        raise ConfigError(
            f"{max(spec['hops'])} hops need a longer chain than the {len(NAMES)} names allow (at most {MOST_HOPS})",
            where=describe("hops"),
        )
    block = 2 * len(spec["hops"])
    for key in ("sequences", "test_sequences"):
        if spec[key] % block:
            raise ConfigError(
                f"{spec[key]} is not a multiple of {block}, so hops and answers cannot occur equally often",
                where=describe(key),
            )


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of train.parquet and test.parquet."""
    return (
        Column("hops", "int8", "rules", "rules that the chain of thought applies"),
        Column("order", "string", "", "order of the rules in the question: postorder, preorder or random"),
        Column("question", "string", "", "rules, distractor included, and the premise"),
        Column("query", "string", "", "what is asked: True or false: ..."),
        Column("chain_of_thought", "string", "", "premise, then rule and derived fact in turn"),
        Column("answer", "string", "", "True or False"),
    )
