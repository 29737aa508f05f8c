# make alone lists the targets. Everything generated lands in report/build (and .venv, data/mnist).

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules --jobs=$(shell nproc)
unexport PYTHONDONTWRITEBYTECODE MAKEFLAGS SKIP_FIGURES
export SOURCE_DATE_EPOCH ?= 0

PYTHON ?= python3
PY := .venv/bin/python
BUILD := report/build
NOTEBOOKS := problem4_mnist problem3_mlp problem2_linear problem1_compgraph# the longest first
EXECUTED := $(NOTEBOOKS:%=$(BUILD)/%.ipynb)
MODULES := common.py figures.py
SWEEP := $(addprefix tools/,run.py lock.py inprocess.py point.py grid.py sweep.py table.py study.py)
ENV := .venv/installed
DATA := $(BUILD)/data.done

# MNIST_DIR is remembered in data.done: unset means as before, another folder means another build.
MNIST_DIR ?= $(file < $(DATA))
export MNIST_DIR

.PHONY: help report figures study html data env tex test test-slow mutants lint format strip lab screenshots bench bench-large handin clean FORCE

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: $(BUILD)/report.pdf  ## everything: environment, TeX, data, notebooks, figures, report/build/report.pdf

figures: $(EXECUTED)  ## run the four notebooks: figures and numbers in report/build

data: | $(ENV)  ## put MNIST at hand (MNIST_DIR, data/mnist, mirrors, or 5000 images from a package)
	$(PY) -m tools.fetch

env: $(ENV)  ## .venv from requirements.lock

$(ENV): requirements.lock
	$(PYTHON) tools/setup.py environment

tex:  ## what LaTeX needs, from apt.txt
	@$(PYTHON) tools/setup.py tex

ifneq ($(MNIST_DIR),$(file < $(DATA)))
$(DATA): FORCE
endif
$(DATA): tools/fetch.py data/datasets.json | $(ENV)
	$(PY) -m tools.fetch
	@mkdir -p $(@D); echo "$(MNIST_DIR)" > $@

$(BUILD)/%.ipynb: %.ipynb $(MODULES) tools/run.py tools/lock.py report/figures.mplstyle $(ENV) | $(DATA)
	$(PY) -m tools.run $< $(BUILD)

$(BUILD)/problem2_linear.ipynb: separability.py data/set2.csv
$(BUILD)/problem3_mlp.ipynb: separability.py data/set3.csv
$(BUILD)/problem4_mnist.ipynb: handwriting.py $(wildcard data/handwritten/*.json data/handwritten/mine/*.json) $(DATA)

study: $(BUILD)/study.done  ## the sweeps that the report shows: widths, seeds, training-set sizes

$(BUILD)/study.done: $(BUILD)/problem3_mlp.ipynb $(BUILD)/problem4_mnist.ipynb $(SWEEP)
	@touch $@.began
	$(PY) -m tools.study
	@mv $@.began $@  # older than a source that was changed while it ran

$(BUILD)/report.pdf: report/report.tex tools/report.py $(EXECUTED) $(BUILD)/study.done
	@$(PYTHON) tools/setup.py tex
	$(PY) -m tools.report

html: $(BUILD)/html/index.html  ## the four notebooks and an overview as web pages, report/build/html/index.html

$(BUILD)/html/index.html: $(EXECUTED) tools/pages.py $(wildcard report/html/* $(BUILD)/report.pdf)
	$(PY) -m tools.pages

test: env tex $(DATA)  ## all tests but the slow ones
	$(PY) -m pytest -m "not slow"

test-slow: env tex $(DATA)  ## the slow tests
	$(PY) -m pytest -m slow

mutants: env $(BUILD)/report.pdf  ## take each protection out, one at a time, and see its tests fail; ten minutes
	PYTHONPATH=. $(PY) tests/mutants.py

lint: env  ## ruff, mypy, docstrings, notebooks without outputs
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/numpydoc lint common.py figures.py separability.py handwriting.py explore/*.py tools/*.py data/*.py
	.venv/bin/nbstripout --verify problem*.ipynb

format: env  ## format modules and notebooks
	.venv/bin/ruff check --fix-only .
	.venv/bin/ruff format .

strip: env  ## take the outputs out of the notebooks
	.venv/bin/nbstripout problem*.ipynb

lab: env $(DATA)  ## open JupyterLab
	.venv/bin/jupyter lab

screenshots: env $(DATA)  ## pictures of the widgets for the README, from the browser tests
	$(PY) -m pytest tests/test_browser.py -k "problem" --screenshots docs

bench: env $(DATA)  ## speed beside PyTorch, scikit-learn and others (they must be installed), report/build/bench
	PYTHONPATH=. $(PY) benchmarks/speed.py

bench-large: env $(DATA)  ## larger than memory, and cost against size; wants 7 GB in TMPDIR
	PYTHONPATH=. $(PY) benchmarks/large.py

handin: $(BUILD)/report.pdf  ## the zip that the homework asks for
	$(PY) -m tools.handin

clean:  ## remove what was generated (not .venv, not data/mnist)
	rm -rf $(BUILD)
