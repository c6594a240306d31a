# make figures            every figure at the default scale (laptop)
# make figures SCALE=smoke CORES=2
# make test | lint | docs | clean | lock | install | develop
SCALE ?= laptop
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
PYTHON ?= python3
# Processes that share the tests, a file at a time; 0 for one after another in this process
TESTERS ?= 2
# Extra arguments for pip
PIP_ARGS ?=
# Build of torch: auto (CPU without an NVIDIA GPU), cpu, or default (whatever pip's default index has)
TORCH ?= auto
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The same with the tools for tests, style and documentation
DEVELOPED := $(VENV)/.developed
PIP := $(BIN)/python -m pip install --disable-pip-version-check

.PHONY: figures test lint docs format clean lock install develop

figures: $(INSTALLED)
	$(BIN)/snakemake --cores $(CORES) all_figures --config scale=$(SCALE)

test: $(DEVELOPED)
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder --durations 12

lint: $(DEVELOPED)
	$(BIN)/ruff check lib scripts tests benchmarks website install setup.py
	$(BIN)/ruff format --check lib scripts tests benchmarks website install setup.py
	$(BIN)/snakefmt --check workflow
	$(BIN)/mypy

# The documentation site, into build/site. A broken link or an unknown name in a docstring is an error.
docs: $(DEVELOPED)
	$(BIN)/mkdocs build --strict --config-file website/mkdocs.yml

format: $(DEVELOPED)
	$(BIN)/ruff check --fix lib scripts tests benchmarks website install setup.py
	$(BIN)/ruff format lib scripts tests benchmarks website install setup.py
	$(BIN)/snakefmt workflow

install: $(INSTALLED)

develop: $(DEVELOPED)

# Linux, macOS, and Windows in WSL. First torch, pinned, in the build that fits the machine; then all else by hash.
$(INSTALLED): requirements.lock install/torch.txt install/install_torch.py pyproject.toml
	@uname -s | grep -qE 'Linux|Darwin' || { echo "Linux or macOS is needed; on Windows use WSL"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	@echo "1 of 3: torch. In all 2 to 15 minutes; 2 GB of disk without a GPU, 6 GB with CUDA"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python install/install_torch.py --build $(TORCH) -- $(PIP_ARGS)
	@echo "2 of 3: the locked packages, 0.2 GB to download"
	$(PIP) $(PIP_ARGS) --require-hashes -r requirements.lock
	@echo "3 of 3: this project"
	$(PIP) --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DEVELOPED): $(INSTALLED) requirements-dev.lock
	@echo "Tools for tests, style and documentation, 0.2 GB to download"
	$(PIP) $(PIP_ARGS) --require-hashes -r requirements-dev.lock
	touch $@

# Results stay; they are the expensive part. Remove results/<scale> by hand if you mean it.
clean:
	rm -rf $(VENV) .snakemake .mypy_cache .pytest_cache .ruff_cache lib/*.egg-info build

# Resolve anew from pyproject.toml, in a fresh environment, with the hashes of every file of every release: they serve any
# platform. torch and the libraries that its CUDA build brings stay out; they depend on the machine.
FREEZE = $(VENV)-lock/bin/python -m pip list --format=freeze --exclude pip --exclude initscale --exclude torch \
    | grep -vE '^(nvidia|cuda|triton)'
HASHES = $(VENV)-lock/bin/uv pip compile --no-deps --generate-hashes --no-header --no-annotate --quiet
lock:
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet -r install/torch.txt '.[workflow,export]' setuptools
	$(FREEZE) > $(VENV)-lock/run.in
	$(VENV)-lock/bin/python -m pip install --quiet '.[docs,dev]'
	$(FREEZE) | grep -vxFf $(VENV)-lock/run.in > $(VENV)-lock/dev.in
	$(VENV)-lock/bin/python -m pip install --quiet uv
	(echo "# What the library, the workflow and TensorBoard's export need; made by \`make lock\`. torch: install/torch.txt."; \
	 $(HASHES) $(VENV)-lock/run.in) > requirements.lock
	(echo "# What tests, style and documentation need besides requirements.lock; made by \`make lock\`."; \
	 $(HASHES) $(VENV)-lock/dev.in) > requirements-dev.lock
	rm -rf $(VENV)-lock
