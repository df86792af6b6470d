# The recipes that people, hooks and CI share. Needs git, make and Python 3.11 or newer with venv; nothing else.
#   make run      everything on this machine, with the demo     make test          unit tests on SQLite, browser tests
#   make check    style, layers, types, migrations, settings    make test-fast     unit tests that neither wait nor crawl
#   make bench    measures pages against a static one           make test-servers  unit tests on PostgreSQL and Redis
#   make bench-http   measures a running site with wrk
#   make ci       check and all tests but the heavy ones        make test-crawls   every route, asked as every role
#   make lock     resolves the requirements again               make prove         heavy tests: long random histories
#   make clean    removes what was made; data stay              make messages-extract   updates locale/ from the code
#   make fonts    fonts for PDFs; `make run` tries it too       make fonts-chinese      those for Chinese, 57 MB
#   Single steps: make env | env-dev | front | messages | test-unit | test-browser | test-appearance | coverage

SHELL := /bin/sh
BIN := .venv/bin
PY := $(BIN)/python
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm
MO := $(patsubst %.po,%.mo,$(wildcard locale/*/LC_MESSAGES/django.po))
FRONT := $(shell find front-end static -type f -not -path 'static/dist/*' 2>/dev/null)
CHROMIUM := $(or $(EPI_CHROMIUM),$(shell command -v chromium || command -v chromium-browser || command -v google-chrome))
NO_SERVERS := env -u DATABASE_URL -u DATABASE_URL_FILE -u REDIS_URL -u REDIS_URL_FILE -u CELERY_BROKER_URL \
	-u CELERY_BROKER_URL_FILE -u DJANGO_SETTINGS_MODULE
SERVERS := DATABASE_URL="$${DATABASE_URL:-postgres://postgres@127.0.0.1:5432/postgres}" \
	REDIS_URL="$${REDIS_URL:-redis://127.0.0.1:6379/1}" CELERY_BROKER_URL="$${CELERY_BROKER_URL:-redis://127.0.0.1:6379/2}"
PRODUCTION = DJANGO_SETTINGS_MODULE=epi_site.settings.production EPI_ALLOWED_HOSTS=epi.example \
	EPI_SITE_URL=https://epi.example DATABASE_URL="sqlite:///$$data/db.sqlite3" SECRET_KEY="$$($(PY) -c 'import secrets; print(secrets.token_urlsafe(64))')"

# Tests run in as many processes as there are processors. Each takes two of Redis' 16 databases, so there are six at most.
JOBS := $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ "$$n" -lt 6 ] && echo "$$n" || echo 6)
# Browser tests ask a site in another process, whose coverage is not measured. Crawls read what unit tests cover.
UNMEASURED = $(PY) -m pytest -n $(JOBS) --dist worksteal $(ARGS)
PYTEST = $(if $(EPI_COVERAGE),PYTEST_PLUGINS=tests.measured) $(UNMEASURED)
# The crawl of a role is read by many tests, so they run in one process.
CRAWL = $(subst worksteal,loadgroup,$(UNMEASURED))

# Compiled once, not by each of the many processes that a start and a suite begin.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test test-unit test-fast test-browser test-appearance test-servers test-crawls prove mutants coverage check ci \
	bench bench-http lock env env-dev front fonts fonts-chinese messages messages-extract clean
help:
	@sed -n '2,10s/^# //p' Makefile

# Without fonts the site runs, and says what its PDFs do not print.
run: env front messages
	@$(MAKE) --silent --no-print-directory fonts || echo "The fonts for PDFs could not be built; the site starts without them."
	@exec $(PY) -m epi_site.run

# ---- tests
test: test-unit
	@$(MAKE) --no-print-directory test-browser

# Tables come from the models here; tests on servers and the site of the browser tests go through every migration.
test-unit: env-dev front fonts messages
	@echo "Running unit tests on SQLite ..."
	@$(NO_SERVERS) $(PYTEST) --no-migrations -m "not browser and not crawl"

test-fast: env-dev front fonts messages
	@$(NO_SERVERS) $(PYTEST) --no-migrations -m "not browser and not crawl and not waits and not slow"

test-browser: env-dev front messages
	@if [ -z "$(CHROMIUM)" ]; then \
	  echo "NOT RUN: browser tests. No Chromium was found; install chromium, or set EPI_CHROMIUM to one."; \
	else \
	  echo "Running browser tests ..."; \
	  $(NO_SERVERS) EPI_CHROMIUM="$(CHROMIUM)" $(UNMEASURED) -m browser tests/browser; \
	fi

# Each page in all four combinations of width and colours (`make test` looks at two of them), its speed by Lighthouse, and
# its HTML if Java is there.
test-appearance: export EPI_APPEARANCE = all
test-appearance: override ARGS := -k "test_appearance or test_markup or test_performance" $(ARGS)
test-appearance: tests/browser/markup/node_modules/.installed tests/browser/lighthouse/node_modules/.installed test-browser
	@if [ -e $< ] && command -v java >/dev/null; then \
	  echo "Reading every page as every role with the Nu HTML checker ..."; \
	  $(NO_SERVERS) $(CRAWL) --no-migrations -m "not browser" -k valid_html tests/project; \
	fi

tests/browser/markup/node_modules/.installed: tests/browser/markup/package-lock.json | env-dev
	@if command -v java >/dev/null; then $(NPM) ci --prefix tests/browser/markup --ignore-scripts --no-progress --loglevel=error >/dev/null && touch $@; \
	else echo "NOT RUN: the Nu HTML checker. It needs Java."; fi

tests/browser/lighthouse/node_modules/.installed: tests/browser/lighthouse/package-lock.json | env-dev
	@$(NPM) ci --prefix tests/browser/lighthouse --ignore-scripts --no-progress --loglevel=error >/dev/null && touch $@ || \
	  echo "NOT RUN: Lighthouse. It could not be installed."

test-servers: env-dev front messages
	@if $(SERVERS) $(PY) tests/servers.py; then \
	  echo "Running tests on PostgreSQL and Redis ..."; $(SERVERS) $(PYTEST) -m "servers and not browser and not crawl"; \
	else echo "NOT RUN: tests on PostgreSQL and Redis."; fi

test-crawls: env-dev front messages
	@if $(SERVERS) $(PY) tests/servers.py; then \
	  echo "Asking every route as every role, on PostgreSQL ..."; $(SERVERS) $(CRAWL) --no-migrations -m crawl; \
	else \
	  echo "Asking every route as every role, on SQLite ..."; $(NO_SERVERS) $(CRAWL) --no-migrations -m crawl; \
	fi

prove: env-dev front messages
	@if $(SERVERS) $(PY) tests/servers.py; then $(SERVERS) EPI_PROVE=1 $(PYTEST) --no-migrations -m prove; \
	else $(NO_SERVERS) EPI_PROVE=1 $(PYTEST) --no-migrations -m prove; fi

# Breaks one rule at a time in a copy of the project and runs the tests that must fail then.
mutants: env-dev front messages
	@$(NO_SERVERS) $(PY) -m tests.mutants.run $(ARGS)

# Reads what tests left that ran with EPI_COVERAGE=1.
coverage: env-dev
	@$(PY) -m tests.coverage_bars

# ---- checks
check: env-dev front messages
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --lint --quiet templates
	@echo "symilar: code that stands twice"; \
	  found=$$($(BIN)/symilar -d 10 --ignore-imports $$(git ls-files '*.py' | grep -vE '^tests/|/migrations/')); \
	  case "$$found" in *"similar lines in"*) echo "$$found"; exit 1;; esac
	PYTHONPATH=. $(BIN)/lint-imports
	$(BIN)/mypy
	$(NO_SERVERS) DJANGO_SETTINGS_MODULE=epi_site.settings.test $(PY) manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy, with production settings"; data=$$(mktemp -d); \
	  $(NO_SERVERS) EPI_DATA_DIR="$$data" $(PRODUCTION) $(PY) -W error::DeprecationWarning manage.py check --deploy --fail-level WARNING; \
	  code=$$?; rm -r "$$data"; exit $$code

ci: export EPI_COVERAGE = 1
ci: check
	@rm -f .coverage.*
	@$(MAKE) --no-print-directory test
	@$(MAKE) --no-print-directory test-servers
	@$(MAKE) --no-print-directory test-crawls
	@$(MAKE) --no-print-directory coverage

bench: env messages
	$(PY) manage.py bench $(ARGS)

# Needs wrk, and says so where it is missing.
bench-http: env front messages
	@$(PY) manage.py bench_http $(ARGS)

# ---- what the others need; each is done again only when what it is made from has changed
env: .venv/.run
env-dev: .venv/.dev
front: static/dist/.built
fonts: fonts/built/alphabets/fonts.json
fonts-chinese: fonts/built/chinese/fonts.json
messages: $(MO)

.venv/.made:
	@for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  $$python -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && found=$$python && break; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "No Python 3.11 or newer with venv was found. Install it (Debian, Ubuntu: apt install python3-venv)," >&2; \
	  echo "or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	echo "Making .venv with $$found ..."; \
	$$found -m venv .venv && { $(PY) -m pip install -qq uv || echo "uv could not be installed; pip takes its place."; }
	@touch $@

# Only what is needed to run; leaves the tools for tests alone where they are there and up to date.
.venv/.run: requirements.txt .venv/.made
	@echo "Installing packages ..."
	@$(call install,requirements.txt)
	@rm -f .venv/.dev && touch $@

.venv/.dev: requirements-dev.txt requirements.txt .venv/.made
	@echo "Installing packages, with those for tests ..."
	@$(call install,requirements-dev.txt)
	@touch .venv/.run $@

install = if [ -x $(BIN)/uv ]; then $(BIN)/uv pip sync --quiet --require-hashes --python $(PY) $(1); \
	else $(PY) -m pip install -qq --require-hashes -r $(1); fi

node_modules/.installed: package.json package-lock.json | .venv/.run
	@echo "Installing front-end packages ..."
	@$(NPM) ci --no-progress --loglevel=error >/dev/null && touch $@

static/dist/.built: node_modules/.installed $(FRONT)
	@echo "Building the front end ..."
	@$(NPM) run --silent build >/dev/null && touch $@

# Fonts for PDFs have packages of their own, so that the front end is built without their downloads.
fonts/built/%/fonts.json: fonts/%/package.json fonts/%/package-lock.json fonts/build.py | .venv/.run
	@echo "Building fonts for PDFs: $* ..."
	@$(NPM) ci --prefix fonts/$* --ignore-scripts --no-progress --loglevel=error \
	  --fetch-retries=1 --fetch-retry-mintimeout=1000 >/dev/null && \
	  $(PY) fonts/build.py $* && rm -r fonts/$*/node_modules

%.mo: %.po | .venv/.run
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# What is new in code and templates is added to locale/, what is gone is removed. Needs no gettext.
messages-extract: env
	@$(PY) manage.py extract_messages

lock: .venv/.made
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  -o requirements.txt requirements.in
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header \
	  -c requirements.txt -o requirements-dev.txt requirements-dev.in

clean:
	rm -rf .venv node_modules static/dist fonts/built $(MO)
