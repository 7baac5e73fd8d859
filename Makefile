# What a contributor needs. `make demo` and `make test` set up all that they use.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start many processes; each would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# Of pytest: one more than two cores, since many tests wait for something.
WORKERS ?= 3

.PHONY: demo serve test lint unit bench fuzz chaos cluster docs format clean servers

demo: $(VENV)/.installed  ## break a little service, watch it being repaired
	@$(BIN)/python demo/demo.py

serve: $(VENV)/.installed  ## the same, and keep it up to try things
	@$(BIN)/python demo/demo.py --keep

test:  ## everything that CI asks for
	@$(MAKE) --no-print-directory -j 2 $(VENV)/.dev servers
	@$(MAKE) --no-print-directory -j 2 unit lint

lint: $(VENV)/.dev
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/ruff format --check --quiet remediator
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > .lint-imports.log || { cat .lint-imports.log; exit 1; }
	@rm -f .lint-imports.log

unit: $(VENV)/.dev
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -p no:cacheprovider -rfEs

bench: $(VENV)/.dev  ## measure, compare with the floor and, where installed, with webhook
	@$(BIN)/python benchmarks/bench.py

fuzz: $(VENV)/.dev  ## a million bodies, a hundred thousand rule files, a thousand examples a property
	@$(BIN)/python tests/fuzz/fuzz_webhook.py --bodies 1000000 --seed 1
	@$(BIN)/python tests/fuzz/fuzz_rules.py --files 100000 --seed 1
	@STRANGE_PLACES=1000 $(BIN)/python -m pytest -n $(WORKERS) -k strange_answer tests/integration/kubernetes
	@HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest -n $(WORKERS) --timeout 3000 tests/unit tests/fuzz

chaos: $(VENV)/.dev  ## every failpoint, and 200 kills
	@$(BIN)/python -m pytest -m chaos -s --timeout 3000

cluster: $(VENV)/.dev  ## scenarios on the cluster that KUBECONFIG names
	@$(BIN)/python -m pytest -m cluster -rs

docs: $(VENV)/.dev  ## write the reference pages and the JSON Schemas again
	@$(BIN)/python -m remediator.cli.reference docs config/schemas

format: $(VENV)/.dev
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet remediator

# Prometheus, Alertmanager, a D-Bus daemon and sshd are only used by tests, which say so when they are missing.
servers:
	@for program in prometheus prometheus-alertmanager dbus-daemon /usr/sbin/sshd; do command -v $$program >/dev/null || exec .ci/servers; done

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; make PYTHON=python3.12 ...")'
	@echo "making $(VENV) ..." && $(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing remediator (once) ..." && $(BIN)/pip install -q -e .
	@touch $@

$(VENV)/.dev: pyproject.toml | $(VENV)/bin/python
	@echo "installing what the tests need (once) ..." && $(BIN)/pip install -q -e '.[dev]'
	@touch $@ $(VENV)/.installed

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis dist build
