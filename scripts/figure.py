"""Rules `<figure>`: draw one figure from its table."""

from initscale.stages.figure import draw

if __name__ == "__main__":
    from initscale.workflow.job import job

    with job(snakemake):
        draw(snakemake.config, snakemake.params.figure)
