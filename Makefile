# libpybuffer. `make help` lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
CARGO ?= cargo
CC ?= cc
CXX ?= c++
INSTALL ?= install
OBJCOPY ?= objcopy

# rustup must not fetch another toolchain silently.
export RUSTUP_AUTO_INSTALL = 0
# Tests that build C programs use the same compilers.
export CC CXX

VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOVERSION := 0
TARGET := target/release
SHARED := $(TARGET)/libpybuffer.so
STATIC := $(TARGET)/libpybuffer.a
# Further libraries for programs that link the static one.
STATIC_LIBS := -lpthread
EXPORTS := tests/exports.txt
SOURCES := Cargo.toml Cargo.lock build.rs $(shell find src -name '*.rs' -o -name '*.c')

EXAMPLE_CFLAGS := -std=c99 -O2 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -pthread -Iinclude
EXAMPLE_LIBS := -L$(TARGET) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer
PICTURE ?= examples/data/chelsea.ppm
DEMO := target/demo

.PHONY: all
all: $(SHARED) ## build the shared and the static library (the default)

# Cargo ignores LTO if an rlib is built too, hence the crate types here; without std, see src/lib.rs.
$(SHARED) $(TARGET)/libpybuffer.so.$(SOVERSION) $(STATIC) &: $(SOURCES) $(EXPORTS)
	$(CARGO) rustc --release --lib --no-default-features --crate-type cdylib,staticlib
	ln -sf libpybuffer.so $(TARGET)/libpybuffer.so.$(SOVERSION)
	@# The static library as one object that shows what the shared one exports and nothing else, so that a program can
	@# link it beside other Rust libraries. Rust's own objects bring LLVM bitcode along; where binutils have an LLVM plugin
	@# of another version, ar and ld read that in place of the symbols, and find none.
	@echo '$(LD) -r $(STATIC)'
	@$(LD) -r --gc-sections $(addprefix -u ,$(shell cat $(EXPORTS))) $(STATIC) -o $(TARGET)/pybuffer.o
	$(OBJCOPY) --keep-global-symbols=$(EXPORTS) --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd \
	    $(TARGET)/pybuffer.o
	rm -f $(STATIC)
	$(AR) rcs $(STATIC) $(TARGET)/pybuffer.o
	@touch $(SHARED)

# After the default target, which an included file must not define.
include tests/numpy.mk
include prefixed/prefixed.mk
include conformance/conformance.mk
include python/python.mk

DEMO_PROGRAMS := $(addprefix $(DEMO)/,minimal image npy wav threads exporter)

.PHONY: demo
demo: $(DEMO_PROGRAMS) ## build the examples and run them on real data (PICTURE=file)
	$(DEMO)/minimal
	$(DEMO)/image $(PICTURE) $(DEMO)/pictures
	$(DEMO)/threads $(PICTURE) $(DEMO)/pictures
	$(DEMO)/npy examples/data/planets.npy orbit
	$(DEMO)/npy examples/data/chelsea-brightness.npy . $(DEMO)/brightness.csv
	$(DEMO)/wav examples/data/rock-hit.wav $(DEMO)/sounds
	$(DEMO)/exporter

# Each is built from its own source and those that it shares with others.
$(DEMO)/image: examples/image_io.c examples/file.c
$(DEMO)/npy: examples/npy_io.c examples/npy_header.c examples/file.c
$(DEMO)/wav: examples/wav_io.c examples/file.c
$(DEMO)/threads: examples/image_io.c examples/file.c
$(DEMO_PROGRAMS): $(DEMO)/%: examples/%.c $(wildcard examples/*.h) $(SHARED) include/pybuffer/pybuffer.h
	@mkdir -p $(@D)
	$(CC) $(EXAMPLE_CFLAGS) $(filter %.c,$^) $(EXAMPLE_LIBS) -o $@

# TAP programs are run by prove, or without it.
PROVE := bash tests/prove.sh
RESULTS := target/test-results
TEST_PARTS := test-setup test-rust test-c test-random test-twins test-link test-eigen test-examples test-install test-prefixed test-python test-bench conformance-quick

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
test-fresh: ## `make demo test` on a new, minimal Debian in a folder, without and with packages from apt (root; not in `test`)
	bash tests/fresh.sh

.PHONY: test-rust
test-rust: $(SHARED) numpy-venv ## unit, property, header, ABI and layer tests
	$(CARGO) test --quiet

.PHONY: test-c
test-c: $(SHARED) ## the C tests: plain, under valgrind, with sanitizers, and against a debug build
	$(MAKE) --no-print-directory -C c-tests check \
	    PYBUFFER_CFLAGS="-I$(abspath include)" \
	    PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	    BUILD=$(abspath target/c-tests)
	@# Again with a debug build of the library, which checks overflow and does not optimise.
	$(CARGO) build --quiet
	ln -sf libpybuffer.so target/debug/libpybuffer.so.$(SOVERSION)
	PYBUFFER_TEST_STACK=0 $(MAKE) --no-print-directory -C c-tests check-plain \
	    PYBUFFER_CFLAGS="-I$(abspath include)" \
	    PYBUFFER_LIBS="-L$(abspath target/debug) -Wl,-rpath,$(abspath target/debug) -lpybuffer" \
	    BUILD=$(abspath target/c-tests-debug)

RANDOM := $(MAKE) --no-print-directory -C c-tests/random BUILD=$(abspath target/random) PYBUFFER_CFLAGS="-I$(abspath include)" \
    PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer"

.PHONY: test-random fuzz-random
test-random: $(SHARED) ## random harnesses against naive models, a small dose of each family at each level
	$(RANDOM) check
fuzz-random: $(SHARED) ## long runs of them (FAMILY=copies STEPS=10000000 SEED=1 LEVEL=avx2 ROUND=123 FLAVOUR=sanitize)
	@$(RANDOM) run

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
tsan: ## the C tests with threads with ThreadSanitizer inside the library, too (needs a Rust with its source and clang)
	bash tests/tsan.sh

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

# Eigen is a library of headers; where Debian has them, or EIGEN says.
EIGEN ?= /usr/include/eigen3

.PHONY: test-eigen
test-eigen: $(SHARED) ## the bridge to Eigen, with gcc's sanitizers, where Eigen is installed (EIGEN=directory)
	@if [ -e '$(EIGEN)/Eigen/Core' ]; then \
	    mkdir -p target/c-tests && \
	    $(CXX) -std=c++17 -O1 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -fsanitize=address,undefined \
	        -Iinclude -Ic-tests/support -isystem '$(EIGEN)' c-tests/bridges/eigen.cpp -o target/c-tests/eigen \
	        -L$(TARGET) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer && \
	    $(PROVE) --exec '' target/c-tests/eigen; \
	else CI= bash tests/tools.sh skip 'Eigen (libeigen3-dev)' 'the bridge to Eigen'; fi

.PHONY: test-examples
test-examples: $(SHARED) numpy-venv ## the examples against NumPy and CPython, and on corrupt files (FUZZ=5000 SEED=2 changes more of them)
	PYBUFFER_CFLAGS="-I$(abspath include)" \
	PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	$(PROVE) $(addprefix c-tests/examples/,image.sh npy.sh wav.sh threads.sh exporter.sh)

.PHONY: test-install
test-install: $(SHARED) ## install into a temporary prefix and build the README's program there
	$(PROVE) c-tests/examples/install.sh

ARCH ?= aarch64
.PHONY: test-emulated
test-emulated: ## the tests that need no CPython, for another machine under qemu (ARCH=aarch64 or s390x; not in `test`)
	bash tests/emulated.sh $(ARCH)

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

.PHONY: bench-limits
bench-limits: $(SHARED) ## time only what memory and processor themselves take for workloads of make bench (QUICK=1)
	@$(BENCH_ENV) python3 benches/run.py $(BENCH_OPTIONS) --limits

AFTER ?= $(SHARED)
.PHONY: bench-between
bench-between: $(SHARED) ## compare two builds by all lines of make bench at every level (BEFORE=old.so AFTER=new.so QUICK=1 ONLY=)
	@test -n '$(BEFORE)' || { echo 'usage: make bench-between BEFORE=path/to/old.so [AFTER=path/to/new.so]'; exit 2; }
	@$(BENCH_ENV) python3 benches/builds.py $(BENCH_OPTIONS) '$(BEFORE)' '$(AFTER)'

.PHONY: bench-cxx
bench-cxx: $(SHARED) ## time loops over the C++ header's views beside loops over raw pointers
	@mkdir -p target/bench
	$(CXX) -std=c++17 -O3 -Wall -Wextra -Werror -Iinclude benches/views.cpp -o target/bench/views \
	    -L$(TARGET) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer
	target/bench/views

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

HEADERS := $(addprefix include/pybuffer/,pybuffer.h pybuffer.hpp eigen.hpp)

.PHONY: install
install: $(SHARED) ## install library, headers and pybuffer.pc (PREFIX, LIBDIR, INCLUDEDIR, DESTDIR)
	$(INSTALL) -d $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/pybuffer
	$(INSTALL) -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/libpybuffer.so.$(VERSION)
	ln -sf libpybuffer.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libpybuffer.so.$(SOVERSION)
	ln -sf libpybuffer.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libpybuffer.so
	$(INSTALL) -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)/libpybuffer.a
	$(INSTALL) -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/pybuffer/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' -e 's|@INCLUDEDIR@|$(INCLUDEDIR)|' \
	    -e 's|@VERSION@|$(VERSION)|' -e 's|@STATIC_LIBS@|$(STATIC_LIBS)|' \
	    pybuffer.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/pybuffer.pc

.PHONY: uninstall
uninstall: ## remove the installed files
	rm -f $(DESTDIR)$(LIBDIR)/libpybuffer.so $(DESTDIR)$(LIBDIR)/libpybuffer.so.$(SOVERSION) \
	    $(DESTDIR)$(LIBDIR)/libpybuffer.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libpybuffer.a \
	    $(DESTDIR)$(LIBDIR)/pkgconfig/pybuffer.pc $(addprefix $(DESTDIR)$(INCLUDEDIR)/pybuffer/,$(notdir $(HEADERS)))
	-rmdir $(DESTDIR)$(INCLUDEDIR)/pybuffer 2>/dev/null

.PHONY: clean
clean: ## remove all build output
	$(CARGO) clean

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 18
