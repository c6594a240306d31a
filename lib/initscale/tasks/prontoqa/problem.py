"""A PrOntoQA item as logic: a chain of concepts with properties, a start, and what follows for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from initscale.tasks.prontoqa.definition import ENTITIES, FAMILIES, NAMES
from initscale.tasks.random_integers import Stream

_BUFFERED, _BITS = 65536, 32
_NEGATED = 1, 3  # a property is negated with this probability
# A walk goes on to the parent with weight 10, to a property with weight 3, to a negated one with weight 7.
_TO_PARENT, _TO_PROPERTY, _TO_NEGATED = 10, 3, 7


class Draws:
    """Single uniform integers from a stream, drawn many at a time."""

    def __init__(self, *seed_and_key: int):
        self._stream, self._left = Stream(*seed_and_key), []

    def below(self, bound: int) -> int:
        """Uniform in 0..bound-1; the deviation is below bound / 2**32."""
        if not self._left:
            self._left = self._stream.integers(2**_BITS - 1, _BUFFERED).tolist()
        return (self._left.pop() * bound) >> _BITS

    def chance(self, count: int, total: int) -> bool:
        """True with probability count / total."""
        return self.below(total) < count

    def take(self, items: list):
        """Remove a uniformly chosen item and return it."""
        return items.pop(self.below(len(items)))

    def one_of(self, items: Sequence):
        """A uniformly chosen item."""
        return items[self.below(len(items))]


@dataclass(frozen=True)
class Property:
    """An adjective or its negation."""

    adjective: str
    negated: bool

    def opposite(self) -> Property:
        """The same adjective with the other polarity."""
        return Property(self.adjective, not self.negated)


@dataclass(frozen=True)
class Rule:
    """Every ``subject`` is a ``predicate`` (a concept) or has it (a property)."""

    subject: str
    predicate: str | Property


@dataclass(frozen=True)
class Problem:
    """Concepts from the root down, each with a property but the root; what is asked starts at the concept ``start``.

    Attributes
    ----------
    names : concepts; each one's parent is the one before it.
    properties : of ``names[1:]``.
    distractor : a rule about a concept that is not in the chain.
    entity : the individual that is a ``names[start]``.
    steps : rules of the chain of thought, in their order; the last one gives the concluded property.
    """

    names: tuple[str, ...]
    properties: tuple[Property, ...]
    distractor: Rule
    entity: str
    start: int
    steps: tuple[Rule, ...]

    @property
    def conclusion(self) -> Property:
        """What holds of the entity."""
        return self.steps[-1].predicate

    def rules(self) -> list[tuple[Rule, Rule]]:
        """For every concept but the root, its property and its parent, from the top down."""
        pairs = zip(self.names, self.names[1:], self.properties, strict=False)
        return [(Rule(child, own), Rule(child, parent)) for parent, child, own in pairs]


def draw_problem(draws: Draws, hops: int) -> Problem:
    """Draw items until one takes exactly ``hops`` rules."""
    while True:
        names, properties, other = _grow(draws, hops)
        if len(names) <= hops:
            continue
        start = hops + draws.below(len(names) - hops)
        end = _walk(draws, properties, start)
        if start - end + 1 == hops:
            concluded = properties[end - 1]
            steps = [Rule(names[node], names[node - 1]) for node in range(start, end, -1)]
            steps.append(Rule(names[end], concluded))
            distractor = Rule(other, concluded.opposite())
            return Problem(names, properties, distractor, draws.one_of(ENTITIES), start, tuple(steps))


def _grow(draws: Draws, hops: int) -> tuple[tuple[str, ...], tuple[Property, ...], str]:
    """Names from the root down, the properties of all but the root, and the distractor's name."""
    left, families = list(NAMES), list(FAMILIES)
    distractor = draws.take(left)
    names, properties = [draws.take(left)], []
    while left:
        family = draws.take(families)
        if draws.chance(1, 2 * (hops + 2)):  # the ontology is asked for with hops + 1 concepts
            break
        names.append(draws.take(left))
        properties.append(Property(draws.one_of(family), draws.chance(*_NEGATED)))
    return tuple(names), tuple(properties), distractor


def _walk(draws: Draws, properties: Sequence[Property], start: int) -> int:
    """The node whose property ends a walk that starts at the node ``start``; 0, the root, has none and fails."""
    for node in range(start, 0, -1):
        weight = _TO_NEGATED if properties[node - 1].negated else _TO_PROPERTY
        if draws.chance(weight, weight + _TO_PARENT):
            return node
    return start + 1  # fails: no number of rules is 0
