"""Verdicts: an interval against a threshold, or the reason why a claim is not judged."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from initscale.claims.definitions import Claim, Claims
from initscale.claims.intervals import Estimate, estimate, size
from initscale.claims.metrics import METRICS
from initscale.claims.selection import ClaimError, Roles, Unavailable

REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE = "reproduced", "not reproduced", "inconclusive"
NOT_EVALUATED = "not evaluated at this scale"
VERDICTS = (REPRODUCED, NOT_REPRODUCED, INCONCLUSIVE, NOT_EVALUATED)
_UNITS = {"bootstrap": "seed(s)", "sign": "run(s)", "rank": "run(s) in the smaller group"}


@dataclass(frozen=True)
class Judged:
    """A claim with its verdict; ``reason`` where it is not judged, ``note`` what else a reader must know.

    ``seeds`` is the number of seeds behind the estimate's replicates (in the smaller group of a rank test).
    """

    claim: Claim
    verdict: str
    reason: str = ""
    note: str = ""
    estimate: Estimate | None = None
    seeds: int = 0


def verdict(found: Estimate, threshold: float, direction: str) -> str:
    """Reproduced if the whole interval is on the claimed side of the threshold, not reproduced if none of it is.

    >>> verdict(Estimate(0.95, 0.92, 0.98, 3), 0.9, "above")
    'reproduced'
    """
    if direction == "above":
        return REPRODUCED if found.low >= threshold else NOT_REPRODUCED if found.high < threshold else INCONCLUSIVE
    return REPRODUCED if found.high <= threshold else NOT_REPRODUCED if found.low > threshold else INCONCLUSIVE


def judge(claim: Claim, claims: Claims, scale: str, rows: pd.DataFrame | None, roles: Roles) -> Judged:
    """Judge one claim.

    Parameters
    ----------
    claim, claims : the claim and what all claims share.
    scale : name of the scale that the table comes from.
    rows : the claim's aggregate table, None where there is none.
    roles : see ``initscale.claims.selection``.

    Raises
    ------
    ClaimError if the claim asks for a column or a name that an existing table does not have.
    """
    reason = _excluded(claim, claims, scale, rows)
    if reason:
        return Judged(claim, NOT_EVALUATED, reason)
    try:
        sample = METRICS[claim.metric].function(rows, claim.options, roles)
    except Unavailable as error:
        return Judged(claim, NOT_EVALUATED, str(error))
    except ClaimError as error:
        if claim.provisional:
            return Judged(claim, NOT_EVALUATED, f"the claim was written before its table: {error.what}")
        raise ClaimError(error.what, where=f"claim `{claim.name}`, table `{claim.table}`") from None
    note = f"{sample.undefined} replicate(s) without a value left out" if sample.undefined else ""
    n = size(sample)
    if n < claim.minimal_n:
        unit = _UNITS[claim.test]
        return Judged(claim, NOT_EVALUATED, f"{n} {unit}, and the claim needs {claim.minimal_n}", note)
    found = estimate(claim.test, sample, claims.level, claims.resamples, claim.direction)
    seeds = min(zip(map(len, sample.groups), sample.seeds, strict=True))[1] if sample.seeds else n
    return Judged(claim, verdict(found, claim.threshold, claim.direction), "", note, found, seeds)


def _excluded(claim: Claim, claims: Claims, scale: str, rows: pd.DataFrame | None) -> str:
    if scale in claims.unjudged:
        return claims.unjudged[scale]
    if scale not in claim.scales:
        return f"the claim may be judged at {', '.join(claim.scales)} only"
    return f"there is no table `{claim.table}`" if rows is None else ""
