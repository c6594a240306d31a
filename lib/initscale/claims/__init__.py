"""Claims of the paper and their verdicts: config/claims.yaml says what is judged, these modules judge it.

definitions    the claims, their gates and the paper's values, checked
fixed          roles, gates, thresholds and grid, and their hash
evidence       the tables and roles that a claim is judged on
selection      rows of an aggregate table
gates          what must hold of the runs before a claim is judged
gate_measures  the numbers of runs that gates look at
cells          the numbers of a claim with seed, arm and part
readers        from rows to cells
metrics        from cells to one number per replicate
intervals      from these numbers to an effect with an interval
verdicts       from the interval and the threshold to a verdict
noise          what shuffled arms make of a claim
power          how many seeds would settle it
neighbours     its verdict at the next gammas
paper_effects  the paper's own effect
scorecard      all of it as a table
texts          its rows in words
markdown       the scorecard as Markdown
compare        two scorecards side by side
"""
