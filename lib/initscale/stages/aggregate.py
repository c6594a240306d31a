"""Stage aggregate: the table of one figure."""

from __future__ import annotations

from pathlib import Path

from initscale.errors import InputError
from initscale.experiment.grid import facts_hash, needed_studies, run_facts, study_points
from initscale.experiment.paths import Layout, point_key
from initscale.figures import as_its_folder, declared, folder_of, load_figure
from initscale.files.parts import part_path, split
from initscale.files.storage import read_json, write_table
from initscale.records.lineage import write_table_lineage


def named_inputs(config: dict, figure: str) -> dict[str, str | list[str]]:
    """Files that the table of a figure is made of, by name."""
    return load_figure(folder_of(config, figure), "table").inputs(as_its_folder(config, figure))


def input_files(config: dict, figure: str) -> list[str]:
    """Files that the table of a figure is made of."""
    return [
        file for some in named_inputs(config, figure).values() for file in ([some] if isinstance(some, str) else some)
    ]


def aggregate(config: dict, figure: str) -> str:
    """Write the table of ``figure``, and beside it what it was made of; return its path (without its parts' names).

    Raises
    ------
    InputError if a run is of other settings than the configuration has: it is never drawn under today's caption.
    """
    for study in needed_studies(config, figure):
        check_settings(config, study)
    layout, folder = Layout(config), folder_of(config, figure)
    path, metadata = layout.table(figure), {"figure": figure, "scale": config["scale"]}
    table = load_figure(folder, "table").table(as_its_folder(config, figure))
    if parts := declared(folder, "TABLES"):
        for name, rows in split(table, parts).items():
            write_table(part_path(path, name), rows, metadata)
        Path(path).unlink(missing_ok=True)  # of a version that had all kinds of rows in one file
    else:
        write_table(path, table, metadata)
    write_table_lineage(config, figure, input_files(config, figure))
    return path


def check_settings(config: dict, study: str) -> None:
    """Raise ``InputError`` for the first run of a study that was made with other settings; absent ones are ignored."""
    layout = Layout(config)
    for point in study_points(config["studies"][study]):
        path = f"{layout.run_folder(study, point)}/run.json"
        if not Path(path).exists():
            continue
        if read_json(path).get("facts_hash") != facts_hash(run_facts(config, study, point)):
            raise InputError(
                "was made with other settings than the configuration has now, so it is not drawn",
                where=path,
                hint=f"`python -m initscale train {study} --scale {config['scale']}` (with the same options) makes "
                f"{point_key(point)} anew, or put the settings back",
            )
