# All commands of this project; `make help` lists them.
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
BOKEH ?= 3.4.3 3.5.2 3.6.3 3.7.3 3.8.2 3.9.2
DISTRIBUTIONS := libs/bokeh_common services/auth services/plots services/data services/gc services/web client server
PYPROJECTS := $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
# In the order of upgrades: a service comes after those that it calls.
SERVICES := auth plots data gc gc-worker web
NEW_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(shell $(p) $(NEW_ENOUGH) 2>/dev/null && echo $(p))))
# pip's own output has a line for each library that is there already, several times.
PROGRESS := awk '/^Collecting / {print "  " $$2; fflush()} /^Installing collected/ {print "  installing " NF - 3 " packages"; fflush()}'
INSTALL := set -o pipefail; install() { $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --constraint constraints.txt "$$@" | $(PROGRESS); }; install

# Processes start in two thirds of the time from cached byte code, and tests start hundreds of them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup run test lint attack bench stills dist test-dist test-matrix test-ecosystem test-faults soak up upgrade down test-compose test-failures
.DEFAULT_GOAL := help

help: ## list what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

setup: $(VENV)/.run ## make .venv and install the cloud and the client into it

run: $(VENV)/.run ## start the embedded cloud on http://localhost:5006 with sample plots
	@$(BIN)/bokeh-cloud serve $(ARGS)

test: $(VENV)/.dev ## run all tests that pytest finds (ARGS="..." are pytest's), four at a time; not test-compose, test-dist, test-matrix
	@tests/system-packages
	@$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev ## ruff and mypy, and Biome and TypeScript where Node.js is installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy *.py tests libs/*/bokeh_* services/*/bokeh_* client/bokeh_cloud server/bokeh_cloud_server
	@for folder in libs/*/tests services/*/tests client/tests server/tests; do $(BIN)/mypy $$folder || exit; done
	@tests/lint-scripts

attack: $(VENV)/.dev ## attack all parsers that clients can reach with generated inputs, for five minutes (ARGS="SECONDS SEED")
	@$(BIN)/python -m tests.security.attack $(ARGS)

soak: $(VENV)/.dev ## publish while garbage is collected, for ten minutes (ARGS=60 for one) on each server; append
	@tests/system-packages
	@$(BIN)/python -m tests.support.concurrent_appends
	@$(BIN)/python -m tests.garbage.soak $(ARGS)

bench: $(VENV)/.dev ## measure, as ratios against a peer in the same run
	@tests/system-packages
	@$(BIN)/python -m tests.bench $(ARGS)

stills: $(VENV)/.dev ## make the pictures of the README from a running cloud (5 GB of memory, 3 GB of disk)
	@tests/system-packages
	@$(BIN)/python -m tests.stills

up: ## start the full cloud in containers, on http://localhost:8080
	@docker compose up --detach --wait $(ARGS)

upgrade: ## replace its services, one after the other, by newer images, so that no request fails
	@for service in $(SERVICES); do docker compose up --detach --wait --no-deps $(ARGS) $$service || exit; done

down: ## end it; what it keeps stays (ARGS=--volumes deletes it)
	@docker compose down $(ARGS)

test-compose: $(VENV)/.dev ## the API's specification, and a person's way, against a cloud in containers
	@tests/system-packages
	@$(BIN)/python -m pytest $(ARGS) tests/compose/check_*.py

test-failures: $(VENV)/.dev ## kill and restart parts of a cloud in containers under load, which takes minutes
	@COMPOSE_THOROUGH=1 $(BIN)/python -m pytest -s $(ARGS) tests/compose/check_failures.py

test-faults: $(VENV)/.dev ## faults of a cloud with 1,000 accounts and 10,000 plots (PERCENT=1 for a hundredth)
	@tests/system-packages
	@FAULTS_PERCENT=$(or $(PERCENT),100) $(BIN)/python -m pytest $(ARGS) tests/faults

dist: $(VENV)/.run ## build wheels of all distributions in dist/
	@rm -rf dist
	@$(BIN)/python -m pip wheel -q --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist $(addprefix ./,$(DISTRIBUTIONS))

test-dist: $(VENV)/.dev dist ## install the wheels into empty environments, publish with them, serve with them
	@$(BIN)/python -m pytest $(ARGS) tests/wheels/check_wheels.py

test-matrix: $(VENV)/.dev ## the client's tests with each Bokeh (BOKEH="3.4.3 3.9.2")
	@tests/matrix $(BOKEH)

test-ecosystem: $(VENV)/.dev ## figures of HoloViews, hvPlot, Panel and other libraries, published and compared with their own exports
	@tests/system-packages
	@tests/ecosystem/run $(ARGS)

$(VENV)/bin/python:
	@$(or $(PYTHON),false) $(NEW_ENOUGH) 2>/dev/null || { echo "Bokeh Cloud needs Python 3.11 or newer: install it, or say where it is, as in make run PYTHON=/opt/python3.13/bin/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

$(VENV)/.run: $(VENV)/bin/python constraints.txt $(PYPROJECTS)
	@echo "Installing into $(VENV), which takes some minutes the first time ..."
	@$(INSTALL) hatchling editables
	@$(INSTALL) --no-build-isolation $(addprefix --editable=./,$(DISTRIBUTIONS))
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@$(INSTALL) --requirement requirements-dev.txt
	@$(INSTALL) --no-build-isolation --editable='./libs/bokeh_common[redis,azure,testing,tracing]'
	@touch $@
