"""Measure every run of every study that has probes.

Required: run folders and the study's data set.
Outputs: results/<scale>/probes/<study>/<gamma~..._depth~..._seed~...>/<probe>.parquet, one tidy table per probe, and
measured.json, which says what they were made of.
"""

for study, section in CONFIG["studies"].items():
    if section["probes"]:

        rule:
            name:
                f"probe_{study}"
            input:
                unpack(PLAN.probes(study)),
            output:
                **LAYOUT.probe_files(study),
            log:
                LAYOUT.log(f"probe/{study}/{LAYOUT.point_pattern(study)}"),
            benchmark:
                LAYOUT.benchmark(f"probe/{study}/{LAYOUT.point_pattern(study)}")
            group:
                "probe"
            resources:
                **slurm.job_resources(CONFIG, "probe"),
                # how many run side by side in one job is in slurm/config.yaml
                side_by_side=1,
                attempt=lambda wildcards, attempt: attempt,
            params:
                probes={name: CONFIG["probes"][name] for name in section["probes"]},
                facts=parts.probe_facts(CONFIG, study),
                code=parts.lazily(
                    identity.code_hash,
                    identity.probe_roots(
                        section["probes"],
                        CONFIG["datasets"][section["dataset"]]["task"],
                    ),
                ),
            script:
                "../../scripts/probe.py"
