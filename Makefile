# Moonstone. Licence: see LICENSE.
#
# Task runner over the CMake presets; `make help` prints what there is.
#   PRESET=dev      another configuration (dev, release, asan, tsan, fuzz)
#   M=query         one module only (test, asan, tsan)
#   J=2             parallel jobs

PRESET ?= release
J ?= $(shell nproc)
S ?= 60
BUILD := build/$(PRESET)

# The programs that are formatted and linted by version 19; other versions differ.
CLANG_FORMAT ?= clang-format-19
CXX_FILES = git ls-files -co --exclude-standard '*.cc' '*.h'

.DEFAULT_GOAL := build
.PHONY: help build demo test check asan tsan fmt lint analyze bench compare micro torture fuzz run dist deb hooks install clean

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Variables: PRESET=$(PRESET) M=<module> T=<fuzz target> A=<arguments of run> J=$(J)"

install: ## install missing Debian and npm packages
	@tools/install $(EXTRA)

build: configure ## build everything, with the support files of the binary (the default)
	@cmake --build $(BUILD) -j $(J)
	@cmake --build $(BUILD) -j $(J) --target support

demo: build ## build, start the demo, print its address
	@tools/demo $(BUILD)

test: ## build and run all tests; M=query runs one module
	@$(MAKE) --no-print-directory EXTRA=test test-built

.PHONY: test-built
ifdef M
test-built: configure
	@cmake --build $(BUILD) -j $(J) --target $(M)_tests
	@tools/test $(BUILD) --module $(M)
else
test-built: build
	@tools/test $(BUILD)
endif

check: ## format, tidy script, layers, headers, clang-tidy on changed files
	@$(MAKE) --no-print-directory PRESET=dev check-dev

.PHONY: check-dev
check-dev: configure
	@$(CXX_FILES) | xargs $(CLANG_FORMAT) --dry-run -Werror
	@tools/tidy
	@cmake --build $(BUILD) -j $(J) --target layers headers
	@tools/lint $(BUILD) --changed

asan: ## tests under the address, undefined behaviour and leak sanitizers
	@$(MAKE) --no-print-directory EXTRA=sanitize PRESET=asan sanitize

tsan: ## tests under the thread sanitizer
	@$(MAKE) --no-print-directory EXTRA=sanitize PRESET=tsan sanitize

.PHONY: sanitize
sanitize: configure
	@cmake --build $(BUILD) -j $(J) $(if $(M),--target $(M)_tests)
	@$(if $(M),,cmake --build $(BUILD) -j $(J) --target support)
	@tools/test $(BUILD) --only ctest $(if $(M),--module $(M))

fmt: ## format the C++ and TypeScript files
	@$(CXX_FILES) | xargs $(CLANG_FORMAT) -i
	@npm run --if-present fmt

lint: ## clang-tidy on the changed files
	@$(MAKE) --no-print-directory PRESET=dev configure
	@tools/lint build/dev --changed

analyze: ## clang-tidy on all files (long)
	@$(MAKE) --no-print-directory PRESET=dev configure
	@tools/lint build/dev --all

bench: bench-built ## the table of docs/performance.md; nothing else running; A=--markdown
	@bench/run build/release $(A)

compare: bench-built ## the same calls to a server of Express and node:sqlite, in turns
	@bench/compare/run build/release $(A)

micro: bench-built ## benchmarks of single functions; M=live those of one module
	@tools/micro build/release $(M)

.PHONY: bench-built
bench-built:
	@$(MAKE) --no-print-directory PRESET=release configure
	@cmake --build build/release -j $(J)
	@cmake --build build/release -j $(J) --target support benches

MINUTES ?= 1
torture: build ## kill -9, broken connections, random queries, each for MINUTES: make torture MINUTES=10
	@MOONSTONE_BIN=$(BUILD)/bin/moonstone MINUTES=$(MINUTES) node tests/torture/run.mjs $(A)

fuzz: ## fuzz one target for a minute, or S seconds: make fuzz T=json
	@[ -n "$(T)" ] || { echo 'usage: make fuzz T=<name>; the names are the ms_fuzz calls in tests/' >&2; exit 2; }
	@$(MAKE) --no-print-directory PRESET=fuzz configure
	@cmake --build build/fuzz -j $(J) --target $(T)_fuzz
	@mkdir -p build/fuzz/found/$(T)
	build/fuzz/fuzz/$(T)_fuzz -max_total_time=$(S) build/fuzz/found/$(T) \
	  $(wildcard tests/*/fuzz/corpus/$(T) tests/*/*/fuzz/corpus/$(T))

run: build ## run the binary: make run A="dev examples/chat"
	@$(BUILD)/bin/moonstone $(A)

dist: build ## the installed layout in build/<preset>/dist
	@cmake --install $(BUILD) --prefix $(BUILD)/dist --strip
	@echo "$(BUILD)/dist"

deb: build ## a Debian package in build/<preset>
	@cd $(BUILD) && cpack -G DEB --config CPackConfig.cmake -B . >/dev/null
	@ls $(BUILD)/moonstone_*.deb

hooks: ## install the git hooks
	@git config core.hooksPath tools/githooks
	@echo "core.hooksPath = tools/githooks"

clean: ## remove the build folders
	@rm -rf build

.PHONY: configure
configure: $(BUILD)/build.ninja

$(BUILD)/build.ninja: CMakePresets.json | install
	@cmake --preset $(PRESET) -DMOONSTONE_WERROR=ON
	@touch $@
