# CNN Lab. `make` lists what there is; the first `make run` or `make test` creates .venv and installs into it.

SHELL := /bin/sh
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install --prefer-binary
# More arguments for what a target runs: make run ARGS="--server.port 9000", make test ARGS="-k links".
ARGS :=

# A process a core, each with whole files of tests; no more than four, because a training takes 600 MB. With one more
# than cores the tests took a third longer. The browser's run by themselves afterwards: what they wait for must not
# wait for another test's training.
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadfile
# pytest ends with 5 where ARGS chose no test of this part.
MAY_BE_NONE := $(if $(ARGS),|| [ $$? -eq 5 ])

.DEFAULT_GOAL := help
.PHONY: help run test quick coverage lint format bench clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

run: $(VENV)/run.stamp ## Open CNN Lab in the browser
	$(PY) -m streamlit run streamlit_app.py $(ARGS)

test: $(VENV)/test.stamp ## Run all tests, those in Chromium too
	@$(PY) -m tests.browser.chromium --install
	$(PY) -m pytest -m "not browser" $(SIDE_BY_SIDE) --durations=10 $(ARGS) $(MAY_BE_NONE)
	$(PY) -m pytest -m browser --durations=10 $(or $(ARGS),tests/browser) $(MAY_BE_NONE)

quick: $(VENV)/test.stamp ## Run the tests that need neither a training nor a browser
	$(PY) -m pytest -m "not slow and not browser" $(SIDE_BY_SIDE) $(ARGS)

coverage: $(VENV)/test.stamp ## Measure the branch coverage of the quick tests; they take four times as long
	$(PY) -m pytest -m "not slow and not browser" --cov --cov-report=term:skip-covered $(ARGS)

lint: $(VENV)/test.stamp ## Check style, formatting and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(VENV)/test.stamp ## Mend style and formatting where a tool can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(VENV)/test.stamp ## Measure the figures in the README; JSON lines, also in bench/results/
	@mkdir -p bench/results
	@for file in bench/[a-z]*.py; do \
		name=$$(basename "$$file" .py); \
		if grep -q '__main__' "$$file"; then \
			$(PY) -m "bench.$$name" $(ARGS) > "bench/results/$$name.jsonl" || exit 1; \
			cat "bench/results/$$name.jsonl"; \
		fi; \
	done

clean: ## Remove .venv and everything the tools left; runs and data sets stay
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache \
		.coverage .coverage.* htmlcov screenshots bench/results
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/run.stamp: requirements.txt $(VENV)/created.stamp
	$(PIP) -r requirements.txt
	@touch $@

$(VENV)/test.stamp: requirements-dev.txt $(VENV)/run.stamp
	$(PIP) -r requirements-dev.txt
	@touch $@

# The interpreter: $PYTHON, or the first of the usual names that is 3.11–3.13 and can create an environment.
$(VENV)/created.stamp:
	@for python in $(PYTHON) python3 python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || continue; \
		if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then lacking=$$python; continue; fi; \
		echo "Creating $(VENV) with $$($$python --version)"; \
		rm -rf $(VENV); \
		if "$$python" -m venv $(VENV); then touch $@; exit 0; fi; \
		rm -rf $(VENV); exit 1; \
	done; \
	if [ -n "$$lacking" ]; then \
		echo "$$lacking cannot create an environment: its module venv is missing." >&2; \
		echo "On Debian and Ubuntu: sudo apt-get install python3-venv" >&2; \
	else \
		echo "CNN Lab needs Python 3.11, 3.12 or 3.13, and found none of them." >&2; \
		echo "Install one, or name it: make run PYTHON=/path/to/python3.12" >&2; \
	fi; \
	exit 1
