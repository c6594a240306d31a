# make figures            every figure at the default scale (laptop)
# make figures SCALE=smoke CORES=2
# make test | lint | docs | clean | lock
SCALE ?= laptop
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
PYTHON ?= python3
# Processes that share the tests, a file at a time; 0 for one after another in this process
TESTERS ?= 2
# Extra arguments for pip, for example PIP_ARGS="--extra-index-url https://download.pytorch.org/whl/cpu"
PIP_ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: figures test lint docs format clean lock install

figures: $(INSTALLED)
	$(BIN)/snakemake --cores $(CORES) all_figures --config scale=$(SCALE)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n $(TESTERS) --dist loadfile --no-loadscope-reorder --durations 12

lint: $(INSTALLED)
	$(BIN)/ruff check lib scripts tests benchmarks website
	$(BIN)/ruff format --check lib scripts tests benchmarks website
	$(BIN)/snakefmt --check workflow

# The documentation site, into build/site. A broken link or an unknown name in a docstring is an error.
docs: $(INSTALLED)
	$(BIN)/mkdocs build --strict --config-file website/mkdocs.yml

format: $(INSTALLED)
	$(BIN)/ruff check --fix lib scripts tests benchmarks website
	$(BIN)/ruff format lib scripts tests benchmarks website
	$(BIN)/snakefmt workflow

install: $(INSTALLED)

$(INSTALLED): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the locked packages into $(VENV): about 2 GB of disk (6 GB with CUDA), 2 to 15 minutes; pip is quiet until it has finished"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# Results stay; they are the expensive part. Remove results/<scale> by hand if you mean it.
clean:
	rm -rf $(VENV) .snakemake .pytest_cache .ruff_cache lib/*.egg-info build

# Resolve anew from pyproject.toml, in a fresh environment. Local version labels (+cpu) are dropped, so that every
# platform takes its own build of the same release.
lock:
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet 'torch==2.13.0' '.[workflow,export,docs,dev]' setuptools
	$(VENV)-lock/bin/python -m pip uninstall --quiet --yes initscale
	(echo "# Exact versions of the environment; made by \`make lock\` with $$($(PYTHON) --version)."; \
	 $(VENV)-lock/bin/python -m pip list --format=freeze --exclude pip | sed -E 's/\+[a-z0-9.]+$$//') > requirements.lock
	rm -rf $(VENV)-lock
