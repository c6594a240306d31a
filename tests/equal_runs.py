"""Two finished runs compared, file by file."""

from __future__ import annotations

from initscale.files.storage import read_json, read_table


def check_equal(run, wanted) -> None:
    """Weights and history to the bit; nothing left over."""
    assert (run / "weights.safetensors").read_bytes() == (wanted / "weights.safetensors").read_bytes()
    assert (run / "snapshots.safetensors").read_bytes() == (wanted / "snapshots.safetensors").read_bytes()
    assert equal_histories(run, wanted)
    assert read_json(run / "run.json")["steps"] == read_json(wanted / "run.json")["steps"]
    assert not list(run.glob("checkpoint.*"))


def equal_histories(run, wanted) -> bool:
    """Through pandas, because the first row's loss is nan, which elsewhere equals nothing."""
    tables = [read_table(folder / "history.parquet").to_pandas() for folder in (run, wanted)]
    eigenvalues = [table.pop("embedding_eigenvalues").map(list).tolist() for table in tables]
    return tables[0].equals(tables[1]) and eigenvalues[0] == eigenvalues[1]
