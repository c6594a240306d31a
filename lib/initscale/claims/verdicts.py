"""Verdicts: an interval against a threshold, or the gate that is the reason why a claim is not judged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from initscale.claims.cells import Cells
from initscale.claims.definitions import Claim, Claims
from initscale.claims.evidence import Evidence
from initscale.claims.gates import check, check_all, without
from initscale.claims.intervals import FEW, Estimate, estimate, size
from initscale.claims.metrics import METRICS, Sample
from initscale.claims.selection import ClaimError, Roles, Unavailable

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
NOT_EVALUATED = "not evaluated"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, NOT_EVALUATED)


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict; ``reason`` where it is not judged, ``note`` what else a reader must know.

    ``gate`` names the gate that failed, or says what the gates saw. ``cells`` and ``sample`` are what the estimate is
    made of. ``beside`` has the other readings of the claim.
    """

    claim: Claim
    verdict: str
    reason: str = ""
    note: str = ""
    gate: str = ""
    estimate: Estimate | None = None
    sample: Sample | None = None
    cells: Cells | None = None
    beside: dict[str, Judged] = field(default_factory=dict)


def verdict(interval: Estimate, threshold: float, direction: str) -> str:
    """Reproduced if the whole interval is on the claimed side of the threshold, not reproduced if none of it is.

    Few replicates that are all alike decide nothing.

    >>> verdict(Estimate(0.95, 0.92, 0.98, 3), 0.9, "above")
    'reproduced'
    """
    if not interval.decides:
        return INCONCLUSIVE
    low, high = interval.ends
    if direction == "above":
        return REPRODUCED if low >= threshold else NOT_REPRODUCED if high < threshold else INCONCLUSIVE
    return REPRODUCED if high <= threshold else NOT_REPRODUCED if low > threshold else INCONCLUSIVE


def judge(claim: Claim, claims: Claims, evidence: Evidence) -> Judged:
    """Judge one claim: first its gates, then the metric on the runs that pass them.

    Raises
    ------
    ClaimError if the claim asks for a column or a name that an existing table does not have.
    """
    if evidence.rows is None:
        return Judged(claim, NOT_EVALUATED, f"there is no table `{claim.table}`", gate="table")
    try:
        return _gated(claim, claims.level, evidence)
    except Unavailable as error:
        return _without_run(claim, evidence, str(error))
    except ClaimError as error:
        if claim.provisional:
            reason = f"the table was made before it had what the claim needs: {error.what}"
            return Judged(claim, NOT_EVALUATED, reason, gate="table")
        raise ClaimError(error.what, where=f"claim `{claim.name}`, table `{claim.table}`") from None


def _without_run(claim: Claim, evidence: Evidence, reason: str) -> Judged:
    """No run is what the claim asks for. Where none of the others passes a gate either, this gate is named."""
    for need in claim.needs:
        if words := check_all(need, claim, evidence):
            return Judged(claim, NOT_EVALUATED, f"{words}; {reason}", gate=need.gate.name)
    return Judged(claim, NOT_EVALUATED, reason, gate="runs")


def _gated(claim: Claim, level: float, evidence: Evidence) -> Judged:
    rows, passed = evidence.rows, []
    for need in claim.needs:
        checked = check(need, claim, evidence)
        if not checked.passed:
            return Judged(claim, NOT_EVALUATED, checked.message, gate=checked.gate)
        rows = without(rows, checked.left_out)
        passed.append(checked.message)
    if evidence.departs:
        reason = f"the study's gammas are not those of its rule: {evidence.departs}"
        return Judged(claim, NOT_EVALUATED, reason, gate="mapped")
    judged = judge_metric(claim, level, rows, evidence.roles)
    beside = {name: _reading(claim, options, level, evidence) for name, options in claim.beside.items()}
    return replace(judged, gate=judged.gate or "; ".join(passed), beside=beside)


def _reading(claim: Claim, options: dict, level: float, evidence: Evidence) -> Judged:
    """Another reading of the claim, behind the same gates; conditions are replaced one by one.

    Another run than the one that a claim is about is not judged, so that no gate is asked.
    """
    where = {**claim.options.get("where", {}), **options.get("where", {})}
    needs = () if claim.test == "run" else claim.needs
    other = replace(claim, options={**claim.options, **options, "where": where}, needs=needs, beside={})
    try:
        return _gated(other, level, evidence)
    except Unavailable as error:
        return Judged(other, NOT_EVALUATED, str(error))


def _over_uniform(claim: Claim, cells: Cells) -> str:
    """How far both routes are from uniform attention, at which which of them is ahead says nothing."""
    names = (claim.options[arm].replace("_", " ") for arm in ("first", "second"))
    medians = (np.nanmedian(cells.value_n[cells.arm_n == arm]) for arm in (0, 1))
    words = (f"{name} {median:.2g}" for name, median in zip(names, medians, strict=True))
    return f"median over runs, in units of uniform attention: {', '.join(words)}"


def judge_metric(claim: Claim, level: float, rows: pd.DataFrame, roles: Roles) -> Judged:
    """Judge a claim whose gates have been passed."""
    metric = METRICS[claim.metric]
    cells = metric.read(rows, claim.options, roles)
    sample = metric.combine(cells)
    notes = [f"{sample.undefined} replicate(s) without a value left out"] if sample.undefined else []
    if claim.options.get("uniform"):
        notes.append(_over_uniform(claim, cells))
    n = size(sample)
    if n < claim.minimal_n:
        where = " in the smaller group" if claim.test == "rank" else ""
        reason = f"{n} seed(s){where}, and the claim needs {claim.minimal_n}"
        return Judged(claim, NOT_EVALUATED, reason, "; ".join(notes), gate="n")
    estimated = estimate(claim.test, sample, level, claim.threshold, claim.direction)
    unseen = f"a kind of up to {1 - ((1 - level) / 2) ** (1 / n):.0%} of seeds may not have been seen"
    if estimated.alike:
        decide = "" if estimated.decides else f", which decides nothing below {FEW} seeds"
        notes.append(f"all {n} seeds are alike{decide}; {unseen}")
    outcome = verdict(estimated, claim.threshold, claim.direction)
    if claim.test == "mean" and n < FEW and outcome != INCONCLUSIVE:
        notes.append(f"{n} seeds: {unseen}")
    return Judged(claim, outcome, "", "; ".join(notes), "", estimated, sample, cells)
