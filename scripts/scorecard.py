"""Rule `scorecard`: judge every claim on the tables of the figures."""

from initscale.stages.scorecard import scorecard

if __name__ == "__main__":
    from initscale.workflow.job import job

    with job(snakemake):
        print(scorecard(snakemake.config))
