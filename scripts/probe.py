"""Rules `probe_<study>`: measure one run."""

from pathlib import Path

from initscale.stages.probe import probe_run

if __name__ == "__main__":
    from initscale.workflow import job

    with job(snakemake):
        probe_run(
            run_folder=Path(snakemake.input.record).parent,
            data_folder=Path(snakemake.input.info).parent,
            probes=snakemake.params.probes,
            folder=Path(snakemake.output[0]).parent,
        )
