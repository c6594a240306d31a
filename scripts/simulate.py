"""Rules `simulate_<system>`: simulate one small system."""

from initscale.stages.simulate import simulate

if __name__ == "__main__":
    from initscale.workflow.job import job

    with job(snakemake):
        simulate(snakemake.params.system, snakemake.params.options, snakemake.output.table)
