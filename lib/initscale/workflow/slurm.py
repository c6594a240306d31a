"""Jobs on a SLURM cluster: what they reserve, a check before the first one is submitted, and none left behind."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping

from initscale.errors import InitscaleError

_SECONDS_FOR_SLURM = 60


class ClusterError(InitscaleError):
    """The cluster would refuse the jobs; none was submitted."""

    exit_code = 6


def job_resources(config: dict, stage: str, runs: int = 1) -> dict:
    """Resources of a rule: what Snakemake schedules by, and what sbatch is asked for.

    Parameters
    ----------
    config : the configuration (sections ``execution`` and ``cluster``).
    stage : a key of ``execution.resources``: ``train`` or ``probe``.
    runs : number of runs that one job of the rule trains.

    Returns
    -------
    mem_mb (MB), runtime (minutes) and, for SLURM, account, partition and further options; trainings also get gpu (or
    gres) on a GPU and cpus_per_task (one for each thread of each process) on a CPU.
    """
    execution, site = config["execution"], config["cluster"]
    reserved = execution["resources"][stage]
    on_gpu = stage == "train" and execution["device"] == "cuda"
    together = min(execution["processes"], runs) if stage == "train" and not on_gpu else 1
    partition = site["gpu_partition"] or site["partition"] if on_gpu else site["partition"]
    return {
        "mem_mb": reserved["mem_mb"] * together,
        "runtime": reserved["runtime"],
        **_account(site["account"]),
        **({"slurm_partition": partition} if partition else {}),
        **(_extra(site, warn=stage == "train")),
        **(_gpu(site["gpu"]) if on_gpu else {}),
    }


def _account(name: str | None) -> dict[str, str]:
    """Without sacct the plugin cannot look an account up, and a cluster without accounting takes any name."""
    name = name or (None if shutil.which("sacct") else "none")
    return {"slurm_account": name} if name else {}


def _extra(site: Mapping, *, warn: bool) -> dict[str, str]:
    options = [site["extra"], f"--signal=URG@{site['warning']}" if warn else ""]
    text = " ".join(filter(None, options))
    return {"slurm_extra": text} if text else {}


def _gpu(option: str) -> dict[str, int | str]:
    """Resources by which the executor plugin gives sbatch this option."""
    kind, _, value = option.removeprefix("--").partition("=")
    if kind == "gres":
        return {"gres": value}
    model = value.rpartition(":")[0]
    return {"gpu": 1} | ({"gpu_model": model} if model else {})


def check_cluster(jobs: Iterable[Mapping]) -> None:
    """Ask SLURM, before anything is submitted, whether it would take jobs with these resources.

    Raises
    ------
    ClusterError with SLURM's own words and what to change.
    """
    if shutil.which("sbatch") is None:
        raise ClusterError(
            "`sbatch` was not found, so no job can be submitted from this machine",
            hint="start the workflow on a login node of the cluster, or without `--profile slurm` to compute here",
        )
    for options in dict.fromkeys(map(_options, jobs)):
        done = _slurm("sbatch", "--test-only", *options, "--wrap", "true")
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if "error" in line or "failure" in line]
            said = re.sub(r"^(sbatch: |error: |allocation failure: )+", "", (lines or [done.stderr.strip()])[-1])
            raise ClusterError(f"SLURM refuses jobs with {' '.join(options)}: {said}", hint=_hint(said))


def _options(resources: Mapping) -> tuple[str, ...]:
    """The options of sbatch that decide whether a job can run at all."""
    named = {"-A": "slurm_account", "-p": "slurm_partition", "-t": "runtime", "--mem": "mem_mb"}
    found = [
        f"{option}{'=' if option[1] == '-' else ''}{resources[key]}"
        for option, key in named.items()
        if resources.get(key)
    ]
    found.append(f"-c{resources.get('_cores', 1)}")
    if resources.get("gres"):
        found.append(f"--gres={resources['gres']}")
    elif resources.get("gpu"):
        model = resources.get("gpu_model")
        found.append(f"--gpus={f'{model}:' if model else ''}{resources['gpu']}")
    return tuple(found + str(resources.get("slurm_extra") or "").split())


def _hint(said: str) -> str:
    if "partition" in said.lower() and "account" not in said.lower():
        names = sorted(set(_slurm("sinfo", "-h", "-o", "%R").stdout.split()))
        return f"set `cluster.partition` in config/config.yaml; this cluster has {', '.join(names)}"
    if "account" in said.lower():
        return "set `cluster.account` in config/config.yaml; `sacctmgr show user $USER withassoc` lists yours"
    if "contact" in said.lower() or "connect" in said.lower():
        return "is the cluster up? `sinfo` says so; nothing was submitted, the same command may be given again"
    return (
        "see the section `cluster` and `execution.resources` in config/, and `sinfo -o '%P %l %m %c %G'` for the limits"
    )


def cancel_jobs(prefix: str) -> list[str]:
    """Cancel this user's jobs whose names begin with ``prefix`` and return their ids.

    For the end of the workflow: the executor forgets jobs that were being submitted or looked up at a Ctrl-C.
    """
    if shutil.which("squeue") is None:
        return []
    lines = _slurm("squeue", "--me", "-h", "-o", "%i %j").stdout.splitlines()
    numbers = [line.split()[0] for line in lines if line.split()[1].startswith(prefix)]
    if numbers:
        _slurm("scancel", *numbers)
    return numbers


def _slurm(*command: str) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS_FOR_SLURM, check=False)
