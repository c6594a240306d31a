"""Claims of the paper and their verdicts: config/claims.yaml says what is judged, these modules judge it.

definitions  the claims and the paper's values, checked
selection    rows of an aggregate table
metrics      from rows to one number per replicate
intervals    from these numbers to an effect with an interval
verdicts     from the interval and the threshold to a verdict
scorecard    all of it as a table and as Markdown
compare      two scorecards side by side
"""
