# Targets a newcomer needs: `make demo`, `make test`, `make check`. Everything is installed into .venv and .tools.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
MUTANTS_STAMP := $(VENV)/.installed-mutants

.PHONY: demo test check install format clean

demo: $(STAMP) prometheus
	@PATH="$(CURDIR)/$(BIN):$(CURDIR)/.tools/prometheus/usr/bin:$$PATH" $(BIN)/lockgate demo $(DEMO_FLAGS)

install: $(STAMP) prometheus

test: $(DEV_STAMP) prometheus browser postgres
	@PATH="$(CURDIR)/$(BIN):$(CURDIR)/.tools/prometheus/usr/bin:$$PATH" $(BIN)/python tools/run_suites.py
	@$(MAKE) --no-print-directory coverage

check: $(DEV_STAMP)
	$(BIN)/ruff check src tests tools bench
	$(BIN)/ruff format --check src tests tools bench
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/house

format: $(DEV_STAMP)
	$(BIN)/ruff format src tests tools bench
	$(BIN)/ruff check --fix src tests tools bench

.PHONY: prometheus browser postgres
prometheus:
	@sh tools/fetch-prometheus

browser:
	@sh tools/fetch-browser

postgres:
	@sh tools/fetch-postgres

# `setuptools` and `wheel` come first, so that building this project asks for nothing that constraints.txt does not pin.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Lockgate needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: install it with your package manager (Debian: apt install python3-venv)"; exit 1; }
	@echo "installing Lockgate into $(VENV) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt setuptools wheel
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): $(STAMP)
	@echo "installing what the tests need into $(VENV) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev]'
	@touch $@

# Every branch of the pure rooms whose answers decide a delivery; docs/explanation/mutants.md.
.PHONY: coverage
coverage: $(DEV_STAMP)
	$(BIN)/coverage run -m pytest -q -m "not hypothesis" tests/lockgate/evaluation tests/lockgate/specs
	$(BIN)/coverage report

# Takes some minutes; a second call goes on where the first one ended. Those that no test noticed are listed at the end.
.PHONY: mutants
mutants: $(MUTANTS_STAMP)
	PATH="$(CURDIR)/$(BIN):$$PATH" nice -n 15 $(BIN)/mutmut run
	@$(BIN)/mutmut results | grep -v 'caught by type check' || true

$(MUTANTS_STAMP): $(DEV_STAMP)
	@echo "installing what the mutants need into $(VENV) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -c constraints.txt --no-build-isolation -e '.[dev,mutants]'
	@touch $@

.PHONY: bench
bench: $(DEV_STAMP)
	$(BIN)/python bench/gate.py

.PHONY: schemas
schemas: $(DEV_STAMP)
	$(BIN)/python tools/write_schemas.py

.PHONY: truth-table
truth-table: $(DEV_STAMP)
	$(BIN)/python -m tests.lockgate.gate.page

.PHONY: journals
journals: $(DEV_STAMP)
	$(BIN)/python tools/record_journals.py

clean:
	rm -rf $(VENV) .tools mutants .coverage .mypy_cache .ruff_cache .pytest_cache

.PHONY: constraints
constraints: $(DEV_STAMP) $(MUTANTS_STAMP)
	@{ head -n 1 constraints.txt; $(BIN)/pip freeze --all --exclude-editable | grep '==' | grep -v '^pip=='; } > constraints.new && mv constraints.new constraints.txt
