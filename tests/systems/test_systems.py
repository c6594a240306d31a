"""Small systems that are no decoder: found by their name, described, deterministic; stage, command and rule."""

from __future__ import annotations

import json

import pytest

from initscale.config.load import load_config
from initscale.errors import ConfigError
from initscale.files.storage import content_hash, read_json, read_table
from initscale.records.code import code_hash, system_roots
from initscale.stages.simulate import simulate
from initscale.systems import load_system, system_names


def descriptions(schema: dict, path: str = ""):
    """Every key of a schema with its description."""
    for key, part in schema.get("properties", {}).items():
        yield f"{path}.{key}", part.get("description")
        yield from descriptions(part, f"{path}.{key}")
    if "items" in schema:
        yield from descriptions(schema["items"], path)


@pytest.mark.parametrize("name", system_names())
def test_every_option_is_described_and_has_a_value_at_every_scale(name):
    assert all(text for _, text in descriptions(load_system(name).SCHEMA))
    for scale in ("smoke", "laptop", "paper"):
        assert set(load_config({"scale": scale})["systems"][name]) == set(load_system(name).SCHEMA["properties"])


@pytest.mark.parametrize("name", system_names())
def test_a_table_depends_on_the_options_alone(name, smoke, tmp_path):
    options, paths = smoke["systems"][name], [tmp_path / "first.parquet", tmp_path / "second.parquet"]
    for path in paths:
        simulate(name, options, path)
    first, second = (read_table(path) for path in paths)
    assert content_hash({"": first}) == content_hash({"": second})
    assert first.column_names == [column.name for column in load_system(name).COLUMNS]
    assert first.num_rows
    assert json.loads(first.schema.metadata[b"options"]) == options
    assert read_json(tmp_path / "first.json")["code"] == code_hash(system_roots(name))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"basinz": {}}, ["basinz", "did you mean `basins`?"]),
        ({"basins": {"starts": 3}}, ["systems.basins.starts", "3 is not a multiple of 2"]),
        ({"basins": {"flow": {"stepsize": 1}}}, ["stepsize", "did you mean `step_size`?"]),
        ({"basins": {"chains": [[0.5, 1.0]]}}, ["systems.basins.chains.0.1", "less than 1"]),
    ],
)
def test_wrong_options_are_refused(change, words):
    with pytest.raises(ConfigError) as caught:
        load_config({"scale": "smoke", "systems": change})
    for word in words:
        assert word in str(caught.value)


def test_command_writes_where_the_workflow_looks(checkout):
    done = checkout.initscale("simulate", "basins", "--scale", "smoke", check=True)
    assert done.stdout.strip() == "results/smoke/systems/basins.parquet"
    assert read_table(checkout.root / done.stdout.strip()).num_rows
    wrong = checkout.initscale("simulate", "phase", "--scale", "smoke")
    assert "`phase` is not a known system (known: basins," in wrong.stderr
    assert wrong.returncode == ConfigError.exit_code


def test_an_option_simulates_one_system_again(checkout):
    checkout.snakemake("fig_basins", check=True)
    assert checkout.planned("fig_basins") == {}
    changed = ("--config", "systems={basins: {box: 1.5}}")
    assert checkout.planned("fig_basins", *changed) == {
        "simulate_basins": 1,
        "aggregate_fig_basins": 1,
        "fig_basins": 1,
    }
    explained = checkout.initscale("explain", "fig_basins", "--scale", "smoke")
    assert "results/smoke/tables/fig_basins/" in explained.stdout
    assert explained.returncode == 0
