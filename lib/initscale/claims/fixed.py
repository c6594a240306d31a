"""What was fixed before the runs that are judged: roles, gates, thresholds and grid, and their hash.

The grid is that of the scale's file; what a command line changes is not in it. So the hash that a scorecard shows can
be compared with that of the commit before the first run, whatever part of the grid was made by then.
"""

from __future__ import annotations

import hashlib
import json

from initscale.claims.definitions import Claims
from initscale.config.load import load_config

OF_GATE = ("measure", "at_least", "at_most", "runs", "leave_out", "of")
OF_CLAIM = ("table", "study", "metric", "options", "direction", "threshold", "minimal_n", "unit")
OF_STUDY = ("mapped", "paper", "grid", "more", "dataset", "model", "training")


def fixed_facts(claims: Claims, scale: str) -> dict:
    """Roles, gates, thresholds and grid as plain values; the grid of the studies that name a rule, which are judged."""
    config = load_config({"scale": scale})
    return {
        "level": claims.level,
        "gates": {name: {key: getattr(gate, key) for key in OF_GATE} for name, gate in claims.gates.items()},
        "claims": {
            claim.name: {key: getattr(claim, key) for key in OF_CLAIM}
            | {"needs": [[need.gate.name, need.where] for need in claim.needs]}
            for claim in claims.claims
        },
        "studies": {
            name: {key: study[key] for key in OF_STUDY if key in study}
            for name, study in config["studies"].items()
            if "mapped" in study
        },
    }


def fixed_hash(claims: Claims, scale: str) -> str:
    """First twelve digits of the SHA-256 of the facts in canonical JSON."""
    text = json.dumps(fixed_facts(claims, scale), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
