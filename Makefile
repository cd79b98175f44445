# Every target works from a clean clone; `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAM := .sam-venv/bin/sam
SOURCES := layers/core/headrace cli/headrace_cli localcloud/headrace_local functions tests bench

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | awk -F'\t' '{printf "  make %-14s %s\n", $$1, $$2}'

# The stamp, not the folder: an interrupted install is done again.
$(VENV)/.installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Headrace needs Python 3.11 or newer, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV) || { echo "No venv module: on Debian, apt-get install python3-venv" >&2; exit 2; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local,dev]'
	touch $@

.PHONY: setup
setup: $(VENV)/.installed ## make .venv with the headrace command

# aws-sam-cli pins an old botocore, so it lives alone.
$(SAM): sam-requirements.txt
	$(PYTHON) -m venv .sam-venv
	.sam-venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement sam-requirements.txt
	touch $@

.PHONY: sam
sam: $(SAM) ## make .sam-venv with the sam command

# checkov pins what others pin otherwise, so it lives alone too.
.checkov-venv/.installed: checkov-requirements.txt
	$(PYTHON) -m venv .checkov-venv
	.checkov-venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement checkov-requirements.txt
	touch $@

.PHONY: checkov
checkov: .checkov-venv/.installed ## make .checkov-venv with the checkov command, which reads the templates for what is unsafe

.audit-venv/.installed: audit-requirements.txt
	$(PYTHON) -m venv .audit-venv
	.audit-venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement audit-requirements.txt
	touch $@

# Not part of `check`: it asks PyPI for known vulnerabilities. --strict: what could not be asked about is a failure, not silence.
.PHONY: audit
audit: setup .audit-venv/.installed ## known vulnerabilities of what is installed (needs a network, and PyPI's JSON API)
	.audit-venv/bin/pip-audit --strict --skip-editable --progress-spinner off --path "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

.PHONY: demo
demo: setup ## run examples/lambda-variants on the local cloud, on real reads
	@bash examples/demo.sh

.PHONY: demo-failure
demo-failure: setup ## run examples/failing on the local cloud: what a failed run tells, and how one goes on
	@bash examples/demo-failure.sh

.PHONY: test
# Files stay whole, so that what a file's tests share is made once; in their order, in which the long ones come first.
# What no call needed of all that the stack's roles are granted, in any test, is named at the end.
test: setup sam checkov ## set-up and the whole test suite
	rm -rf build/grants
	GRANTS=build/grants $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m tests.support.grants build/grants

.PHONY: unit
unit: setup ## the fast tests alone
	$(BIN)/python -m pytest tests/unit

# Not part of `test`, which plays a few seeds: SEEDS=200 plays 0 to 199, SEEDS=3,5 and SEEDS=0-99 these, SEED=17 one again.
SEEDS ?= 200
.PHONY: chaos
chaos: setup ## everything goes wrong, for 200 seeds: SEEDS=0-99, or SEED=17 for one again
	SEEDS=$(SEEDS) SEED=$(SEED) $(BIN)/python -m pytest tests/chaos

.PHONY: lint
lint: setup ## format, lint and types
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

.PHONY: format
format: setup ## rewrite the sources in the house format
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix-only --quiet $(SOURCES)

.PHONY: check
check: lint test ## all that CI checks

.PHONY: build
build: sam ## sam build
	PATH="$(CURDIR)/.sam-venv/bin:$$PATH" $(SAM) build

.PHONY: deploy
deploy: build ## sam deploy --guided to your AWS account
	$(SAM) deploy --guided

.PHONY: bench
bench: setup ## run the benchmarks and print their numbers
	@for bench in bench/*.py; do echo "== $$bench"; $(BIN)/python -m "bench.$$(basename "$$bench" .py)" || exit 1; done

.PHONY: clean
clean: ## remove what the targets above made
	rm -rf $(VENV) .sam-venv .checkov-venv .audit-venv .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis
