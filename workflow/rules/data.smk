"""Generate the data sets.

Required: nothing but the configuration (section `datasets`).
Outputs: results/<scale>/data/<dataset>/seed~<k>/{train,test,unseen}.parquet and dataset.json.
"""


rule generate_data:
    input:
        code=lambda wildcards: dag.data_code(CONFIG, wildcards.dataset),
    output:
        train=f"{LAYOUT.root}/data/{{dataset}}/seed~{{data_seed}}/train.parquet",
        test=f"{LAYOUT.root}/data/{{dataset}}/seed~{{data_seed}}/test.parquet",
        unseen=f"{LAYOUT.root}/data/{{dataset}}/seed~{{data_seed}}/unseen.parquet",
        info=f"{LAYOUT.root}/data/{{dataset}}/seed~{{data_seed}}/dataset.json",
    log:
        LAYOUT.log("generate_data/{dataset}_seed~{data_seed}"),
    benchmark:
        LAYOUT.benchmark("generate_data/{dataset}_seed~{data_seed}")
    wildcard_constraints:
        data_seed=r"\d+",
    retries: 0  # what fails on the login node fails again
    localrule: True
    resources:
        mem_mb=1500,
        runtime=10,
    params:
        spec=lambda wildcards: CONFIG["datasets"][wildcards.dataset],
    script:
        "../../scripts/generate_data.py"
