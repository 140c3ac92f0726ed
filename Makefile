# make help lists the targets. Everything runs in $(VENV), made from a lock with hashes.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
CORES ?= all
# Test processes side by side. What trains is run apart, so that none takes more than 2 GB of memory.
PYTEST_WORKERS ?= 2
KILLS ?= 30
DATA ?=
CONFIG ?=
BIN = $(VENV)/bin
PYTEST = $(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadgroup --no-loadscope-reorder
SNAKEMAKE = $(BIN)/snakemake --cores $(CORES)
# The jobs' own lines say more than Snakemake's description of each.
QUIET = --quiet host rules

.PHONY: help env env-gpu env-clusters env-clusters-gpu test-clusters slurm-test demo demo-full report preflight unlock chr22 pilot first-look motif-detection test test-fast soak check lint types dry-run docs lock conda clean

help: ## Show this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1\t/' | while IFS=$$'\t' read -r t d; do printf '  make %-15s %s\n' "$$t" "$$d"; done

# Takes the first Python that fits; a stub that does not run is passed over. Of an active virtual environment its base is
# taken, because the environment may be the one that is about to be made anew.
define FIND_PYTHON
python=; for candidate in $(PYTHON) python3.12 python3.11 python3 python; do \
  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null; then \
    python=$$("$$candidate" -c 'import sys; print(sys._base_executable)'); break; fi; \
done; \
if [ -z "$$python" ]; then \
  echo "Error: Python 3.11 or 3.12 with its venv module is needed; found: $$(python3 --version 2>&1)." >&2; \
  echo "Hint: install it (Debian: apt-get install python3 python3-venv), or name yours: make env PYTHON=/path/to/python3.12" >&2; exit 1; \
fi
endef

# The stamp is the last thing made, so that an interrupted set-up starts anew.
define MAKE_ENV
	@$(FIND_PYTHON); echo "Setting up $(2) with $$($$python --version) from $(1): one to two minutes, 3 GB of disk"; \
	rm -rf $(2); "$$python" -m venv $(2)
	@$(2)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-compile -r $(1)
	@$(2)/bin/python -W ignore -m compileall -qq -j 0 $(2)/lib # On all cores; pip takes one.
	@$(2)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	@touch $(2)/.ready
endef

env: $(VENV)/.ready ## Set up .venv (TensorFlow and JAX for CPUs)

$(VENV)/.ready: envs/cpu.lock
	$(call MAKE_ENV,envs/cpu.lock,$(VENV))

env-gpu: .venv-gpu/.ready ## Set up .venv-gpu (the same with CUDA); then give VENV=.venv-gpu

.venv-gpu/.ready: envs/gpu.lock
	$(call MAKE_ENV,envs/gpu.lock,.venv-gpu)

env-clusters: .venv-clusters/.ready ## Set up .venv-clusters (.venv with the executors for clusters and clouds)

.venv-clusters/.ready: envs/clusters.lock
	$(call MAKE_ENV,envs/clusters.lock,.venv-clusters)

env-clusters-gpu: .venv-clusters-gpu/.ready ## Set up .venv-clusters-gpu (the same with CUDA)

.venv-clusters-gpu/.ready: envs/clusters-gpu.lock
	$(call MAKE_ENV,envs/clusters-gpu.lock,.venv-clusters-gpu)

demo: env ## Simulate every source, build the arrays, train and evaluate all seven architectures and the factorised models, print the table of all models
	@echo "The demo: about 5 minutes on 2 cores and 3 GB of memory the first time, nothing the second"
	@$(BIN)/tr300m report --configfile config/demo.yaml --cores $(CORES)
	@$(BIN)/tr300m table results/demo/models.tsv --first 9

demo-full: env ## Everything at small size: seeds, controls, splits, both distributions, motif detection, release
	@echo "The full demo: over half an hour on 2 cores and 6 GB of memory the first time, nothing the second"
	@$(SNAKEMAKE) $(QUIET) --configfile config/demo_full.yaml -- all motif_detection release
	@$(BIN)/tr300m report --configfile config/demo_full.yaml
	@cat results/demo_full/truth.md
	@$(BIN)/tr300m table results/demo_full/models.tsv --first 9

report: env ## Complete a run and write its report: make report CONFIG=FILE DATA=FOLDER; without CONFIG, of the demo
	@$(BIN)/tr300m report --configfile "$(or $(CONFIG),config/demo.yaml)" $(if $(DATA),--config data="$(DATA)")

preflight: env ## Check addresses, disk and memory before the full run: make preflight CONFIG=FILE DATA=FOLDER
	@$(BIN)/tr300m preflight $(if $(CONFIG),--configfile "$(CONFIG)") $(if $(DATA),--config data="$(DATA)")

# After a kill Snakemake's lock is left behind.
unlock: env ## Let the next call go on after a killed one
	@$(BIN)/snakemake --unlock

chr22: env ## The same on real chr22: make chr22 DATA=FOLDER
	@if [ -z "$(DATA)" ]; then echo "Error: make chr22 needs a folder of real files. Hint: make chr22 DATA=FOLDER; config/chr22.yaml says what is in it" >&2; exit 1; fi
	@$(SNAKEMAKE) $(QUIET) --configfile config/chr22.yaml --config data="$(DATA)"
	@$(BIN)/tr300m table results/chr22/table1.tsv

first-look: env ## Real genes and tissues of four chromosomes from the network: planned for 300 MB and 15 minutes on 2 cores
	@echo "The first look: planned for at most 300 MB of downloads and 15 minutes on 2 cores, not yet measured"
	@$(BIN)/tr300m report --configfile config/first_look.yaml --cores $(CORES)
	@$(BIN)/tr300m table results/first_look/models.tsv --first 9

pilot: env ## Real genes, tissues and marks of three chromosomes: make pilot DATA=FOLDER
	@if [ -z "$(DATA)" ]; then echo "Error: make pilot needs a folder of real files. Hint: make pilot DATA=FOLDER; config/pilot.yaml says what is in it" >&2; exit 1; fi
	@echo "The pilot: about 9 minutes on 2 cores and 5 GB of memory the first time"
	@$(BIN)/tr300m report --configfile config/pilot.yaml --config data="$(DATA)" --cores $(CORES)
	@$(BIN)/tr300m table results/pilot/models.tsv --first 9

motif-detection: env ## The thesis's Appendix B: plant a motif in random promoters, find it again
	@$(SNAKEMAKE) motif_detection $(QUIET)
	@cat results/motif_detection/metrics.json

test: env ## Run all tests; with TR300M_REALDATA=FOLDER those on real files too
	@$(PYTEST) tests/training
	@$(PYTEST) tests/model tests/evaluation
	@$(PYTEST) --ignore tests/training --ignore tests/model --ignore tests/evaluation

test-clusters: env env-clusters ## Run the tests of the profiles for clusters and clouds; `make test` skips them without .venv-clusters
	@$(PYTEST) tests/clusters

test-fast: env ## Run the tests that take seconds: neither trainings nor Snakemake; about 4 minutes on 2 cores
	@$(PYTEST) -m "not slow and not workflow"

soak: env ## Kill a small run at random moments, KILLS times (30), and compare it with an undisturbed one; half an hour
	@$(BIN)/python tests/soak.py --kills $(KILLS)

slurm-test: env env-clusters ## Run the small configuration through a SLURM that is started for it (as root, with slurm-wlm and munge)
	@$(BIN)/python -m pytest tests/clusters/test_slurm.py

lint: env ## ruff, snakefmt, snakemake --lint
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/snakefmt --check Snakefile workflow
	@$(BIN)/snakemake --lint

types: env ## mypy, strict, on the package
	@$(BIN)/mypy

dry-run: env ## Plan the full run and the demos without doing anything
	@$(BIN)/snakemake --cores 8 results/table1.tsv --dry-run --quiet rules
	@$(SNAKEMAKE) --configfile config/demo.yaml --dry-run --quiet rules
	@$(SNAKEMAKE) --configfile config/demo_full.yaml --dry-run --quiet rules -- all motif_detection release

check: lint types test dry-run ## All of the above checks

docs: env ## Write config/README.md from the schema, and the picture of the imports in docs/architecture.md
	@$(BIN)/tr300m config-doc > config/README.md
	@$(BIN)/python docs/draw_imports.py --write

LOCK = uv pip compile pyproject.toml --universal --fork-strategy fewest --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --no-emit-find-links --quiet --extra dev
lock: ## Resolve the dependencies anew (needs uv)
	$(LOCK) --extra cpu --output-file envs/cpu.lock
	$(LOCK) --extra gpu --output-file envs/gpu.lock
	cp envs/cpu.lock envs/clusters.lock # uv keeps the versions that it finds here, wherever they can stay.
	$(LOCK) --extra cpu --extra clusters --output-file envs/clusters.lock
	cp envs/gpu.lock envs/clusters-gpu.lock
	$(LOCK) --extra gpu --extra clusters --output-file envs/clusters-gpu.lock

conda: env ## Write the conda environments in envs/ from the locks and the imports of the rules
	@$(BIN)/python envs/write_conda.py

clean: ## Delete what the demos, chr22, the pilot and the first look made
	@rm -rf results/demo results/demo_full results/chr22 results/pilot results/first_look
