"""Verdicts on the paper's claims, and the report.

Required: the tables of the figures that claims are judged on; for the report also every figure.
Outputs: results/<scale>/scorecard.{parquet,csv,md}, results/<scale>/report.html.

A change of config/claims.yaml judges again and recomputes nothing else.
"""


rule scorecard:
    input:
        tables=[
            LAYOUT.table(name)
            for name in dag.judged_figures(CONFIG)
            if name in FIGURES
        ],
        claims=dag.claim_files(),
        code=dag.code("scorecard.py"),
    output:
        table=LAYOUT.scorecard("parquet"),
        csv=LAYOUT.scorecard("csv"),
        markdown=LAYOUT.scorecard("md"),
    log:
        LAYOUT.log("scorecard"),
    benchmark:
        LAYOUT.benchmark("scorecard")
    localrule: True
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        scale=CONFIG["scale"],
        roles=dag.roles_of(CONFIG),
    script:
        "../../scripts/scorecard.py"


rule report:
    input:
        scorecard=rules.scorecard.output,
        pictures=rules.all_figures.input,
        tables=[LAYOUT.table(figure) for figure in FIGURES],
        claims=dag.claim_files(),
        page=dag.page_files(),
        code=dag.code("report.py"),
    output:
        LAYOUT.report(),
    log:
        LAYOUT.log("report"),
    benchmark:
        LAYOUT.benchmark("report")
    localrule: True
    resources:
        mem_mb=1500,
        runtime=10,
    script:
        "../../scripts/report.py"
