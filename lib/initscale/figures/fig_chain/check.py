"""Options of fig_chain against its studies."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.figures.checking import check_single, check_task


def check(config: dict, describe: Callable[..., str]) -> None:
    """Studies of chains with the probe matching, one for each place of LayerNorm; runs differ in gamma and seed."""
    studies, norms = config["figures"]["fig_chain"]["studies"], set()
    where = describe("figures", "fig_chain", "studies")
    for study in studies:
        check_task(config, study, "chain", where)
        section = config["studies"][study]
        check_single(config, "fig_chain", study, ("depth", "lr", "weight_decay"), describe)
        norms.add(config["models"][section["model"]]["norm"])
    if len(norms) < len(studies) or not norms <= {"post", "pre"}:
        raise ConfigError("the studies must have one LayerNorm each, behind the blocks or before them", where=where)
