# The commands of the project. `make demo` and `make test` work on a fresh Debian 12, as root, from a clean clone.
SHELL := /bin/bash
JOBS ?= $(shell nproc)
BUILD := build
PACKAGES := build-essential cmake ninja-build ccache lld pkg-config libboost1.81-dev libssl-dev libcurl4-openssl-dev libyaml-cpp-dev \
  nlohmann-json3-dev libsimdjson-dev libre2-dev libsqlite3-dev sqlite3 libspdlog-dev libcli11-dev libedit-dev libgtest-dev \
  libgmock-dev libbenchmark-dev tzdata python3 python3-jsonschema python3-yaml openssl strace nghttp2-server curl ca-certificates git
PROOF_PACKAGES := clang clang-tidy libclang-rt-14-dev zsh fish
# Debian's own, unless a node from elsewhere is there already: the two cannot be installed side by side.
NODE_PACKAGES := $(if $(shell command -v node),,nodejs) $(if $(shell command -v npm),,npm)
LINT_PACKAGES := clang-format-14

.PHONY: help deps build demo test proof bench lint format install clean

help:
	@echo "make demo    install what is needed, build, run the main job end to end"
	@echo "make test    install, build, run the tests"
	@echo "make build   build/bin/tenon, build/bin/tenon-sandbox, build/lib/tenon/*.so"
	@echo "make proof   the other compiler, sanitizers, fuzzers and long cycles"
	@echo "make bench   the benchmarks, with their figures"
	@echo "make lint    formatting and includes; make format mends the formatting"
	@echo "make install to PREFIX (default /usr/local)"

# Installs only what is missing, so that a second clone needs no network.
define install_packages
	@missing=$$(for p in $(1); do dpkg-query -W -f='$${db:Status-Status}' $$p 2>/dev/null | grep -q '^installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then echo "installing: $$missing"; \
	  apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $$missing >/dev/null; fi
endef

deps:
	$(call install_packages,$(PACKAGES))

$(BUILD)/build.ninja: | deps
	@cmake --preset release

# Plugins that a group may write are refused, so no umask of 002 here.
build: deps $(BUILD)/build.ninja
	@umask 022; cmake --build $(BUILD) --target products -j $(JOBS)

demo: build
	@python3 tests/demo/demo.py --bin $(BUILD)/bin --plugins $(BUILD)/lib/tenon

test: deps $(BUILD)/build.ninja
	@umask 022; cmake --build $(BUILD) -j $(JOBS)
	@cd $(BUILD) && ctest --output-on-failure -j $(JOBS)

bench: deps
	@cmake --preset release -DTENON_BENCH=ON >/dev/null && cmake --build $(BUILD) -j $(JOBS)
	@for bench in bench tls calls backlog threads bulk_retry; do python3 tests/bench/$$bench.py --bin $(BUILD)/bin --plugins $(BUILD)/lib/tenon || exit 1; done
	@python3 tests/bench/backlog.py --tried --bin $(BUILD)/bin --plugins $(BUILD)/lib/tenon
	@$(BUILD)/bin/mapping_bench
	@if command -v npm >/dev/null && tests/differential/run.sh --bin $(BUILD)/bin/jsonata_answers --pairs 1; then \
	  node tests/bench/mapping_ratio.mjs $(BUILD)/bin/mapping_bench $(CURDIR)/$(BUILD)/npm/node_modules/jsonata; fi

proof: deps
	$(call install_packages,$(PROOF_PACKAGES) $(NODE_PACKAGES))
	@tests/proof.sh

lint:
	$(call install_packages,$(LINT_PACKAGES))
	@git ls-files '*.hpp' '*.cpp' '*.h' '*.c' | xargs clang-format-14 --dry-run -Werror

format:
	$(call install_packages,$(LINT_PACKAGES))
	@git ls-files '*.hpp' '*.cpp' '*.h' '*.c' | xargs clang-format-14 -i

install: build
	@cmake --install $(BUILD) $(if $(PREFIX),--prefix $(PREFIX))

clean:
	@rm -rf build build-*
