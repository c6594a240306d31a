"""One table and one drawing per figure.

Required: what the figure's aggregate module names (histories of a study, a data set).
Outputs: results/<scale>/tables/<figure>.parquet, results/<scale>/figures/<figure>.pdf and .png, and beside each a
<figure>.json that says what it was made of (`python -m initscale explain <figure>` reads them).

A drawing reads its table only, so a change of colours redraws one figure and touches nothing else.

A figure that cannot be made of what its studies have is refused when it is asked for, with the reason.
"""

for figure in [] if LAYOUT.from_reference else FIGURES:

    rule:
        name:
            f"aggregate_{figure}"
        input:
            unpack(PLAN.table(figure)),
        output:
            table=table_files(LAYOUT, figure),
            lineage=LAYOUT.lineage(figure),
        log:
            LAYOUT.log(f"aggregate/{figure}"),
        benchmark:
            LAYOUT.benchmark(f"aggregate/{figure}")
        retries: 0
        localrule: True
        resources:
            mem_mb=1500,
            runtime=20,
        params:
            figure=figure,
            options=CONFIG["figures"][figure],
            code=parts.lazily(
                identity.code_hash, identity.table_roots(folder_of(CONFIG, figure))
            ),
        script:
            "../../scripts/aggregate.py"


for figure in FIGURES:

    rule:
        name:
            figure
        input:
            unpack(PLAN.drawing(figure, PICTURES[figure])),
        output:
            [path for path in PICTURES[figure] if path.endswith(".pdf")],
            [
                report(
                    path,
                    caption="../report/figure.rst",
                    category=titles.CATEGORIES[titles.group_of(figure)],
                    labels={
                        "figure": titles.title_of(folder_of(CONFIG, figure), figure)[
                            0
                        ],
                        "picture": pathlib.Path(path).stem,
                    },
                )
                for path in PICTURES[figure]
                if path.endswith(".png")
            ],
            sidecar=LAYOUT.sidecar(figure),
        log:
            LAYOUT.log(f"figure/{figure}"),
        benchmark:
            LAYOUT.benchmark(f"figure/{figure}")
        retries: 0
        localrule: True
        resources:
            mem_mb=1000,
            runtime=10,
        params:
            figure=figure,
            options=CONFIG["figures"][figure],
            style=CONFIG["figures"]["style"],
            # of `snakemake --report` alone
            title=titles.as_rst(
                ": ".join(titles.title_of(folder_of(CONFIG, figure), figure))
            ),
            caption=parts.lazily(titles.rst_caption, LAYOUT.table(figure)),
            code=parts.lazily(
                identity.code_hash, identity.drawing_roots(folder_of(CONFIG, figure))
            ),
        script:
            "../../scripts/figure.py"


def refusing(error):
    """Input that is never there."""

    def inputs(wildcards):
        raise WorkflowError(str(error))

    return inputs


for figure, error in LEFT_OUT.items():

    rule:
        name:
            figure
        input:
            refusing(error),
        output:
            pictures_of(LAYOUT, figure),
