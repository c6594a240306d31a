"""One self-contained HTML report: scorecard, interactive phase diagram, figures, runs, settings and cost.

content       what the page says, from scorecard, sidecars, tables and benchmark files
titles        labels, titles and captions of figures
costs         what the trainings cost
side_by_side  the claims at every scale that has reference tables
committed     files of the repository that are shown beside the report's own results
replay        the authors' own run, from another scale's reference table
explorer      data of the interactive phase diagram, from aggregate tables
page/         template, style and script

For other tools and people: ``export`` (TensorBoard, CSV), ``model_card``.

Snakemake's own ``--report`` shows every figure with its caption, too. It knows neither verdicts nor the paper's values.
"""
