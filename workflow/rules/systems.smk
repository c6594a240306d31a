"""Simulate the small systems that are no decoder; one rule per system (`simulate_<system>`).

Required: nothing but the configuration (section `systems`).
Outputs: results/<scale>/systems/<system>.parquet and .json, which says what it was made of.
"""

for system, options in CONFIG["systems"].items():

    rule:
        name:
            f"simulate_{system}"
        input:
            unpack(PLAN.system(system)),
        output:
            table=LAYOUT.system(system),
            record=LAYOUT.system_record(system),
        log:
            LAYOUT.log(f"simulate/{system}"),
        benchmark:
            LAYOUT.benchmark(f"simulate/{system}")
        retries: 0  # what fails once fails again
        resources:
            **slurm.job_resources(CONFIG, "probe"),
        params:
            system=system,
            options=options,
            code=parts.lazily(identity.code_hash, identity.system_roots(system)),
        script:
            "../../scripts/simulate.py"
