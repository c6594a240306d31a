"""What the terminal shows of a run, and that nothing is lost from Snakemake's log file."""

import doctest
import logging

import pytest
from snakemake.logging import LogEvent, logger

from initscale.training import progress
from initscale.training.progress import Progress, newest_lines
from initscale.workflow import terminal
from initscale.workflow.terminal import ShortLines, shorten

RUN = "gamma~0.30_depth~2_lr~1.00e-03_seed~0"
JOB = {
    "event": LogEvent.JOB_INFO,
    "jobid": 7,
    "rule_name": "train_phase",
    "log": [],
    "reason": "Missing output files: a",
}


def shown(lines: ShortLines, message: str = "", level: int = logging.INFO, **event) -> str:
    """Text of one record of Snakemake's."""
    return lines.format(logging.makeLogRecord({"msg": message, "levelno": level, **event}))


@pytest.fixture
def training_log(tmp_path, monkeypatch, caplog):
    """Log of a training that has done 20 of 100 steps, the second 10 at a loss of 0.25."""
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", -1.0)
    caplog.set_level(logging.INFO, "initscale")
    shown_progress = Progress("phase/seed~0", 100, 0)
    for step, loss in ((10, 0.5), (20, 0.25)):
        shown_progress.update(step, {"loss": loss})
    path = tmp_path / "training.log"
    path.write_text("".join(f"2026-01-01 10:00:00,000 INFO {record.message}\n" for record in caplog.records))
    return path


class TestLines:
    def test_a_job_from_start_to_end(self):
        lines = ShortLines(dryrun=False)
        started = shown(lines, **JOB, wildcards={"gamma": "0.50", "seed": "0"})
        assert started.endswith("start train_phase gamma=0.50 seed=0")
        assert shown(lines, event=LogEvent.JOB_FINISHED, job_id=7) == ""
        done = shown(lines, event=LogEvent.PROGRESS, done=3, total=98)
        assert "3 of 98 jobs done (3%): train_phase gamma=0.50 seed=0 in " in done
        assert lines.running == {}

    def test_two_jobs_that_finish_together(self):
        lines = ShortLines(dryrun=False)
        for number, rule in enumerate(("fig8", "fig9")):
            shown(lines, **JOB | {"jobid": number, "rule_name": rule}, wildcards={})
            shown(lines, event=LogEvent.JOB_FINISHED, job_id=number)
        done = shown(lines, event=LogEvent.PROGRESS, done=2, total=2)
        assert "fig8 in" in done
        assert "fig9 in" in done

    @pytest.mark.parametrize(
        ("reason", "words"),
        [
            ("Missing output files: a, b; Input files updated by another job: c", "(missing output files)"),
            ("Updated input files: results/smoke/.stale/settings, x", "(stale: settings)"),
        ],
    )
    def test_a_dry_run_says_why_in_words(self, reason, words):
        assert shown(ShortLines(dryrun=True), **JOB | {"reason": reason}, wildcards={}).endswith(words)

    def test_counts_by_stage_and_by_rule_where_jobs_are_not_listed(self):
        from snakemake.settings.enums import Quietness

        event = {"event": LogEvent.RUN_INFO, "stats": {"train_phase": 2, "fig2": 1, "total": 3}}
        assert shown(ShortLines(dryrun=True), "table", **event) == "3 jobs: 2 training jobs, 1 drawing"
        assert shown(ShortLines(dryrun=True, quiet={Quietness.RULES}), "table", **event) == "table"

    def test_an_error_has_the_log_and_what_the_executor_knows(self):
        error = {"event": LogEvent.JOB_ERROR, "jobid": 7, "rule_name": "fig2", "rule_msg": "SLURM status is: 'TIMEOUT'"}
        text = shown(
            ShortLines(dryrun=False), **error, log=["a.log", "slurm/5.log"], aux={"external_jobid": 5}, input=["x"]
        )
        assert "FAILED fig2\n    log: a.log\n    log: slurm/5.log\n    SLURM status is: 'TIMEOUT'" in text
        assert "external_jobid: 5" in text

    def test_only_known_chatter_is_left_out(self):
        lines = ShortLines(dryrun=False)
        killed = "RuleException:\nCalledProcessError in file x:\nCommand 'python' died with <Signals.SIGKILL: 9>."
        failed = killed.replace("died with <Signals.SIGKILL: 9>", "returned non-zero exit status 3")
        assert shown(lines, killed, logging.ERROR) == killed
        assert shown(lines, failed, logging.ERROR) == ""
        assert shown(lines, "Select jobs to execute...") == ""
        assert shown(lines, "Trying to restart job 5.") == "Trying to restart job 5."


class TestTrainings:
    def test_the_newest_line_of_a_log_is_read(self, training_log):
        (line,) = newest_lines(training_log.read_text())
        assert (line.title, line.step, line.total, line.loss) == ("phase/seed~0", 20, 100, 0.25)

    def test_a_running_training_is_reported_once_for_each_line(self, training_log):
        lines = ShortLines(dryrun=False)
        shown(lines, **JOB | {"log": [str(training_log)]}, wildcards={})
        (line,) = lines.trainings()
        assert line.startswith("phase/seed~0: step 20 of 100, loss 0.25, ")
        assert line.endswith(" left")
        assert lines.trainings() == []
        with training_log.open("a") as log:
            log.write("10:01:00,000 INFO phase/seed~0: step 30 of 100, loss 0.1, 1.00 steps/s, 5400 s left\n")
        assert lines.trainings() == ["phase/seed~0: step 30 of 100, loss 0.1, 1.5 h left"]

    def test_a_finished_or_failed_training_is_not_reported(self, training_log):
        lines = ShortLines(dryrun=False)
        shown(lines, **JOB | {"log": [str(training_log)]}, wildcards={})
        shown(lines, event=LogEvent.JOB_ERROR, jobid=7, rule_name="x", rule_msg=None, log=[], aux={})
        assert lines.trainings() == []

    def test_a_log_that_does_not_exist_yet(self, tmp_path):
        lines = ShortLines(dryrun=False)
        shown(lines, **JOB | {"log": [str(tmp_path / "none.log")]}, wildcards={})
        assert lines.trainings() == []


@pytest.mark.parametrize("module", [terminal, progress])
def test_the_examples_in_docstrings(module):
    tried = doctest.testmod(module)
    assert tried.attempted > 0
    assert tried.failed == 0


def test_a_logger_plugin_of_the_user_stays():
    before = list(logger.handlers)
    logger.handlers[:] = [logging.NullHandler()]
    try:
        assert shorten(logger, dryrun=False, quiet=None) is None
        assert len(logger.handlers) == 1
    finally:
        logger.handlers[:] = before


class TestWorkflow:
    def test_without_a_terminal_lines_are_plain_and_the_log_file_has_everything(self, checkout):
        done = checkout.snakemake("fig8", check=True)
        output = done.stderr
        assert "\x1b" not in output
        assert "start aggregate_fig8" in output
        assert "jobs done (100%): fig8 in " in output
        assert "output:" not in output
        (log,) = (checkout.root / ".snakemake" / "log").glob("*.log")
        assert "output: results/smoke/figures/fig8.pdf" in log.read_text()
        assert "reason: " in log.read_text()

    def test_an_error_is_one_message_with_its_log(self, checkout):
        folder = checkout.root / "results/smoke/runs/phase" / RUN
        folder.mkdir(parents=True)
        (folder / "checkpoint.safetensors").write_bytes(b"cut")
        output = checkout.snakemake(f"results/smoke/runs/phase/{RUN}/run.json").stderr
        assert "FAILED train_phase gamma=0.30 depth=2 lr=1.00e-03 seed=0" in output
        assert "Failed:\ntrain_phase (gamma=0.30, depth=2, lr=1.00e-03, seed=0): " in output
        assert "CalledProcessError" not in output
        assert "input:" not in output
