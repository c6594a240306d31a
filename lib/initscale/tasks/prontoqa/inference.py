"""What a PrOntoQA text implies: reads the sentences and applies the rules; knows nothing of how the text was made.

``derive`` gives the true answer of an item, ``shortcut`` that of a reader who looks at positions only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from initscale.errors import InputError
from initscale.tasks.prontoqa.definition import ENTITIES, NAMES

_RULE = re.compile(r"(?:(?:Each|Every) (\w+) is|(\w+)es are) (not )?(?:(?:a|an) )?(\w+?)(?:es)?\.")
_FACT = re.compile(r"(\w+) is (not )?(?:(?:a|an) )?(\w+)\.")
_QUERY = re.compile(r"True or false: (.*)")
Fact = tuple[str, bool]
"""A concept or an adjective, and whether it holds."""


@dataclass(frozen=True)
class Reading:
    """A context: rules (concept -> what follows) in their order, and the premise."""

    rules: tuple[tuple[str, Fact], ...]
    entity: str
    concept: str

    def facts(self) -> set[Fact]:
        """Everything that follows for the entity."""
        known, new = set(), {(self.concept, True)}
        while new:
            known |= new
            new = {then for concept, then in self.rules if (concept, True) in known} - known
        return known


def sentences(text: str) -> list[str]:
    """Sentences with their full stops."""
    return [f"{part.strip()}." for part in text.split(".") if part.strip()]


def read_question(question: str) -> Reading:
    """Read rules and premise.

    Raises
    ------
    InputError for a sentence that is neither a rule nor a premise.
    """
    *rules, premise = sentences(question)
    entity, (concept, _) = _read_fact(premise)
    return Reading(tuple(_read_rule(rule) for rule in rules), entity, concept)


def derive(question: str, query: str) -> bool:
    """The answer to a query.

    Raises
    ------
    InputError if the context does not decide it, or says both.
    """
    reading, (entity, (name, holds)) = read_question(question), _read_fact(_QUERY.fullmatch(query)[1])
    known = {polarity for concept, polarity in reading.facts() if concept == name}
    if entity != reading.entity or len(known) != 1:
        raise InputError(f"`{query}` does not follow, nor does its opposite, or both do", where=question)
    return known == {holds}


def shortcut(question: str, query: str) -> bool:
    """The answer of who believes the later of the two rules on the queried adjective.

    With the rules in postorder the distractor comes before the rule that matters more often than not, because that
    rule is higher up the longer the chain of thought: the shortcut beats chance without any reasoning.
    """
    _, (name, holds) = _read_fact(_QUERY.fullmatch(query)[1])
    *_, last = [polarity for _, (concept, polarity) in read_question(question).rules if concept == name]
    return last == holds


def shortcut_accuracy(items: Iterable[tuple[str, str, str]]) -> float:
    """Share of items (question, query, answer) that the positional shortcut gets right, in 0..1."""
    right = [shortcut(question, query) == (answer == "True") for question, query, answer in items]
    return sum(right) / len(right)


def context_key(question: str) -> str:
    """What two contexts have in common that differ in wording, order of the rules and entity only.

    Any two items with different keys ask about different ontologies.
    """
    reading = read_question(question)
    rules = (f"{concept} {'' if holds else 'not '}{then}" for concept, (then, holds) in reading.rules)
    return "; ".join([*sorted(rules), reading.concept])


def _read_rule(sentence: str) -> tuple[str, Fact]:
    found = _RULE.fullmatch(sentence)
    concept = (found[1] or found[2]).lower() if found else ""
    if concept not in NAMES:
        raise InputError(f"`{sentence}` is not a rule")
    return concept, (found[4], not found[3])


def _read_fact(sentence: str) -> tuple[str, Fact]:
    found = _FACT.fullmatch(sentence)
    if not found or found[1] not in ENTITIES:
        raise InputError(f"`{sentence}` says nothing of an entity")
    return found[1], (found[3], not found[2])
