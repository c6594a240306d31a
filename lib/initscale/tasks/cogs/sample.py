"""A few dozen lines in the form of COGS, written for this project: for tests and the smoke scale, not the benchmark."""

# ruff: noqa: E501
from __future__ import annotations

_TRAIN = """
A painter sneezed .|painter ( x _ 1 ) AND sneeze . agent ( x _ 2 , x _ 1 )|I
The painter found a kite .|* painter ( x _ 1 ) ; find . agent ( x _ 2 , x _ 1 ) AND find . theme ( x _ 2 , x _ 4 ) AND kite ( x _ 4 )|I
A kite was found .|kite ( x _ 1 ) AND find . theme ( x _ 3 , x _ 1 )|I
Ada found the kite .|* kite ( x _ 3 ) ; find . agent ( x _ 1 , Ada ) AND find . theme ( x _ 1 , x _ 3 )|I
The kite was found by Ada .|* kite ( x _ 1 ) ; find . theme ( x _ 3 , x _ 1 ) AND find . agent ( x _ 3 , Ada )|I
Ada sneezed .|sneeze . agent ( x _ 1 , Ada )|I
A goat carried a kite .|goat ( x _ 1 ) AND carry . agent ( x _ 2 , x _ 1 ) AND carry . theme ( x _ 2 , x _ 4 ) AND kite ( x _ 4 )|I
The goat slipped .|* goat ( x _ 1 ) ; slip . theme ( x _ 2 , x _ 1 )|I
A kite slipped .|kite ( x _ 1 ) AND slip . theme ( x _ 2 , x _ 1 )|I
Ada carried a goat .|carry . agent ( x _ 1 , Ada ) AND carry . theme ( x _ 1 , x _ 3 ) AND goat ( x _ 3 )|I
The painter handed Ada a kite .|* painter ( x _ 1 ) ; hand . agent ( x _ 2 , x _ 1 ) AND hand . recipient ( x _ 2 , Ada ) AND hand . theme ( x _ 2 , x _ 5 ) AND kite ( x _ 5 )|I
Ada handed a kite to a goat .|hand . agent ( x _ 1 , Ada ) AND hand . theme ( x _ 1 , x _ 3 ) AND kite ( x _ 3 ) AND hand . recipient ( x _ 1 , x _ 6 ) AND goat ( x _ 6 )|I
Ada said that a goat sneezed .|say . agent ( x _ 1 , Ada ) AND say . ccomp ( x _ 1 , x _ 5 ) AND goat ( x _ 4 ) AND sneeze . agent ( x _ 5 , x _ 4 )|I
The goat wanted to sneeze .|* goat ( x _ 1 ) ; want . agent ( x _ 2 , x _ 1 ) AND want . xcomp ( x _ 2 , x _ 4 ) AND sneeze . agent ( x _ 4 , x _ 1 )|I
Ada found a kite on a shelf .|find . agent ( x _ 1 , Ada ) AND find . theme ( x _ 1 , x _ 3 ) AND kite ( x _ 3 ) AND kite . nmod . on ( x _ 3 , x _ 6 ) AND shelf ( x _ 6 )|I
A painter carried a kite on a shelf .|painter ( x _ 1 ) AND carry . agent ( x _ 2 , x _ 1 ) AND carry . theme ( x _ 2 , x _ 4 ) AND kite ( x _ 4 ) AND kite . nmod . on ( x _ 4 , x _ 7 ) AND shelf ( x _ 7 )|I
A goat found Ada .|goat ( x _ 1 ) AND find . agent ( x _ 2 , x _ 1 ) AND find . theme ( x _ 2 , Ada )|I
The painter slipped .|* painter ( x _ 1 ) ; slip . theme ( x _ 2 , x _ 1 )|I
Ada carried .|carry . agent ( x _ 1 , Ada )|I
A shelf was carried by the goat .|* goat ( x _ 6 ) ; shelf ( x _ 1 ) AND carry . theme ( x _ 3 , x _ 1 ) AND carry . agent ( x _ 3 , x _ 6 )|I
heron|LAMBDA a . heron ( a )|primitive
Nils|Nils|primitive
hum|LAMBDA a . LAMBDA e . hum . agent ( e , a )|primitive
A badger sneezed .|badger ( x _ 1 ) AND sneeze . agent ( x _ 2 , x _ 1 )|exposure_example_subj_common
Ada found a plum .|find . agent ( x _ 1 , Ada ) AND find . theme ( x _ 1 , x _ 3 ) AND plum ( x _ 3 )|exposure_example_obj_common
Ida sneezed .|sneeze . agent ( x _ 1 , Ida )|exposure_example_subj_proper
A goat found Odo .|goat ( x _ 1 ) AND find . agent ( x _ 2 , x _ 1 ) AND find . theme ( x _ 2 , Odo )|exposure_example_obj_proper
A goat was teased .|goat ( x _ 1 ) AND tease . theme ( x _ 3 , x _ 1 )|exposure_example_passive
Ada tickled a goat .|tickle . agent ( x _ 1 , Ada ) AND tickle . theme ( x _ 1 , x _ 3 ) AND goat ( x _ 3 )|exposure_example_active
A kite melted .|kite ( x _ 1 ) AND melt . theme ( x _ 2 , x _ 1 )|exposure_example_unacc
"""
_DEV = """
The goat sneezed .|* goat ( x _ 1 ) ; sneeze . agent ( x _ 2 , x _ 1 )|I
Ada carried a shelf .|carry . agent ( x _ 1 , Ada ) AND carry . theme ( x _ 1 , x _ 3 ) AND shelf ( x _ 3 )|I
"""
_TEST = """
A goat sneezed .|goat ( x _ 1 ) AND sneeze . agent ( x _ 2 , x _ 1 )|I
Ada found a shelf .|find . agent ( x _ 1 , Ada ) AND find . theme ( x _ 1 , x _ 3 ) AND shelf ( x _ 3 )|I
The kite slipped .|* kite ( x _ 1 ) ; slip . theme ( x _ 2 , x _ 1 )|I
A kite was carried .|kite ( x _ 1 ) AND carry . theme ( x _ 3 , x _ 1 )|I
"""
_GEN = """
Ada teased a goat .|tease . agent ( x _ 1 , Ada ) AND tease . theme ( x _ 1 , x _ 3 ) AND goat ( x _ 3 )|passive_to_active
A goat was tickled .|goat ( x _ 1 ) AND tickle . theme ( x _ 3 , x _ 1 )|active_to_passive
Ada handed a goat to a painter .|hand . agent ( x _ 1 , Ada ) AND hand . theme ( x _ 1 , x _ 3 ) AND goat ( x _ 3 ) AND hand . recipient ( x _ 1 , x _ 6 ) AND painter ( x _ 6 )|do_dative_to_pp_dative
Ada handed a painter a goat .|hand . agent ( x _ 1 , Ada ) AND hand . recipient ( x _ 1 , x _ 3 ) AND painter ( x _ 3 ) AND hand . theme ( x _ 1 , x _ 5 ) AND goat ( x _ 5 )|pp_dative_to_do_dative
The painter carried a goat .|* painter ( x _ 1 ) ; carry . agent ( x _ 2 , x _ 1 ) AND carry . theme ( x _ 2 , x _ 4 ) AND goat ( x _ 4 )|obj_omitted_transitive_to_transitive
A plum sneezed .|plum ( x _ 1 ) AND sneeze . agent ( x _ 2 , x _ 1 )|obj_to_subj_common
Odo sneezed .|sneeze . agent ( x _ 1 , Odo )|obj_to_subj_proper
The badger slipped .|* badger ( x _ 1 ) ; slip . theme ( x _ 2 , x _ 1 )|only_seen_as_transitive_subj_as_unacc_subj
The kite found .|* kite ( x _ 1 ) ; find . agent ( x _ 2 , x _ 1 )|only_seen_as_unacc_subj_as_obj_omitted_transitive_subj
A kite sneezed .|kite ( x _ 1 ) AND sneeze . agent ( x _ 2 , x _ 1 )|only_seen_as_unacc_subj_as_unerg_subj
The goat wanted to hum .|* goat ( x _ 1 ) ; want . agent ( x _ 2 , x _ 1 ) AND want . xcomp ( x _ 2 , x _ 4 ) AND hum . agent ( x _ 4 , x _ 1 )|prim_to_inf_arg
Ada found a heron .|find . agent ( x _ 1 , Ada ) AND find . theme ( x _ 1 , x _ 3 ) AND heron ( x _ 3 )|prim_to_obj_common
A goat found Nils .|goat ( x _ 1 ) AND find . agent ( x _ 2 , x _ 1 ) AND find . theme ( x _ 2 , Nils )|prim_to_obj_proper
A heron sneezed .|heron ( x _ 1 ) AND sneeze . agent ( x _ 2 , x _ 1 )|prim_to_subj_common
Nils sneezed .|sneeze . agent ( x _ 1 , Nils )|prim_to_subj_proper
Ada found a badger .|find . agent ( x _ 1 , Ada ) AND find . theme ( x _ 1 , x _ 3 ) AND badger ( x _ 3 )|subj_to_obj_common
A goat found Ida .|goat ( x _ 1 ) AND find . agent ( x _ 2 , x _ 1 ) AND find . theme ( x _ 2 , Ida )|subj_to_obj_proper
Ada melted a kite .|melt . agent ( x _ 1 , Ada ) AND melt . theme ( x _ 1 , x _ 3 ) AND kite ( x _ 3 )|unacc_to_transitive
Ada said that Ida said that a goat sneezed .|say . agent ( x _ 1 , Ada ) AND say . ccomp ( x _ 1 , x _ 4 ) AND say . agent ( x _ 4 , Ida ) AND say . ccomp ( x _ 4 , x _ 8 ) AND goat ( x _ 7 ) AND sneeze . agent ( x _ 8 , x _ 7 )|cp_recursion
A goat on a shelf sneezed .|goat ( x _ 1 ) AND goat . nmod . on ( x _ 1 , x _ 4 ) AND shelf ( x _ 4 ) AND sneeze . agent ( x _ 5 , x _ 1 )|obj_pp_to_subj_pp
Ada found a kite on a shelf on a kite .|find . agent ( x _ 1 , Ada ) AND find . theme ( x _ 1 , x _ 3 ) AND kite ( x _ 3 ) AND kite . nmod . on ( x _ 3 , x _ 6 ) AND shelf ( x _ 6 ) AND shelf . nmod . on ( x _ 6 , x _ 9 ) AND kite ( x _ 9 )|pp_recursion
"""

_KINDS = {"I": "in_distribution"}


def _as_file(block: str) -> str:
    """Lines ``sentence|logical form|type`` in the form of the upstream files."""
    rows = (line.split("|") for line in block.strip().splitlines())
    return "".join(f"{sentence}\t{form}\t{_KINDS.get(kind, kind)}\n" for sentence, form, kind in rows)


FILES = {"train": _as_file(_TRAIN), "dev": _as_file(_DEV), "test": _as_file(_TEST), "gen": _as_file(_GEN)}
"""Split -> content of its file."""


def facts() -> dict[str, int]:
    """Training rows, how many of them are special, longest sequence of all files, and words of the training rows."""
    rows = {split: [line.split("\t") for line in text.splitlines()] for split, text in FILES.items()}
    every = [row for some in rows.values() for row in some]
    return {
        "rows": len(rows["train"]),
        "special": sum(kind != _KINDS["I"] for *_, kind in rows["train"]),
        "length": max(len(f"{sentence} {form}".split()) for sentence, form, _ in every) + 2,
        "words": len({word for sentence, form, _ in rows["train"] for word in f"{sentence} {form}".split()}),
    }
