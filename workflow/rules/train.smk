"""Train every run of every study; one rule per study, because studies have different axes.

Required: the study's data set; for a study with `start_from` the weights of the other study's runs.
Outputs: results/<scale>/runs/<study>/<gamma~..._depth~..._seed~...>/{weights.safetensors,history.parquet,run.json}.

What a run depends on is in `params.facts` (the facts of the experiment) and in the inputs (data and the source
files that training really uses). Device, threads and saving are in the section `execution`, which is neither.

With `bundle` > 1 a study has one rule per bundle (`train_<study>_<gamma>_<depth>_<k>`), whose outputs are the same run
folders; on a CPU `execution.processes` of its runs are trained at a time.
"""

from initscale.grid import bundles, run_facts

for study, section in CONFIG["studies"].items():
    if section["bundle"] == 1:

        rule:
            name:
                f"train_{study}"
            input:
                **LAYOUT.data_files(section["dataset"]),
                start=dag.starts_of(CONFIG, study),
                code=dag.training_code(CONFIG, study),
            output:
                **LAYOUT.run_files(study),
            log:
                LAYOUT.log(f"train/{study}/{LAYOUT.point_pattern(study)}"),
            benchmark:
                LAYOUT.benchmark(f"train/{study}/{LAYOUT.point_pattern(study)}")
            threads: CONFIG["execution"]["threads"]
            resources:
                **cluster.job_resources(CONFIG, "train"),
                attempt=lambda wildcards, attempt: attempt,
            params:
                facts=dag.facts_of(CONFIG, study),
            script:
                "../../scripts/train.py"

    else:
        for bundle, points in bundles(section).items():

            rule:
                name:
                    f"train_{study}_{bundle}"
                input:
                    **LAYOUT.data_files(section["dataset"]),
                    start=[
                        path
                        for point in points
                        for path in LAYOUT.start_weights(study, point)
                    ],
                    code=dag.training_code(CONFIG, study),
                output:
                    **dag.bundle_files(LAYOUT, study, points),
                log:
                    LAYOUT.log(f"train/{study}/bundle_{bundle}"),
                benchmark:
                    LAYOUT.benchmark(f"train/{study}/bundle_{bundle}")
                threads: cluster.cpus(CONFIG, len(points))
                resources:
                    **cluster.job_resources(CONFIG, "train", len(points)),
                    attempt=lambda wildcards, attempt: attempt,
                params:
                    facts=[run_facts(CONFIG, study, point) for point in points],
                script:
                    "../../scripts/train.py"
