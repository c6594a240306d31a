"""Whether the probes of a study can be measured: what each needs of the task, and its options against the data."""

from __future__ import annotations

from collections.abc import Callable

from initscale.errors import ConfigError
from initscale.probes import declared_by, probe_names
from initscale.tasks import load_task

Describe = Callable[..., str]
_ANCHORS = ("fused_lower", "fused_upper", "single_lower", "single_upper")


def check_probes(config: dict, study: str, describe: Describe) -> None:
    """Raise ``ConfigError`` for the first probe of a study that it cannot have.

    Parameters
    ----------
    config : the configuration.
    describe : turns a key path into "config key `a.b` (set in FILE)".
    """
    spec = config["datasets"][config["studies"][study]["dataset"]]
    offered = offers(spec)
    for name in config["studies"][study]["probes"]:
        declared = declared_by(name)
        for need in needs(name):
            if need not in offered:
                able = [probe for probe in probe_names() if set(needs(probe)) <= set(offered)]
                raise ConfigError(
                    f"the probe `{name}` needs {need.replace('_', ' ')}, which the task `{spec['task']}` of the study "
                    f"`{study}` does not have",
                    where=describe("studies", study, "probes"),
                    hint=f"probes of any such study: {', '.join(able)}",
                )
        if hasattr(declared, "check"):
            declared.check(config, study, describe)


def needs(probe: str) -> tuple[str, ...]:
    """What a probe needs of a task."""
    return getattr(declared_by(probe), "NEEDS", ())


def offers(spec: dict) -> tuple[str, ...]:
    """What the task of a data set offers to probes (see ``initscale.tasks.interface``)."""
    task = load_task(spec["task"])
    return task.offers(spec) if hasattr(task, "offers") else ()


def check_sequences(config: dict, study: str, describe: Describe, probe: str) -> None:
    """Raise ``ConfigError`` unless the pairs, keys and positions that a probe looks at exist in the data."""
    dataset = config["datasets"][config["studies"][study]["dataset"]]
    _check_options(config["probes"][probe], dataset, lambda *path: describe("probes", probe, *path))


def _check_options(options: dict, dataset: dict, describe: Callable[..., str]) -> None:
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
