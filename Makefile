# One command per job. `make` alone prints this menu; every target installs what it needs.
.DEFAULT_GOAL := menu
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

menu:  ## this menu
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.venv/.run: requirements/run.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Consentry needs Python 3.11 or newer; none was found on the PATH."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { \
		echo "Python can't make a virtual environment here. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/run.txt
	$(BIN)/python -m pip install --quiet --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.develop: .venv/.run requirements/develop.txt
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/develop.txt
	@touch $@

setup: .venv/.develop  ## make the environment in .venv/, tools included

lock: .venv/.develop  ## pin the dependencies of pyproject.toml anew, with hashes
	$(BIN)/python tools/lock.py

.PHONY: menu setup lock

migration: .venv/.develop  ## write a migration for changed tables: make migration M="add x"
	$(BIN)/python tools/migration.py "$(M)"
	$(BIN)/ruff format src/consentry/storage/migrations/versions
