"""Measure every run of every study that has probes.

Required: run folders and the study's data set.
Outputs: results/<scale>/probes/<study>/<gamma~..._depth~..._seed~...>/<probe>.parquet, one tidy table per probe.
"""

for study, section in CONFIG["studies"].items():
    if section["probes"]:

        rule:
            name:
                f"probe_{study}"
            input:
                **LAYOUT.data_files(section["dataset"]),
                **LAYOUT.run_files(study),
                code=dag.probe_code(CONFIG, study),
            output:
                **LAYOUT.probe_files(study),
            log:
                LAYOUT.log(f"probe/{study}/{LAYOUT.point_pattern(study)}"),
            benchmark:
                LAYOUT.benchmark(f"probe/{study}/{LAYOUT.point_pattern(study)}")
            group:
                "probe"
            resources:
                **cluster.job_resources(CONFIG, "probe"),
                # how many run side by side in one job is in slurm/config.yaml
                side_by_side=1,
                attempt=lambda wildcards, attempt: attempt,
            params:
                probes={name: CONFIG["probes"][name] for name in section["probes"]},
            script:
                "../../scripts/probe.py"
