"""A PrOntoQA item as text."""

from __future__ import annotations

from initscale.tasks.prontoqa.definition import LABELS, plural
from initscale.tasks.prontoqa.problem import Draws, Problem, Property, Rule


def worded(draws: Draws, problem: Problem, order: str, answer: bool) -> dict[str, str]:
    """Question, query, chain of thought and answer.

    Parameters
    ----------
    order : one of ``initscale.tasks.prontoqa.ORDERS``.
    answer : what the query is to be answered with.
    """
    rules = _ordered(draws, problem, order)
    text = {rule: _rule_text(draws, rule) for rule in rules}
    premise = _fact_text(problem.entity, problem.names[problem.start])
    asked = problem.conclusion if answer else problem.conclusion.opposite()
    thoughts = [premise]
    for step in problem.steps:
        thoughts += [text[step], _fact_text(problem.entity, step.predicate)]
    return {
        "question": " ".join([*(text[rule] for rule in rules), premise]),
        "query": f"True or false: {_fact_text(problem.entity, asked)}",
        "chain_of_thought": " ".join(thoughts),
        "answer": LABELS[answer],
    }


def _ordered(draws: Draws, problem: Problem, order: str) -> list[Rule]:
    """All rules in the order of the context, the distractor at a random place."""
    pairs = problem.rules()
    if order == "preorder":
        rules = [rule for own, parent in pairs for rule in (parent, own)]
    else:
        rules = [rule for pair in reversed(pairs) for rule in pair]
    rules.insert(draws.below(len(rules) + 1), problem.distractor)
    return [draws.take(rules) for _ in range(len(rules))] if order == "random" else rules


def _rule_text(draws: Draws, rule: Rule) -> str:
    if draws.chance(1, 2):
        one = plural(rule.subject)
        many = rule.predicate if isinstance(rule.predicate, Property) else plural(rule.predicate)
        return f"{one.capitalize()} are {_phrase(many)}."
    return f"{draws.one_of(('Each', 'Every'))} {rule.subject} is {_phrase(_singular(rule.predicate))}."


def _fact_text(entity: str, predicate: str | Property) -> str:
    return f"{entity} is {_phrase(_singular(predicate))}."


def _singular(predicate: str | Property) -> str | Property:
    """A concept with its article; a property as it is."""
    if isinstance(predicate, Property):
        return predicate
    return f"{'an' if predicate[0] in 'aeiou' else 'a'} {predicate}"


def _phrase(predicate: str | Property) -> str:
    if isinstance(predicate, str):
        return predicate
    return f"not {predicate.adjective}" if predicate.negated else predicate.adjective
