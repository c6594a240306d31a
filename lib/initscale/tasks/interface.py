"""What a task hands to the training: tensors, and groups of sequences to be scored.

A task is a folder of this package with ``schema.yaml`` (what its data sets may say) and three modules:

``definition``
    ``TRAINER``, the module of ``initscale.training`` that trains on its data: ``last_token_trainer`` for
    :class:`TaskData`, ``sequence_trainer`` for :class:`SequenceData`; ``SPLITS``, the names of its data files;
    ``check_spec(spec, describe)`` refuses an impossible data set with ``ConfigError``;
    ``sequence_length(spec)``, ``vocabulary_size(spec)`` and ``training_rows(spec)`` are facts that models and
    recipes must fit, known before any data exist; ``columns(spec)`` are the columns of the data files.
    ``offers(spec)``, if there is something, names what probes can look at: ``item_values`` (``values`` in the spec are
    numbers that are tokens), ``anchor_pairs`` (the columns and the spec of the task ``anchor``),
    ``label_of_the_last_position`` (columns ``token_...`` and ``label``). Where the seeds of runs must fit the data,
    ``check_seeds(spec, seeds, where)`` refuses others.
``generate``
    ``generate(spec)`` makes the splits as Arrow tables, deterministic in ``spec``. A task whose definition has
    ``downloads(spec)`` (file name -> ``initscale.tasks.download.Download``) gets their contents as second argument.
    Where a spec has ``stream``, ``collect(spec, folder, mirror)`` makes the splits instead and keeps in ``folder``,
    below ``stages.generate_data.PARTS``, what it has read.
``tensors``
    ``load(spec, folder, sequences)`` reads what ``generate`` made and returns :class:`TaskData` or
    :class:`SequenceData`. If a study has the axis ``size``, it is called with ``size=`` training sequences, a number
    up to ``training_rows``, and takes a subset that depends on the data set's seed only: every run of that size has
    the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

KINDS = ("exact", "teacher_forced", "loss", "choice", "final")
EXACT, TEACHER_FORCED, LOSS, CHOICE, FINAL = KINDS


@dataclass(frozen=True)
class ScoredGroup:
    """Sequences that are scored together, under one or more sets of labels.

    Attributes
    ----------
    tokens_Nn : int64, N sequences of n tokens.
    labels : history column (without the prefix ``acc_``) -> int64 labels of shape (N,).
    """

    tokens_Nn: Tensor
    labels: dict[str, Tensor]


@dataclass(frozen=True)
class TaskData:
    """Training data of a task whose loss is on the last position.

    Attributes
    ----------
    tokens_Nn : int64 training sequences, shape (N, n).
    labels_N : int64 labels, shape (N,).
    items : int64 token ids of keys and noise, whose embeddings the history follows.
    groups : what the history scores.
    content_hash : SHA-256 of the data set, kept in every run's run.json.
    """

    tokens_Nn: Tensor
    labels_N: Tensor
    items: Tensor
    groups: tuple[ScoredGroup, ...]
    content_hash: str


@dataclass(frozen=True)
class Sequences:
    """N sequences of different lengths, each a prompt and a target behind it.

    Attributes
    ----------
    tokens_Nn : integers, padded on the right with any token (the padding is never looked at).
    starts_N : int64, length of the prompt, at least 1; ``tokens[start:length]`` is the target, its end token included.
    lengths_N : int64, tokens of prompt and target.
    """

    tokens_Nn: Tensor
    starts_N: Tensor
    lengths_N: Tensor

    def __len__(self) -> int:
        return len(self.tokens_Nn)

    def rows(self, index: Tensor | slice) -> Sequences:
        """Some of the sequences."""
        return Sequences(self.tokens_Nn[index], self.starts_N[index], self.lengths_N[index])


@dataclass(frozen=True)
class SequenceGroup:
    """Sequences that are scored together.

    Attributes
    ----------
    name : history column without its prefix (``loss_`` for the kind ``loss``, ``acc_`` for all others).
    kind : ``exact``: share of sequences whose greedy continuation of the prompt is the target, stop included.
        ``teacher_forced``: share with every target token right when the model is given the tokens before it; the last
        one, the end token, is left out, so stopping is not tested (the metric of the authors' code).
        ``loss``: mean cross-entropy of all target tokens, nats per token.
        ``choice``: share for which the first target token is the likeliest of ``candidates`` behind the prompt.
        ``final``: share whose greedy continuation stops and has the target's last token before its end, whatever
        stands before it.
    sequences : what is scored.
    candidates : token ids, for the kind ``choice``.
    max_new_tokens : for the kind ``final``, tokens after which a continuation counts as one that does not stop.
    """

    name: str
    kind: str
    sequences: Sequences
    candidates: Tensor | None = None
    max_new_tokens: int | None = None

    @property
    def column(self) -> str:
        """Name in the history."""
        return f"{'loss' if self.kind == LOSS else 'acc'}_{self.name}"


@dataclass(frozen=True)
class SequenceData:
    """Training data of a task whose loss is on the target part of each sequence.

    Attributes
    ----------
    train : training sequences. For a language model every start is 1. To have the loss on the padding, too, a task
        pads with the end token and gives the full width as length.
    eos : id of the token that stops a continuation.
    items : int64 token ids whose embeddings the history follows.
    groups : what the history scores.
    content_hash : SHA-256 of the data set, kept in every run's run.json.
    """

    train: Sequences
    eos: int
    items: Tensor
    groups: tuple[SequenceGroup, ...]
    content_hash: str
