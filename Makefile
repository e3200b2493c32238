# Everything starts here. Only Python 3.11+ and make must be there; `make` alone lists the targets.
# Each recipe is a line; what is more than a line lives in notebooks/tools/.

PORT ?= 8080
# Of doctor and classroom. Not ?=, since some shells have variables of these names.
HOST := 127.0.0.1
TITLE := Django Channels
NAME :=
WORKERS ?= 1
SERVER ?= daphne
ARGS ?=
LESSON ?=
ONLY ?=
SECONDS ?=
CASES ?= 100000
export PORT LESSON

# A learner's settings for other projects stay out of this one.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONDONTWRITEBYTECODE PIP_USER PIP_TARGET PIP_PREFIX UV_PYTHON
unexport JUPYTER_PATH JUPYTER_CONFIG_PATH UV_SYSTEM_PYTHON UV_TARGET VIRTUAL_ENV CONDA_PREFIX DJANGO_SETTINGS_MODULE PYTEST_ADDOPTS
export PYTHONNOUSERSITE := 1
export JUPYTER_PREFER_ENV_PATH := 1

# Relative, and run as modules: a clone may live in a folder with spaces in its name.
TOOL := cd notebooks && ../.venv/bin/python -m

.PHONY: help lab serve classroom doctor pages assignments test lint outputs bench faults attacks soak class fuzz constraints clean setup python client
.NOTPARALLEL:
.DEFAULT_GOAL := help

help:  ## list the targets
	@echo "Django Channels, live in a notebook. Start with: make lab"
	@sed -n 's/^\([a-z]*\):.*## /  make \1 # /p' Makefile | tr '#' '\t' | expand -t 20

lab: setup  ## open JupyterLab on lesson 00 (ARGS=--no-browser)
	@$(TOOL) tools.lab $(ARGS)

serve: setup client  ## run the finished demo_project with its Valkey (PORT=8080 WORKERS=1)
	@$(TOOL) channels_lab serve --port "$(PORT)" --workers "$(WORKERS)" --server "$(SERVER)" $(ARGS)

# With any Python, and without a set-up: what is broken is what it is asked about.
doctor: python  ## check this machine and the room's network before a class (HOST=0.0.0.0 PORT=8080)
	@cd notebooks && PYTHONIOENCODING=utf-8 python3 -m tools.doctor --host "$(HOST)" --port "$(PORT)"

pages: setup  ## make the lessons pages to print or to show offline, in notebooks/pages/ (LESSON=03)
	@$(TOOL) tools.pages $(LESSON) $(ARGS)

assignments: setup  ## write the lessons as assignments for nbgrader (LESSON=03)
	@$(TOOL) tools.assignments $(LESSON)

classroom: export TITLE := $(TITLE)
classroom: export NAME := $(NAME)
classroom: setup client  ## teach a class with it (HOST=0.0.0.0 opens it to the room, PORT, TITLE, NAME)
	@$(TOOL) channels_lab classroom --host "$(HOST)" --port "$(PORT)" --title "$$TITLE" --name "$$NAME" \
	  --workers "$(WORKERS)" --server "$(SERVER)" $(ARGS)

test: setup client  ## run every check: lint, types, tests, all lessons, the browser
	@env -u REDIS_URL -u DATABASE_URL .venv/bin/python -m pytest $(ARGS)

lint: setup  ## check style and types; ARGS=--fix mends what can be mended
	@.venv/bin/python -m ruff check $(ARGS) .
	@.venv/bin/python -m ruff format $(if $(filter --fix,$(ARGS)),,--check) .
	@.venv/bin/python -m mypy
	@$(TOOL) tools.imports
	@$(TOOL) tools.shape

outputs: setup  ## run the lessons again and store their outputs (LESSON=03)
	@$(TOOL) tools.outputs $(LESSON)

# ARGS are for the one that ONLY names.
bench: setup client  ## recording, boards in a browser, reports to a class, broadcasts beside other servers (ONLY=broadcast)
	$(if $(filter-out recording board classroom reports broadcast,$(ONLY)),$(error ONLY is recording, board, classroom, reports or broadcast))
	@$(if $(filter-out recording,$(ONLY)),,$(TOOL) tools.bench_recording $(if $(ONLY),$(ARGS)))
	@$(if $(filter-out board,$(ONLY)),,$(TOOL) tools.bench_board $(if $(ONLY),$(ARGS)))
	@$(if $(filter-out classroom,$(ONLY)),,$(TOOL) tools.bench_classroom $(if $(ONLY),$(ARGS)))
	@$(if $(filter-out reports,$(ONLY)),,$(TOOL) tools.bench_reports $(if $(ONLY),$(ARGS)))
	@$(if $(filter-out broadcast,$(ONLY)),,cd demo_project && ../.venv/bin/python -m account.tests.broadcast $(if $(ONLY),$(ARGS)))

faults: setup  ## break one thing after the other, and what clients see of it (SECONDS=10)
	@cd demo_project && ../.venv/bin/python -m account.tests.matrix $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

attacks: setup  ## attack a real server, and what normal clients notice of it (SECONDS=60)
	@cd demo_project && ../.venv/bin/python -m account.tests.attacks $(if $(SECONDS),--seconds $(SECONDS))

soak: setup  ## clients come and go for ten minutes: what piles up (SECONDS=600)
	@cd demo_project && ../.venv/bin/python -m account.tests.soak $(if $(SECONDS),--seconds $(SECONDS))

class: setup  ## simulate a class of 300 whose server is killed: what its board shows (SECONDS=300)
	@cd demo_project && DJANGO_SETTINGS_MODULE=myproject.settings ../.venv/bin/python -m classroom.tests.simulate \
	  $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

fuzz: setup  ## send 100,000 malformed frames to a real server (CASES=100000)
	@env -u REDIS_URL -u DATABASE_URL FUZZ_CASES="$(CASES)" .venv/bin/python -m pytest -n0 -s \
	  demo_project/account/tests/test_fuzz.py $(ARGS)

constraints: setup  ## resolve requirements.txt again (ARGS=--upgrade)
	@grep -v '^-c' requirements.txt | .venv/bin/python -m uv pip compile - --quiet --universal \
	  --python-version 3.11 --custom-compile-command 'make constraints' --output-file constraints.txt $(ARGS)

clean:  ## remove what the targets made, .venv included
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache notebooks/.screenshots notebooks/.bench notebooks/pages frontend/dist frontend/node_modules frontend/.angular
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +

setup: python
	@python3 notebooks/tools/setup.py

python:
	@command -v python3 >/dev/null 2>&1 || { echo 'There is no python3 on PATH: install Python 3.11' \
	  'or newer from https://www.python.org/downloads/, then run the same command again.' >&2; exit 1; }

# Only when its sources changed. It says why when it cannot be built; the plain page works all the same.
client: setup
	@$(TOOL) tools.frontend || true
