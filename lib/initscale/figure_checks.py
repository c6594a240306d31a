"""Rules between the figures of single runs, the study's grid and the probes, checked before anything runs."""

from __future__ import annotations

from collections.abc import Callable

from initscale.displayed import displayed_points
from initscale.errors import ConfigError
from initscale.grid import study_points
from initscale.paths import format_value

PROBES_OF = {
    "fig5": ("condensation", "embedding"),
    "fig10": ("condensation",),
    "fig11": ("embedding",),
    "fig12": ("spectra",),
    "fig13": ("spectra",),
    "fig15": ("condensation",),
    "fig16": ("embedding",),
}
"""Probes that a figure reads."""


def check_displayed(config: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` if a figure displays what no run or probe of its study provides.

    Parameters
    ----------
    config, describe : see ``initscale.config_checks.check_consistency``.
    """
    for figure, probes in PROBES_OF.items():
        study = config["figures"][figure]["study"]
        for probe in probes:
            if probe not in config["studies"][study]["probes"]:
                raise ConfigError(
                    f"{figure} reads the probe `{probe}`, which is not in the list",
                    where=describe("studies", study, "probes"),
                )
        _check_runs(config, figure, describe)
    check_unseen(config, "fig5", config["figures"]["fig5"]["study"], describe)
    _check_over_time(config["figures"]["fig12"], describe)
    for name, study in config["studies"].items():
        _check_probe_options(config, name, study, describe)


def _check_runs(config: dict, figure: str, describe: Callable[..., str]) -> None:
    study = config["figures"][figure]["study"]
    points = list(study_points(config["studies"][study]))
    for point in displayed_points(config, figure):
        if point in points:
            continue
        words = ", ".join(f"{axis} {format_value(axis, value)}" for axis, value in point.items())
        axes = {axis: sorted({known[axis] for known in points}) for axis in point}
        wrong = next((axis for axis in point if point[axis] not in axes[axis]), None)
        known = f"the grid has {wrong} {axes[wrong]}" if wrong else "each value is in the grid, but not together"
        raise ConfigError(
            f"the study `{study}` has no run with {words} ({known})",
            where=describe("figures", figure, _key_of(wrong, config["figures"][figure])),
            hint="display a run of the grid, or add it to the study",
        )


def _key_of(axis: str | None, options: dict) -> str:
    """Key of the figure's options that an axis comes from."""
    return next((key for key in (axis, f"{axis}s") if key in options), "gammas")


def check_unseen(config: dict, figure: str, study: str, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` unless the pair that a figure scores is unseen in the data of ``study``."""
    wanted, dataset = config["figures"][figure]["unseen"], config["studies"][study]["dataset"]
    known = config["datasets"][dataset]["unseen"]
    if wanted not in known:
        raise ConfigError(
            f"the pair {wanted} is not unseen in `{dataset}` (unseen: {known})",
            where=describe("figures", figure, "unseen"),
        )


def _check_over_time(options: dict, describe: Callable[..., str]) -> None:
    if options["over_time"] not in options["gammas"]:
        raise ConfigError(
            f"{options['over_time']} is not one of the displayed gammas {options['gammas']}",
            where=describe("figures", "fig12", "over_time"),
        )


def _check_probe_options(config: dict, name: str, study: dict, describe: Callable[..., str]) -> None:
    values = config["datasets"][study["dataset"]].get("values")
    if values is None:
        return
    items = values[1] - values[0] + 1
    if "embedding" in study["probes"]:
        options = config["probes"]["embedding"]
        for key in ("perplexity", "lags"):
            if options[key] >= items:
                raise ConfigError(
                    f"{options[key]} must be smaller than the number of items of the study `{name}`, {items}",
                    where=describe("probes", "embedding", key),
                )
        inside = [step for step in options["steps"] if step <= options["lags"]]
        if len(inside) < len(options["steps"]) or len(inside) == options["lags"]:
            raise ConfigError(
                f"{options['steps']} must be some, but not all, of the lags 1..{options['lags']}",
                where=describe("probes", "embedding", "steps"),
            )
    if "spectra" in study["probes"]:
        options, most = config["probes"]["spectra"], min(items, config["models"][study["model"]]["d_model"])
        ranks = options["ranks"]
        if ranks != sorted(ranks) or ranks[-1] > most:
            raise ConfigError(
                f"{ranks} must ascend and not exceed the number of eigenvalues in the study `{name}`, {most}",
                where=describe("probes", "spectra", "ranks"),
            )
