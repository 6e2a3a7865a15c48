# make test    run the tests            make demo    the tour, on the data that ship with the package
# make check   lint, types, docs-check  make bench   the figures of benchmarks/
# make format  mend what ruff can       make generate  write the generated files anew
# make docs    build docs/_build/html   make docs-test  look at it with Chromium, if there is one
# Every target installs what it needs into $(VENV) first, and again when pyproject.toml changes.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
# Arguments for pytest, as in `make test ARGS="tests/sky -k pole"`, and for the demo.
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
YAML_FILES := schemas registry .pre-commit-config.yaml .yamllint.yaml
TEXT_FILES := astropile benchmarks docs demo schemas registry $(wildcard *.md) pyproject.toml

.PHONY: help test demo check lint format types docs-check docs docs-test generate bench wheel clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# One stamp an extra: `.installed-test` is newer than pyproject.toml once `.[test]` is in.
$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	$(PIP) install --editable '.[$*]'
	@touch $@

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses $(JOBS) $(ARGS)

demo: $(VENV)/.installed-plot
	$(BIN)/astropile demo $(ARGS)

check: lint types docs-check

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

docs-check: $(VENV)/.installed-dev $(VENV)/.installed-test
	$(BIN)/numpydoc lint $$(find astropile -name '*.py')
	$(BIN)/codespell $(TEXT_FILES)
	$(BIN)/yamllint --strict $(YAML_FILES)
	$(BIN)/python -m pytest --quiet -m generated tests

# Most pages are made from schemas/ and registry/. All are read anew (-E): no warning stays hidden.
docs: $(VENV)/.installed-docs
	$(BIN)/python -m astropile.site docs docs/_build/source
	$(BIN)/sphinx-build -E -W --keep-going -n --quiet --jobs $(JOBS) \
		docs/_build/source docs/_build/html
	@echo "documentation: docs/_build/html/index.html"

docs-test: docs $(VENV)/.installed-test
	ASTROPILE_SITE=docs/_build/html $(BIN)/python -m pytest -m browser tests/site $(ARGS)

generate: $(VENV)/.installed-dev
	$(BIN)/python -m astropile.schema

bench: $(VENV)/.installed-bench
	@set -e; for file in benchmarks/bench_*.py; do \
		echo "== $$file"; $(BIN)/python "$$file" $(ARGS); \
	done

wheel: $(VENV)/.installed-dev
	$(BIN)/python -m build --outdir dist

clean:
	rm -rf build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis $(VENV)/.installed-*
	find astropile tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
