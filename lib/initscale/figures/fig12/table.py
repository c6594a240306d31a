"""Table of Fig 12: eigenvalues of the covariance of the item embeddings, at the end and over one training.

To the quantities of the probe ``spectra`` it adds, for the run with gamma = ``over_time``, from its history:
``eigenvalue_at_step`` (i: rank, j: step) for the ranks of the probe's options, and ``epoch`` (j: step). With the option
``growth`` these, and the quantities that date the growth (``GROWTH``), are those of the runs of that study, whose
evaluations are closer.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from initscale.experiment.paths import Layout
from initscale.figures.reading.displayed import displayed_point
from initscale.figures.reading.single_runs import COLUMNS, measured_files, measured_rows, measured_table, run_axes
from initscale.files.storage import read_table
from initscale.probes.rows import NO_INDEX

__all__ = ["COLUMNS", "inputs", "table"]

GROWTH = ("peak_over_base", "risen", "rise_step", "rise_order")


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of."""
    files, study = measured_files(config, "fig12", "spectra"), _growth_study(config)
    if study != config["figures"]["fig12"]["study"]:
        closer = measured_files(config, "fig12", "spectra", study=study)
        files |= {f"growth_{name}": paths for name, paths in closer.items()}
    return files


def _growth_study(config: dict) -> str:
    options = config["figures"]["fig12"]
    return options.get("growth", options["study"])


def table(config: dict) -> pa.Table:
    """Make the table; scores are those of every run."""
    options, probe = config["figures"]["fig12"], config["probes"]["spectra"]
    study, also = _growth_study(config), ("rise_step", "peak_over_base")
    rows = measured_rows(config, "fig12", "spectra", ("embedding_eigenvalue",), also=also)
    if study != options["study"]:
        closer = measured_rows(config, "fig12", "spectra", (), also=also, study=study)
        kept = (rows[~rows["quantity"].isin(GROWTH)], closer[closer["quantity"].isin(GROWTH)])
        rows = pd.concat(kept, ignore_index=True)
    axes = run_axes(config, study, _followed(config))
    history = f"{Layout(config).run_folder(study, _followed(config))}/history.parquet"
    growth = _growth(read_table(history), probe["ranks"]).assign(shown=True, **axes)
    words = (
        f"Depth {options['depth']}, seed {options['seed']}. Share: of the {probe['top']} largest eigenvalues in their "
        "sum. Rise (dot): half way from the smallest earlier value to the peak, for eigenvalues that at least double."
    )
    return measured_table(config, "fig12", [rows, growth], words)


def _followed(config: dict) -> dict:
    options = config["figures"]["fig12"]
    return displayed_point(config, _growth_study(config), options["over_time"], options["depth"], options["seed"])


def _growth(history: pa.Table, ranks: list[int]) -> pd.DataFrame:
    steps, epochs = history["step"].to_numpy(), history["epoch"].to_numpy()
    eigenvalues_TR = np.array(history["embedding_eigenvalues"].to_pylist(), dtype=float)
    frames = [
        pd.DataFrame({"quantity": "eigenvalue_at_step", "i": r, "j": steps, "value": eigenvalues_TR[:, r - 1]})
        for r in ranks
    ]
    frames.append(pd.DataFrame({"quantity": "epoch", "i": NO_INDEX, "j": steps, "value": epochs}))
    return pd.concat(frames, ignore_index=True).assign(part="")
