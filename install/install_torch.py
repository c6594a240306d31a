"""Install the pinned torch: the CPU build where there is no NVIDIA GPU, the default index's (CUDA) where there is one.

Runs before anything else is installed, with the Python of the new environment and nothing but its standard library.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path
from typing import NamedTuple

PIN = (Path(__file__).parent / "torch.txt").read_text(encoding="utf-8").strip()
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
SECONDS = 5.0
"""How long the index may take to answer, all in all; it is asked once."""
SIZES = {
    "cpu": "0.2 GB to download; 2 GB on disk with all packages",
    "cuda": "2.7 GB to download (sizes on PyPI, torch 2.13.0 and what it requires); 6 GB on disk with all packages",
    "macos": "0.1 GB to download; 2 GB on disk with all packages",
}
_NVIDIA_SMI = ("nvidia-smi", "/usr/lib/wsl/lib/nvidia-smi")
"""The driver's own program; WSL keeps it outside of PATH."""


class Choice(NamedTuple):
    """Which build is installed: index (None: pip's default), and what is said before."""

    index: str | None
    words: str


def choose(system: str, has_gpu: bool, wanted: str, index: str, answers) -> Choice:
    """The build for a machine.

    Parameters
    ----------
    system : ``Linux`` (WSL included) or ``Darwin``.
    wanted : ``auto``, or ``cpu`` or ``default`` to decide by hand.
    answers : function of an index that says whether it answers; called at most once.
    """
    if wanted == "default":
        return Choice(None, f"{PIN} from pip's default index, as asked")
    if system == "Darwin":
        return Choice(None, f"{PIN} for macOS (CPU and Apple's GPU) from pip's default index: {SIZES['macos']}")
    if has_gpu and wanted == "auto":
        return Choice(None, f"{PIN} with CUDA for the NVIDIA GPU found here, from pip's default index: {SIZES['cuda']}")
    if answers(index):
        return Choice(index, f"{PIN}, CPU build, from {index}: {SIZES['cpu']}")
    return Choice(
        None, f"{PIN} from pip's default index, since {index} does not answer; it may be CUDA's: {SIZES['cuda']}"
    )


def has_nvidia_gpu() -> bool:
    """Whether NVIDIA's driver sees a GPU."""
    for program in _NVIDIA_SMI:
        try:
            done = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20, check=False)
        except (OSError, subprocess.TimeoutExpired):
            continue
        if done.returncode == 0 and "GPU" in done.stdout:
            return True
    return False


def index_answers(index: str, seconds: float = SECONDS) -> bool:
    """Whether an index answers for torch within so many seconds, name look-up and redirects included."""
    found: list[bool] = []

    def ask() -> None:
        request = urllib.request.Request(f"{index}/torch/", method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                found.append(answer.status == 200)
        except (OSError, ValueError):
            found.append(False)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(seconds)
    return bool(found and found[0])


def main(arguments: list[str] | None = None) -> int:
    """Say what is installed, install it with pip's own progress bar, return pip's exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", choices=["auto", "cpu", "default"], default="auto")
    parser.add_argument("--cpu-index", default=CPU_INDEX)
    parser.add_argument("pip", nargs="*", help="further arguments of pip, behind --")
    options = parser.parse_args(arguments)
    needs_gpu = options.build == "auto" and platform.system() != "Darwin"
    has_gpu = needs_gpu and has_nvidia_gpu()
    choice = choose(platform.system(), has_gpu, options.build, options.cpu_index.rstrip("/"), index_answers)
    print(choice.words, flush=True)
    source = ["--index-url", choice.index] if choice.index else []
    # what the CPU build requires is in requirements.lock, with hashes; CUDA's libraries are pinned by torch itself
    source += ["--no-deps"] if choice.index else []
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *source, *options.pip, PIN]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
