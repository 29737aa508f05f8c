# make alone lists the targets. Everything generated lands in report/build (and .venv, data/mnist).

ifneq ($(filter 3.%,$(MAKE_VERSION)),)
$(error this needs GNU make 4; on macOS type: brew install make, and then gmake instead of make)
endif

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifndef LOCKED
MAKEFLAGS += --jobs=$(shell getconf _NPROCESSORS_ONLN)
endif
unexport PYTHONDONTWRITEBYTECODE MAKEFLAGS LOCKED SKIP_FIGURES
export SOURCE_DATE_EPOCH ?= 0

PYTHON ?= python3
PY := .venv/bin/python
BIN = $(dir $(PY))
BUILD := report/build
NOTEBOOKS := problem4_mnist problem3_mlp problem2_linear problem1_compgraph# the longest first
EXECUTED := $(NOTEBOOKS:%=$(BUILD)/%.ipynb)
STUDY := $(BUILD)/results/study.json
ROOT_MODULES := $(wildcard *.py) $(NOTEBOOKS:%=%.ipynb)
ROOMS := explore sweep tools data tests benchmarks
ENV := .venv/installed
DATA := $(BUILD)/data.done

# MNIST_DIR is remembered in data.done: if it is not set, the build goes on with the same folder,
# and another folder means another build.
MNIST_DIR ?= $(file < $(DATA))
export MNIST_DIR

# One build at a time. If something is to be done, a second make does it, and holds a lock on this
# file until it and whatever it started have ended.
UNDER_LOCK = exec $(PYTHON) tools/lock.py Makefile
build = $(if $1,+@export MAKEFLAGS="$(MAKEFLAGS)" LOCKED=yes; $(MAKE) -q $1 || $(UNDER_LOCK) $(MAKE) $1)

.PHONY: help report figures study html data env tex test test-slow mutants lint format strip lab
.PHONY: screenshots bench bench-large handin clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

report:  ## everything: environment, TeX, data, notebooks, figures, report/build/report.pdf
	$(call build,$(BUILD)/report.pdf)

figures:  ## run the four notebooks: figures and numbers in report/build
	$(call build,$(EXECUTED))

study:  ## the sweeps that the report shows: widths, seeds, training-set sizes
	$(call build,$(STUDY))

html:  ## the four notebooks and an overview as web pages, report/build/html/index.html
	$(call build,$(BUILD)/html/index.html)

env:  ## .venv from requirements.lock
	$(call build,$(ENV))

tex:  ## what LaTeX needs, from apt.txt
	@$(PYTHON) tools/setup.py tex

data: env  ## make MNIST available (MNIST_DIR, data/mnist, mirrors, or 5000 images from a package)
	$(PY) -m tools.fetch

test: tex  ## all tests but the slow ones
	$(call build,$(DATA))
	$(PY) -m pytest -m "not slow"

test-slow: tex  ## the slow tests
	$(call build,$(DATA))
	$(PY) -m pytest -m slow

mutants: report  ## take each protection out, one at a time, and see its tests fail
	$(PY) -m pytest tests/mutants.py

lint: env  ## ruff, mypy, docstrings, notebooks without outputs
	$(BIN)ruff check $(ROOMS)
	$(BIN)ruff check --line-length 88 $(ROOT_MODULES)
	$(BIN)ruff format --check $(ROOMS)
	$(BIN)ruff format --check --line-length 88 $(ROOT_MODULES)
	$(BIN)mypy
	$(BIN)numpydoc lint $(wildcard *.py explore/*.py sweep/*.py tools/*.py data/*.py)
	$(BIN)nbstripout --verify problem*.ipynb

format: env  ## format modules and notebooks
	$(BIN)ruff check --fix-only $(ROOMS) $(ROOT_MODULES)
	$(BIN)ruff format $(ROOMS)
	$(BIN)ruff format --line-length 88 $(ROOT_MODULES)

strip: env  ## take the outputs out of the notebooks
	$(BIN)nbstripout problem*.ipynb

lab:  ## open Problem 1 in JupyterLab
	$(call build,$(DATA))
	$(BIN)jupyter lab problem1_compgraph.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

screenshots: html  ## pictures of the widgets, for the README and to be looked at
	$(PY) -m tools.screenshots

bench:  ## speed beside PyTorch, scikit-learn and others (they must be installed), report/build/bench
	$(call build,$(DATA))
	PYTHONPATH=. $(PY) benchmarks/speed.py

bench-large:  ## training on more than fits in memory, cost against size; needs 7 GB in TMPDIR
	$(call build,$(DATA))
	PYTHONPATH=. $(PY) benchmarks/large.py

handin: report  ## the zip that the homework asks for
	$(PY) -m tools.handin

clean:  ## remove what was generated (not .venv, not data/mnist)
	@$(UNDER_LOCK) rm -rf $(BUILD)

# What is made from what.

$(ENV): requirements.lock
	$(PYTHON) tools/setup.py environment

ifneq ($(MNIST_DIR),$(file < $(DATA)))
.PHONY: $(DATA)
endif
$(DATA): data/datasets.json | $(ENV)
	$(PY) -m tools.fetch
	@mkdir -p $(@D); echo "$(MNIST_DIR)" > $@

$(BUILD)/%.ipynb: %.ipynb report/figures.mplstyle $(ENV) | $(DATA)
	$(PY) -m tools.run $< $(BUILD)

$(STUDY): $(BUILD)/problem3_mlp.ipynb $(BUILD)/problem4_mnist.ipynb
	$(PY) -m tools.study

$(BUILD)/report.pdf: report/report.tex $(EXECUTED) $(STUDY)
	@$(PYTHON) tools/setup.py tex
	$(PY) -m tools.report

$(BUILD)/html/index.html: $(EXECUTED) $(wildcard report/html/* explore/*.js explore/*.css)
$(BUILD)/html/index.html: $(wildcard $(BUILD)/report.pdf)
	$(PY) -m tools.pages

# A number for what the student's own digits are: it changes if a file changes, comes or goes.
MINE := $(BUILD)/mine.cksum
mine := $(shell cd data/handwritten/mine 2>/dev/null && cksum *.json 2>/dev/null | cksum)
ifneq ($(mine),$(file < $(MINE)))
.PHONY: $(MINE)
endif
$(MINE):
	@mkdir -p $(@D); echo "$(mine)" > $@

# Which data and which modules each of these needs; a test compares the modules with the imports.

$(EXECUTED): common.py figures.py results.py tools/run.py
$(EXECUTED): $(patsubst %,sweep/%.py,__init__ inprocess notebook parameters sources)
$(EXECUTED): $(patsubst %,explore/%.py,__init__ steps widget)
$(BUILD)/problem2_linear.ipynb: points.py verdicts.py data/make_points.py data/set2.csv
$(BUILD)/problem3_mlp.ipynb: points.py verdicts.py data/make_points.py data/set3.csv
$(BUILD)/problem4_mnist.ipynb: explore/saved.py handwriting.py $(DATA)
$(BUILD)/problem4_mnist.ipynb: data/handwritten/strokes.json $(MINE)
$(DATA): common.py $(patsubst %,tools/%.py,__init__ fetch lock)
$(STUDY): common.py figures.py results.py tools/study.py tools/optimum.py $(wildcard sweep/*.py)
$(BUILD)/report.pdf: common.py tools/markdown.py tools/report.py
$(BUILD)/html/index.html: common.py figures.py
$(BUILD)/html/index.html: $(patsubst %,tools/%.py,__init__ pages svg)
$(BUILD)/html/index.html: $(patsubst %,explore/%.py,__init__ steps widget)
