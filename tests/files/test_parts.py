"""A table in several files, one kind of row in each: split, read back, refused where the kinds are not the declared."""

from __future__ import annotations

import pyarrow as pa
import pytest

from initscale.errors import InputError
from initscale.experiment.paths import REFERENCE
from initscale.figures import declared, figure_folders
from initscale.files.parts import Part, files_of, part_path, read_whole, split
from initscale.files.storage import read_table, write_table

TABLE = pa.table(
    {
        "kind": ["run", "mean", "run", "sum"],
        "seed": [0, None, 1, None],
        "value": [1.0, 2.0, 3.0, 4.0],
    }
).replace_schema_metadata({"caption": "made up"})
PARTS = {"runs": Part("kind", ("run",)), "totals": Part("kind", without=("seed",))}


def write(path, parts=PARTS) -> str:
    for name, rows in split(TABLE, parts).items():
        write_table(part_path(path, name), rows)
    return str(path)


def test_each_file_has_one_kind_of_row_and_its_columns():
    found = split(TABLE, PARTS)
    assert {name: rows.column_names for name, rows in found.items()} == {
        "runs": ["kind", "seed", "value"],
        "totals": ["kind", "value"],
    }
    assert found["totals"]["value"].to_pylist() == [2.0, 4.0]
    assert found["runs"].schema.metadata == {b"caption": b"made up"}


def test_read_back_whole(tmp_path):
    path = write(tmp_path / "fig.parquet")
    assert [file.rpartition("/")[2] for file in files_of(path)] == ["runs.parquet", "totals.parquet"]
    whole = read_whole(path)
    assert sorted(whole.to_pylist(), key=lambda row: row["value"]) == TABLE.to_pylist()
    assert whole.schema.metadata[b"caption"] == b"made up"
    assert read_whole(path, ["value", "kind"]).column_names == ["value", "kind"]
    with pytest.raises(InputError, match="has no column `size`"):
        read_whole(path, ["value", "size"])


def test_one_file_is_read_as_it_is(tmp_path):
    write_table(tmp_path / "fig.parquet", TABLE)
    assert files_of(tmp_path / "fig.parquet") == [str(tmp_path / "fig.parquet")]
    assert read_whole(tmp_path / "fig.parquet").equals(TABLE)
    with pytest.raises(InputError, match="does not exist"):
        read_whole(tmp_path / "nothing.parquet")


def test_null_may_be_a_kind():
    parts = {"totals": Part("seed", (None,), without=("seed",)), "runs": Part("seed")}
    assert {name: rows.num_rows for name, rows in split(TABLE, parts).items()} == {"totals": 2, "runs": 2}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            {"runs": Part("kind", ("run",), without=("seed",)), "rest": Part("kind")},
            "runs has values of `seed`",
        ),
        ({"runs": Part("kind", ("run",)), "means": Part("kind", ("mean",))}, "not all rows, each once"),
        ({"runs": Part("kind", ("run",)), "more": Part("kind", ("run", "mean", "sum"))}, "not all rows, each once"),
    ],
)
def test_kinds_that_are_not_declared_are_refused(parts, message):
    with pytest.raises(ValueError, match=message):
        split(TABLE, parts)


@pytest.mark.parametrize("folder", [name for name in figure_folders() if declared(name, "TABLES")])
def test_committed_tables_lie_as_declared(folder):
    parts = declared(folder, "TABLES")
    for scale in (path for path in REFERENCE.iterdir() if path.is_dir()):
        assert not (scale / f"{folder}.parquet").exists()
        for name, part in parts.items() if (scale / folder).exists() else ():
            columns = read_table(part_path(scale / f"{folder}.parquet", name)).column_names
            assert part.column in columns or part.column in part.without
            assert not set(part.without) & set(columns)
