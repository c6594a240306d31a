"""What happens around the jobs: a check before the first is submitted to SLURM, and why attempts failed.

Required: nothing. Outputs: none.
"""

import threading

SECONDS_BETWEEN_LOOKS = 5


def cancel_left_over_jobs(prefix):
    numbers = cluster.cancel_jobs(prefix)
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


onstart:
    if workflow.executor_plugin.name == "slurm":
        jobs = [job for job in workflow.dag.needrun_jobs() if not job.is_local]
        try:
            cluster.check_cluster(
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
