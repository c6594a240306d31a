"""The scorecard: every claim with its verdict, as a table. Nothing upstream is recomputed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.claims.definitions import Claim, Claims, load_claims
from initscale.claims.evidence import Tables, evidence_of, read_tables
from initscale.claims.intervals import estimate
from initscale.claims.metrics import METRICS
from initscale.claims.neighbours import neighbours
from initscale.claims.noise import ONE_ARMED, shuffles
from initscale.claims.paper_effects import course, paper_effect
from initscale.claims.power import seeds_needed
from initscale.claims.selection import Unavailable
from initscale.claims.texts import effect_text, number
from initscale.claims.verdicts import NOT_EVALUATED, REPRODUCED, VERDICTS, Judged, judge, verdict
from initscale.files.tables import Column, make_table

COLUMNS = (
    Column("claim", "string", "", "name in config/claims.yaml"),
    Column("figure", "string", "", "figure and panels of the paper, or text; a figure beyond it by its name"),
    Column("statement", "string", "", "what the paper says"),
    Column("verdict", "string", "", "reproduced, not reproduced, inconclusive or not evaluated"),
    Column("reason", "string", "", "why it is not evaluated, with the value that failed; empty otherwise"),
    Column("gate", "string", "", "the gate that failed, or what the gates saw"),
    Column("note", "string", "", "what else a reader must know"),
    Column("effect", "float64", "see unit", "the metric's value; nan if not evaluated"),
    Column("low", "float64", "see unit", "lower end of its interval"),
    Column("high", "float64", "see unit", "upper end of its interval"),
    Column("n", "int64", "seeds", "independent replicates, in the smaller group; 0 if not evaluated"),
    Column("runs", "int64", "runs", "runs or seeds that the metric gives a number for, in the smaller group"),
    Column("singles", "string", "see unit", "the replicates one by one, groups apart"),
    Column("paper_effect", "float64", "see unit", "the paper's own effect; nan where it gives no number"),
    Column("ratio", "float64", "1", "our effect over the paper's"),
    Column("course", "string", "", "as claimed, weaker (short of the threshold) or opposite"),
    Column("seeds_needed", "float64", "seeds", "to settle it in 80 % of repetitions if the effect is so; nan: > 200"),
    Column("shuffle_rate", "float64", "share", "of 200 shuffles of the arms that are reproduced; nan with one arm"),
    Column("p", "float64", "1", "one-sided p against the threshold; nan if few replicates are all alike"),
    Column("holm", "float64", "1", "p after Holm's correction over all claims that are judged"),
    Column("paper_rule", "string", "", "verdict by the paper's rule, best over rates and evaluations; or empty"),
    Column("last", "string", "", "verdict by the last evaluation, where the paper's rule is another"),
    Column("beside", "string", "", "other readings of the claim, each with verdict, effect and interval"),
    Column("neighbours", "string", "", "verdicts at the next smaller and larger gamma"),
    Column("direction", "string", "", "side of the threshold that the claim is on"),
    Column("threshold", "float64", "see unit", "fixed in config/claims.yaml"),
    Column("why", "string", "", "where the threshold comes from"),
    Column("minimal_n", "int64", "seeds", "n below which the claim is not judged"),
    Column("unit", "string", "", "unit of effect, interval and threshold"),
    Column("test", "string", "", "how the interval is made"),
    Column("metric", "string", "", "in initscale.claims.metrics"),
    Column("table", "string", "", "aggregate table it reads"),
    Column("paper", "string", "", "the paper's finding, with its values and their source"),
    Column("paper_values", "string", "", "what these values are; how each was read is in config/paper_values.csv"),
    Column("tolerance", "float64", "see unit", "difference of effects that `compare` lets pass"),
    Column("added", "string", "", "when the claim was added behind the hash of the others; empty if it was not"),
)
LAST = "last evaluation"
"""Name of the reading that stands beside the paper's rule."""


def judge_all(config: dict, claims: Claims | None = None) -> list[Judged]:
    """Judge every claim on the tables of the configuration's scale and source.

    A table that does not exist is a reason not to judge; one that is damaged is an error.
    """
    claims = claims or load_claims()
    tables = read_tables(config, claims)
    return [_judged(config, claims, claim, tables)[0] for claim in claims.claims]


def _judged(config: dict, claims: Claims, claim: Claim, tables: Tables) -> tuple[Judged, dict[str, Judged]]:
    """The claim, and the same at the neighbouring gammas."""
    try:
        evidence = evidence_of(config, claim, tables)
    except Unavailable as error:
        return Judged(claim, NOT_EVALUATED, str(error), gate="table"), {}
    judged = judge(claim, claims, evidence)
    return judged, neighbours(claim, claims, evidence) if judged.estimate else {}


def scorecard(config: dict, claims: Claims | None = None) -> pa.Table:
    """Judge every claim and set everything beside it that a reader needs; see ``COLUMNS``."""
    claims = claims or load_claims()
    tables = read_tables(config, claims)
    rows = [_row(*_judged(config, claims, claim, tables), claims) for claim in claims.claims]
    for row, p in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row["holm"] = p
    table = make_table(COLUMNS, {c.name: [row[c.name] for row in rows] for c in COLUMNS})
    caption = summary(table.to_pandas(), config["scale"])
    scale = config["scale"]
    return table.replace_schema_metadata({"scale": scale, "caption": caption, "level": f"{claims.level:g}"})


def _row(judged: Judged, around: dict[str, Judged], claims: Claims) -> dict:
    claim, estimated = judged.claim, judged.estimate
    shared = (
        *("figure", "statement", "direction", "threshold", "why", "minimal_n", "unit", "test", "metric", "table"),
        *("tolerance", "added"),
    )
    effect, neutral = paper_effect(claim, claims), METRICS[claim.metric].neutral
    by_rule = claim.options.get("where", {}).get("version") == "best"
    return {
        "claim": claim.name,
        **{name: getattr(claim, name) for name in shared},
        **{name: getattr(judged, name) for name in ("verdict", "reason", "note", "gate")},
        **{name: getattr(estimated, name) if estimated else math.nan for name in ("effect", "low", "high", "p")},
        "n": estimated.n if estimated else 0,
        **_noise_and_power(judged, claims.level),
        "paper_effect": effect,
        "ratio": estimated.effect / effect if estimated and effect else math.nan,
        "course": course(estimated.effect, claim.threshold, claim.direction, neutral) if estimated else "",
        "paper_rule": judged.verdict if by_rule else "",
        "last": judged.beside[LAST].verdict if by_rule and LAST in judged.beside else "",
        "beside": "; ".join(f"{name}: {_short(other)}" for name, other in judged.beside.items()),
        "neighbours": "; ".join(f"{gamma}: {_short(other)}" for gamma, other in around.items()),
        **_quoted(claim, claims),
    }


_NOTHING = {"runs": 0, "singles": "", "seeds_needed": math.nan, "shuffle_rate": math.nan}


def _noise_and_power(judged: Judged, level: float) -> dict:
    claim, sample = judged.claim, judged.sample
    if sample is None or judged.estimate is None:
        return _NOTHING
    needed = seeds_needed(claim.test, sample, judged.estimate, level, claim.threshold)
    words = "{:.2g}".format if claim.test == "run" else number
    singles = [" ".join(words(float(value)) for value in sorted(group)) for group in sample.groups]
    return {
        "runs": min(map(len, sample.groups)),
        "singles": " | ".join(singles),
        "seeds_needed": max(needed, claim.minimal_n) if math.isfinite(needed) else needed,
        "shuffle_rate": math.nan if claim.metric in ONE_ARMED else shuffle_rate(judged, level),
    }


def shuffle_rate(judged: Judged, level: float) -> float:
    """Share of shuffles of the arms after which the claim is reproduced."""
    claim = judged.claim
    if judged.cells is None:
        return math.nan
    outcomes = [
        verdict(estimate(claim.test, sample, level, claim.threshold, claim.direction), claim.threshold, claim.direction)
        for sample in shuffles(claim.metric, judged.cells)
    ]
    return outcomes.count(REPRODUCED) / len(outcomes)


def holm(p_values: Sequence[float]) -> np.ndarray:
    """Holm's correction over those that are numbers.

    >>> holm([0.01, float("nan"), 0.04]).tolist()
    [0.02, nan, 0.04]
    """
    p = np.asarray(p_values, dtype=float)
    corrected, places = np.full(len(p), np.nan), np.flatnonzero(np.isfinite(p))
    order = places[np.argsort(p[places], kind="stable")]
    steps = p[order] * (len(order) - np.arange(len(order)))
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0) if len(order) else steps
    return corrected


def _short(judged: Judged) -> str:
    """Verdict of another reading, with its effect or the gate; other runs than the one of the claim are not judged."""
    if judged.estimate and judged.claim.test == "run":
        return f"{effect_text(judged.estimate)}, not judged"
    return f"{judged.verdict} ({effect_text(judged.estimate) if judged.estimate else judged.gate or judged.reason})"


def _quoted(claim: Claim, claims: Claims) -> dict[str, str]:
    values = [claims.values[name] for name in claim.quoted]
    sources = dict.fromkeys(value.source for value in values)
    short = [f"{', '.join(f'{v.value:g}' for v in values if v.source == source)} [{source}]" for source in sources]
    whole = [f"{v.quantity}{f' ({v.setting})' if v.setting else ''}: {v.value:g} {v.unit}" for v in values]
    source = f"companion: arXiv {claim.paper['companion']}: " if "companion" in claim.paper else ""
    quoted = f"{source}{claim.paper['words']}{': ' if short else ''}{'; '.join(short)}"
    return {"paper": quoted, "paper_values": "; ".join(whole)}


def summary(rows: pd.DataFrame, scale: str) -> str:
    """Share of claims that were judged, and how they came out."""
    counts = Counter(rows["verdict"])
    judged = len(rows) - counts[NOT_EVALUATED]
    verdicts = ", ".join(f"{counts[name]} {name}" for name in VERDICTS if name != NOT_EVALUATED)
    return f"Scale `{scale}`: {judged} of {len(rows)} claims judged ({judged / len(rows):.0%}): {verdicts}."
