# SESMail's commands. `make` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PY := .venv/bin/python
PYTEST := $(PY) -m pytest -q
# What `make package` builds for: `make package PYTHON_VERSION=3.12 ARCH=x86_64 DIST=dist LOCALES="en fr de"`.
PYTHON_VERSION ?= 3.13
ARCH ?= arm64
DIST ?= dist
# Languages of the filters for money, numbers and dates; empty: all.
LOCALES ?=
# Where the end-to-end tests run: ministack (embedded) or localstack (docker compose, or LOCALSTACK_URL).
BACKEND ?= ministack
export BACKEND

# Empty for a make that `make test` starts: it has set up, and a job that waits for a setup begins after all others.
SETUP := $(if $(IS_SET_UP),,setup)
SETUP_TESTS := $(if $(IS_SET_UP),,setup-tests)

.PHONY: help
help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## install what the project needs, into .venv and .venv-emulator
	@scripts/setup.sh

.PHONY: setup-tests
setup-tests: ## also what only the tests need: checkov, Chromium, SpamAssassin, npm packages
	@scripts/setup.sh --tests

.PHONY: demo
demo: setup ## deploy the engine to an emulated AWS on this machine, send emails, show what happens to them
	@$(PY) -m localcloud demo

.PHONY: up
up: setup ## deploy the engine to an emulated AWS on this machine and keep it running, with an inbox (BRAND=brand.json)
	@$(PY) -m localcloud up

.PHONY: down
down: setup ## stop what `make up` started
	@$(PY) -m localcloud down

.PHONY: env
env: ## point a shell, and its aws command, at the running engine: eval "$(make -s env)"
	@$(PY) -m localcloud env

.PHONY: rehearse
rehearse: setup ## let a careless import trip the breaker of the running engine, to practise what to do
	@$(PY) -m localcloud rehearse

.PHONY: package
package: setup ## build the layer, the functions and the starters into dist/ (PYTHON_VERSION, ARCH, DIST, LOCALES)
	@$(PY) scripts/package.py --dist $(DIST) --python $(PYTHON_VERSION) --arch $(ARCH) --locales "$(LOCALES)"

# make release VERSION=1.2.0
VERSION ?=

.PHONY: release
release: setup ## build a release into dist/release: modules with their archives, clients, wheel, checksums, notes (VERSION)
	@$(PY) scripts/release.py --version "$(VERSION)"

# A plan as JSON: terraform show -json plan.tfplan > plan.json
PLAN ?=

.PHONY: deployer-policy
deployer-policy: setup ## write the least-privilege policies of whoever applies a plan into deployer/ (PLAN=plan.json)
	@$(PY) -m tools.generators.deployer_policy $(PLAN)

.PHONY: test
test: setup-tests ## everything: lint, unit, adapters, functions, docs, browser, Terraform, the main job end to end
	@# The end-to-end tests mostly wait, so they run next to two others; the longest come first.
	@$(MAKE) IS_SET_UP=yes -j3 --output-sync=target e2e-core test-simulation test-aws test-terraform test-unit test-docs \
		test-browser test-functions test-release lint test-localcloud test-clients

.PHONY: test-unit
test-unit: $(SETUP) ## rules and use cases, architecture: fast, no network
	@$(PYTEST) tests/unit tests/architecture

.PHONY: test-simulation
test-simulation: $(SETUP) ## the real code on a simulated clock: pacing, breaker, and the claim protocol under a thousand seeds
	@$(PYTEST) tests/simulation

.PHONY: test-localcloud
test-localcloud: $(SETUP) ## the local cloud and the tools without an engine: `make env`, inbox, provider, compose file, reports
	@$(PYTEST) tests/localcloud tests/tools

.PHONY: test-aws
test-aws: $(SETUP) ## adapters, the command line, the console and the counts of units on moto
	@$(PYTEST) tests/aws tests/cli tests/console tests/units

.PHONY: test-clients
test-clients: $(SETUP_TESTS) ## the clients of producers: requests, status events, types
	@$(PYTEST) tests/clients

.PHONY: test-functions
test-functions: $(SETUP) ## handlers on the built archives, the webhook of producers
	@$(PYTEST) tests/functions tests/webhook

.PHONY: test-release
test-release: $(SETUP) ## the wheel in an empty environment, the release's archive
	@$(PYTEST) tests/release

.PHONY: test-docs
test-docs: $(SETUP_TESTS) ## the pages, their site, schemas and error codes against the code; templates rendered and linted
	@$(PYTEST) tests/docs tests/templates

.PHONY: test-browser
test-browser: $(SETUP_TESTS) ## starters, preview page, inbox and console in headless Chromium
	@$(PYTEST) tests/browser

.PHONY: screenshots
screenshots: $(SETUP_TESTS) ## all 504 screenshots of the starters, with their checks, and a contact sheet of each: build/screenshots
	@SCREENSHOTS=all $(PYTEST) tests/browser/test_starters_in_chromium.py -k fits
	@$(PY) -m tests.browser.contact_sheets

.PHONY: test-terraform
test-terraform: $(SETUP_TESTS) ## Terraform on the plan, checkov
	@$(PYTEST) tests/terraform

# The main job end to end; `make e2e` adds the long runs (chaos, breaker, operator, delivery modes, adoption, `make up` and deploy, every
# page's snippets).
E2E_CORE := $(addprefix tests/e2e/test_,doctor.py foreign_rows.py launcher.py mixed_run.py permissions.py poison.py \
	quick_start.py terraform_cycle.py)

.PHONY: e2e-core
e2e-core: $(SETUP_TESTS) ## the main job end to end: doctor, quick starts, 200 mixed requests, poison, foreign rows, IAM, destroy
	@$(PYTEST) $(E2E_CORE)

.PHONY: e2e
e2e: $(SETUP_TESTS) ## all end-to-end tests, on an engine that Terraform deploys (BACKEND=ministack or localstack)
	@$(PYTEST) tests/e2e

.PHONY: bench
bench: setup ## measure, as ratios within one run; writes docs/performance.md
	@$(PY) -m tools.bench --write

# make aws-check SENDER=no-reply@example.com CONFIRM=yes
SENDER ?=
CONFIRM ?=
PACKAGE_DIR ?=

.PHONY: aws-check
aws-check: setup ## check the engine on your AWS account: deploy, send, destroy, report (SENDER, CONFIRM=yes, PACKAGE_DIR)
	@$(PY) -m tools.aws_check --sender "$(SENDER)" --package-dir "$(PACKAGE_DIR)" $(if $(filter yes,$(CONFIRM)),--yes)

# Files or patterns below python/sesmail_layer: make mutate ONLY=domain/guards/breaker.py
ONLY ?=

.PHONY: mutate
mutate: setup ## change the rules on purpose: the unit tests must fail (ONLY=domain/guards/breaker.py); writes docs/mutation.md
	@scripts/setup.sh --mutate
	@$(PY) -m tools.mutation $(ONLY)

.PHONY: lint
lint: $(SETUP) ## ruff, mypy --strict, terraform fmt
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy python localcloud tools scripts tests functions/email_sender
	@$(PY) -m mypy functions/feedback_processor
	@$(PY) -m mypy functions/template_seeder
	@$(PY) -m mypy functions/status_webhook
	@$(PY) -m mypy functions/unsubscribe
	@terraform fmt -check -recursive

.PHONY: fmt
fmt: setup ## format everything
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .
	@terraform fmt -recursive

.PHONY: docs
docs: setup ## write the generated parts: Terraform tables, schemas, the clients' types, template tables
	@$(PY) -m tools.generators.terraform_docs
	@$(PY) -m tools.generators.schemas
	@$(PY) -m tools.generators.python_client
	@$(PY) -m tools.generators.typescript_client
	@$(PY) -m tools.generators.template_docs
	@$(PY) -m tools.generators.dashboard

.PHONY: docs-site
docs-site: ## build the documentation's site into build/site, with llms.txt
	@scripts/setup.sh --site
	@$(PY) -m tools.site

.PHONY: lock
lock: ## pin the requirements (needs uv)
	@scripts/lock.sh

.PHONY: clean
clean: down ## remove what was built
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
