# Every action has a name, every name one line. The first call sets everything up; later calls are quick.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
export PYTHONDONTWRITEBYTECODE ?= 0

.PHONY: help demo docs bench test test-browser test-all explore chaos check format lock clean

help:           ## What there is to do
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 16

demo: $(READY)  ## The whole story on this machine; no account needed. PROVIDER=lumin (or another) plays that one
	@$(BIN)/esign demo $(if $(PROVIDER),--provider $(PROVIDER))

test: $(READY)  ## The tests that need nothing but Python, with one provider; files side by side, each file in its order
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile -m "not browser and not slow and not postgres and not providers"

test-browser: $(READY)  ## A person's way through the signing pages, in headless Chromium
	@$(BIN)/python -m pytest -q -m browser

test-all: $(READY)  ## What takes longer or needs a service (all providers, kill tests, Postgres); a missing service fails
	@ESIGN_TEST_ALL=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m providers
	@ESIGN_TEST_ALL=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "hypothesis and not (providers or slow or postgres or browser)"
	@ESIGN_TEST_ALL=1 sh tests/postgres.sh $(BIN)/python -m pytest -q -m "(slow or postgres) and not browser"

explore: $(READY)  ## All properties with examples nobody has tried yet; what fails becomes an @example of its test
	@ESIGN_TEST_ALL=1 ESIGN_TEST_EXPLORE=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile -m "hypothesis and not (providers or slow or postgres or browser)"

chaos: $(READY)  ## 200 batches sent while processes, provider and database fail (needs Postgres); SEEDS=17 repeats one
	@sh tests/postgres.sh $(BIN)/python -m tests.chaos $(or $(SEEDS),1-200)

check: $(READY)  ## Lint, format, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: $(READY)  ## Put the code into shape
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

docs: $(READY)  ## Print the tables in docs/ from the code
	@$(BIN)/python -m cli.provider_page > docs/providers.md
	@$(BIN)/python -m tests.contract.coverage > docs/coverage.md
	@test ! -e benchmarks/results/final.json || $(BIN)/python -m benchmarks.table benchmarks/results/final.json docs/performance.md

bench: $(READY)  ## What sending costs, side by side: table, JSON, plot. FULL=1 adds 100,000 rows
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	@$(BIN)/python -m benchmarks $(if $(FULL),--full)
	@$(BIN)/python -m benchmarks.plot benchmarks/results/latest.json benchmarks/results/latest.png

lock: $(READY)  ## Write the exact versions of this environment into constraints.txt
	@$(BIN)/python -m pip freeze --exclude-editable --exclude prefect-esign | grep -v ' @ ' > constraints.txt

clean:          ## Remove the environment and what the demo left
	@rm -rf $(VENV) .esign

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "$(PYTHON) is missing or older than Python 3.11: install a newer one and name it, as in 'make demo PYTHON=python3.12'." >&2; exit 2; }
	@echo "Setting up $(VENV) (once; a minute or two) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
	  echo "$(PYTHON) cannot make a virtual environment: install its venv package (on Debian: apt-get install python3-venv)." >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)
