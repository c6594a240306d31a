"""Rules for the options of the probes flow, parallel and circuits and of the figures drawn from them."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.experiment.grid import evaluation_of, study_points
from initscale.figures.fig_measures.table import COMPANIONS
from initscale.figures.fig_scores.table import SOURCES
from initscale.figures.reading.shown import PHASES, shown_point

FIGURE_PROBES = {
    "fig3": ("flow", "parallel", "circuits"),
    "fig4": ("parallel", "circuits"),
    "fig_circuits": ("circuits",),
    "fig_scores": (),
    "fig_change": ("change",),
    "fig_attention": ("attention",),
    "fig_sharpness": ("sharpness",),
    "fig_lidar": ("lidar",),
    "fig_reward": ("reward",),
    "fig_measures": ("change", "attention", "sharpness", "lidar", "reward"),
    "fig_dynamics": ("dynamics",),
}
_ANCHORS = ("fused_lower", "fused_upper", "single_lower", "single_upper")


def check_mechanisms(config: dict, describe: Callable[..., str]) -> None:
    """Raise ``ConfigError`` for the first option that does not fit a study's data or grid."""
    for name, study in config["studies"].items():
        for probe in study["probes"]:
            if probe in ("flow", "parallel", "circuits", "lidar", "reward"):
                dataset = config["datasets"][study["dataset"]]
                check_probe(config["probes"][probe], dataset, lambda *p, probe=probe: describe("probes", probe, *p))
        _check_layer(config, name, describe)
        if "dynamics" in study["probes"] and evaluation_of(config, study)["snapshots"] < 2:
            raise ConfigError(
                f"the study `{name}` keeps no weights along the way, which its probe `dynamics` measures",
                where=describe("studies", name, "evaluation", "snapshots"),
                hint="take 20 or more, or take the probe out of its list",
            )
    for figure, probes in FIGURE_PROBES.items():
        if figure in config["figures"]:
            _check_figure(config, figure, probes, describe)
    for figure, sources in (("fig_scores", SOURCES), ("fig_measures", (*SOURCES, *COMPANIONS))):
        if figure in config["figures"]:
            _check_one_study(config, figure, sources, describe)


def _check_one_study(config: dict, reader: str, sources: tuple[str, ...], describe: Callable[..., str]) -> None:
    """``reader`` sets scores of several figures beside each other, run by run."""
    study = config["figures"][reader]["study"]
    for figure in sources:
        if figure not in config["figures"]:
            raise ConfigError(
                f"is left out, but {reader} reads its scores", where=describe("figures", figure), hint="leave out both"
            )
        shown = config["figures"][figure]["study"]
        if shown != study:
            raise ConfigError(
                f"{reader} compares runs of `{study}`, but {figure}, whose scores it reads, shows `{shown}`",
                where=describe("figures", reader, "study"),
            )


def check_probe(options: dict, dataset: dict, describe: Callable[..., str]) -> None:
    """Whether the pairs, keys and positions that a probe looks at exist in the data."""
    low, high = dataset["values"]
    if "unseen" in options and options["unseen"] not in dataset["unseen"]:
        raise ConfigError(
            f"the pair {options['unseen']} is not unseen in the data (unseen: {dataset['unseen']})",
            where=describe("unseen"),
        )
    if options.get("position", 0) > dataset["length"] - 4:
        raise ConfigError(
            f"a key at position {options['position']} leaves no noise token behind the anchors in sequences of "
            f"{dataset['length']} tokens (largest: {dataset['length'] - 4})",
            where=describe("position"),
        )
    keys = options["keys"] if isinstance(options.get("keys"), list) else [options.get("key", "last")]
    if keys != ["last"] and not low <= keys[0] <= keys[-1] <= high:
        raise ConfigError(
            f"{keys if len(keys) > 1 else keys[0]} must lie within the values {low}..{high} of the data, in order",
            where=describe("keys" if len(keys) > 1 else "key"),
        )
    for option in (name for name in _ANCHORS if name in options):
        anchors = [item for pair in options[option] for item in (pair if isinstance(pair, list) else [pair])]
        if max(anchors) > len(dataset["anchor_shifts"]):
            raise ConfigError(
                f"{max(anchors)} is not one of the anchors 1..{len(dataset['anchor_shifts'])}", where=describe(option)
            )


def _check_layer(config: dict, name: str, describe: Callable[..., str]) -> None:
    study = config["studies"][name]
    layer = config["probes"].get("parallel", {}).get("layer", "last")
    depths = _depths(study)
    if "parallel" in study["probes"] and layer != "last" and layer > depths[0]:
        raise ConfigError(
            f"layer {layer} does not exist in every run of `{name}` (depths: {depths})",
            where=describe("probes", "parallel", "layer"),
        )


def _depths(study: dict) -> list[int]:
    return sorted({point["depth"] for point in study_points(study)})


def _check_figure(config: dict, figure: str, probes: tuple[str, ...], describe: Callable[..., str]) -> None:
    options = config["figures"][figure]
    for probe in probes:
        if probe not in config["studies"][options["study"]]["probes"]:
            raise ConfigError(
                f"the figure needs the probe `{probe}`, which the study `{options['study']}` does not measure",
                where=describe("figures", figure, "study"),
                hint=f"add it to studies.{options['study']}.probes",
            )
    for phase in (phase for phase in PHASES if phase in options):
        shown_point(config, options["study"], options[phase], describe("figures", figure, phase))
    depths = _depths(config["studies"][options["study"]])
    if options.get("depth", depths[0]) not in depths:
        raise ConfigError(
            f"no run of `{options['study']}` has {options['depth']} layers (depths: {depths})",
            where=describe("figures", figure, "depth"),
        )
    tsne = options.get("tsne")
    if tsne and tsne["perplexity"] >= tsne["sequences"] / 3:
        raise ConfigError(
            f"a perplexity of {tsne['perplexity']} is too large for {tsne['sequences']} sequences (less than a third)",
            where=describe("figures", figure, "tsne", "perplexity"),
        )
