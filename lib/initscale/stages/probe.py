"""Stage probe: everything that figures need to know of one run's weights."""

from __future__ import annotations

from pathlib import Path

import torch

from initscale.errors import InputError
from initscale.experiment.grid import facts_hash
from initscale.files.storage import write_table
from initscale.probes import load_probe
from initscale.probes.run import open_run
from initscale.records.lineage import write_probe_record


def probe_run(
    run_folder: str | Path, data_folder: str | Path, probes: dict[str, dict], facts: dict, record: str | Path, root: str
) -> None:
    """Write <probe>.parquet for every probe, and last their record.

    Parameters
    ----------
    run_folder : output of the stage train.
    data_folder : the data it was trained on.
    probes : name of each probe -> its options (section ``probes`` of the configuration).
    facts : what the run must be of.
    record : path of the record; the tables go into its folder.
    root : folder of the scale's results.

    Raises
    ------
    InputError if the run is of other settings.
    """
    torch.set_num_threads(1)
    run = open_run(run_folder, data_folder)
    if facts_hash(run.facts) != facts_hash(facts):
        raise InputError(
            "was made with other settings than the configuration has now",
            where=f"{run_folder}/run.json",
            hint="train the study again, or put the settings back",
        )
    files = [Path(record).parent / f"{name}.parquet" for name in probes]
    for path, (name, options) in zip(files, probes.items(), strict=True):
        write_table(path, load_probe(name).probe(run, options), {"probe": name})
    task = run.facts["dataset"]["task"]
    write_probe_record(str(record), root, probes, task, f"{run_folder}/run.json", map(str, files))
