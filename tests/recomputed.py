"""The numbers of a scorecard once more, in plain pandas: shares no code with lib/initscale/claims."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from scipy import stats

AXES = ("study", "norm", "corpus", "gamma", "depth", "size", "lr", "weight_decay")
LEVEL, SHUFFLES = 0.95, 100
ONE_RUN = ("last_value", "log_distance")


def read_claims(folder: Path) -> dict[str, dict]:
    """Claims by name, with defaults and `like` filled in."""
    content = yaml.safe_load((folder / "claims.yaml").read_text())

    def whole(name: str) -> dict:
        own = dict(content["claims"][name])
        return over(whole(own.pop("like")), own) if "like" in own else own

    def over(base, top):
        both = isinstance(base, dict) and isinstance(top, dict)
        return {**base, **{key: over(base.get(key), value) for key, value in top.items()}} if both else top

    return {name: over(content["defaults"], whole(name)) for name in content["claims"]}


def roles_of(config: dict, study: str) -> dict[str, float]:
    """The paper's gammas at the study's width, and the recipe's rates."""
    section = config["studies"][study]
    recipe = config["training"][section["training"]]
    rates = {"lr": recipe["lr"], "weight_decay": recipe["weight_decay"]}
    if "mapped" not in section:
        return rates
    stretch = math.log(section["paper"]["width"]) / math.log(config["models"][section["model"]]["d_model"])
    fixed = 0.5 if section["mapped"] == "relative" else 0.0
    roles = {r: round(fixed + (v["gamma"] - fixed) * stretch, 2) for r, v in section["paper"]["roles"].items()}
    return roles | rates


def pick(rows: pd.DataFrame, where: dict, roles: dict) -> pd.DataFrame:
    """Rows that fulfil the conditions, extremes last."""
    for last in (False, True):
        for column, wanted in where.items():
            if (wanted in ("smallest", "largest")) != last:
                continue
            if last:
                rows = rows[rows[column] == (rows[column].min() if wanted == "smallest" else rows[column].max())]
                continue
            options = [
                roles[one[5:]] if str(one).startswith("role:") else one
                for one in (wanted if isinstance(wanted, list) else [wanted])
            ]
            texts = [one for one in options if isinstance(one, str)]
            numbers = [one for one in options if not isinstance(one, str)]
            near = rows[column].map(lambda x, n=numbers: any(type(x) is not str and abs(x - y) < 1e-9 for y in n))
            rows = rows[rows[column].isin(texts) | near]
    return rows


def replicates(claim: dict, rows: pd.DataFrame, roles: dict) -> pd.Series | list[pd.DataFrame]:
    """One number per seed; of the metric wins one per run, of by_phase two tables of runs."""
    options, kind = claim["options"], claim["metric"]
    base = pick(rows, options.get("where", {}), roles)
    value = options.get("value", "value")

    def seeds(where: dict, by: tuple = ()) -> pd.Series:
        return pick(rows, {**options.get("where", {}), **where}, roles).groupby(["seed", *by])[value].mean()

    if kind == "last_value":
        return base[base["epoch"] == base["epoch"].max()].set_index("seed")[value].astype(float)
    if kind == "log_distance":
        early = base[base["epoch"] < options["epochs"]].astype({value: float, options["log"]: float})
        return (early[value] / early[options["log"]] - 1).abs().groupby(early["seed"]).max()
    if kind == "level":
        return base.groupby("seed")[value].mean()
    if kind in ("difference", "ratio"):
        sides = [pick(rows, {**options.get("where", {}), **options[s]}, roles) for s in ("high", "low")]
        values = {axis: [set(side[axis].dropna()) for side in sides] for axis in AXES if axis in rows}
        shared = [axis for axis, (one, other) in values.items() if one == other and len(one) > 1]
        by = ["seed", *([options["over"]] if kind == "ratio" else shared)]
        high, low = (side.groupby(by)[value].mean() for side in sides)
        gap = (np.log(high / low) if kind == "ratio" else high - low).dropna().groupby("seed").mean()
        return np.exp(gap) if kind == "ratio" else gap
    if kind == "interaction":
        parts = [seeds(options[p] | options["high"]) - seeds(options[p] | options["low"]) for p in ("first", "then")]
        return (parts[0] - parts[1]).dropna()
    if kind == "peak":
        outside = pd.concat([seeds(place) for place in options["outside"]], axis=1)
        return (seeds(options["inside"]) - outside.max(axis=1, skipna=False)).dropna()
    if kind == "peak_ratio":
        wide = base.pivot_table(index="seed", columns=options["along"], values=value)
        return (wide.iloc[:, 1:-1].max(axis=1, skipna=False) / wide.iloc[:, [0, -1]].max(axis=1, skipna=False)).dropna()
    if kind == "trend":
        line = ["seed", *options.get("within", [])]
        means = base.groupby([*line, options["along"]])[value].mean().dropna().reset_index()
        lines = means.groupby(line).filter(lambda part: len(part) >= 3)
        ranks = lines.groupby(line)[[options["along"], value]]
        rho = ranks.apply(lambda part: part.corr(method="spearman").iloc[0, 1] if part[value].nunique() > 1 else 0.0)
        return rho.groupby("seed").mean()
    if kind == "wins":
        uniform = options.get("uniform", {})
        wide = base.pivot_table(index=["gamma", "depth", "seed"], columns="score", values="value")
        first, second = (wide[options[name]] / uniform.get(options[name], 1) for name in ("first", "second"))
        both = first.notna() & second.notna()
        return (first > second)[both].astype(float)
    runs = base[base["phase"].isin([options["high"], options["low"]])]
    runs = runs.groupby(["gamma", "depth", "seed", "phase"], as_index=False)["value"].mean().dropna(subset="value")
    if options.get("within"):
        runs = runs.groupby(options["within"]).filter(lambda part: part["phase"].nunique() == 2)
        runs["value"] = runs.groupby(options["within"])["value"].rank(pct=True)
    return [runs[runs["phase"] == options[side]] for side in ("high", "low")]


def numbers(claim: dict, found) -> dict[str, float]:
    """Effect, interval, n, runs and p of the replicates."""
    threshold, sign = claim["threshold"], 1 if claim["direction"] == "above" else -1
    if isinstance(found, list):
        first, second = (group["value"].to_numpy() for group in found)
        m, n = (group["seed"].nunique() for group in found)
        effect = np.mean([(a > b) + (a == b) / 2 for a in first for b in second])
        error = math.sqrt(hanley(threshold, m, n))
        grid = np.linspace(0, 1, 200001)
        inside = grid[(effect - grid) ** 2 <= stats.norm.ppf(0.5 + LEVEL / 2) ** 2 * hanley(grid, m, n) + 1e-15]
        low, high, runs = inside.min(), inside.max(), min(len(first), len(second))
        p = stats.norm.sf(sign * (effect - threshold) / error)
        return {"effect": effect, "low": low, "high": high, "n": min(m, n), "runs": runs, "p": p}
    if claim["metric"] == "wins":
        effect, n = found.groupby("seed").mean().mean(), found.index.get_level_values("seed").nunique()
        k, tail = effect * n, (1 - LEVEL) / 2
        low = stats.beta.ppf(tail, k, n - k + 1) if k else 0.0
        high = stats.beta.ppf(1 - tail, k + 1, n - k) if k < n else 1.0
        won, bound = (k, threshold) if sign > 0 else (n - k, 1 - threshold)
        p = stats.beta.cdf(bound, won, n - won + 1) if won else 1.0
        return {"effect": effect, "low": low, "high": high, "n": n, "runs": len(found), "p": p}
    if claim["metric"] in ONE_RUN:
        nan = math.nan
        return {"effect": found.iloc[0], "low": nan, "high": nan, "n": 1, "runs": 1, "p": nan}
    mean, error = found.mean(), found.std() / math.sqrt(len(found))
    half = stats.t.ppf(0.5 + LEVEL / 2, len(found) - 1) * error
    few = len(found) < 6 and np.ptp(found) < 0.005 * max(1, abs(mean))
    steps = sign * (mean - threshold) / error if error else math.copysign(math.inf, sign * (mean - threshold))
    p = math.nan if few else stats.t.sf(steps, len(found) - 1)
    return {"effect": mean, "low": mean - half, "high": mean + half, "n": len(found), "runs": len(found), "p": p}


def verdict(claim: dict, found: dict[str, float]) -> str:
    """The interval against the threshold; the number itself where there is one run."""
    sign = 1 if claim["direction"] == "above" else -1
    if claim["metric"] in ONE_RUN:
        return "reproduced" if sign * (found["effect"] - claim["threshold"]) >= 0 else "not reproduced"
    ends = sorted(sign * (found[end] - claim["threshold"]) for end in ("low", "high"))
    wanted = "reproduced" if ends[0] >= 0 else "not reproduced" if ends[1] < 0 else "inconclusive"
    return "inconclusive" if math.isnan(found["p"]) else wanted


def seeds_needed(claim: dict, replicates, found: dict[str, float], most: int = 200) -> float:
    """Fewest seeds with which four of five repetitions would settle it, if the effect were the one that was found."""
    effect, threshold = found["effect"], claim["threshold"]
    if claim["metric"] in ONE_RUN or effect == threshold:
        return math.nan
    alike = math.isnan(found["p"]) or (not isinstance(replicates, list) and np.ptp(replicates) < 0.005 * max(1, effect))

    def power(n: int) -> float:
        if isinstance(replicates, list):
            far = stats.norm.ppf(0.5 + LEVEL / 2) * math.sqrt(hanley(threshold, n, n))
            spread = math.sqrt(hanley(effect, n, n))
            return (
                stats.norm.cdf((abs(effect - threshold) - far) / spread)
                if spread
                else float(abs(effect - threshold) >= far)
            )
        if claim["metric"] == "wins":
            chance, bound = (effect, threshold) if effect > threshold else (1 - effect, 1 - threshold)
            enough = [k for k in range(1, n + 1) if stats.beta.ppf((1 - LEVEL) / 2, k, n - k + 1) >= bound]
            return stats.binom.sf(enough[0] - 1, n, chance) if enough else 0.0
        if not replicates.std():
            return 1.0
        shift = min(abs(effect - threshold) * math.sqrt(n) / replicates.std(), 37)
        return stats.nct.sf(stats.t.ppf(0.5 + LEVEL / 2, n - 1), n - 1, shift)

    fewest = 6 if alike and claim["metric"] != "wins" else 2
    enough = next((n for n in range(fewest, most + 1) if power(n) >= 0.8), math.nan)
    return max(enough, claim["minimal_n"]) if enough == enough else enough


def shuffle_rate(claim: dict, rows: pd.DataFrame, roles: dict) -> float:
    """Share of shuffles of the numbers within their part that are reproduced; nan where there is one arm."""
    options, kind, rng = claim["options"], claim["metric"], np.random.default_rng(1)
    if kind == "level" or kind in ONE_RUN:
        return math.nan
    where, value = options.get("where", {}), options.get("value", "value")
    if kind == "interaction":
        frames = [
            pick(rows, where | options[a] | options[b], roles) for a in ("first", "then") for b in ("high", "low")
        ]
        rows = pd.concat(frames)
        by = [axis for axis in options["first"]]
    elif kind in ("difference", "ratio"):
        frames = [pick(rows, where | options[side], roles) for side in ("high", "low")]
        shared = [a for a in AXES if a in rows and {*frames[0][a].dropna()} == {*frames[1][a].dropna()}]
        rows, by = pd.concat(frames), [options["over"]] if kind == "ratio" else [a for a in shared if a in rows]
    elif kind == "wins":
        rows, by = pick(rows, where, roles), ["gamma", "depth", "seed"]
        rows = rows[rows["score"].isin([options["first"], options["second"]])]
        rows = rows.assign(
            value=rows["value"] / rows["score"].map(lambda name: options.get("uniform", {}).get(name, 1))
        )
        claim = claim | {"options": {key: part for key, part in options.items() if key != "uniform"}}
    elif kind == "peak":
        rows, by = pd.concat([pick(rows, where | p, roles) for p in (options["inside"], *options["outside"])]), []
    else:
        rows, by = pick(rows, where, roles), options.get("within", [])
    count = 0
    for _ in range(SHUFFLES):
        places = rows.groupby(by).indices.values() if by else [np.arange(len(rows))]
        order = np.concatenate([rng.permutation(part) for part in places])
        moved = rows[value].to_numpy(dtype=float).copy()
        moved[np.concatenate(list(places))] = rows[value].to_numpy(dtype=float)[order]
        again = numbers(claim, replicates(claim, rows.assign(**{value: moved}), roles))
        count += verdict(claim, again) == "reproduced"
    return count / SHUFFLES


MEASURES = ("loss", "train loss", "accuracy", "step", "seen", "in distribution")
"""Measures of gates that :func:`gate_values` knows."""


def gate_values(measure: str, claim: dict, tables: dict, roles: dict) -> pd.Series:
    """What a gate looks at, one number for each run that a claim compares."""
    rows, options = tables[claim["table"]], claim["options"]
    where, axes = options.get("where", {}), [axis for axis in (*AXES, "seed") if axis in rows]
    if claim["metric"] == "by_phase":
        sides = [{"phase": [options["high"], options["low"]]}]
    else:
        sides = [options[side] for side in ("high", "low", "inside") if side in options] + options.get("outside", [])
    parts = [options[part] for part in ("first", "then") if part in options] or [{}]
    compared = pd.concat([pick(rows, where | part | side, roles) for side in sides or [{}] for part in parts])
    runs = compared[axes].drop_duplicates()
    curves = tables["fig_curves"]
    ends = curves.loc[curves.groupby([axis for axis in (*AXES, "seed") if axis in curves])["step"].idxmax()]
    if measure == "in_distribution":
        source, column = rows[(rows["panel"] == "b") & (rows["group"] == "all")], "accuracy"
    elif measure == "seen" and "quantity" in rows:
        source, column = rows[(rows["quantity"] == "accuracy") & (rows["part"] == "test")], "value"
    elif measure == "seen" and "seen_accuracy" in rows:
        source, column = pick(rows, {k: v for k, v in where.items() if k not in axes}, roles), "seen_accuracy"
    elif measure in rows:
        source, column = pick(rows, {k: v for k, v in where.items() if k not in axes}, roles), measure
    else:
        source, column = ends, measure
    by = [axis for axis in axes if axis in source and runs[axis].notna().all()]
    return runs.merge(source.groupby(by, as_index=False)[column].mean(), on=by)[column].astype(float)


def hanley(theta, m: int, n: int):
    """Variance of the area under a ROC curve (Hanley and McNeil 1982, Newcombe's method 5)."""
    star = (m + n) / 2 - 1
    return theta * (1 - theta) * (1 + star * ((1 - theta) / (2 - theta) + theta / (1 + theta))) / (m * n)


def holm(p: list[float]) -> list[float]:
    """Holm's step-down correction, nan left out."""
    ranked = sorted((value, place) for place, value in enumerate(p) if value == value)
    out, largest = [math.nan] * len(p), 0.0
    for rank, (value, place) in enumerate(ranked):
        largest = max(largest, min(1.0, value * (len(ranked) - rank)))
        out[place] = largest
    return out


def paper_effect(claim: dict, folder: Path) -> float:
    """The paper's own effect, percent as shares."""
    with open(folder / "paper_values.csv", newline="") as stream:
        values = {r["id"]: float(r["value"]) * (0.01 if r["unit"] == "percent" else 1) for r in csv.DictReader(stream)}
    paper = claim["paper"]
    if not paper.get("values"):
        return math.nan
    own = [values[name] for name in paper["values"]]
    if paper.get("over"):
        return float(stats.gmean([a / values[b] for a, b in zip(own, paper["over"], strict=True)]))
    minus = np.mean([values[name] for name in paper["minus"]]) if paper.get("minus") else 0.0
    return float((np.mean(own) - minus) * paper.get("times", 1))
