# tod-bench: `make quickstart` and `make test` do all the set-up themselves.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Two workers: the suite is sized for two cores.
WORKERS ?= 2
PYTEST_ARGS ?=

.PHONY: help quickstart test lint types bench bare clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.train: pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[train,report]'
	touch $@

$(VENV)/.all: pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[all,dev]'
	touch $@ $(VENV)/.train

quickstart: $(VENV)/.train  ## set up, then make a Table 6 on the embedded corpus
	$(VENV)/bin/tod-bench run quickstart --workers 2

# A thread a worker: several for each of two workers on two cores wait for one another, ten times as long as they compute.
test: export OMP_NUM_THREADS ?= 1
test: $(VENV)/.all  ## set up, then run the tests
	$(VENV)/bin/python -m pytest --numprocesses $(WORKERS) --dist worksteal $(PYTEST_ARGS)

lint: $(VENV)/.all  ## format, lint and layering
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/lint-imports

types: $(VENV)/.all  ## strict types
	$(VENV)/bin/mypy

bench: $(VENV)/.all  ## CPU benchmarks
	$(VENV)/bin/python -m benchmarks

bare: $(VENV)/.all  ## install the wheel without extras into a fresh environment and run every verb there
	rm -rf build/bare
	$(VENV)/bin/python -m build --wheel --outdir build/bare .
	$(PYTHON) -m venv build/bare/venv
	build/bare/venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt build/bare/*.whl
	TOD_BENCH_BARE_PYTHON=$(CURDIR)/build/bare/venv/bin/python $(VENV)/bin/python -m pytest tests/test_bare_install.py

clean:  ## remove the environment and caches
	rm -rf $(VENV) build/bare .mypy_cache .ruff_cache .hypothesis .import_linter_cache
