"""Whether a model gives an unseen pair and its mirror the same answer (beyond the paper; arXiv 2501.08537).

==============  ===================================================================================================
quantity        value
==============  ===================================================================================================
commutativity   share of sequences whose answer is the same when the two anchors change places
sequences       number of sequences
==============  ===================================================================================================

Composition commutes, because shifts add up; but so does an answer that looks at the two anchors as a set and is wrong,
so a high share is no sign of composition.
"""

from __future__ import annotations

import dataclasses

import pyarrow as pa

from initscale.probes.circuits.measure import answers
from initscale.probes.rows import COLUMNS, as_table, score
from initscale.probes.run import FinishedRun
from initscale.probes.sequences import Sequences, read_sequences

__all__ = ["COLUMNS", "mirrored", "probe"]


def probe(run: FinishedRun, options: dict) -> pa.Table:
    """Table of the module's docstring.

    Parameters
    ----------
    options : ``unseen`` (the pair), ``keys`` (of which split) and ``sequences`` (how many).
    """
    sequences = read_sequences(run, "unseen", options["sequences"], [tuple(options["unseen"])], options["keys"])
    model = run.model()
    same_B = answers(model, sequences, {}) == answers(model, mirrored(sequences), {})
    return as_table([score("commutativity", same_B.double().mean().item()), score("sequences", len(sequences))])


def mirrored(sequences: Sequences) -> Sequences:
    """The same sequences with the two anchors exchanged."""
    tokens_BN, index_B = sequences.tokens_BN.clone(), range(len(sequences))
    for place, anchor in ((1, 1), (2, 0)):
        tokens_BN[index_B, sequences.position_B + place] = sequences.anchors_B2[:, anchor]
    return dataclasses.replace(sequences, tokens_BN=tokens_BN, anchors_B2=sequences.anchors_B2.flip(1))
