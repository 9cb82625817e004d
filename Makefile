# make demo    see Cartfolk at work with a simulated shop     (flags: make demo ARGS="--once --json")
# make test    everything tested
# Every target prepares .venv in the checkout by itself; nothing is installed outside of it.

ARGS ?=
BIN := .venv/bin

.PHONY: setup demo test test-medusa check bench screenshots wheel clean

setup: .venv/ready

.venv/ready: requirements.txt requirements-dev.txt pyproject.toml scripts/setup
	@scripts/setup

demo: setup
	@$(BIN)/cartfolk demo $(ARGS)

test: setup
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile $(ARGS)

test-medusa: setup
	CARTFOLK_MEDUSA=1 $(BIN)/python -m pytest tests/test_medusa_store.py $(ARGS)

check: setup
	$(BIN)/ruff check .
	$(BIN)/mypy cartfolk bench
	$(BIN)/lint-imports
	$(BIN)/python scripts/translations.py --check

.venv/bench: requirements-bench.txt .venv/ready
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet -r requirements-bench.txt && touch .venv/bench

bench: setup .venv/bench
	@$(BIN)/python -m bench $(ARGS)

screenshots: setup
	$(BIN)/python scripts/screenshots.py $(ARGS)

wheel: setup
	$(BIN)/python -m build --wheel $(ARGS)

clean:
	rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
