# Every target sets itself up: a virtual environment in .venv with pinned versions.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.PHONY: setup demo test check lint bench bench-venvs accept deploy-setup deploy-check clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --editable '.[embedded,train,dev,deploy,deid]'
	touch $(STAMP)

demo: $(STAMP)  ## Start the embedded stack, replay a simulated ward, show the ranking
	$(BIN)/cardiostream demo $(ARGS)

# Stacks are started two at a time, each module's in one process; what needs no other program runs in two processes beside
# them, stepping back, and says what came of it at the end. ARGS may select tests of one kind only, so that none of the
# other are found (exit 5).
TWO = $(BIN)/python -m pytest --numprocesses 2
define both
@log=$$(mktemp); nice -n 10 $(TWO) --dist worksteal -m "$(1)" $(ARGS) > $$log 2>&1 & beside=$$!; \
$(TWO) --dist loadfile -m "$(2)" $(ARGS); stacks=$$?; wait $$beside; beside=$$?; cat $$log; rm -f $$log; \
test $$stacks -eq 0 -o $$stacks -eq 5 && test $$beside -eq 0 -o $$beside -eq 5
endef

test: $(STAMP)  ## Everything that needs nothing special
	$(call both,not kafka and not realdata and not embedded and not orthanc,(embedded or orthanc) and not kafka and not realdata)

# Each of these starts a stack of its own and mostly waits, for feeds at a pace and for sessions to end: two at once.
accept: $(STAMP)  ## The suites on Apache Kafka (KAFKA_HOME) and on public data (CARDIOSTREAM_DATA)
	$(TWO) --dist worksteal -m "kafka or realdata" $(ARGS)

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test  ## Before every commit

DEPLOY_VENV ?= .venv-deploy

deploy-check: $(STAMP) $(DEPLOY_VENV)/.installed  ## The rendered chart and the Dockerfile before checkov; the rest is in tests/deploy
	$(BIN)/python -m tests.deploy.rendered --to $(DEPLOY_VENV)/rendered
	$(DEPLOY_VENV)/bin/checkov --config-file deploy/checkov.yaml --directory $(DEPLOY_VENV)/rendered

deploy-setup: $(DEPLOY_VENV)/.installed

# Its dependencies clash with the project's.
$(DEPLOY_VENV)/.installed: deploy/checkov.txt
	test -x $(DEPLOY_VENV)/bin/python || $(PYTHON) -m venv $(DEPLOY_VENV)
	$(DEPLOY_VENV)/bin/python -m pip install --quiet --requirement deploy/checkov.txt
	touch $@

BENCH_STAMP := $(VENV)/.bench-installed

bench: $(BENCH_STAMP)  ## Measure CardioStream and its peers side by side; prints a table
	$(BIN)/python -m bench.run $(ARGS)

$(BENCH_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	touch $(BENCH_STAMP)

# Peers whose dependencies clash with the project's; without them the table says that they are left out.
bench-venvs: .venv-bench/quix/.installed .venv-bench/pathway/.installed

.venv-bench/%/.installed: bench/peers/%.txt
	test -x .venv-bench/$*/bin/python || $(PYTHON) -m venv .venv-bench/$*
	.venv-bench/$*/bin/python -m pip install --quiet --requirement $<
	touch $@

clean:
	rm -rf $(VENV) .venv-bench $(DEPLOY_VENV) .cardiostream .mypy_cache .ruff_cache .pytest_cache
