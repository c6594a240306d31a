"""Generate the data sets; one rule per task (`generate_<task>`), because tasks have different files.

Required: nothing but the configuration (section `datasets`).
Outputs: results/<scale>/data/<dataset>/seed~<k>/<split>.parquet for every split of the task, and dataset.json.
"""

for task, datasets in parts.datasets_by_task(CONFIG).items():

    rule:
        name:
            f"generate_{task}"
        input:
            unpack(PLAN.data(task)),
        output:
            **LAYOUT.data_pattern(task),
        log:
            LAYOUT.log("generate_data/{dataset}_seed~{data_seed}"),
        benchmark:
            LAYOUT.benchmark("generate_data/{dataset}_seed~{data_seed}")
        wildcard_constraints:
            dataset="|".join(datasets),
            data_seed=r"\d+",
        retries: 0  # what fails on the login node fails again
        localrule: True
        resources:
            mem_mb=1500,
            runtime=10,
        params:
            spec=lambda wildcards: CONFIG["datasets"][wildcards.dataset],
            code=parts.lazily(identity.code_hash, identity.data_roots(task)),
        script:
            "../../scripts/generate_data.py"
