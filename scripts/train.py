"""Rules `train_<study>` and `train_<study>_<k>`: train one run, or the runs of a bundle."""

from pathlib import Path

from initscale.stages.train import train_runs

if __name__ == "__main__":
    from initscale.workflow import job

    with job(snakemake):
        records = snakemake.output.record
        train_runs(
            facts=snakemake.params.facts,
            data_folder=Path(snakemake.input.info).parent,
            run_folders=[Path(path).parent for path in ([records] if isinstance(records, str) else records)],
            execution=snakemake.config["execution"],
        )
