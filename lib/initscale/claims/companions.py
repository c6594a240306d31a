"""Claims of companion studies (config/claims_companions.yaml): judged by the same rules, in a scorecard of their own.

Interval and gates are those of the paper's claims. The paper's scorecard and the hash of what was fixed for it do not
know these claims, so they can grow with the studies.
"""

from __future__ import annotations

from pathlib import Path

from initscale.claims.definitions import CLAIMS_FILE, VALUES_FILE, Claims, load_claims
from initscale.errors import ConfigError
from initscale.repository import CONFIG_FOLDER

COMPANIONS_FILE = CONFIG_FOLDER / "claims_companions.yaml"


def load_companion_claims(path: Path = COMPANIONS_FILE, values_path: Path = VALUES_FILE) -> Claims:
    """Read and check the claims of companion studies.

    Raises
    ------
    ConfigError as ``load_claims`` does, and for a claim without a source or with a name that the paper's claims have.
    """
    claims = load_claims(path, values_path, shared=CLAIMS_FILE)
    taken = {claim.name for claim in load_claims().claims}
    for claim in claims.claims:
        where = f"{path}: claims.{claim.name}"
        if "companion" not in claim.paper:
            raise ConfigError("the key `companion`, the arXiv number of its source, is missing", where=f"{where}.paper")
        if claim.name in taken:
            raise ConfigError("a claim of the paper has this name", where=where)
    return claims
