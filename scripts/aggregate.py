"""Rules `aggregate_<figure>`: make the table of one figure."""

from initscale.stages.aggregate import aggregate

if __name__ == "__main__":
    from initscale.workflow.job import job

    with job(snakemake):
        aggregate(snakemake.config, snakemake.params.figure)
