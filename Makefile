# Every command sets up what it needs first; nothing has to be installed but Python ≥ 3.11, npm and make.
PYTHON ?= python3
# `python -m …` throughout: the first line of an installed script may not be longer than 127 characters.
VENV := .venv/bin/python
# Each worker takes half of the files, in their order, so that what a file sets up is set up once; then it helps the other.
PYTEST_OPTIONS ?= -n 2 --dist worksteal
LOCK = UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV) -m uv pip compile pyproject.toml --quiet --upgrade \
	--universal --python-version=3.11 --generate-hashes

.DEFAULT_GOAL := help
.PHONY: help setup assets messages messages-compile demo run test lint bench reset lock

help:  ## This list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/:.*## /\t/' | expand -t 20

setup:  ## The virtual environment and the front-end packages, as locked
	@command -v $(PYTHON) >/dev/null || { echo "Vigie needs Python 3.11 or newer: $(PYTHON) is not there."; exit 1; }
	@$(PYTHON) scripts/setup.py

assets: setup
	@if [ -e scripts/assets.py ]; then $(VENV) scripts/assets.py; fi

messages-compile: setup
	@$(VENV) scripts/messages.py compile

messages: setup  ## Bring the French catalogue up to date with the sources, and compile it
	@$(VENV) scripts/messages.py update
	@$(VENV) scripts/messages.py compile

demo: assets messages-compile  ## Vigie with two simulated Moodle sites and demo people
	@exec $(VENV) -m config.launch demo --follow-parent

run: assets messages-compile  ## Vigie for development, on DATABASE_URL and REDIS_URL or servers of its own
	@exec $(VENV) -m config.launch run --follow-parent

test: lint  ## The checks, then every test, those in a browser included
	@VIGIE_CHROMIUM="$$($(VENV) scripts/chromium.py)" && export VIGIE_CHROMIUM && \
		exec $(VENV) -m pytest $(PYTEST_OPTIONS)

lint: assets messages-compile  ## The checks alone
	@$(VENV) scripts/lint.py

bench: assets messages-compile  ## The speed figures, as lines `name value`
	@$(VENV) -m config.launch exec bench -- $(VENV) -m benchmarks

reset:  ## Forget var/: the data, the secrets and the logs of demo and run
	@if [ -x $(VENV) ]; then $(VENV) -m config.launch reset; else rm -rf var; fi

lock: setup  ## Pin the newest allowed versions again, for every Python and system at once
	@$(LOCK) --output-file=requirements/base.txt
	@$(LOCK) --all-extras --constraint=requirements/base.txt --output-file=requirements/dev.txt
	@npm install --package-lock-only
