# What a person or the CI does with Airloom. `make` alone says what there is.

SWIFT ?= swift
# Static, so that the programs run where no Swift is installed. The linker's remarks that mktemp is
# dangerous come from Swift's own Foundation.
RELEASE = $(SWIFT) build -c release --static-swift-stdlib
PROGRAMS = airloom airloom-scheduler airloom-recorder airloom-converter airloom-feeder \
	airloom-delivery airloom-gateway
SOURCES = Package.swift Benchmarks CLI Services Shared Tests

.PHONY: help setup packages run build release test campaign bench format lint docs clean

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 10

setup: ## install the Debian packages to build, run and test
	scripts/setup --tests

# Only what running needs; nothing when it is there.
packages:
	scripts/setup

run: packages release ## build everything and start all services: make run ARGS="--home /srv/airloom"
	@exec .build/release/airloom up $(ARGS)

build: ## build for development
	$(SWIFT) build

release: ## build the programs as they are deployed, in .build/release
	@set -e; for program in $(PROGRAMS); do $(RELEASE) --product $$program; done

# In three parts: the many quick tests side by side; then those that work against the clock with real
# servers and processes, one after another, so that they do not starve each other on two cores; then
# the whole system, whose tests mostly wait for shows to end and so run side by side.
LIVE = ^(CLITests|DeliveryTests|RecorderTests|ServiceTests|SubprocessTests)\.

test: ## install what the tests need, build and run all of them
	scripts/setup --tests
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest --skip '$(LIVE)' --skip '^EndToEndTests\.'
	$(SWIFT) test --skip-build --disable-xctest --no-parallel --filter '$(LIVE)'
	$(SWIFT) test --skip-build --disable-xctest --filter '^EndToEndTests\.'

campaign: ## kill -9 all processes 200 times during 20 shows; AIRLOOM_CHAOS_SEED=… repeats a run
	AIRLOOM_CHAOS_KILLS=200 AIRLOOM_CHAOS_SHOWS=20 $(SWIFT) test --filter ChaosTests

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
