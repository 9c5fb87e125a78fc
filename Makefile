# What a developer does here. `make run ARGS="--port 3100 --data-dir X"` passes options to `langfuse-app up`.
PYTHON ?= python3
BIN := .venv/bin
QUERIES ?= --peers phoenix,mlflow
unexport PYTHONDONTWRITEBYTECODE # without bytecode each of our processes would compile 2 s of libraries at each start
.PHONY: run env test fast long lint types bench bench-peers docs screenshots lock wheel clean
.DEFAULT_GOAL := run

run: ## the whole system on http://localhost:3000
	@$(PYTHON) scripts/bootstrap.py requirements.lock
	@exec $(BIN)/langfuse-app up $(ARGS)

env: ## .venv with everything a developer needs
	@$(PYTHON) scripts/bootstrap.py requirements-dev.lock

test: env ## everything but the long rounds
	$(BIN)/pytest -m "not long" $(ARGS)

fast: env ## what a change needs at once
	$(BIN)/pytest -m "not slow and not api and not browser and not clients and not long" $(ARGS)

long: env ## crash rounds, outages, soak
	LONG_RUN_REPORT=docs/long-run.md $(BIN)/pytest -m long $(ARGS)

lint: env ## style and the contracts between floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: env
	$(BIN)/pyright

bench: env ## speed, of reads beside Phoenix and MLflow too; figures go to bench/results. QUERIES= asks nobody else
	$(BIN)/python -m bench $(ARGS)
	$(BIN)/python -m bench.queries $(QUERIES)

bench-peers: env ## ingestion of Phoenix and MLflow beside it
	$(BIN)/python -m bench.peers $(ARGS)

docs: env ## the generated pages of docs/
	$(BIN)/python scripts/make_docs.py

screenshots: env ## docs/screenshots, every page, light and dark, wide and narrow
	$(BIN)/python scripts/make_screenshots.py

lock: env ## both lock files from pyproject.toml
	scripts/lock.sh

wheel: env ## dist/*.whl with the built UI inside
	$(BIN)/python scripts/make_wheel.py

clean: ## everything that can be made again
	rm -rf .venv .web .states build dist .pytest_cache .ruff_cache .hypothesis
