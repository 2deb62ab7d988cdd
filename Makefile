# libpybuffer. `make help` lists the targets.

CARGO ?= cargo
CC ?= cc
CXX ?= c++
OBJCOPY ?= objcopy

# rustup must not fetch another toolchain silently.
export RUSTUP_AUTO_INSTALL = 0
# Tests that build C programs use the same compilers.
export CC CXX

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOVERSION := 0
EXPORTS := tests/exports.txt
SOURCES := Cargo.toml Cargo.lock build.rs $(shell find src -name '*.rs' -o -name '*.c')

# Compilers at once, for the programs of tests.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
PICTURE ?= examples/data/chelsea.ppm
DEMO := target/demo

.PHONY: all
all: libraries ## build the shared and the static library (the default)

# After the default target, which an included file must not define.
include packaging/link.mk
include packaging/install.mk
include tests/numpy.mk
include prefixed/prefixed.mk
include conformance/conformance.mk
include tools/tools.mk
include python/python.mk

EXAMPLE_CFLAGS := -std=c99 -O2 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -pthread -Iinclude
EXAMPLE_LIBS := -L$(TARGET) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer

DEMO_PROGRAMS := $(addprefix $(DEMO)/,minimal image npy wav video threads exporter engine)

.PHONY: demo
demo: $(DEMO_PROGRAMS) ## build the examples and run them on real data (PICTURE=file)
	$(DEMO)/minimal
	$(DEMO)/image $(PICTURE) $(DEMO)/pictures
	$(DEMO)/threads $(PICTURE) $(DEMO)/pictures
	$(DEMO)/npy examples/data/planets.npy orbit
	$(DEMO)/npy examples/data/chelsea-brightness.npy . $(DEMO)/brightness.csv
	$(DEMO)/wav examples/data/rock-hit.wav $(DEMO)/sounds
	$(DEMO)/video examples/data/chelsea.y4m $(DEMO)/video-frames
	$(DEMO)/exporter
	$(DEMO)/engine

# Each is built from its own source and those that it shares with others.
$(DEMO)/image: examples/image_io.c examples/file.c
$(DEMO)/npy: examples/npy_io.c examples/npy_header.c examples/file.c
$(DEMO)/wav: examples/wav_io.c examples/file.c
$(DEMO)/video: examples/y4m_io.c examples/file.c
$(DEMO)/threads: examples/image_io.c examples/file.c
$(DEMO_PROGRAMS): $(DEMO)/%: examples/%.c $(wildcard examples/*.h) $(SHARED) include/pybuffer/pybuffer.h
	@mkdir -p $(@D)
	$(CC) $(EXAMPLE_CFLAGS) $(filter %.c,$^) $(EXAMPLE_LIBS) -o $@

# TAP programs are run by prove, or without it.
PROVE := bash tests/prove.sh
RESULTS := target/test-results
TEST_PARTS := test-setup test-rust test-c test-errors test-bounds test-random test-twins test-kit test-link test-eigen test-torch test-tasks test-opencv test-mdspan test-examples test-install test-prefixed test-python test-tools test-bench conformance-quick

# All parts run, even after one has failed. Their output is also logged, for the counts of the summary.
.PHONY: test
test: ## run every test, the comparison with CPython included; installs missing tools, or reports the tests that are skipped
	@bash tests/tools.sh install
	@$(MAKE) --no-print-directory -s $(SHARED) numpy-venv
	@bash tests/tools.sh report
	@rm -rf $(RESULTS)
	@mkdir -p $(RESULTS)/tap; export PYBUFFER_RESULTS='$(abspath $(RESULTS))'; \
	for part in $(TEST_PARTS); do \
	    $(MAKE) --no-print-directory $$part 2>&1 || echo $$part >> $(RESULTS)/failed; \
	done | tee $(RESULTS)/log
	@bash tests/summary.sh $(RESULTS)

.PHONY: tools
tools: ## list the tools that tests need, and the commands that install missing ones
	@bash tests/tools.sh list
	@bash tests/tools.sh report

.PHONY: test-setup
test-setup: ## how tools are found and installed, and tests counted
	$(PROVE) tests/house/setup.sh

.PHONY: test-fresh
test-fresh: ## `make demo test` on a new, minimal Debian or Ubuntu in a folder, without and with packages from apt; FRESH=ci: .ci/run on one that has only Rust and CPythons (root; not in `test`)
	bash tests/fresh.sh $(FRESH)

.PHONY: test-rust
test-rust: $(SHARED) numpy-venv ## unit, property, header, ABI and layer tests
	$(CARGO) test --quiet

.PHONY: test-c
test-c: $(SHARED) ## the C tests: plain, under valgrind, with sanitizers, and against a debug build
	$(MAKE) --no-print-directory -j$(JOBS) -C c-tests check \
	    PYBUFFER_CFLAGS="-I$(abspath include)" \
	    PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	    BUILD=$(abspath target/c-tests)
	@# Again with a debug build of the library, which checks overflow and does not optimise.
	$(CARGO) build --quiet
	ln -sf libpybuffer.so target/debug/libpybuffer.so.$(SOVERSION)
	PYBUFFER_TEST_STACK=0 $(MAKE) --no-print-directory -j$(JOBS) -C c-tests check-plain \
	    PYBUFFER_CFLAGS="-I$(abspath include)" \
	    PYBUFFER_LIBS="-L$(abspath target/debug) -Wl,-rpath,$(abspath target/debug) -lpybuffer" \
	    BUILD=$(abspath target/c-tests-debug)

ERRORS := PYBUFFER_CFLAGS="-I$(abspath include)" \
    PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" BUILD=$(abspath target/c-tests)

.PHONY: test-errors errors
test-errors: $(SHARED) ## the errors that the C tests have seen are those that the header and docs/errors.md name
	@$(ERRORS) $(PROVE) c-tests/errors/errors.sh
errors: $(SHARED) ## write docs/errors.md
	@$(ERRORS) bash c-tests/errors/errors.sh --write

.PHONY: test-bounds bounds
test-bounds: $(SHARED) ## no function takes more instructions than docs/bounds.md says, for arguments that say very much (valgrind)
	@$(ERRORS) $(PROVE) c-tests/bounds/bounds.sh
bounds: $(SHARED) ## write docs/bounds.md
	@$(ERRORS) bash c-tests/bounds/bounds.sh --write

RANDOM := $(MAKE) --no-print-directory -C c-tests/random BUILD=$(abspath target/random) PYBUFFER_CFLAGS="-I$(abspath include)" \
    PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer"

.PHONY: test-random fuzz-random
test-random: $(SHARED) ## random harnesses against naive models, a small dose of each family at each level
	$(RANDOM) check
fuzz-random: $(SHARED) ## long runs of them (FAMILY=copies STEPS=10000000 SEED=1 LEVEL=avx2 ROUND=123 FLAVOUR=sanitize)
	@$(RANDOM) run

.PHONY: test-models
test-models: ## calls of two threads in every order of steps that the memory model allows, with faults planted (loom, from crates.io)
	@if $(CARGO) fetch --quiet --locked --manifest-path models/Cargo.toml 2>/dev/null; then \
	    $(CARGO) build --quiet --release --locked --manifest-path models/Cargo.toml --target-dir target/models && \
	    $(PROVE) --exec '' target/models/release/models; \
	else CI= bash tests/tools.sh skip 'loom (crates.io)' 'models of the memory order'; fi

.PHONY: fuzz
fuzz: ## random harnesses guided by coverage (FAMILY="copies fields" SECONDS=60 each; a clang with libFuzzer)
	SECONDS_EACH='$(SECONDS)' bash tests/fuzz.sh $(FAMILY)

ASAN_TRIPLE := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
ASAN := target/asan/$(ASAN_TRIPLE)/release

.PHONY: asan
asan: ## the C tests and the twins with AddressSanitizer inside the library, too (needs a nightly Rust)
	RUSTFLAGS=-Zsanitizer=address $(CARGO) +nightly rustc --quiet --release --lib --crate-type cdylib \
	    --target $(ASAN_TRIPLE) --target-dir target/asan --config profile.release.lto=false --config profile.release.strip=false
	ln -sf libpybuffer.so $(ASAN)/libpybuffer.so.$(SOVERSION)
	PYBUFFER_TEST_STACK=0 $(MAKE) --no-print-directory -C c-tests check-sanitize \
	    PYBUFFER_CFLAGS="-I$(abspath include)" \
	    PYBUFFER_LIBS="-L$(abspath $(ASAN)) -Wl,-rpath,$(abspath $(ASAN)) -lpybuffer" \
	    BUILD=$(abspath target/asan/c-tests)
	CFLAGS="-O1 -g -fsanitize=address" ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 \
	PYBUFFER_CFLAGS="-I$(abspath include)" \
	PYBUFFER_LIBS="-L$(abspath $(ASAN)) -Wl,-rpath,$(abspath $(ASAN)) -lpybuffer" \
	TWIN_BUILD=$(abspath target/asan/twins) $(PROVE) c-tests/twins/compare.sh
	CFLAGS="-O1 -g -fsanitize=address" ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1 TWIN_PYTHON=2.7 \
	PYBUFFER_CFLAGS="-I$(abspath include)" \
	PYBUFFER_LIBS="-L$(abspath $(ASAN)) -Wl,-rpath,$(abspath $(ASAN)) -lpybuffer" \
	TWIN_BUILD=$(abspath target/asan/twins-2.7) $(PROVE) c-tests/twins/compare.sh

.PHONY: tsan
tsan: ## the C and C++ tests with threads with ThreadSanitizer inside the library, too (needs a Rust with its source and clang)
	bash tests/tsan.sh

.PHONY: coverage
coverage: ## the lines and branches of the library that Rust and C tests reach, together (needs llvm-cov of the LLVM of rustc)
	bash tests/coverage.sh

MINUTES ?= 60
.PHONY: mutants
mutants: ## which changes of layout, format, strategy and buffer no test notices (MINUTES=60; the next run continues)
	python3 tests/mutants/run.py --minutes $(MINUTES) $(if $(AGAIN),--again --seconds 300)

.PHONY: test-twins
test-twins: $(SHARED) ## the same C programs on CPython and on this library (on the newest CPythons after `make pythons`)
	@status=0; \
	export PYBUFFER_CFLAGS="-I$(abspath include)"; \
	export PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer"; \
	for version in 3.13 2.7; do \
	    TWIN_PYTHON=$$version TWIN_BUILD=$(abspath target)/twins-$$version $(PROVE) c-tests/twins/compare.sh || status=1; \
	done; \
	for version in 3.13 3.14 3.15; do \
	    prefix=$(abspath target)/pythons/$$version; \
	    if [ -d "$$prefix" ]; then \
	        ORACLE=$$prefix TWIN_PYTHON=$$version TWIN_BUILD=$(abspath target)/twins-newest-$$version \
	            $(PROVE) c-tests/twins/compare.sh || status=1; \
	    else \
	        CI= bash tests/tools.sh skip "newest CPython $$version (make pythons)" "twins on it"; \
	    fi; \
	done; \
	exit $$status

.PHONY: pythons
pythons: ## fetch the newest CPython 3.13, 3.14 and 3.15 from Debian's unstable suite into target/, as oracles (80 MB)
	@bash tests/pythons.sh fetch

.PHONY: test-link
test-link: $(SHARED) ## programs compiled with CPython's headers link: with and without NDEBUG, with the limited API
	@PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" $(PROVE) c-tests/link/link.sh

# The bridges of the C++ header, each with gcc's sanitizers and where its library is found.
EIGEN ?= /usr/include/eigen3
OPENCV ?= /usr/include/opencv4
MDSPAN_CXX ?= $(shell for cxx in '$(CXX)' 'clang++ -stdlib=libc++' 'clang++-22 -stdlib=libc++' 'clang++-19 -stdlib=libc++'; do \
    if $$cxx -std=c++23 -fsyntax-only -include mdspan -x c++ /dev/null; then echo "$$cxx"; break; fi; done 2>/dev/null)

# $(1) the bridge, $(2) compiler and flags, $(3) the header that must be there, $(4) the tool that it is part of, $(5) libraries
BRIDGE_FLAGS := -O1 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsanitize=address,undefined -fno-sanitize-recover=all
define bridge
@if echo 'int main() { return 0; }' | $(2) $(BRIDGE_FLAGS) -include $(3) -x c++ - -o /dev/null $(5) 2>/dev/null; then \
    mkdir -p target/c-tests && \
    $(2) $(BRIDGE_FLAGS) -Iinclude -Ic-tests/support c-tests/bridges/$(1).cpp -o target/c-tests/$(1) \
        -L$(TARGET) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer $(5) && \
    ASAN_OPTIONS=allocator_may_return_null=1:detect_leaks=1 $(PROVE) --exec '' target/c-tests/$(1); \
else CI= bash tests/tools.sh skip '$(4)' 'the bridge to $(1)'; fi
endef

.PHONY: test-eigen test-opencv test-mdspan
test-eigen: $(SHARED) ## the bridge to Eigen, where it is installed (EIGEN=directory)
	$(call bridge,eigen,$(CXX) -std=c++17 -isystem $(EIGEN),Eigen/Core,Eigen (libeigen3-dev))
test-opencv: $(SHARED) ## the bridge to OpenCV, where it is installed (OPENCV=directory)
	$(call bridge,opencv,$(CXX) -std=c++17 -isystem $(OPENCV),opencv2/core.hpp,OpenCV (libopencv-core-dev),-lopencv_core)
test-mdspan: $(SHARED) ## std::mdspan, and the C++ header in C++23, where a compiler has <mdspan> (MDSPAN_CXX="clang++ -stdlib=libc++")
	$(call bridge,mdspan,$(MDSPAN_CXX) -std=c++23,mdspan,a C++ compiler with <mdspan> (clang-19 libc++-19-dev libc++abi-19-dev))
	@cxx='$(MDSPAN_CXX)'; [ -z "$$cxx" ] || $(MAKE) --no-print-directory -C c-tests check-plain TESTS='hpp23 hpp_interop' CXX="$$cxx" \
	    PYBUFFER_CFLAGS="-I$(abspath include)" PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	    BUILD=$(abspath target/c-tests-mdspan)

TASKS := PYBUFFER_CFLAGS="-I$(abspath include)" PYBUFFER_LIBS="$(abspath $(TARGET))/libpybuffer.so -Wl,-rpath,$(abspath $(TARGET))" \
    TASKS_PYTHON=$${TASKS_PYTHON:-target/tasks-venv/bin/python} NANOARROW='$(NANOARROW)' python3 docs/tasks/tasks.py

.PHONY: tasks
tasks: $(SHARED) ## eight tasks in C++ beside pybind11, xtensor and nanoarrow: docs/tasks.md (WRITE=1 counts the lines; NANOARROW=checkout)
	@$(if $(WRITE),$(TASKS) write,$(TASKS) check all)

.PHONY: test-tasks
test-tasks: $(SHARED) ## the programs of docs/tasks.md for this library, and the numbers there
	@if ! command -v python3 >/dev/null; then bash tests/tools.sh skip python3 "the programs of docs/tasks.md"; \
	elif ! bash tests/tools.sh has 'C++ compiler'; then bash tests/tools.sh skip 'C++ compiler' "the programs of docs/tasks.md"; \
	else $(TASKS) check; fi

# Pythons with PyTorch: those of `make torch-venv` and of `make bench-peers`, or others.
TORCH_PYTHONS ?= target/torch-venv/bin/python $(BENCH_PEERS)/bin/python

.PHONY: test-torch
test-torch: $(SHARED) prefixed ## tensors to and from PyTorch in one process, where it is installed (TORCH_PYTHONS=, make torch-venv)
	@found=$$(for python in $(TORCH_PYTHONS); do "$$python" -c 'import numpy, torch' 2>/dev/null && echo "$$python"; done); \
	if [ -n "$$found" ]; then TORCH_PYTHONS="$$found" $(PROVE) tests/oracle/torch.sh; \
	else CI= bash tests/tools.sh skip 'PyTorch (make torch-venv)' 'tensors to and from PyTorch'; fi

.PHONY: torch-venv
torch-venv: ## install the newest PyTorch from PyPI for make test-torch (6 GB, in target/)
	@test -d target/torch-venv || { python=$$(bash tests/tools.sh python) && "$$python" -m venv target/torch-venv; }
	target/torch-venv/bin/pip install -q torch numpy

.PHONY: test-examples
test-examples: $(SHARED) numpy-venv ## the examples against NumPy and CPython, and on corrupt files (FUZZ=5000 SEED=2 changes more of them)
	PYBUFFER_CFLAGS="-I$(abspath include)" \
	PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	$(PROVE) $(addprefix c-tests/examples/,image.sh npy.sh wav.sh video.sh threads.sh exporter.sh engine.sh)

.PHONY: test-install
test-install: libraries prefixed ## install into a temporary prefix, move it, and build programs with it: make, CMake, Meson, plug-ins
	$(PROVE) packaging/test.sh

ARCH ?= aarch64
.PHONY: test-emulated
test-emulated: ## the tests that need no CPython, elsewhere (ARCH=aarch64, ppc64le, riscv64, s390x by qemu; windows by wine; PARTS="unit model c random")
	bash tests/emulated.sh $(ARCH) $(PARTS)

.PHONY: test-elsewhere
test-elsewhere: ## all of test-emulated that this machine can run, with counts (RUNS="s390x/c windows/c", WRITE=1: docs/platforms.md)
	@bash tests/elsewhere.sh $(RUNS)

.PHONY: test-targets
test-targets: ## type-check for systems and machines that nothing here links for: macOS, FreeBSD, MSVC, musl … (needs clang)
	bash tests/targets.sh

.PHONY: test-bench
test-bench: ## how the table of make bench is judged and written
	@if command -v python3 >/dev/null; then python3 benches/test_table.py; \
	else bash tests/tools.sh skip python3 "the table of make bench"; fi

# Peers of `make bench` besides CPython and NumPy, once they have been installed (PEERS=1). The newest PyTorch on PyPI
# in one wheel, without gigabytes for GPUs, is for Python 3.10; with another Python it is left out.
# IPP loads its parts by names that its wheel lacks.
BENCH_PEERS := target/bench-peers

BENCH_ENV := PYBUFFER_CFLAGS="-I$(abspath include)" \
    PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" BENCH_BUILD=$(abspath target/bench)
BENCH_OPTIONS = $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)')

.PHONY: bench
bench: $(SHARED) numpy-venv $(if $(PEERS),bench-peers) ## time this library beside its peers (QUICK=1, ONLY=, PEERS=1, WRITE=1)
	@$(BENCH_ENV) NUMPY_PYTHON=$${PYBUFFER_NUMPY_PYTHON:-$(NUMPY_VENV)/bin/python} \
	PEERS_PYTHON=$(BENCH_PEERS)/bin/python python3 benches/run.py $(BENCH_OPTIONS) $(if $(WRITE),--write)

.PHONY: bench-calls
bench-calls: $(SHARED) ## count the instructions, and the locked ones, of calls (valgrind; WRITE=1)
	@PYBUFFER_CFLAGS="-I$(abspath include)" \
	PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	BENCH_BUILD=$(abspath target/bench) python3 benches/instructions.py $(if $(WRITE),--write)

.PHONY: bench-counts
bench-counts: $(SHARED) ## count the instructions of copies for each item (valgrind; AARCH64=libpybuffer.so under qemu; WRITE=1)
	@$(BENCH_ENV) python3 benches/counts.py $(if $(WRITE),--write) $(SHARED) $(AARCH64)

.PHONY: bench-limits
bench-limits: $(SHARED) ## time only what memory and processor themselves take for workloads of make bench (QUICK=1)
	@$(BENCH_ENV) python3 benches/run.py $(BENCH_OPTIONS) --limits

AFTER ?= $(SHARED)
.PHONY: bench-between
bench-between: $(SHARED) ## compare two builds by all lines of make bench at every level (BEFORE=old.so AFTER=new.so QUICK=1 ONLY=)
	@test -n '$(BEFORE)' || { echo 'usage: make bench-between BEFORE=path/to/old.so [AFTER=path/to/new.so]'; exit 2; }
	@$(BENCH_ENV) python3 benches/builds.py $(BENCH_OPTIONS) '$(BEFORE)' '$(AFTER)'

.PHONY: bench-threads
bench-threads: $(SHARED) ## how calls scale with threads: operations of 1 to N threads together, on shared objects and on their own
	@mkdir -p target/bench
	@$(CC) -std=c11 -O2 -Iinclude benches/threads.c -o target/bench/threads -L$(TARGET) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer -pthread
	@target/bench/threads

.PHONY: bench-cxx
bench-cxx: $(SHARED) ## time loops over the C++ header's views beside loops over raw pointers, and count instructions (CXX="g++ clang++")
	@mkdir -p target/bench
	@$(BENCH_ENV) bash benches/views.sh $(CXX)

.PHONY: bench-peers
bench-peers: ## install OpenCV, IPP and PyTorch from PyPI for make bench (2 GB, in target/)
	@test -d $(BENCH_PEERS) || for python in \
	    $$(ls -d "$${PYENV_ROOT:-$$(pyenv root 2>/dev/null)}"/versions/3.10.*/bin/python3 2>/dev/null) python3.10 python3; do \
	    "$$python" -m venv $(BENCH_PEERS) || continue; \
	    $(BENCH_PEERS)/bin/pip install -q opencv-python-headless ipp || { rm -rf $(BENCH_PEERS); exit 1; }; \
	    $(BENCH_PEERS)/bin/pip install -q torch==1.12.1 || echo "PyTorch is left out"; \
	    for part in $(BENCH_PEERS)/lib/libipp*.so.*; do ln -sf "$${part##*/}" "$$part.1"; done; \
	    break; \
	done

SEED ?= 1
ROUNDS ?= 10
.PHONY: fuzz-diff
fuzz-diff: numpy-venv ## random sequences of operations here and on CPython and NumPy (SEED, ROUNDS of 85,000 steps)
	@# A failure prints the shortest sequence that was found, and the seed of its round.
	for round in $$(seq 0 $$(($(ROUNDS) - 1))); do \
	    PYBUFFER_SEED=$$((($(SEED) + round) * 1000003)) \
	    $(CARGO) test --quiet --test oracle -- --nocapture memoryview:: ndarray:: numpy:: || exit 1; \
	done

.PHONY: lint
lint: ## formatting and clippy
	$(CARGO) fmt --check
	$(CARGO) clippy --quiet --all-targets -- -D warnings
	$(CARGO) clippy --quiet --lib --no-default-features -- -D warnings

.PHONY: header
header: ## generate include/pybuffer/pybuffer.h from the sources
	PYBUFFER_WRITE_HEADER=1 $(CARGO) test --quiet --test house header_is_up_to_date

HEADERS := $(addprefix include/pybuffer/,pybuffer.h pybuffer.hpp mdspan.hpp eigen.hpp opencv.hpp)

.PHONY: clean
clean: ## remove all build output
	$(CARGO) clean

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
