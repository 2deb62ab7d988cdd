# The library with another prefix, and CPython's own tests on it.

PREFIXED := target/prefixed
PREFIXED_SHARED := $(PREFIXED)/libpybuffer_prefixed.so
PREFIXED_STATIC := $(PREFIXED)/libpybuffer_prefixed.a
PREFIXED_HEADER := $(PREFIXED)/include/pybuffer/pybuffer_prefixed.h

.PHONY: prefixed
prefixed: $(PREFIXED_SHARED) $(PREFIXED_HEADER) ## build the library with all symbols prefixed (pyb_...), to be linked beside CPython

# The same object as in the static library, with other names; the same flags as in build.rs.
$(PREFIXED_SHARED) $(PREFIXED_STATIC) &: $(STATIC) $(EXPORTS)
	@mkdir -p $(PREFIXED)
	sed 's/.*/& pyb_&/' $(EXPORTS) > $(PREFIXED)/names
	$(OBJCOPY) --redefine-syms=$(PREFIXED)/names $(STATIC) $(PREFIXED_STATIC)
	$(CC) -shared -s -o $(PREFIXED_SHARED) -Wl,--whole-archive $(PREFIXED_STATIC) -Wl,--no-whole-archive -lpthread \
	    -Wl,-soname,libpybuffer_prefixed.so.$(SOVERSION) -Wl,-Bsymbolic-functions -Wl,-z,defs,-z,nodelete,-z,relro,-z,now
	ln -sf libpybuffer_prefixed.so $(PREFIXED_SHARED).$(SOVERSION)

$(PREFIXED_HEADER): include/pybuffer/pybuffer.h conformance/prefix.awk $(EXPORTS)
	@mkdir -p $(@D)
	awk -f conformance/prefix.awk $(EXPORTS) include/pybuffer/pybuffer.h > $@.new
	mv $@.new $@

# What conformance.sh takes from the command line.
export VERSIONS REPEAT

.PHONY: conformance
conformance: prefixed numpy-venv ## CPython's own tests of memoryviews and buffers on this library (VERSIONS="3.13 3.12 3.11")
	@# Pillow takes part where it can be had.
	@[ ! -x $(NUMPY_VENV)/bin/pip ] || [ -n "$$PYBUFFER_NO_INSTALL" ] || \
	    $(NUMPY_VENV)/bin/python -c 'import PIL' 2>/dev/null || $(NUMPY_VENV)/bin/pip install -q pillow || true
	@PREFIXED=$(PREFIXED) \
	PYBUFFER_CFLAGS="-I$(abspath include)" \
	PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	NUMPY_PYTHON=$${PYBUFFER_NUMPY_PYTHON:-$(abspath $(NUMPY_VENV))/bin/python} \
	SUITES="$(SUITES)" bash conformance/conformance.sh

.PHONY: conformance-quick
conformance-quick: ## the same on CPython 3.13, without the suites that are about something else
	@$(MAKE) --no-print-directory conformance VERSIONS=3.13 REPEAT=1 SUITES="test_memoryview test_buffer"
