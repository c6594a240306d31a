"""The schema of the configuration, put together from what each section and each folder says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from initscale.figures import figure_folders
from initscale.files.yaml_files import read_yaml
from initscale.probes import probe_names
from initscale.repository import PACKAGE
from initscale.systems import load_system, system_names
from initscale.tasks import task_names


def whole_schema(folder: Path, figures: Mapping | None = None) -> dict:
    """JSON schema of the configuration.

    Parameters
    ----------
    folder : schemas of its sections, a file each.
    figures : the section of that name, where it has entries that are ``like`` another.
    """
    schema: dict = {"type": "object", "additionalProperties": False, "required": [], "properties": {}, "$defs": {}}
    for path in sorted(folder.glob("*.yaml")):
        section = read_yaml(path)
        schema["required"] += section.get("required", [])
        schema["properties"] |= section["properties"]
        schema["$defs"] |= section.get("$defs", {})
    _add_tasks(schema)
    _add_probes(schema)
    _add_systems(schema)
    _add_figures(schema, figures if isinstance(figures, Mapping) else {})
    return schema


def _of_folder(package: str, name: str) -> dict:
    return read_yaml(PACKAGE / package / name / "schema.yaml")


def _add_tasks(schema: dict) -> None:
    cases = []
    for task in task_names():
        of_task = _of_folder("tasks", task)
        schema["$defs"] |= of_task.pop("$defs", {})
        condition = {"properties": {"task": {"const": task}}, "required": ["task"]}
        cases.append({"if": condition, "then": of_task})
    schema["$defs"]["dataset"]["properties"]["task"]["enum"] = task_names()
    schema["$defs"]["dataset"]["allOf"] = cases


def _add_probes(schema: dict) -> None:
    """Options of one probe are ``#/$defs/probe_NAME``, so that another can have them among its own."""
    for probe in probe_names():
        schema["$defs"][f"probe_{probe}"] = _of_folder("probes", probe)
        schema["$defs"]["probes"]["properties"][probe] = {"$ref": f"#/$defs/probe_{probe}"}


def _add_systems(schema: dict) -> None:
    schema["properties"]["systems"]["properties"] = {name: load_system(name).SCHEMA for name in system_names()}


def _add_figures(schema: dict, figures: Mapping) -> None:
    """Every figure may have ``target``; one that is like another has the options of its folder, and ``like``."""
    target, known = {"$ref": "#/$defs/target"}, {}
    for folder in figure_folders():
        options = _of_folder("figures", folder)
        if "$ref" in options:
            options = schema["$defs"][options["$ref"].rpartition("/")[2]] | {"description": options["description"]}
        known[folder] = options | {"properties": {"target": target} | options["properties"]}
    like = {"like": {"type": "string", "description": "figure whose folder makes this one, too"}}
    for name, entry in figures.items():
        made_by = entry.get("like") if isinstance(entry, Mapping) else None
        if made_by in known and name != made_by:
            known[name] = known[made_by] | {"properties": known[made_by]["properties"] | like}
    schema["$defs"]["figures"]["properties"] |= known
