"""Verdicts on the paper's claims, and the report.

Required: the tables of the figures that claims are judged on; for the report also every figure.
Outputs: results/<scale>/scorecard.{parquet,companions.parquet,csv,md}, results/<scale>/report.html.

Figures that `all_figures` does not make are judged and shown where their table exists; they are never made for it.

A change of config/claims.yaml judges again and recomputes nothing else.
"""

CLAIMS = claim_files()
REPORTED = parts.reported_figures(CONFIG, LAYOUT, FIGURES)
JUDGED = [name for name in parts.judged_figures(CONFIG) if name in REPORTED]
SHOWN = {
    "scorecard": [LAYOUT.scorecard("parquet"), LAYOUT.scorecard("companions.parquet")],
    "tables": [path for figure in REPORTED for path in table_files(LAYOUT, figure)],
    "pictures": [path for figure in REPORTED for path in PICTURES[figure]],
    "committed": parts.committed_inputs(CONFIG),
}


rule scorecard:
    input:
        unpack(PLAN.scorecard(JUDGED, CLAIMS)),
        claims=[local(path) for path in CLAIMS],
    output:
        table=LAYOUT.scorecard("parquet"),
        companions=LAYOUT.scorecard("companions.parquet"),
        csv=report(
            LAYOUT.scorecard("csv"),
            caption="../report/scorecard.rst",
            category="Scorecard",
            labels={"table": "every claim"},
        ),
        markdown=LAYOUT.scorecard("md"),
        record=LAYOUT.scorecard("json"),
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
        roles=parts.roles_of(CONFIG),
        code=parts.lazily(identity.code_hash, identity.scorecard_roots()),
    script:
        "../../scripts/scorecard.py"


rule report:
    input:
        unpack(PLAN.report(SHOWN, REPORTED, PICTURES)),
        page=[local(path) for path in parts.page_files()],
    output:
        report=LAYOUT.report(),
        record=LAYOUT.report_record(),
    log:
        LAYOUT.log("report"),
    benchmark:
        LAYOUT.benchmark("report")
    localrule: True
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        code=parts.lazily(identity.code_hash, identity.report_roots()),
    script:
        "../../scripts/report.py"
