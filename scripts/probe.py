"""Rules `probe_<study>`: measure one run."""

from pathlib import Path

from initscale.experiment.paths import Layout
from initscale.stages.probe import probe_run

if __name__ == "__main__":
    from initscale.workflow.job import job

    with job(snakemake):
        probe_run(
            run_folder=Path(snakemake.input.record).parent,
            data_folder=Path(snakemake.input.info).parent,
            probes=snakemake.params.probes,
            facts=snakemake.params.facts,
            record=snakemake.output.record,
            root=Layout(snakemake.config).root,
        )
