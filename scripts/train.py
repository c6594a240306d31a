"""Rules `train_<study>`: train one run."""

from pathlib import Path

from initscale.stages.train import train_runs

if __name__ == "__main__":
    from initscale.workflow import job

    with job(snakemake):
        train_runs(
            facts=[snakemake.params.facts],
            data_folder=Path(snakemake.input.info).parent,
            run_folders=[Path(snakemake.output.record).parent],
            execution=snakemake.config["execution"],
        )
