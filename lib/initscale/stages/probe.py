"""Stage probe: everything that figures need to know of one run's weights."""

from __future__ import annotations

from pathlib import Path

import torch

from initscale.probes import load_probe
from initscale.probes.run import open_run
from initscale.storage import write_table


def probe_run(run_folder: str | Path, data_folder: str | Path, probes: dict[str, dict], folder: str | Path) -> None:
    """Write <folder>/<probe>.parquet for every probe.

    Parameters
    ----------
    run_folder : output of the stage train.
    data_folder : the data it was trained on.
    probes : name of each probe -> its options (section ``probes`` of the configuration).
    folder : where the tables go.
    """
    torch.set_num_threads(1)
    run = open_run(run_folder, data_folder)
    for name, options in probes.items():
        write_table(Path(folder) / f"{name}.parquet", load_probe(name).probe(run, options), {"probe": name})
