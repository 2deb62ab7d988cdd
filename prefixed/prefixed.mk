# The library with another prefix, to be linked beside CPython.

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

$(PREFIXED_HEADER): include/pybuffer/pybuffer.h prefixed/header.awk $(EXPORTS)
	@mkdir -p $(@D)
	awk -f prefixed/header.awk $(EXPORTS) include/pybuffer/pybuffer.h > $@.new
	mv $@.new $@

.PHONY: test-prefixed
test-prefixed: $(SHARED) prefixed ## the prefixed build, alone and beside the library
	@PREFIXED=$(PREFIXED) \
	PYBUFFER_CFLAGS="-I$(abspath include)" \
	PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	$(PROVE) prefixed/test.sh
