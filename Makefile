# One command a task, on a machine that has python3 and make; `make` alone lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

export SAM_CLI_TELEMETRY := 0
# Tests and benchmarks start hundreds of processes: what the first one compiles is kept for the others.
unexport PYTHONDONTWRITEBYTECODE

# uv makes every environment. Where it is not installed, it goes into .tools/uv.
UV_VERSION := 0.13.9
UV := $(shell sh -c 'command -v uv' 2>/dev/null)
ifeq ($(UV),)
UV := .tools/uv/bin/uv
UV_NEEDED := $(UV)
endif

# The tools' pins conflict, so each has an environment of its own.
SAM := PATH="$(CURDIR)/.tools/sam/bin:$$PATH" sam
LOCKED := pyproject.toml uv.lock .python-version

HOST := $(if $(filter arm64 aarch64,$(shell uname -m)),arm64,x86_64)
OTHER := $(if $(filter arm64,$(HOST)),x86_64,arm64)
SOURCES := $(shell find functions layers -name __pycache__ -prune -o -type f -print | LC_ALL=C sort)
# Named for the list of sources, so that a file renamed or removed is noticed as well.
LISTED := .aws-sam/sources-$(shell echo '$(SOURCES)' | cksum | cut -d ' ' -f 1)
CODE := $(sort $(foreach folder,bench cli functions layers tests,$(if $(shell find $(folder) -name '*.py' 2>/dev/null),$(folder))))
BUILT := .aws-sam/build/template.yaml

.PHONY: help setup demo test bench bench-engine reliability lint format audit build build-other emulator up down clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/.stamp .tools/sam/.stamp .tools/emulator/.stamp .tools/lambda-runtime/.stamp ## Install everything that the other commands need

demo: .venv/.stamp ## Read the sample photos in the local cloud and show what comes out
	@.venv/bin/license-ocr demo

up: .venv/.stamp ## Start the local cloud; `.venv/bin/license-ocr read PHOTO` then reads photos
	@.venv/bin/license-ocr up

down: .venv/.stamp ## Stop the local cloud
	@.venv/bin/license-ocr down

test: .venv/.stamp emulator .tools/lambda-runtime/.stamp build ## Run all tests
	.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder

bench: .venv/.stamp emulator .tools/lambda-runtime/.stamp .tools/usual-stack/.stamp build ## Measure starting and reading beside the usual; ARGS="init package" names rows
	.venv/bin/python -m bench.performance $(ARGS)

bench-engine: .venv/.stamp .tools/rapidocr/.stamp ## Measure the engine beside its peers; ARGS=... as in `license-ocr bench engine --help`
	.venv/bin/license-ocr bench engine $(ARGS)

reliability: .venv/.stamp emulator build ## Break things on purpose and print what comes of it; ARGS="--share 0.01 deaths soak"
	.venv/bin/python -m bench.reliability $(ARGS)

lint: .venv/.stamp .tools/sam/.stamp ## Check format, style, types and the template
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/ruff check $(CODE)
	.venv/bin/mypy $(CODE)
	$(SAM) validate --lint
	.tools/sam/bin/cfn-lint template.yaml

format: .venv/.stamp ## Format the code and mend what can be mended
	.venv/bin/ruff check --fix $(CODE)
	.venv/bin/ruff format $(CODE)

audit: .tools/audit/.stamp .tools/sam/.stamp ## Check the template, as written and as CloudFormation gets it, against checkov's policies
	.tools/audit/bin/checkov --config-file .checkov.yaml
	@mkdir -p .aws-sam
	AWS_DEFAULT_REGION=us-east-1 .tools/sam/bin/python cli/license_ocr/expanded.py template.yaml > .aws-sam/expanded.json
	.tools/audit/bin/checkov --config-file .checkov.yaml --file .aws-sam/expanded.json

build: $(BUILT) ## Build functions and layers for this machine's processor

build-other: .tools/sam/.stamp ## Build them for the other processor, into .aws-sam/other
	$(SAM) build --build-dir .aws-sam/other --parameter-overrides Architecture=$(OTHER)

emulator: .tools/emulator/.stamp

clean: ## Stop the local cloud and remove whatever was made here
	@if [ -x .venv/bin/license-ocr ]; then .venv/bin/license-ocr down --purge; fi
	rm -rf .aws-sam .local .tools .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(LISTED):
	@mkdir -p .aws-sam
	@rm -f .aws-sam/sources-*
	@touch $@

$(BUILT): template.yaml samconfig.toml $(SOURCES) $(LISTED) .tools/sam/.stamp
	$(SAM) build --parameter-overrides Architecture=$(HOST)
	@touch $@

.venv/.stamp: $(LOCKED) $(wildcard layers/*/requirements.txt) $(UV_NEEDED)
	@echo "installing what development needs into .venv"
	$(UV) sync --frozen
	@touch $@

.tools/%/.stamp: $(LOCKED) $(UV_NEEDED)
	@echo "installing $* into .tools/$*"
	UV_PROJECT_ENVIRONMENT=.tools/$* $(UV) sync --frozen --only-group $*
	@touch $@

.tools/uv/bin/uv:
	@echo "uv is not installed; it goes into .tools/uv"
	@python3 -m venv .tools/uv || { rm -rf .tools/uv; \
	  echo "python3 cannot make environments: install its venv module (Debian, Ubuntu: apt install python3-venv), or uv" >&2; \
	  exit 1; }
	.tools/uv/bin/python -m pip install --disable-pip-version-check uv==$(UV_VERSION)
