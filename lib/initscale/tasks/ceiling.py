"""What a model that saw only the training sequences could answer at all."""

from __future__ import annotations

import pandas as pd


def attainable(train: pd.DataFrame, items: pd.DataFrame) -> pd.Series:
    """Whether each item can be answered in principle.

    Not so if it has a word that no training prompt has, its target a word that no training target has, or prompt and
    target together are longer than in any training sequence: with learned absolute positions the embeddings of
    such words and positions are still the initial ones.

    Parameters
    ----------
    train, items : texts in the first column (prompts) and in the second (targets).
    """
    prompts, targets = (train.iloc[:, side].str.split() for side in (0, 1))
    known = [{word for row in rows for word in row} for rows in (prompts, targets)]
    longest = (prompts.str.len() + targets.str.len()).max()
    own = [items.iloc[:, side].str.split() for side in (0, 1)]
    is_known = own[0].map(known[0].issuperset) & own[1].map(known[1].issuperset)
    return is_known & (own[0].str.len() + own[1].str.len() <= longest)
