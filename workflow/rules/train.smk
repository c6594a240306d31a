"""Train every run of every study; one rule per study, because studies have different axes.

Required: the study's data set; for a study with `init_from` the weights of the other study's runs.
Outputs: results/<scale>/runs/<study>/<gamma~..._depth~..._seed~...>/{weights.safetensors,history.parquet,run.json}.

What a run depends on is in `params.facts` (the facts of the experiment), in `params.code` (the definitions that training
really uses) and in the inputs (the data). Device, threads and saving are in the section `execution`, which is neither.

With `bundle` > 1 a study has one rule per bundle (`train_<study>_<gamma>_<depth>_<k>`), whose outputs are the same run
folders; on a CPU `execution.processes` of its runs are trained at a time.
"""

from initscale.experiment.grid import bundles, cpus, run_facts

for study, section in CONFIG["studies"].items():
    if section["bundle"] == 1:

        rule:
            name:
                f"train_{study}"
            input:
                unpack(PLAN.run(study)),
            output:
                **LAYOUT.run_files(study),
            log:
                LAYOUT.log(f"train/{study}/{LAYOUT.point_pattern(study)}"),
            benchmark:
                LAYOUT.benchmark(f"train/{study}/{LAYOUT.point_pattern(study)}")
            threads: CONFIG["execution"]["threads"]
            resources:
                **slurm.job_resources(CONFIG, "train"),
                attempt=lambda wildcards, attempt: attempt,
            params:
                facts=parts.facts_of(CONFIG, study),
                code=parts.lazily(parts.training_code_of, CONFIG, study),
            script:
                "../../scripts/train.py"

    else:
        for bundle, points in bundles(section).items():

            rule:
                name:
                    f"train_{study}_{bundle}"
                input:
                    unpack(PLAN.bundle(study, points)),
                output:
                    **parts.bundle_files(LAYOUT, study, points),
                log:
                    LAYOUT.log(f"train/{study}/bundle_{bundle}"),
                benchmark:
                    LAYOUT.benchmark(f"train/{study}/bundle_{bundle}")
                threads: cpus(CONFIG, len(points))
                resources:
                    **slurm.job_resources(CONFIG, "train", len(points)),
                    attempt=lambda wildcards, attempt: attempt,
                params:
                    facts=[run_facts(CONFIG, study, point) for point in points],
                    code=parts.lazily(parts.training_code_of, CONFIG, study),
                script:
                    "../../scripts/train.py"
