# The front door of the house: `make` lists what it opens.
#
#   PYTHON  the interpreter that .venv is made of (3.11 or newer)
#   VENV    where the environment lives
#   ARGS    handed on to the command, as in  make test ARGS="tests/laws -k join"

PYTHON  ?= python3
VENV    ?= .venv
WORKERS ?= 2
ARGS    ?=

BIN     := $(VENV)/bin
INSTALL := $(VENV)/.tamesu-install
DEV     := $(VENV)/.tamesu-dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test check lint types imports docs audit site format soak bench reference examples dashboard pictures lock clean distclean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# Environments -------------------------------------------------------------------------------------

install: $(INSTALL) ## .venv with Tamesu and what serves and judges: .venv/bin/tamesu, .venv/bin/python

$(INSTALL): requirements/install.txt pyproject.toml scripts/environment.py
	@$(old_python)
	@$(PYTHON) scripts/environment.py $(VENV) install

$(DEV): requirements/dev.txt requirements/torch.txt pyproject.toml scripts/environment.py
	@$(old_python)
	@$(PYTHON) scripts/environment.py $(VENV) dev

# Said here and not in Python, so that the oldest interpreter can still say it.
old_python = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "Tamesu needs Python 3.11 or newer, got: $$($(PYTHON) --version 2>&1)"; \
	echo "hint: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }

# The two commands ---------------------------------------------------------------------------------

demo: $(INSTALL) ## the whole loop on real logged data, about two minutes, ends with a summary
	@$(BIN)/tamesu data open-bandit >&2
	@$(BIN)/tamesu demo $(ARGS)

test: $(DEV) ## every test but the soak
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

# Checks -------------------------------------------------------------------------------------------

check: lint types imports docs audit ## lint, format, types, architecture, docs, locks

lint: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)
	$(BIN)/mypy
	$(BIN)/basedpyright

imports: $(DEV)
	$(BIN)/lint-imports --no-logo --no-cache

docs: $(DEV) site
	$(BIN)/pytest tests/arch

site: $(DEV) ## the pages of docs as a site, in build/site; warnings end it
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html docs build/site

audit: $(DEV) ## locks pinned, hashed, installed so; ARGS=--advisories looks up vulnerabilities
	$(BIN)/python scripts/audit.py $(ARGS)

format: $(DEV) ## write the format and the fixes that ruff is sure of
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The long ones ------------------------------------------------------------------------------------

soak: $(DEV) ## the long crash, load and property campaigns
	TAMESU_TEST_PROFILE=soak $(BIN)/pytest -m soak -o timeout=3600 $(ARGS)
	TAMESU_TEST_PROFILE=soak $(BIN)/pytest -n $(WORKERS) -o timeout=3600 tests/laws

bench: $(DEV) ## ratios measured side by side; writes docs/benchmarks.md
	$(BIN)/python bench/run.py $(ARGS)

# Upkeep -------------------------------------------------------------------------------------------

reference: $(DEV) ## write the generated pages of docs/reference anew
	$(BIN)/python scripts/reference.py

examples: $(DEV) ## send the examples of the API once more, and write down what is answered
	$(BIN)/python scripts/examples.py

dashboard: $(DEV) ## write the Grafana dashboard anew
	$(BIN)/python scripts/dashboard.py

pictures: $(DEV) ## draw the pictures of docs/explanation anew
	$(BIN)/python scripts/pictures $(ARGS)

lock: $(DEV) ## resolve pyproject.toml into requirements/*.txt anew
	$(BIN)/python -m pip install --quiet --require-hashes --requirement requirements/lock.txt
	$(BIN)/python scripts/lock.py $(ARGS)

clean: ## remove caches and build results
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## also remove the environment
	rm -rf $(VENV)
