"""Rule `report`: one self-contained HTML file."""

from initscale.stages.report import report

if __name__ == "__main__":
    from initscale.workflow.job import job

    with job(snakemake):
        report(snakemake.config)
