"""Train every run of every study; one rule per study, because studies have different axes.

Required: the study's data set.
Outputs: results/<scale>/runs/<study>/<gamma~..._depth~..._seed~...>/{weights.safetensors,history.parquet,run.json}.

What a run depends on is in `params.facts` (the facts of the experiment) and in the inputs (data and the source
files that training really uses). Device, threads and saving are in the section `execution`, which is neither.

With `bundle` > 1 a study has one rule per bundle (`train_<study>_<k>`), whose outputs are the same run folders.
"""

from initscale.grid import bundles, run_facts

TRAIN_RESOURCES = {
    "mem_mb": 2000,
    "runtime": 240,
    "gpu": 1 if CONFIG["execution"]["device"] == "cuda" else 0,
}

for study, section in CONFIG["studies"].items():
    if section["bundle"] == 1:

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
                **TRAIN_RESOURCES,
            params:
                facts=dag.facts_of(CONFIG, study),
            script:
                "../../scripts/train.py"

    else:
        for number, points in enumerate(bundles(section)):

            rule:
                name:
                    f"train_{study}_{number}"
                input:
                    **LAYOUT.data_files(section["dataset"]),
                    code=dag.training_code(CONFIG, study),
                output:
                    **dag.bundle_files(LAYOUT, study, points),
                log:
                    LAYOUT.log(f"train/{study}/bundle_{number}"),
                benchmark:
                    LAYOUT.benchmark(f"train/{study}/bundle_{number}")
                threads: CONFIG["execution"]["threads"]
                resources:
                    **TRAIN_RESOURCES,
                params:
                    facts=[run_facts(CONFIG, study, point) for point in points],
                script:
                    "../../scripts/train.py"
