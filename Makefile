# tod-bench: `make quickstart` and `make test` do all the set-up themselves.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# Two workers: the suite is sized for two cores.
WORKERS ?= 2
PYTEST_ARGS ?=

.PHONY: help quickstart test lint types bench clean

help:  ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(VENV)/.train: pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[train]'
	touch $@

$(VENV)/.all: pyproject.toml constraints.txt
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable '.[all,dev]'
	touch $@ $(VENV)/.train

quickstart: $(VENV)/.train  ## set up, then make a Table 6 on the embedded corpus
	$(VENV)/bin/tod-bench run quickstart --jobs 2

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

clean:  ## remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis .import_linter_cache
