"""The user's own data as a task (``initscale.tasks``), kept as files so that a training can be stopped and repeated."""
