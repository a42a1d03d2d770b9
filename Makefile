# SESMail's commands. `make` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
# What `make package` builds for: `make package PYTHON_VERSION=3.12 ARCH=x86_64 DIST=dist`.
PYTHON_VERSION ?= 3.13
ARCH ?= arm64
DIST ?= dist
# Where the end-to-end tests run: ministack (embedded) or localstack (docker compose, or LOCALSTACK_URL).
BACKEND ?= ministack
export BACKEND

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## install what the project needs, into .venv and .venv-emulator
	@scripts/setup.sh

.PHONY: demo
demo: setup ## apply the stack on the embedded emulator, send emails, tell their story
	@$(PY) scripts/sesmail_dev.py demo

.PHONY: up
up: setup ## apply the stack on the embedded emulator and keep it running
	@$(PY) scripts/sesmail_dev.py up

.PHONY: down
down: setup ## stop what `make up` started
	@$(PY) scripts/sesmail_dev.py down

.PHONY: env
env: ## print the environment of the running stack: eval "$(make -s env)"
	@$(PY) scripts/sesmail_dev.py env

.PHONY: package
package: setup ## build the layer, the functions and the starters into dist/ (PYTHON_VERSION, ARCH, DIST)
	@$(PY) scripts/package.py --dist $(DIST) --python $(PYTHON_VERSION) --arch $(ARCH)

.PHONY: test
test: setup lint test-unit test-simulation test-aws test-functions test-terraform e2e ## everything: lint, unit, adapters, functions, Terraform, end to end

.PHONY: test-unit
test-unit: setup ## rules and use cases, templates, architecture: fast, no network
	@$(PY) -m pytest -q tests/unit tests/architecture tests/templates

.PHONY: test-simulation
test-simulation: setup ## the sender's real code on a simulated clock
	@$(PY) -m pytest -q tests/simulation

.PHONY: test-aws
test-aws: setup ## adapters on moto
	@$(PY) -m pytest -q tests/aws

.PHONY: test-functions
test-functions: setup ## handlers on the built archives
	@$(PY) -m pytest -q tests/functions

.PHONY: test-terraform
test-terraform: setup ## Terraform on the plan
	@$(PY) -m pytest -q tests/terraform

.PHONY: e2e
e2e: setup ## the stack as Terraform applies it, end to end (BACKEND=ministack or localstack)
	@$(PY) -m pytest -q tests/e2e

.PHONY: lint
lint: setup ## ruff, mypy --strict, terraform fmt
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy python scripts tests functions/email_sender
	@$(PY) -m mypy functions/feedback_processor
	@$(PY) -m mypy functions/template_seeder
	@terraform fmt -check -recursive

.PHONY: fmt
fmt: setup ## format everything
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .
	@terraform fmt -recursive

.PHONY: lock
lock: ## pin the requirements anew (needs uv)
	@scripts/lock.sh

.PHONY: clean
clean: down ## remove what was built
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
