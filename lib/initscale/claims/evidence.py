"""What a claim is judged on: its table, the roles of its study, and what gates read besides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from initscale.claims.definitions import Claim, Claims
from initscale.claims.selection import Roles, Unavailable, roles_of
from initscale.experiment.grid import studies_of
from initscale.experiment.paths import Layout
from initscale.files.parts import files_of, read_whole
from initscale.models.spec import ModelSpec, parameters

CURVES = "fig_curves"
Tables = Mapping[str, pd.DataFrame | None]


@dataclass(frozen=True)
class Evidence:
    """What a claim is judged on.

    ``rows``: its table; None where there is none. ``roles``: see ``initscale.claims.selection``. ``curves``: the table
    fig_curves. ``parameters``: of the study's model. ``departs``: why the study's gammas are not those of its rule.
    """

    rows: pd.DataFrame | None
    roles: Roles
    curves: pd.DataFrame | None = None
    parameters: int | None = None
    departs: str = ""

    @property
    def table(self) -> pd.DataFrame:
        """The rows, where there is a table: gates are asked of no other."""
        if self.rows is None:
            raise Unavailable("there is no table")
        return self.rows


def table_names(config: dict, claims: Claims) -> list[str]:
    """Figures of the configuration whose tables are judged, or read by gates, each once."""
    names = [*(claim.table for claim in claims.claims), CURVES]
    return list(dict.fromkeys(name for name in names if name in config["figures"]))


def read_tables(config: dict, claims: Claims) -> Tables:
    """The tables of the configuration's scale and source by name, None where one does not exist."""
    paths = {name: Layout(config).table(name) for name in table_names(config, claims)}
    return {name: read_whole(path).to_pandas() if files_of(path) else None for name, path in paths.items()}


def evidence_of(config: dict, claim: Claim, tables: Tables) -> Evidence:
    """Evidence of one claim.

    Raises
    ------
    Unavailable if the configuration leaves out the claim's figure, or its study, or makes its table by name only.
    """
    options = config["figures"].get(claim.table)
    if options is None:
        raise Unavailable(f"{claim.table} is left out at this scale")
    if claim.study and claim.study not in studies_of(options):
        raise Unavailable(f"{claim.table} is drawn without the study `{claim.study}`")
    if tables[claim.table] is None and options.get("target") == "by_name":
        raise Unavailable(
            f"there is no table `{claim.table}`, which is made by its name only (`snakemake {claim.table}`)"
        )
    if not studies_of(options):  # of a small system
        return Evidence(rows=tables[claim.table], roles={})
    study = claim.study or studies_of(options)[0]
    section = config["studies"][study]
    model = config["models"][section["model"]] | {"depth": min(section["grid"]["depth"])}
    return Evidence(
        rows=tables[claim.table],
        roles=roles_of(config, study),
        curves=tables.get(CURVES),
        parameters=sum(math.prod(parameter.shape) for parameter in parameters(ModelSpec.from_config(model))),
        departs=section.get("departs", ""),
    )
