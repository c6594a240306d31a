"""COGS (Kim and Linzen 2020): sentences and their logical forms, with 21 types of compositional generalization.

The data are downloaded from the authors' repository at a pinned commit (MIT licence) and checked by SHA-256; with
``source: sample`` they are a few dozen lines in the same form that come with this package, for tests.

Training rows of the type ``primitive`` (single words) and ``exposure_example_*`` (one sentence each) are what the types
of generalization build on; every subset keeps all of them.
"""

from __future__ import annotations

from collections.abc import Callable

from initscale.files.tables import Column
from initscale.tasks.cogs import sample as cogs_sample
from initscale.tasks.download import Download

TRAINER = "sequence_trainer"
SPLITS = ("train", "dev", "test", "gen")
UPSTREAM, SAMPLE = "upstream", "sample"
COMMIT = "165a7b669eade971fa47bf568a2e51925360fed8"
_SHA256 = {
    "train": "220b3804b562c0156ee986eff1bdd15c27e52142549362a64f57baf86e304c78",
    "dev": "ab66388a309c7ac1ad210c781a6a0ce12281a9ef24619a12422a752cef61bc21",
    "test": "68f8e51e9f6d9cd22d64efe68dd21d7ea5ba327e9a2359481030161aea757035",
    "gen": "d013d9eee0bafc153f8decc85f42814ac97260f84964d980e1e2b84577b82361",
}
STRUCTURAL = ("cp_recursion", "obj_pp_to_subj_pp", "pp_recursion")
LEXICAL = (
    "active_to_passive",
    "do_dative_to_pp_dative",
    "obj_omitted_transitive_to_transitive",
    "obj_to_subj_common",
    "obj_to_subj_proper",
    "only_seen_as_transitive_subj_as_unacc_subj",
    "only_seen_as_unacc_subj_as_obj_omitted_transitive_subj",
    "only_seen_as_unacc_subj_as_unerg_subj",
    "passive_to_active",
    "pp_dative_to_do_dative",
    "prim_to_inf_arg",
    "prim_to_obj_common",
    "prim_to_obj_proper",
    "prim_to_subj_common",
    "prim_to_subj_proper",
    "subj_to_obj_common",
    "subj_to_obj_proper",
    "unacc_to_transitive",
)
TYPES = (*LEXICAL, *STRUCTURAL)
IN_DISTRIBUTION = "in_distribution"
_FACTS = {UPSTREAM: {"rows": 24_155, "special": 155, "length": 543, "words": 831}, SAMPLE: cogs_sample.facts()}
"""Training rows, how many of them every subset keeps, their joint vocabulary; longest sequence of all files."""


def downloads(spec: dict) -> dict[str, Download]:
    """Files that the data are made of: name -> address and SHA-256."""
    if spec["source"] == SAMPLE:
        return {}
    address = f"https://raw.githubusercontent.com/najoungkim/COGS/{COMMIT}/data"
    return {f"{split}.tsv": Download(f"{address}/{split}.tsv", _SHA256[split]) for split in SPLITS}


def sequence_length(spec: dict) -> int:
    """Tokens of the longest sequence, with the one between sentence and logical form and the end token."""
    return _FACTS[spec["source"]]["length"]


def vocabulary_size(spec: dict) -> int:
    """Words of the training sentences and logical forms, and four special tokens."""
    return _FACTS[spec["source"]]["words"] + 4


def training_rows(spec: dict) -> int:
    """Rows of the training split."""
    return _FACTS[spec["source"]]["rows"]


def special_rows(spec: dict) -> int:
    """Training rows that every subset keeps."""
    return _FACTS[spec["source"]]["special"]


def check_spec(spec: dict, describe: Callable[..., str]) -> None:
    """Every specification that the schema lets pass can be made."""


def columns(spec: dict) -> tuple[Column, ...]:
    """Columns of train.parquet, dev.parquet, test.parquet and gen.parquet."""
    return (
        Column("sentence", "string", "words", "English sentence, or a single word"),
        Column("logical_form", "string", "words", "its meaning, as tokens separated by blanks"),
        Column("type", "string", "", "in_distribution, primitive, exposure_example_* or one of the 21 types"),
    )
