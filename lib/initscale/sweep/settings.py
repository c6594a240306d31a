"""The configuration of a sweep: the sections that every study has, for one study."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from initscale.config.checks import check_study
from initscale.config.schema import whole_schema
from initscale.errors import ConfigError
from initscale.files.schema import check_schema, describe_key
from initscale.files.yaml_files import COMMAND_LINE, inherit, merge, read_yaml
from initscale.repository import CONFIG_FOLDER
from initscale.sweep.data.generate import about, given
from initscale.sweep.functions import load_function, split

TASK = "initscale.sweep.data"
_SHARED = ("execution", "cluster")
_DATASET = {
    "type": "object",
    "additionalProperties": False,
    "required": ["task", "seed", "function", "vocabulary", "length", "every_position", "rows"],
    "properties": {
        "task": {"const": TASK},
        "seed": {"type": "integer", "minimum": 0, "description": "what the function is called with"},
        "function": {"type": "string", "description": "module:function that gives the data"},
        "vocabulary": {"type": "integer", "minimum": 2, "description": "tokens and labels are below it"},
        "length": {"type": "integer", "minimum": 1, "description": "tokens of a sequence"},
        "every_position": {"type": "boolean", "description": "labels at every position instead of the last"},
        "rows": {"type": "object", "description": "split -> sequences"},
    },
}


@dataclass(frozen=True)
class Sweep:
    """What the command line says of a sweep.

    Attributes
    ----------
    model, data : functions, as ``module:function``.
    gammas, seeds : every combination is trained.
    name : of its folder below the results.
    vocabulary : number of tokens; None for the largest token or label of the data, and one.
    data_seed : seed of the data, which all runs share.
    duration : length of every training, such as ``1000 steps`` or ``20 epochs``; scored ten times on the way.
    recipe : further keys of a ``training`` section that differ from the usual ones.
    overrides : further keys of the configuration, nested.
    """

    model: str
    data: str
    gammas: tuple[float, ...]
    seeds: int
    name: str | None = None
    results: str = "results"
    vocabulary: int | None = None
    data_seed: int = 0
    duration: str = "1000 steps"
    recipe: Mapping[str, object] | None = None
    overrides: Mapping[str, object] | None = None


def sweep_config(sweep: Sweep) -> dict:
    """The checked configuration of a sweep; its data are asked for their sizes.

    Raises
    ------
    ConfigError for values that the schema refuses or that do not go together.
    InputError for data that cannot be used.
    """
    base, name = read_yaml(CONFIG_FOLDER / "config.yaml"), _name(sweep)
    load_function(sweep.model)
    dataset = {"task": TASK, "seed": sweep.data_seed, "function": sweep.data}
    dataset |= about(given(sweep.data, sweep.data_seed), sweep.data)
    config = {
        "scale": name,
        "results": sweep.results,
        "source": "runs",
        "overwrite": base["overwrite"],
        **{section: base[section] for section in _SHARED},
        "datasets": {name: dataset},
        "models": {name: _model(sweep, dataset)},
        "training": {name: _recipe(sweep, base, dataset["rows"]["train"])},
        "evaluation": {"every": _tenth(sweep.duration), "sequences": 1000, "snapshots": 1},
        "probes": {"layers": {}},
        "studies": {name: _study(sweep, name)},
        "systems": {},
        "figures": {"style": base["figures"]["style"], "fig_sweep": {"study": name}},
    }
    config = merge(config, sweep.overrides or {})
    _check(config, name)
    return config


def _name(sweep: Sweep) -> str:
    name = sweep.name or re.sub(r"[^a-z0-9_]", "_", split(sweep.model)[0].lower()).strip("_0123456789")
    if (CONFIG_FOLDER / "scales" / f"{name}.yaml").exists():
        raise ConfigError(f"`{name}` is the name of a scale", where=COMMAND_LINE, hint="choose another `--name`")
    return name


def _model(sweep: Sweep, dataset: dict) -> dict:
    init = {"gamma": sweep.gammas[0], "axis": "input", "embedding": "width"}
    sizes = {"depth": 1, "vocabulary": sweep.vocabulary or dataset["vocabulary"], "max_positions": dataset["length"]}
    return {"builder": "own", "options": {"function": sweep.model}, **sizes, "init": init}


def _study(sweep: Sweep, name: str) -> dict:
    grid = {"gamma": list(sweep.gammas), "depth": [1], "seed": list(range(sweep.seeds))}
    return {"dataset": name, "model": name, "training": name, "bundle": 1, "probes": ["layers"], "grid": grid}


def _recipe(sweep: Sweep, base: dict, rows: int) -> dict:
    """The paper's recipe, but for lengths that nobody knows of another task."""
    usual = inherit(base["training"], lambda *path: ".".join(map(str, path)))["single_head"]
    return {
        **usual,
        "duration": sweep.duration,
        "warmup": "0 steps",
        "batch": min(128, rows),
        "lr": 1e-3,
        **(sweep.recipe or {}),
    }


def _tenth(duration: str) -> str:
    """A tenth of it, in whole steps or epochs; a text that is no duration is left to the schema."""
    number, _, unit = duration.partition(" ")
    return f"{max(1, int(number) // 10)} {unit}" if number.isdigit() and unit in ("steps", "epochs") else "100 steps"


def _check(config: dict, name: str) -> None:
    schema, layers = whole_schema(CONFIG_FOLDER / "schema"), [(COMMAND_LINE, config)]
    schema["$defs"]["dataset"] = _DATASET
    check_schema(config, schema, layers)
    check_study(config, name, config["studies"][name], lambda *path: describe_key(path, layers))
