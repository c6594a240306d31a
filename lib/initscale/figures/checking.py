"""Whether a figure can be made: its options against the grids and probes of its studies.

A figure is checked when it is asked for. So a grid may be narrowed for one figure, although another displays a run that
is gone; ``faults`` says which figures cannot be made, and why.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable

from initscale.errors import ConfigError
from initscale.experiment.grid import studies_of, study_points
from initscale.experiment.paths import format_value
from initscale.figures import as_its_folder, declared, figure_folders, folder_of, has_part, load_figure
from initscale.figures.reading.displayed import PHASES, displayed_points, shown_point
from initscale.tasks.anchor.definition import SYMMETRIC, mappings

Describe = Callable[..., str]


def key_path(*path) -> str:
    """A key of the configuration in words, where nothing is known of who set it."""
    return f"config key `{'.'.join(map(str, path))}`"


def faults(config: dict, figures: Iterable[str], describe: Describe = key_path) -> dict[str, ConfigError]:
    """The figures among these that cannot be made, each with the reason."""
    found = {}
    for figure in figures:
        try:
            check_figure(config, figure, describe)
        except ConfigError as error:
            found[figure] = error
    return found


def check_figure(config: dict, figure: str, describe: Describe = key_path) -> None:
    """Raise ``ConfigError`` if a figure cannot be made of what its studies have.

    Parameters
    ----------
    config : a checked configuration.
    describe : turns a key path into "config key `a.b` (set in FILE)".
    """
    folder, view = folder_of(config, figure), as_its_folder(config, figure)

    def of_figure(*path) -> str:
        return describe("figures", figure, *path[2:]) if path[:2] == ("figures", folder) else describe(*path)

    options = view["figures"][folder]
    colours = view["figures"]["style"] | options
    _check_colours(colours, lambda key: of_figure("figures", folder if key in options else "style", key))
    for study in studies_of(options) if "unseen" in options else ():
        _check_unseen(view, folder, study, of_figure)
    _check_probes(view, folder, of_figure)
    if "gammas" in options:
        _check_runs(view, folder, of_figure)
    for phase in (phase for phase in PHASES if phase in options):
        shown_point(view, options["study"], options[phase], of_figure("figures", folder, phase))
    if "depth" in options:
        _check_depth(view, folder, of_figure)
    _check_sources(view, folder, of_figure)
    if has_part(folder, "check"):
        load_figure(folder, "check").check(view, of_figure)


def _check_probes(config: dict, folder: str, describe: Describe) -> None:
    options = config["figures"][folder]
    for probe in declared(folder, "PROBES"):
        for study in [options["study"]] if "study" in options else options["studies"]:
            if probe not in config["studies"][study]["probes"]:
                raise ConfigError(
                    f"{folder} reads the probe `{probe}`, which the study `{study}` does not measure",
                    where=describe("figures", folder, "study" if "study" in options else "studies"),
                    hint=f"add it to studies.{study}.probes",
                )


def _check_sources(config: dict, folder: str, describe: Describe) -> None:
    """A figure that sets scores of several figures beside each other needs all of them, of the same runs."""
    for source in declared(folder, "SOURCES"):
        study = config["figures"][folder]["study"]
        if source not in config["figures"]:
            where = describe("figures", source)
            raise ConfigError(f"is left out, but {folder} reads its scores", where=where, hint="leave out both")
        shown = config["figures"][source]["study"]
        if shown != study:
            raise ConfigError(
                f"{folder} compares runs of `{study}`, but {source}, whose scores it reads, shows `{shown}`",
                where=describe("figures", folder, "study"),
            )
        check_figure(config, source, describe)


def _check_depth(config: dict, folder: str, describe: Describe) -> None:
    options = config["figures"][folder]
    depths = axis_values(config, options["study"], "depth")
    if options["depth"] not in depths:
        raise ConfigError(
            f"no run of `{options['study']}` has {options['depth']} layers (depths: {depths})",
            where=describe("figures", folder, "depth"),
        )


def _check_runs(config: dict, folder: str, describe: Describe) -> None:
    study = config["figures"][folder]["study"]
    points = list(study_points(config["studies"][study]))
    for point in displayed_points(config, folder):
        if point in points:
            continue
        words = ", ".join(f"{axis} {format_value(axis, value)}" for axis, value in point.items())
        axes = {axis: axis_values(config, study, axis) for axis in point}
        wrong = next((axis for axis in point if point[axis] not in axes[axis]), None)
        known = f"the grid has {wrong} {axes[wrong]}" if wrong else "each value is in the grid, but not together"
        raise ConfigError(
            f"the study `{study}` has no run with {words} ({known})",
            where=describe("figures", folder, _key_of(wrong, config["figures"][folder])),
            hint="display a run of the grid, or add it to the study",
        )


def _key_of(axis: str | None, options: dict) -> str:
    """Key of the figure's options that an axis comes from."""
    return next((key for key in (axis, f"{axis}s") if key in options), "gammas")


def _check_unseen(config: dict, folder: str, study: str, describe: Describe) -> None:
    """The pair must be unseen in the data, with the answers that the figure draws: the symmetric one exists only if the
    mirrored pair is taught."""
    pair, dataset = config["figures"][folder]["unseen"], config["studies"][study]["dataset"]
    spec, where = config["datasets"][dataset], describe("figures", folder, "unseen")
    known = spec.get("unseen")
    if known is None:
        raise ConfigError(f"`{study}` is a study of the task `{spec['task']}`, which has no unseen pairs", where=where)
    if pair not in known:
        raise ConfigError(f"the pair {pair} is not unseen in `{dataset}` (unseen: {known})", where=where)
    one_answer = [name for name in figure_folders() if declared(name, "ONE_ANSWER")]
    if folder not in one_answer and SYMMETRIC not in mappings(spec, tuple(pair)):
        raise ConfigError(
            f"the pair {pair} has no symmetric answer in `{dataset}`, since its mirror is not taught either",
            where=where,
            hint=f"of the figures with an unseen pair only {' and '.join(one_answer)} do without it",
        )


def _check_colours(options: dict, describe: Callable[[str], str]) -> None:
    """Colour maps are the options ``..._map``."""
    from matplotlib import colormaps  # here, because commands that draw nothing are read by it, too

    names = (*colormaps, "rocket", "mako", "icefire", "vlag", "flare", "crest")  # seaborn takes a second to import
    for key, name in options.items():
        if key.endswith("_map") and name.removesuffix("_r") not in names:
            close = difflib.get_close_matches(name, names, n=1)
            raise ConfigError(
                f"`{name}` is not a colour map of matplotlib or seaborn",
                where=describe(key),
                hint=f"did you mean `{close[0]}`?" if close else "viridis, for example",
            )


def check_single(config: dict, folder: str, study: str, axes: tuple[str, ...], describe: Describe) -> None:
    """Raise ``ConfigError`` if a figure would average runs that differ in one of these axes."""
    for axis in axes:
        values = axis_values(config, study, axis)
        if len(values) > 1:
            raise ConfigError(
                f"{folder} shows runs of one {axis}, the study `{study}` has {values}",
                where=describe("studies", study, "grid", axis),
            )


def axis_values(config: dict, study: str, axis: str) -> list[float]:
    """Values of an axis in a study, in order; none if its grid has no such axis."""
    return sorted({point[axis] for point in study_points(config["studies"][study]) if axis in point})


def task_of(config: dict, study: str) -> str:
    """Task of a study's data set."""
    return config["datasets"][config["studies"][study]["dataset"]]["task"]


def check_task(config: dict, study: str, task: str, where: str) -> None:
    """Raise ``ConfigError`` if a study is of another task than the figure's."""
    found = task_of(config, study)
    if found != task:
        raise ConfigError(f"`{study}` is a study of the task `{found}`, not of `{task}`", where=where)
