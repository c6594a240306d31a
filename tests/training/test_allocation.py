"""The allocator's options are accepted where the C library is glibc; how much they save is measured in benchmarks/."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

PROGRAM = "from initscale.training.allocation import keep_freed_memory; print(keep_freed_memory())"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_glibc_accepts_the_options():
    found = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)  # not in ours
    assert found.stdout.strip() == "True"
