# What a person or the CI does with Airloom. `make` alone says what there is.

SWIFT ?= swift
# Static, so that the programs run where no Swift is installed. The linker's remarks that mktemp is
# dangerous come from Swift's own Foundation. Packed relocations spare each process 0.9 MiB; they need
# glibc 2.36 (Debian 12).
RELEASE = $(SWIFT) build -c release --static-swift-stdlib -Xswiftc -use-ld=lld \
	-Xlinker -z -Xlinker pack-relative-relocs
# How many tests run at the same time, where Swift knows the option: without a limit all start at once.
# Measured on two busy cores: the quick ones by 10 took no longer than without a limit, and the live
# ones 50 s by 4 and 205 s one by one.
WIDTH_OPTION = --experimental-maximum-parallelization-width
HAS_WIDTH = $(shell $(SWIFT) test --help-hidden 2>/dev/null | grep -c -e $(WIDTH_OPTION))
QUICK_WIDTH = $(if $(filter 0,$(HAS_WIDTH)),,$(WIDTH_OPTION) 10)
LIVE_WIDTH = $(if $(filter 0,$(HAS_WIDTH)),--no-parallel,$(WIDTH_OPTION) 4)
WHOLE_WIDTH = $(if $(filter 0,$(HAS_WIDTH)),,$(WIDTH_OPTION) 8)
PROGRAMS = airloom airloom-scheduler airloom-recorder airloom-converter airloom-feeder \
	airloom-delivery airloom-gateway
SOURCES = Package.swift Benchmarks CLI Services Shared Tests

# Where `make install` puts things. DESTDIR is for packagers: a folder that stands for /.
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR ?=
BUILT ?= .build/release

.PHONY: help setup packages run demo build release install test campaign bench format lint docs clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: ## install the Debian packages to build, run and test
	scripts/setup --tests

# Only what running needs; nothing when it is there.
packages:
	scripts/setup

run: packages release ## build everything and start all services: make run ARGS="--home /srv/airloom"
	@exec .build/release/airloom up $(ARGS)

demo: ## Airloom with stations, drops, a podcast and servers made up around it: make demo ARGS=--check
	scripts/setup --tests
	$(SWIFT) build
	@exec scripts/demo $(ARGS)

build: ## build for development
	$(SWIFT) build

release: ## build the programs as they are deployed, in .build/release
	@set -e; for program in $(PROGRAMS); do $(RELEASE) --product $$program; done

# What is in the settings file already stays. The units say where the programs are.
install: ## put what `make release` built in place: make install PREFIX=/usr DESTDIR=/tmp/image
	@test -x $(BUILT)/airloom || { echo "$(BUILT) has no programs: run make release first" >&2; exit 69; }
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/systemd/system \
	  $(DESTDIR)$(PREFIX)/lib/sysusers.d $(DESTDIR)$(PREFIX)/lib/tmpfiles.d \
	  $(DESTDIR)$(PREFIX)/share/doc/airloom/docs $(DESTDIR)$(PREFIX)/share/doc/airloom/deploy \
	  $(DESTDIR)$(SYSCONFDIR)/airloom
	install -m 755 $(addprefix $(BUILT)/,$(PROGRAMS)) $(DESTDIR)$(PREFIX)/bin
	for unit in deploy/systemd/*.service deploy/systemd/*.target; do \
	  sed 's|/usr/local/|$(PREFIX)/|g' $$unit > $(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/} || exit; done
	install -m 644 deploy/systemd/airloom.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/airloom.conf
	install -m 644 deploy/systemd/airloom.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/airloom.conf
	install -m 644 README.md CHANGELOG.md $(DESTDIR)$(PREFIX)/share/doc/airloom
	install -m 644 deploy/README.md $(DESTDIR)$(PREFIX)/share/doc/airloom/deploy
	install -m 644 docs/*.md $(DESTDIR)$(PREFIX)/share/doc/airloom/docs
	test -e $(DESTDIR)$(SYSCONFDIR)/airloom/airloom.toml || \
	  $(BUILT)/airloom config default > $(DESTDIR)$(SYSCONFDIR)/airloom/airloom.toml

# In three parts: the many quick tests side by side; then those that work against the clock with real
# servers and processes, a few at a time, so that they do not starve each other on two cores; then the
# whole system, whose tests mostly wait for shows to end, and so run eight at a time: all at once they
# bring two cores to a load at which a process takes seconds to start.
LIVE = ^(CLITests|ConverterTests|DeliveryTests|RecorderTests|ServiceTests|SubprocessTests)\.

export SWIFT

test: ## install what the tests need, build and run all of them
	scripts/setup --tests
	$(SWIFT) build --build-tests
	@scripts/test-part quick $(QUICK_WIDTH) --skip '$(LIVE)' --skip '^EndToEndTests\.'
	@scripts/test-part live $(LIVE_WIDTH) --filter '$(LIVE)'
	@scripts/test-part whole $(WHOLE_WIDTH) --filter '^EndToEndTests\.'

# Hours of waiting, and every zone: what a release should have passed once.
campaign: ## the tests in their long forms: make campaign ARGS=RecorderTests; AIRLOOM_CHAOS_SEED=… repeats
	scripts/setup --tests
	$(SWIFT) build --build-tests
	AIRLOOM_CAMPAIGN=1 AIRLOOM_ALL_ZONES=1 AIRLOOM_CHAOS_KILLS=200 AIRLOOM_CHAOS_SHOWS=20 \
	  $(SWIFT) test --skip-build --disable-xctest --no-parallel --filter '$(or $(ARGS),.)'

bench: ## measure beside peers, in Markdown: make bench ARGS="bus|lateness|memory"
	@scripts/bench $(ARGS)

format: ## put the sources into shape
	$(SWIFT) format -i --parallel -r $(SOURCES)

lint: ## say what is not in shape, Swift and shell
	scripts/lint

docs: ## write the generated parts of docs/ anew
	AIRLOOM_WRITE_DOCS=1 $(SWIFT) test --filter SettingsTextTests

clean: ## remove everything that was built
	$(SWIFT) package clean
