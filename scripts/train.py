"""Rules `train_<study>` and `train_<study>_<bundle>`: train one run, or the runs of a bundle."""

from pathlib import Path

from initscale.stages.train import train_runs

if __name__ == "__main__":
    from initscale.workflow.job import job

    with job(snakemake):
        records, execution = snakemake.output.record, snakemake.config["execution"]
        train_runs(
            facts=snakemake.params.facts,
            data_folder=Path(snakemake.input.info).parent,
            run_folders=[Path(path).parent for path in ([records] if isinstance(records, str) else records)],
            init_from=list(snakemake.input.get("init_from", [])),
            # as many at a time as Snakemake gave cores for
            execution=execution | {"processes": max(1, snakemake.threads // execution["threads"])},
        )
