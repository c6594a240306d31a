"""One self-contained HTML report: scorecard, interactive phase diagram, figures, runs, settings and cost.

content   what the page says, from scorecard, sidecars, tables and benchmark files
explorer  data of the interactive phase diagram, from aggregate tables
page/     template, style and script

Snakemake's own ``--report`` is not used: it fetches parts of its page from the network when it is made, and knows
neither verdicts nor the paper's values.
"""
