"""Rule `generate_data`: generate one data set of the configuration."""

from pathlib import Path

from initscale.stages.generate_data import generate_data

if __name__ == "__main__":
    from initscale.workflow.job import job

    with job(snakemake):
        mirror = snakemake.config["execution"]["mirror"]
        generate_data(snakemake.params.spec, Path(snakemake.output.info).parent, mirror)
