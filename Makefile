# Every target sets up what it needs, once; a second run goes straight to work.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Only what is imported is compiled, when it is, and kept: pip would take a minute for all that is installed.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help demo test check lint docs pages bench bench-peers fuzz install
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-compile --constraint constraints.txt --editable '.[test,docs]'
	@touch $@

demo: $(READY)  ## derivatives, fits and solutions of sin(x); pictures in demo/
	@$(BIN)/python examples/demo.py

test: $(READY)  ## run the tests
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist worksteal  # one thread for each worker

check: $(READY)  ## what CI runs: lint, types, documentation, tests, two of them at a time
	$(MAKE) --jobs 2 --output-sync=target lint pages test

lint: $(READY)  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(READY)  ## build the documentation, warnings being errors, into build/docs
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -q docs build/docs

pages: $(READY)  ## the same but for the examples' pictures; the tests run the examples
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -W --keep-going -q -D plot_gallery=0 docs build/pages

fuzz: $(READY)  ## read 200,000 random texts
	$(BIN)/python -m tests.language.fuzzing 200000

install:  ## build a wheel and install it into a fresh environment, build/env
	rm -rf build/env
	$(PYTHON) -m venv build/env
	build/env/bin/python -m pip install --quiet --constraint constraints.txt .
	build/env/bin/pinnlite derive "x**2+1" --at 1,2,3,4

bench: $(READY)  ## calibrate, measure, and renew the tables of README and docs: minutes, and 12 GB
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -m long -n auto
	$(BIN)/python -m benchmarks.fits
	$(BIN)/python -m benchmarks.derivatives --long
	$(BIN)/python -m benchmarks.solving
	$(BIN)/python -m benchmarks.page
	$(BIN)/python docs/picture.py

build/peers/.ready: benchmarks/peers.txt
	$(PYTHON) -m venv build/peers
	build/peers/bin/python -m pip install --quiet --requirement benchmarks/peers.txt
	@touch $@

bench-peers: $(READY) build/peers/.ready  ## the same beside DeepXDE and neurodiffeq, up to two minutes for each problem
	$(BIN)/python -m benchmarks.peers build/peers/bin/python
	$(BIN)/python -m benchmarks.page
