# Everything happens in .venv, which these targets make and keep up to date with pyproject.toml.
# Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
INSTALL := -m pip install --quiet --disable-pip-version-check
PIP := $(BIN)/python $(INSTALL)
NPM := --silent --no-package-lock --no-audit --no-fund --ignore-scripts
SAY := printf 'tokentape: %s\n'
SDKS := $(VENV)/.sdk-new $(VENV)/.sdk-node
MORE := $(VENV)/.sdk-old $(VENV)/.sdk-litellm $(VENV)/.sdk-agents $(VENV)/.sdk-page
FITS := import sys; sys.exit(sys.version_info < (3, 11))

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint bench reference library clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1@/p' $(MAKEFILE_LIST) | while IFS=@ read -r name text; do printf '  make %-9s %s\n' "$$name" "$$text"; done

demo: $(VENV)/.runtime ## record and replay a stream: ten seconds, no key, no network
	@$(BIN)/tokentape demo

# Tests that measure time carry xdist_group("timing"), so that one worker runs them one after the other.
test: $(VENV)/.dev $(SDKS) ## the tests, but for the long sweeps and the browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow and not browser"

test-all: $(VENV)/.dev $(SDKS) $(MORE) ## all tests, with what needs more SDKs
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup --hypothesis-profile thorough

lint: $(VENV)/.dev ## ruff, mypy and the import contracts (make test runs them too)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## the table of measured limits
	$(BIN)/python -m benchmarks

reference: $(VENV)/.dev ## write docs/reference.md anew
	$(BIN)/python docs/reference.py

library: $(VENV)/.runtime ## the shipped tapes, from cassettes/synth/library.yaml
	@$(BIN)/python -m cassettes.synth.library

clean: ## remove what builds and tests leave; .venv stays
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage *.egg-info
	find . -name $(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.runtime: $(VENV)/.made pyproject.toml
	@$(SAY) "installing into $(VENV)"
	@$(PIP) -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.made pyproject.toml
	@$(SAY) "installing the development tools into $(VENV), a minute or so the first time"
	@$(PIP) -e '.[dev]'
	@touch $@ $(VENV)/.runtime

# The SDKs that tests/sdk runs against, in environments of their own: two majors do not fit into one. Without a network
# their tests are skipped, and said to be; on CI that is a failure. What is imported is compiled then: half the time.
$(VENV)/.sdk-new: tests/sdk/requirements.txt
$(VENV)/.sdk-old: tests/sdk/requirements-old.txt
$(VENV)/.sdk-litellm: tests/sdk/requirements-litellm.txt
$(VENV)/.sdk-agents: tests/sdk/requirements-agents.txt
$(VENV)/.sdk-page: tests/sdk/requirements-page.txt
$(filter-out %-node,$(SDKS)) $(MORE): $(VENV)/.sdk-%: $(VENV)/.made
	@$(SAY) "installing the SDKs of $(filter %.txt,$^) into $(VENV)/sdk-$*"
	@if $(BIN)/python -m venv $(VENV)/sdk-$* && $(VENV)/sdk-$*/bin/python $(INSTALL) --no-compile -r $(filter %.txt,$^); \
	then touch $@; \
	else rm -rf $(VENV)/sdk-$*; $(SAY) "these SDKs cannot be installed: what needs them is skipped, on CI this is an error" >&2; [ "$(CI)" != true ]; fi

$(VENV)/.sdk-node: tests/sdk/package.json $(VENV)/.made
	@if ! command -v node >/dev/null || ! command -v npm >/dev/null; \
	then $(SAY) "no node and npm on this machine: the Node SDKs are not tested"; \
	else $(SAY) "installing the SDKs of $< into $(VENV)/sdk-node"; \
	mkdir -p $(VENV)/sdk-node && cp $< $(VENV)/sdk-node && (cd $(VENV)/sdk-node && npm install $(NPM)) && touch $@ \
	|| { rm -rf $(VENV)/sdk-node; $(SAY) "the Node SDKs cannot be installed: they are not tested" >&2; }; fi

# A good .venv is kept, whoever made it. One without pip is what a Python without ensurepip leaves: it is made again.
$(VENV)/.made:
	@$(BIN)/python -c '$(FITS)' 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1 || { $(make-venv); }
	@touch $@

ifneq ($(shell test -x $(BIN)/python && echo there),there)
.PHONY: $(VENV)/.made # the Python that .venv links to has gone
endif

define make-venv
command -v $(PYTHON) >/dev/null \
|| { $(SAY) "no $(PYTHON) on this machine: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }; \
$(PYTHON) -c '$(FITS)' \
|| { $(SAY) "$(PYTHON) is $$($(PYTHON) -V 2>&1), needed is 3.11 or newer: name another one, as in make PYTHON=python3.12" >&2; exit 1; }; \
$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null && { $(PYTHON) -m venv --clear $(VENV) || { rm -rf $(VENV); false; }; } \
|| { $(SAY) "$(PYTHON) cannot make a .venv: apt-get install python3-venv, or name another one, as in make PYTHON=python3.12" >&2; exit 1; }
endef
