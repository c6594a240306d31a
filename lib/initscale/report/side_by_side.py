"""The same claims at several scales: this report's scorecard beside those of the committed reference tables."""

from __future__ import annotations

import pandas as pd

from initscale.claims.scorecard import scorecard
from initscale.claims.texts import effect_text
from initscale.claims.verdicts import NOT_EVALUATED
from initscale.config.load import load_config
from initscale.report.committed import known_scales, reference_tables


def side_by_side(config: dict, own: pd.DataFrame) -> dict:
    """The report's verdicts beside those of every scale with reference tables.

    Parameters
    ----------
    own : the report's scorecard.

    Returns
    -------
    ``columns``: names; ``rows``: one entry per claim that any column judged, with ``claim``, ``figure``,
    ``statement``, ``paper`` and ``cells`` (``verdict``, ``effect``, ``why`` it is not evaluated; one per column);
    ``unjudged``: claims that no column judged; ``without``: scales that have no reference tables.
    """
    judged = {f"{config['scale']}, {'reference' if config['source'] == 'reference' else 'own runs'}": own}
    scales = reference_tables(config)
    for scale in scales:
        other = load_config({"scale": scale, "source": "reference"})
        judged[f"{scale}, reference"] = scorecard(other).to_pandas()
    by_claim = {name: {row.claim: row for row in rows.itertuples()} for name, rows in judged.items()}
    rows = [
        {
            "claim": row.claim,
            "figure": row.figure,
            "statement": row.statement,
            "paper": row.paper,
            "cells": [_cell(claims.get(row.claim)) for claims in by_claim.values()],
        }
        for row in own.itertuples()
    ]
    told = [row for row in rows if any(cell["verdict"] != NOT_EVALUATED for cell in row["cells"])]
    return {
        "columns": list(judged),
        "rows": told,
        "unjudged": len(rows) - len(told),
        "without": sorted(set(known_scales()) - set(scales) - {config["scale"]}),
    }


def _cell(row) -> dict:
    if row is None:
        return {"verdict": NOT_EVALUATED, "effect": "", "why": "this claim is not among those judged there"}
    return {"verdict": row.verdict, "effect": effect_text(row), "why": row.reason}
