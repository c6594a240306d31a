"""Rules between the figures of single runs, the study's grid and the probes, checked before anything runs."""

from __future__ import annotations

import difflib
from collections.abc import Callable

from matplotlib import colormaps

from initscale.errors import ConfigError
from initscale.experiment.grid import study_points
from initscale.experiment.paths import format_value
from initscale.figures.reading.displayed import displayed_points
from initscale.tasks.anchor.definition import SYMMETRIC, mappings

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
ONE_ANSWER = ("fig5", "fig14")
"""Figures with an unseen pair that need not have a symmetric answer."""
SEABORN_MAPS = ("rocket", "mako", "icefire", "vlag", "flare", "crest")
"""Named here because seaborn takes a second to import, before every command."""


def check_displayed(config: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` if a figure displays what no run or probe of its study provides.

    Parameters
    ----------
    config, describe : see ``initscale.config.checks.check_consistency``.
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
    """Raise ``ConfigError`` unless the pair that a figure scores is unseen in the data of ``study``, with the answers
    that the figure draws: the symmetric one exists only if the mirrored pair is taught."""
    wanted, dataset = config["figures"][figure]["unseen"], config["studies"][study]["dataset"]
    spec, where = config["datasets"][dataset], describe("figures", figure, "unseen")
    known = spec.get("unseen")
    if known is None:
        raise ConfigError(f"`{study}` is a study of the task `{spec['task']}`, which has no unseen pairs", where=where)
    if wanted not in known:
        raise ConfigError(f"the pair {wanted} is not unseen in `{dataset}` (unseen: {known})", where=where)
    if figure not in ONE_ANSWER and SYMMETRIC not in mappings(spec, tuple(wanted)):
        raise ConfigError(
            f"the pair {wanted} has no symmetric answer in `{dataset}`, since its mirror is not taught either",
            where=where,
            hint=f"of the figures with an unseen pair only {' and '.join(ONE_ANSWER)} do without it",
        )


def check_single(config: dict, figure: str, study: str, axes: tuple[str, ...], describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` if a figure would average runs that differ in one of these axes."""
    for axis in axes:
        values = axis_values(config, study, axis)
        if len(values) > 1:
            raise ConfigError(
                f"{figure} shows runs of one {axis}, the study `{study}` has {values}",
                where=describe("studies", study, "grid", axis),
            )


def axis_values(config: dict, study: str, axis: str) -> list[float]:
    """Values of an axis in a study, in order; none if its grid has no such axis."""
    return sorted({point[axis] for point in study_points(config["studies"][study]) if axis in point})


def check_colours(config: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` for a colour map (option ``..._map``) that neither matplotlib nor seaborn has."""
    for figure, options in config["figures"].items():
        for key, name in options.items():
            if key.endswith("_map") and name.removesuffix("_r") not in (*colormaps, *SEABORN_MAPS):
                close = difflib.get_close_matches(name, (*colormaps, *SEABORN_MAPS), n=1)
                raise ConfigError(
                    f"`{name}` is not a colour map of matplotlib or seaborn",
                    where=describe("figures", figure, key),
                    hint=f"did you mean `{close[0]}`?" if close else "viridis, for example",
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
