"""What happens around the jobs: what the terminal shows, what would be replaced, a check before SLURM, failures.

Required: nothing. Outputs: none.
"""

import threading

SECONDS_BETWEEN_LOOKS = 5


def cancel_left_over_jobs(prefix):
    numbers = slurm.cancel_jobs(prefix)
    if numbers:
        logger.info(
            f"Cancelled {len(numbers)} job(s) that were left: {' '.join(numbers)}"
        )


def say_why_attempts_failed():
    """SLURM tells the executor only that a job failed; its own message says why."""
    said = set()
    while True:
        time.sleep(SECONDS_BETWEEN_LOOKS)
        new = [
            text
            for text in failures(f"{LAYOUT.root}/logs", STARTED)
            if text not in said
        ]
        said.update(new)
        for text in new:
            logger.info(f"Attempt failed: {text}")


def replaced(jobs):
    """Finished runs of other settings that these jobs would replace."""
    outputs = {str(path) for job in jobs for path in job.output}
    return {
        path: why for path, why in PLAN.of_other_settings.items() if path in outputs
    }


def end_of_start():
    """Behind the planning: keep the hashes that were taken, and say in a dry run what a real one would refuse."""
    PLAN.currency.hashes.save()
    if workflow.dryrun and PLAN.of_other_settings:
        print(f"Note: {parts.replaced_words(PLAN.of_other_settings)}", flush=True)


TERMINAL = None
if workflow.is_main_process:
    atexit.register(end_of_start)
# `--verbose` leaves Snakemake's own output, and a workflow that uses this one as a module keeps its own
if (
    workflow.is_main_process
    and not workflow.output_settings.verbose
    and pathlib.Path(workflow.basedir, "rules/around.smk").exists()
):
    from initscale.workflow import terminal

    TERMINAL = terminal.shorten(
        logger, workflow.output_settings.dryrun, workflow.output_settings.quiet
    )


onstart:
    if TERMINAL:
        terminal.report_trainings(logger, TERMINAL)
    try:
        parts.refuse_to_replace(CONFIG, replaced(workflow.dag.needrun_jobs()))
    except InitscaleError as error:
        raise WorkflowError(str(error))
    if workflow.executor_plugin.name == "slurm":
        jobs = [job for job in workflow.dag.needrun_jobs() if not job.is_local]
        try:
            slurm.check_cluster(
                {**job.resources, "_cores": job.threads} for job in jobs
            )
        except InitscaleError as error:
            raise WorkflowError(str(error))
        threading.Thread(target=say_why_attempts_failed, daemon=True).start()
        # Unique to this call of snakemake, so that no other workflow's jobs are touched.
        prefix = workflow.executor_settings.jobname_prefix
        if prefix:
            atexit.register(cancel_left_over_jobs, f"{prefix}_")


onerror:
    messages = failures(f"{LAYOUT.root}/logs", STARTED)
    if messages:
        logger.error("\n".join(["", "Failed:", *messages]))
