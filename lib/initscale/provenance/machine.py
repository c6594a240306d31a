"""Where a result comes from: commit, versions, machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path

from initscale.repository import PACKAGE

PACKAGES = ("initscale", "matplotlib", "numpy", "pandas", "pyarrow", "safetensors", "seaborn", "torch")


class _NoCommit(Exception):
    """Why the commit is not known."""


def git_state(folder: Path = PACKAGE) -> dict:
    """Commit of the checkout that holds the code, and whether its tracked files differ from it (results aside).

    Both are None where there is no commit; ``reason`` then says why. Variables such as GIT_DIR, which point git at
    another repository, are not followed.
    """
    try:
        top = _git(folder, "rev-parse", "--show-toplevel")
        if not (Path(top) / "lib" / "initscale").is_dir():
            raise _NoCommit(f"the code lies in {folder}, which the repository {top} does not hold")
        changes = _git(Path(top), "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)results")
        return {"commit": _git(folder, "rev-parse", "HEAD"), "dirty": bool(changes)}
    except _NoCommit as error:
        return {"commit": None, "dirty": None, "reason": str(error)}


def _git(folder: Path, *arguments: str) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    options = {"cwd": folder, "capture_output": True, "text": True, "timeout": 30, "env": environment}
    try:
        done = subprocess.run(["git", *arguments], **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _NoCommit(f"git cannot be asked ({error})") from error
    if done.returncode:
        raise _NoCommit(" ".join(done.stderr.split())[:200] or f"git ended with exit code {done.returncode}")
    return done.stdout.strip()


def versions() -> dict[str, str | None]:
    """Python and the packages that results can depend on; None where one is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = None
    return found


def machine() -> dict[str, str | int | None]:
    """Processor, number of cores, system."""
    return {"processor": _processor(), "cores": os.cpu_count(), "system": f"{platform.system()} {platform.machine()}"}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        if "model name" in facts:  # cloud machines hide the rest of the name, so family and model are added
            return f"{facts['model name']} (family {facts.get('cpu family')}, model {facts.get('model')})"
    except OSError:
        pass
    return platform.processor() or "unknown"
