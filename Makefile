# One command per job. `make` alone prints this menu; every target installs what it needs.
.DEFAULT_GOAL := menu
SHELL := /bin/sh
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.14; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --no-user --disable-pip-version-check
CODE := src tests tools $(wildcard bench)
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
WORKERS ?= $(shell expr $(CORES) + $(CORES) / 2)# tests of processes that die and sleep wait much of their time
PYTEST := $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadscope

# The caller's own Python settings don't reach into our environment.
unexport PYTHONPATH PYTHONHOME PYTHONWARNINGS PYTHONDONTWRITEBYTECODE VIRTUAL_ENV PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV

menu:  ## this menu
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# --- the environment

.venv/.run: requirements/run.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Consentry needs Python 3.11 or newer; none was found on the PATH."; exit 1; }
	@echo "Making the environment in .venv/; it takes a minute or two, once."
	@sh tools/venv.sh $(PYTHON)
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.develop: .venv/.run requirements/develop.txt
	@echo "Adding the tools for work and tests."
	@$(PIP) --require-hashes -r requirements/develop.txt
	@touch $@

.venv/.chromium: .venv/.develop tools/chromium.sh tools/curl.sh
	@sh tools/chromium.sh
	@sh tools/curl.sh
	@touch $@

.venv/.peers: .venv/.develop tests/peers/oidc-provider/package-lock.json requirements/node.txt
	@sh tools/peers.sh
	@touch $@

setup: .venv/.develop  ## make the environment in .venv/, tools included

peers: .venv/.peers  ## install the authorization server that tests speak with

# --- to run it

demo: .venv/.run  ## see the whole story happen, start to end, without a browser
	@$(BIN)/consentry demo

serve: .venv/.run  ## start Consentry with the sandbox, and print the address
	@$(BIN)/consentry up --sandbox

# --- to work on it

fix: .venv/.develop  ## put the code in order
	@$(BIN)/ruff check --quiet --fix $(CODE)
	@$(BIN)/ruff format --quiet $(CODE)

check: .venv/.develop  ## everything that can be said about the code without running it
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/ruff format --quiet --check $(CODE)
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --quiet 2>/dev/null || $(BIN)/lint-imports
	@$(BIN)/python tools/leaks.py
	@echo "ruff, mypy, import layers and the search for secrets: nothing found."

ifdef T
test: .venv/.develop  ## all tests, as CI runs them; or some: make test T=tests/unit
	@$(BIN)/python -m pytest -q $(T)
else
test: .venv/.develop .venv/.chromium .venv/.peers check
	@$(PYTEST)
endif

journeys: .venv/.develop .venv/.chromium .venv/.peers  ## the journeys alone: real processes, a real browser
	@$(PYTEST) tests/journeys

soak: .venv/.develop .venv/.chromium .venv/.peers  ## the long form of the proofs: many rounds, every step
	@CONSENTRY_SOAK=1 $(BIN)/python -m pytest -v -n $(CORES) --dist load --durations 20 -m soak

bench: .venv/.develop  ## measure, on SQLite and PostgreSQL, and print the figures
	@$(BIN)/python bench/figures.py
	@$(BIN)/python bench/figures.py --postgres
	@$(BIN)/python bench/datasets.py
	@$(BIN)/python bench/sources.py
	@$(BIN)/python bench/sources.py --postgres first idle due
	@$(BIN)/python bench/destinations.py
	@$(BIN)/python bench/destinations.py --postgres requests rate

docs: .venv/.develop  ## write the reference anew, and check every link
	@$(BIN)/python tools/reference.py
	@$(BIN)/python tools/links.py

screenshots: .venv/.develop .venv/.chromium  ## take the pictures in docs/images anew
	@$(BIN)/python tools/screenshots.py

migration: .venv/.develop  ## write a migration for changed tables: make migration M="add x"
	@$(BIN)/python tools/migration.py "$(M)"
	@$(BIN)/ruff format --quiet src/consentry/storage/migrations/versions

connector: .venv/.develop  ## begin a connector: make connector N=name
	@$(BIN)/python tools/connector.py "$(N)"

lock: .venv/.develop  ## pin the dependencies of pyproject.toml anew, with hashes
	@$(BIN)/python tools/lock.py

release: .venv/.develop check  ## build the wheel and the source archive into dist/
	@rm -rf dist
	@$(BIN)/hatchling build -t wheel -t sdist

.PHONY: menu setup peers demo serve fix check test journeys soak bench docs screenshots migration connector lock release
