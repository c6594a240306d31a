"""Which measure goes with gamma, and which with the answer at fixed gamma: every score of every probe, over all runs.

kind        value
==========  ============================================================================================================
trend       of one seed: Spearman's correlation of gamma and the score, over the gammas of that seed (at least three)
within      rank correlation of the score and the inferential accuracy over runs, gamma and rates held fixed
            (ranks among the runs that share them); p: share of permutations of the answers among these runs in which it
            is as far from 0
threshold   what the largest |within| of all scores exceeds in 1 - ``confidence`` of these permutations: a score beyond
            it is no accident of having looked at so many
==========  ============================================================================================================

The scores are those of the tables of the other figures. With ``fitted_only`` runs that do not answer seen pairs are
left out, because a run that has learnt little has a low rank whatever its initialization. Numbers that are settings,
nearly another score of the list, or the answer itself are left out.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import rankdata, spearmanr

from initscale.experiment.paths import Layout
from initscale.figures import table_files
from initscale.figures.fig_measures import COMPANIONS
from initscale.figures.fig_scores import SOURCES as PAPER
from initscale.figures.fig_scores.table import scores_of_runs
from initscale.figures.reading.all_runs import nullable_table
from initscale.figures.reading.companions import caption
from initscale.figures.reading.displayed import AXES
from initscale.files.parts import read_whole
from initscale.files.tables import Column

COLUMNS = (
    Column("kind", "string", "", "trend (of one seed), within (gamma held fixed) or threshold"),
    Column("figure", "string", "", "figure whose table the score is from, where it is defined"),
    Column("score", "string", "", "name of the score"),
    Column("part", "string", "", "what it is measured on; empty if there is one"),
    Column("seed", "int64", "", "seed of a trend"),
    Column("value", "float64", "1", "rank correlation; its threshold"),
    Column("p", "float64", "1", "p-value of the permutation test (kind within)"),
    Column("n", "int64", "1", "gammas of a trend, runs of the others"),
)
_NAMES = ["figure", "score", "part"]
_HELD = ["gamma", "lr", "weight_decay"]
_SETTINGS = ("sequences", "products", "residual", "classes", "shift_uniform", "broadcast_uniform", "decay_factor")
_NEARLY_OTHERS = ("change_top_share", "difference_stable_rank", "top_share", "loss", "gradient_norm", "ao")
_OF_THE_ANSWER = ("reward", "median_probability", "step_share_chance")
_LEFT_OUT = (*_SETTINGS, *_NEARLY_OTHERS, *_OF_THE_ANSWER)
_KEPT_PARTS = (r"layers\.\d+\.(qk|ov)", "ffn", "output", "tokens")


def inputs(config: dict) -> dict[str, list[str]]:
    """Files that the table is made of: tables of other figures."""
    return {figure: table_files(Layout(config), figure) for figure in (*PAPER, *COMPANIONS)}


def table(config: dict) -> pa.Table:
    """Make the table; see the module and ``COLUMNS``."""
    options, layout = config["figures"]["fig_measures"], Layout(config)
    tables = {figure: read_whole(layout.table(figure)).to_pandas() for figure in (*PAPER, *COMPANIONS)}
    runs = measures_of_runs(tables, options["depth"], options["fitted_only"])
    count = len(runs.groupby(list(AXES)))
    words = f"Depth {options['depth']}, {count} {'fitted ' if options['fitted_only'] else ''}runs."
    return nullable_table(COLUMNS, [trends(runs), *within(runs, options)], caption(config, "fig_measures", words))


def measures_of_runs(tables: dict[str, pd.DataFrame], depth: int, fitted_only: bool) -> pd.DataFrame:
    """One row per run and score: ``figure``, ``score``, ``part``, ``AXES``, ``value`` and ``inferential``."""
    frames = [scores_of_runs(tables)]
    for figure in COMPANIONS:
        rows = tables[figure].rename(columns={"quantity": "score"}).assign(figure=figure)
        frames.append(rows[[*_NAMES, *AXES, "value"]])
    rows = pd.concat(frames, ignore_index=True)
    change = (rows["figure"] == "fig_change") & (rows["part"] != "")
    kept = ~rows["score"].isin(_LEFT_OUT) & (~change | rows["part"].str.fullmatch("|".join(_KEPT_PARTS)))
    runs = tables[COMPANIONS[0]].drop_duplicates(list(AXES))
    runs = runs[(runs["depth"] == depth) & (runs["fitted"] | (not fitted_only))]
    found = rows[kept & np.isfinite(rows["value"].astype(float))]
    return found.merge(runs[[*AXES, "inferential"]], on=list(AXES))


def trends(runs: pd.DataFrame) -> pd.DataFrame:
    """Rows of the kind ``trend``; runs of a seed that differ in their rates only are averaged first."""
    rows = []
    for (*names, seed), some in runs.groupby([*_NAMES, "seed"], sort=False):
        means = some.groupby("gamma")["value"].mean()
        if len(means) >= 3:
            value = spearmanr(means.index, means).statistic if means.nunique() > 1 else 0.0  # no change is no trend
            rows.append([*names, seed, value, len(means), "trend"])
    return pd.DataFrame(rows, columns=[*_NAMES, "seed", "value", "n", "kind"])


def within(runs: pd.DataFrame, options: dict) -> list[pd.DataFrame]:
    """Rows of the kinds ``within`` and ``threshold``; none if no answers differ at fixed gamma."""
    values_RM = runs.pivot_table(index=list(AXES), columns=_NAMES, values="value", sort=False)
    if values_RM.empty:
        return []
    held_R = values_RM.index.to_frame(index=False).groupby(_HELD, dropna=False).ngroup().to_numpy()
    answers = runs.drop_duplicates(list(AXES)).set_index(list(AXES))["inferential"]
    y_R, draw = answers.loc[values_RM.index].to_numpy(), np.random.default_rng(options["seed"])
    orders = [_order_within(held_R, draw) for _ in range(options["permutations"])]
    found_M = np.full(values_RM.shape[1], np.nan)
    shuffled_PM = np.full((len(orders), len(found_M)), np.nan)
    present_RM = values_RM.notna().to_numpy()
    for pattern_R in np.unique(present_RM, axis=1).T:  # scores that the same runs have
        same_M = (present_RM == pattern_R[:, None]).all(0)
        x_RM = _unit_ranks(values_RM.to_numpy()[pattern_R][:, same_M].T, held_R[pattern_R])
        outcomes = np.stack([y_R[pattern_R], *(y_R[order][pattern_R] for order in orders)])
        correlations = _unit_ranks(outcomes, held_R[pattern_R]) @ x_RM.T
        found_M[same_M], shuffled_PM[:, same_M] = correlations[0], correlations[1:]
    return _described(values_RM, found_M, shuffled_PM, options["confidence"])


def _described(values_RM: pd.DataFrame, found_M: np.ndarray, shuffled_PM: np.ndarray, confidence: float):
    far_M = (np.abs(shuffled_PM) >= np.abs(found_M) - 1e-12).sum(0)
    p_M = np.where(np.isnan(found_M), np.nan, (1 + far_M) / (1 + len(shuffled_PM)))  # the order itself counts as one
    rows = values_RM.columns.to_frame(index=False).assign(
        kind="within", value=found_M, p=p_M, n=values_RM.notna().sum().to_numpy()
    )
    defined_M = ~np.isnan(found_M)
    if not defined_M.any():
        return [rows.iloc[:0]]
    largest_P = np.abs(shuffled_PM[:, defined_M]).max(1)
    limit = {"kind": "threshold", "value": np.quantile(largest_P, confidence), "n": len(values_RM)}
    return [rows[defined_M], pd.DataFrame([limit])]


def _order_within(held_R: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """A random order of the runs that exchanges only runs of equal ``held``."""
    order_R = np.arange(len(held_R))
    for group in np.unique(held_R):
        (members,) = np.nonzero(held_R == group)
        order_R[members] = draw.permutation(members)
    return order_R


def _unit_ranks(values_MR: np.ndarray, held_R: np.ndarray) -> np.ndarray:
    """Centred ranks within the groups over the group's size, scaled to length 1; nan where all are equal."""
    ranks_MR = np.zeros(values_MR.shape)
    for group in np.unique(held_R):
        members = held_R == group
        ranks_MR[:, members] = (rankdata(values_MR[:, members], axis=1) - (members.sum() + 1) / 2) / members.sum()
    norms_M1 = np.linalg.norm(ranks_MR, axis=1, keepdims=True)
    return ranks_MR / np.where(norms_M1 > 0, norms_M1, np.nan)
