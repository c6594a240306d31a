"""The claims (config/claims.yaml), checked before any is judged."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initscale.claims.metrics import METRICS
from initscale.errors import ConfigError
from initscale.files.schema import check_schema
from initscale.files.yaml_files import inherit, merge, read_yaml
from initscale.paper.values import VALUES_FILE, PaperValue, read_values
from initscale.repository import CONFIG_FOLDER

CLAIMS_FILE = CONFIG_FOLDER / "claims.yaml"
QUOTES = ("values", "minus", "over", "also")
"""Keys of a claim's section ``paper`` that hold ids."""


def claim_files() -> list[str]:
    """Files that say what is claimed, relative to the working directory."""
    names = ("claims.yaml", "claims_companions.yaml", "claims.schema.yaml", "paper_values.csv")
    return [os.path.relpath(CONFIG_FOLDER / name) for name in names]


@dataclass(frozen=True)
class Gate:
    """A condition on runs; the keys are described in config/claims.schema.yaml."""

    name: str
    measure: str
    message: str
    why: str
    at_least: float | None = None
    at_most: float | None = None
    runs: str = "every"
    leave_out: bool = False
    of: str = "every"


@dataclass(frozen=True)
class Need:
    """A gate of a claim, and the runs that it is checked on where these are not the ones that the claim compares."""

    gate: Gate
    where: dict[str, Any] | None = None


@dataclass(frozen=True)
class Claim:
    """One claim; the keys are described in config/claims.schema.yaml.

    ``added`` is empty for the claims that were fixed first.
    """

    name: str
    figure: str
    statement: str
    table: str
    study: str
    metric: str
    options: dict[str, Any]
    beside: dict[str, dict[str, Any]]
    needs: tuple[Need, ...]
    direction: str
    threshold: float
    why: str
    minimal_n: int
    unit: str
    provisional: bool
    added: str
    tolerance: float
    paper: dict[str, Any]

    @property
    def quoted(self) -> list[str]:
        """Ids of all the paper's values that stand beside it."""
        return [name for key in QUOTES for name in self.paper.get(key, ())]

    @property
    def test(self) -> str:
        """How the interval of its metric is made, see ``initscale.claims.intervals``."""
        return METRICS[self.metric].test


@dataclass(frozen=True)
class Claims:
    """All claims with what they share."""

    claims: tuple[Claim, ...]
    gates: dict[str, Gate]
    level: float
    values: dict[str, PaperValue]


def load_claims(path: Path = CLAIMS_FILE, values_path: Path = VALUES_FILE, shared: Path | None = None) -> Claims:
    """Read and check both files.

    Parameters
    ----------
    shared : another file of claims, whose interval, gates and defaults hold here too.

    Raises
    ------
    ConfigError for an unknown key, metric, gate or paper value, naming the nearest known one; InputError for a
    damaged values file.
    """
    content = read_yaml(path) or {}
    if shared is not None:
        content = merge({name: read_yaml(shared)[name] for name in ("interval", "gates", "defaults")}, content)
    defaults, layers = content.get("defaults"), [(str(path), content)]
    if isinstance(defaults, dict) and isinstance(content.get("claims"), dict):
        whole = inherit(content["claims"], lambda *keys: f"{path}: claims.{'.'.join(map(str, keys))}")
        content = content | {"claims": {name: merge(defaults, claim) for name, claim in whole.items()}}
    check_schema(content, read_yaml(path.with_name("claims.schema.yaml")), layers)
    gates = {name: Gate(name=name, **section) for name, section in content["gates"].items()}
    values = read_values(values_path)
    for name, claim in content["claims"].items():
        _check(f"{path}: claims.{name}", claim, gates, values)
    claims = tuple(_claim(name, section, gates) for name, section in content["claims"].items())
    return Claims(claims, gates, content["interval"]["level"], values)


def _claim(name: str, section: dict, gates: dict[str, Gate]) -> Claim:
    needs = tuple(
        Need(gates[need]) if isinstance(need, str) else Need(gates[need["gate"]], need["where"])
        for need in section["needs"]
    )
    return Claim(**{"beside": {}} | section | {"name": name, "needs": needs})


def _check(where: str, claim: dict, gates: dict[str, Gate], values: dict[str, PaperValue]) -> None:
    metric = METRICS[claim["metric"]]
    for options in (claim["options"], *claim.get("beside", {}).values()):
        unknown = [key for key in options if key not in metric.options]
        if unknown:
            raise ConfigError(
                f"unknown option `{unknown[0]}` (known here: {', '.join(metric.options)})", where=f"{where}.options"
            )
    if claim["minimal_n"] < 2 and metric.test != "run":
        raise ConfigError(
            "one replicate has no interval, and this claim needs two at least", where=f"{where}.minimal_n"
        )
    missing = [key for key in metric.required if key not in claim["options"]]
    if missing:
        raise ConfigError(f"the option `{missing[0]}` is missing", where=f"{where}.options")
    for need in claim["needs"]:
        gate = need if isinstance(need, str) else need["gate"]
        if gate not in gates:
            raise ConfigError(f"`{gate}` is not one of the gates ({', '.join(gates)})", where=f"{where}.needs")
    for key in QUOTES:
        for value in claim["paper"].get(key, ()):
            if value not in values:
                raise ConfigError(f"`{value}` is not an id in paper_values.csv", where=f"{where}.paper.{key}")
