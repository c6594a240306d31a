"""What was fixed before the runs that are judged: roles, gates, thresholds and grid, and their hash.

Claims that were added later (``added``) have a hash of their own, with the gates and the grid that are theirs alone. So
the first one stays what it was.

The grid is that of the scale's file; what a command line changes is not in it. So the hash that a scorecard shows can
be compared with that of the commit before the first run, whatever part of the grid was made by then.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from initscale.claims.definitions import Claims
from initscale.experiment.grid import studies_of

OF_GATE = ("measure", "at_least", "at_most", "runs", "leave_out", "of")
OF_CLAIM = ("table", "study", "metric", "options", "direction", "threshold", "minimal_n", "unit")
OF_STUDY = ("mapped", "paper", "grid", "more", "dataset", "model", "training")


def fixed_facts(claims: Claims, config: Mapping, added: str = "") -> dict:
    """Roles, gates, thresholds and grid as plain values.

    Of the claims that were fixed first, the grid is that of all studies that name a rule.

    Parameters
    ----------
    config : the configuration of the scale's file, without anything of a command line.
    added : "" for the claims that were fixed first, otherwise those with this text; the grid is then that of the tables
        which they read.
    """
    own = [claim for claim in claims.claims if claim.added == added]
    gates = {need.gate.name: claims.gates[need.gate.name] for claim in own for need in claim.needs}
    if added:
        figures = [config["figures"].get(table) for table in {claim.table for claim in own}]
        judged = {study for options in filter(None, figures) for study in studies_of(options)}
    else:
        judged = {name for name, study in config["studies"].items() if "mapped" in study}
    return {
        "level": claims.level,
        "gates": {name: {key: getattr(gate, key) for key in OF_GATE} for name, gate in gates.items()},
        "claims": {
            claim.name: {key: getattr(claim, key) for key in OF_CLAIM}
            | {"needs": [[need.gate.name, need.where] for need in claim.needs]}
            for claim in own
        },
        "studies": {
            name: {key: config["studies"][name][key] for key in OF_STUDY if key in config["studies"][name]}
            for name in judged
        },
    }


def fixed_hash(claims: Claims, config: Mapping, added: str = "") -> str:
    """First twelve digits of the SHA-256 of the facts in canonical JSON."""
    text = json.dumps(fixed_facts(claims, config, added), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def additions(claims: Claims, config: Mapping) -> dict[str, str]:
    """When claims were added, in words -> their hash."""
    return {text: fixed_hash(claims, config, text) for text in dict.fromkeys(c.added for c in claims.claims) if text}
