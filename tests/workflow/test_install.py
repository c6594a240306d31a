"""Which build of torch `make` installs, with stand-ins for indexes on this machine's own network."""

from __future__ import annotations

import base64
import hashlib
import http.server
import importlib.util
import os
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest
from conftest import REPOSITORY

spec = importlib.util.spec_from_file_location("install_torch", REPOSITORY / "install" / "install_torch.py")
install_torch = importlib.util.module_from_spec(spec)
spec.loader.exec_module(install_torch)
VERSION = install_torch.PIN.partition("==")[2]


def fake_wheel(folder: Path, version: str) -> Path:
    """A package of the name torch that holds nothing but its version."""
    info = f"torch-{version}.dist-info"
    files = {
        "torch.py": f"__version__ = '{version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for name, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(text)}")
    path = folder / f"torch-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr(f"{info}/RECORD", "\n".join([*lines, f"{info}/RECORD,,"]))
    return path


class Index:
    """A package index on the loopback with one wheel of torch; it counts what it is asked."""

    def __init__(self, folder: Path, version: str, silent: bool = False):
        (folder / "torch").mkdir(parents=True)
        wheel = fake_wheel(folder / "torch", version)
        page = f'<!DOCTYPE html><html><body><a href="{wheel.name.replace("+", "%2B")}">{wheel.name}</a></body></html>'
        (folder / "torch" / "index.html").write_text(page)
        self.heads = 0
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=str(folder))

            def do_HEAD(self):
                outer.heads += 1
                if silent:
                    time.sleep(4)
                super().do_HEAD()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def cpu_index(tmp_path):
    index = Index(tmp_path / "cpu", f"{VERSION}+cpu")
    yield index
    index.close()


@pytest.fixture
def default_index(tmp_path):
    index = Index(tmp_path / "default", VERSION)
    yield index
    index.close()


def choice(system="Linux", has_gpu=False, wanted="auto", answers=True) -> tuple[str | None, str, int]:
    asked = []
    found = install_torch.choose(system, has_gpu, wanted, "INDEX", lambda index: asked.append(index) or answers)
    return found.index, found.words, len(asked)


@pytest.mark.parametrize(
    ("machine", "index", "word", "asked"),
    [
        ({}, "INDEX", "CPU build", 1),
        ({"answers": False}, None, "does not answer", 1),
        ({"has_gpu": True}, None, "CUDA", 0),
        ({"has_gpu": True, "wanted": "cpu"}, "INDEX", "CPU build", 1),
        ({"wanted": "default"}, None, "as asked", 0),
        ({"system": "Darwin"}, None, "macOS", 0),
    ],
)
def test_choice(machine, index, word, asked):
    found, words, times = choice(**machine)
    assert (found, times) == (index, asked)
    assert word in words
    assert "\n" not in words
    assert "GB" in words or machine.get("wanted") == "default"


@pytest.mark.parametrize(
    ("output", "code", "expected"), [("GPU 0: H100", 0, True), ("", 0, False), ("failed", 9, False)]
)
def test_a_gpu_is_what_the_driver_lists(tmp_path, monkeypatch, output, code, expected):
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\necho '{output}'\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setattr(install_torch, "_NVIDIA_SMI", ("/nowhere/nvidia-smi", str(program)))
    assert install_torch.has_nvidia_gpu() is expected


def test_the_index_is_asked_once_and_not_for_long(tmp_path, cpu_index):
    assert install_torch.index_answers(cpu_index.url)
    assert cpu_index.heads == 1
    assert not install_torch.index_answers(f"{cpu_index.url}/nothing/here")
    silent = Index(tmp_path / "silent", VERSION, silent=True)
    assert not install_torch.index_answers(silent.url, seconds=0.3)
    silent.close()
    assert not install_torch.index_answers(silent.url)
    assert install_torch.SECONDS <= 5


def installed(tmp_path: Path, cpu: str, default: Index, *arguments: str) -> tuple[str, str]:
    """Run the script with a new environment's Python; what it said, and the version that is there then."""
    root = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
    own = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": default.url, "no_proxy": "127.0.0.1", "PATH": str(tmp_path)}
    command = [str(root / "bin" / "python"), str(REPOSITORY / "install" / "install_torch.py"), "--cpu-index", cpu]
    done = subprocess.run([*command, *arguments], env=kept | own, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    version = [str(root / "bin" / "python"), "-c", "import torch; print(torch.__version__)"]
    return done.stdout, subprocess.run(version, capture_output=True, text=True, check=True, env=kept).stdout.strip()


def test_without_a_gpu_the_cpu_index_serves(tmp_path, cpu_index, default_index):
    said, version = installed(tmp_path, cpu_index.url, default_index, "--build", "cpu")
    assert version == f"{VERSION}+cpu"
    assert said.startswith(f"torch=={VERSION}, CPU build, from {cpu_index.url}: 0.2 GB")
    assert cpu_index.heads == 1


def test_when_it_does_not_answer_the_default_index_serves(tmp_path, cpu_index, default_index):
    cpu_index.close()
    said, version = installed(tmp_path, cpu_index.url, default_index, "--build", "cpu")
    assert version == VERSION
    assert said.splitlines()[0].startswith(f"torch=={VERSION} from pip's default index, since {cpu_index.url}")


def test_make_installs_torch_first_and_all_else_by_hash(tmp_path):
    done = subprocess.run(
        ["make", "-n", "install", f"VENV={tmp_path / 'venv'}"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    steps = [line for line in done.stdout.splitlines() if "pip install" in line or "install_torch" in line]
    assert "install/install_torch.py --build auto" in steps[0]
    assert "--require-hashes -r requirements.lock" in steps[1]
    assert "--no-deps" in steps[2]
    assert len(steps) == 3
    assert "requirements-dev.lock" not in done.stdout
    tests = subprocess.run(
        ["make", "-n", "test", f"VENV={tmp_path / 'venv'}"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert "--require-hashes -r requirements-dev.lock" in tests.stdout
