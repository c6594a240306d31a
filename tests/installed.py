"""The built wheel in an environment that has nothing but the packages that the wheel asks for."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from conftest import TIMEOUT, copy_repository

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def without_own_packages() -> dict[str, str]:
    """Variables of the environment, without those that show this process' packages to another Python."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}


def needed(name: str, extra: str = "") -> set[str]:
    """Installed distributions that a distribution needs, itself left out; markers that say `extra` are no need."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for requirement in importlib.metadata.requires(waiting.pop()) or []:
            wanted, _, marker = requirement.partition(";")
            other = re.match(r"[A-Za-z0-9_.-]+", wanted).group().lower()
            if "extra ==" not in marker and other not in found and is_installed(other):
                found.add(other)
                waiting.append(other)
    return found


def is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def top_entries(name: str) -> set[Path]:
    """Files and folders of a distribution in the folder of installed packages."""
    distribution = importlib.metadata.distribution(name)
    tops = {file.parts[0] for file in distribution.files or [] if file.parts[0] not in ("..", "__pycache__")}
    return {Path(distribution.locate_file(top)) for top in tops}


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel, and an empty folder to work in."""

    root: Path
    folder: Path

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess:
        """Run a program of the environment in the folder; this process' own packages are not seen."""
        program = str(self.root / "bin" / command[0])
        options = {
            "cwd": self.folder,
            "env": without_own_packages(),
            "capture_output": True,
            "text": True,
            "timeout": TIMEOUT,
        }
        done = subprocess.run([program, *command[1:]], **options)
        assert not check or done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
        return done


def build_wheel(folder: Path) -> Path:
    """The wheel of what git would commit."""
    copy = copy_repository(folder / "source").root
    subprocess.run([*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(copy)], check=True)
    return next(folder.glob("*.whl"))


def install(wheel: Path, folder: Path) -> Environment:
    """Make the environment; what the wheel needs is linked from this process' own environment."""
    root, work = folder / "environment", folder / "empty"
    work.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(root)], check=True)
    python = str(root / "bin" / "python")
    command = [*PIP, "--python", python, "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(command, env=without_own_packages(), check=True)
    packages = root / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    for name in needed("initscale"):
        for source in top_entries(name):
            target = packages / source.name
            if not target.exists():
                target.symlink_to(source)
    return Environment(root, work)
