# All runs from .venv, which the first target that needs it makes.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test test-ticketing check format lock docs bench up down
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-emit-find-links
ARGS ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: .venv/.installed ## Make .venv with the locked dependencies and the ratchet command

run: .venv/.installed ## Run Ratchet on http://127.0.0.1:8000 (ARGS="--port 9000")
	@exec $(BIN)/ratchet serve $(ARGS)

test: .venv/.installed-dev ## Run the tests (ARGS="tests/audit -x")
	$(BIN)/python -m pytest -n 2 $(ARGS)

test-ticketing: .venv/.installed-dev ## Run the loop against a real Request Tracker and Redmine (installs them, as root)
	tests/ticketing/install.sh
	RATCHET_TEST_TICKETING=1 $(BIN)/python -m pytest --timeout 600 tests/ticketing $(ARGS)

check: .venv/.installed-dev ## What must hold beside the tests: format, lint, types, arrows, migrations, lock
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/ratchet migration --check
	@! grep -nvE '^([A-Za-z0-9][^ ]*==|    (--hash=|#)|#|$$)' requirements*.txt || { echo 'a lock holds more than versions and hashes'; exit 1; }

format: .venv/.installed-dev ## Format the code and mend what the linter can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: .venv/.installed ## Lock again after a change in pyproject.toml (ARGS="--upgrade")
	$(LOCK) $(ARGS) pyproject.toml -o requirements.txt
	$(LOCK) $(ARGS) --group dev -c requirements.txt -o requirements-dev.txt

docs: .venv/.installed ## Write docs/events.md and docs/api again from the code
	$(BIN)/python -m services.documentation

bench: .venv/.installed-dev ## Measure, and write bench/results.json
	$(BIN)/python -m bench.run $(ARGS)

up: .env ## Run it as separate services in containers
	docker compose up --detach --build --wait

down: ## Stop the containers; their data stay
	docker compose down

.env:
	umask 077 && deploy/secrets.sh > $@

.venv/.installed: requirements.txt requirements-uv.txt deploy/venv.sh
	deploy/venv.sh requirements.txt
	@touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.txt
	deploy/venv.sh requirements-dev.txt
	@touch $@
