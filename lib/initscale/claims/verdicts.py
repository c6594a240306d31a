"""Verdicts: an interval against a threshold, or the gate that is the reason why a claim is not judged."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from initscale.claims.definitions import Claim, Claims
from initscale.claims.evidence import Evidence
from initscale.claims.gates import check, without
from initscale.claims.intervals import Estimate, estimate, size
from initscale.claims.metrics import METRICS
from initscale.claims.selection import ClaimError, Roles, Unavailable

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
NOT_EVALUATED = "not evaluated"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, NOT_EVALUATED)
_UNITS = {"mean": "seed(s)", "share": "run(s)", "rank": "run(s) in the smaller group"}


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict; ``reason`` where it is not judged, ``note`` what else a reader must know.

    ``gate`` names the gate that failed, or says what the gates saw. ``seeds`` is the number of seeds behind the
    estimate's replicates (in the smaller group of a rank test). ``beside`` has the other readings of the claim.
    """

    claim: Claim
    verdict: str
    reason: str = ""
    note: str = ""
    gate: str = ""
    estimate: Estimate | None = None
    seeds: int = 0
    beside: dict[str, Judged] | None = None


def verdict(found: Estimate, threshold: float, direction: str) -> str:
    """Reproduced if the whole interval is on the claimed side of the threshold, not reproduced if none of it is.

    >>> verdict(Estimate(0.95, 0.92, 0.98, 3), 0.9, "above")
    'reproduced'
    """
    if direction == "above":
        return REPRODUCED if found.low >= threshold else NOT_REPRODUCED if found.high < threshold else INCONCLUSIVE
    return REPRODUCED if found.high <= threshold else NOT_REPRODUCED if found.low > threshold else INCONCLUSIVE


def judge(claim: Claim, claims: Claims, evidence: Evidence) -> Judged:
    """Judge one claim: first its gates, then the metric on the runs that pass them.

    Raises
    ------
    ClaimError if the claim asks for a column or a name that an existing table does not have.
    """
    if evidence.rows is None:
        return Judged(claim, NOT_EVALUATED, f"there is no table `{claim.table}`", gate="table")
    try:
        return _judge(claim, claims, evidence)
    except Unavailable as error:
        return Judged(claim, NOT_EVALUATED, str(error), gate="runs")
    except ClaimError as error:
        if claim.provisional:
            reason = f"the table was made before it had what the claim needs: {error.what}"
            return Judged(claim, NOT_EVALUATED, reason, gate="table")
        raise ClaimError(error.what, where=f"claim `{claim.name}`, table `{claim.table}`") from None


def _judge(claim: Claim, claims: Claims, evidence: Evidence) -> Judged:
    rows, seen = evidence.rows, []
    for need in claim.needs:
        checked = check(need, claim, evidence)
        if not checked.passed:
            return Judged(claim, NOT_EVALUATED, checked.words, gate=checked.gate)
        rows = without(rows, checked.left_out)
        seen.append(checked.words)
    if evidence.departs:
        reason = f"the study's gammas are not those of its rule: {evidence.departs}"
        return Judged(claim, NOT_EVALUATED, reason, gate="mapped")
    found = judge_metric(claim, claims.level, rows, evidence.roles)
    beside = {}
    for name, options in claim.beside.items():
        try:
            beside[name] = judge_metric(with_options(claim, options), claims.level, rows, evidence.roles)
        except Unavailable as error:
            beside[name] = Judged(claim, NOT_EVALUATED, str(error))
    return replace(found, gate=found.gate or "; ".join(seen), beside=beside)


def with_options(claim: Claim, options: dict) -> Claim:
    """The claim with some options replaced; conditions are replaced one by one."""
    where = {**claim.options.get("where", {}), **options.get("where", {})}
    return replace(claim, options={**claim.options, **options, "where": where})


def judge_metric(claim: Claim, level: float, rows: pd.DataFrame, roles: Roles) -> Judged:
    """Judge a claim whose gates have been passed."""
    sample = METRICS[claim.metric].function(rows, claim.options, roles)
    note = f"{sample.undefined} replicate(s) without a value left out" if sample.undefined else ""
    n = size(sample)
    if n < claim.minimal_n:
        reason = f"{n} {_UNITS[claim.test]}, and the claim needs {claim.minimal_n}"
        return Judged(claim, NOT_EVALUATED, reason, note, gate="n")
    found = estimate(claim.test, sample, level, claim.direction)
    seeds = min(zip(map(len, sample.groups), sample.seeds, strict=True))[1] if sample.seeds else n
    return Judged(claim, verdict(found, claim.threshold, claim.direction), "", note, "", found, seeds)
