# The commands of this project. Meson and ninja do the building; this is the front door.

BUILD ?= build
SETUP ?=
TIME ?= 60
PREFIX ?= /usr/local
STEPS ?= 1000000
SEED ?= 1
ROUNDS ?= 50
PAIRS ?= 500
TOPIC ?=
ROOT := $(CURDIR)

.PHONY: all help build run check vm-check fuzz sim plan-check planted stress bench install uninstall clean \
	prerequisites format

all: build

help:
	@echo 'make            build everything into $(BUILD)/'
	@echo 'make run        start the tour: a tree of confined components, shown for a few seconds'
	@echo 'make check      build and run all tests'
	@echo 'make vm-check   the attempts to escape, with core as the first process of a virtual machine (qemu)'
	@echo 'make sim        random histories of whole trees and of configs; STEPS=… and SEED=… choose which'
	@echo 'make plan-check kin plan against kin apply, for random pairs of configs; PAIRS=… and SEED=…'
	@echo 'make planted    plant bugs in copies of the sources and see which tests catch them'
	@echo 'make stress     run all scenarios ROUNDS=$(ROUNDS) times while every core is busy'
	@echo 'make fuzz       feed made-up inputs to the fuzz targets, TIME=$(TIME) seconds each (clang)'
	@echo 'make bench      measure, beside the floor of each figure; writes $(BUILD)/bench.json; TOPIC=walls: some of it'
	@echo 'make install    install under PREFIX ($(PREFIX)), honours DESTDIR'
	@echo 'make uninstall  remove what make install put there'
	@echo 'make format     lay the sources out by .clang-format'
	@echo 'make clean      remove $(BUILD)/'
	@echo
	@echo 'SETUP="…" passes options to meson setup, e.g. SETUP="-Dsanitize=true --werror".'

prerequisites:
	@tools/prerequisites

$(BUILD)/build.ninja:
	@tools/prerequisites
	@meson setup $(SETUP) --prefix $(PREFIX) $(BUILD) >$(BUILD).log 2>&1 || { cat $(BUILD).log; exit 1; }
	@mv $(BUILD).log $(BUILD)/setup.log

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

run: build
	@$(BUILD)/src/cli/kin run --for 4s --verbose examples/tour/tour.xml

check: build
	@tools/check $(BUILD)

vm-check: build
	@tools/vm-check $(BUILD)

sim: build
	@$(BUILD)/tests/sim/sim $(STEPS) $(SEED)
	@$(BUILD)/tests/configs/configs $$(($(STEPS) / 50)) $(SEED)

plan-check: build
	@PAIRS=$(PAIRS) SEED=$(SEED) meson test -C $(BUILD) --no-rebuild --verbose --timeout-multiplier 0 plan

planted: prerequisites
	@tools/planted

stress: build
	@tools/stress $(BUILD) $(ROUNDS)

fuzz:
	@tools/fuzz $(BUILD) $(TIME)

bench: build
	@$(BUILD)/bench/bench --json $(BUILD)/bench.json $(TOPIC)

install: build
	@meson install -C $(BUILD) --no-rebuild

uninstall:
	@ninja -C $(BUILD) uninstall

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	@rm -rf $(BUILD) $(BUILD).log
