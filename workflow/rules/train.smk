"""Train every run of every study; one rule per study, because studies have different axes.

Required: the study's data set.
Outputs: results/<scale>/runs/<study>/<gamma~..._depth~..._seed~...>/{weights.safetensors,history.parquet,run.json}.

What a run depends on is in `params.facts` (the facts of the experiment) and in the inputs (data and the source
files that training really uses). Device, threads and saving are in the section `execution`, which is neither.
"""

for study, section in CONFIG["studies"].items():

    rule:
        name:
            f"train_{study}"
        input:
            **LAYOUT.data_files(section["dataset"]),
            code=dag.training_code(CONFIG, study),
        output:
            **LAYOUT.run_files(study),
        log:
            LAYOUT.log(f"train/{study}/{LAYOUT.point_pattern(study)}"),
        benchmark:
            LAYOUT.benchmark(f"train/{study}/{LAYOUT.point_pattern(study)}")
        threads: CONFIG["execution"]["threads"]
        resources:
            mem_mb=2000,
            runtime=240,
            gpu=1 if CONFIG["execution"]["device"] == "cuda" else 0,
        params:
            facts=dag.facts_of(CONFIG, study),
        script:
            "../../scripts/train.py"
