# The library with another prefix, to be linked beside CPython.

PREFIXED := target/$(if $(TRIPLE),$(TRIPLE)/)prefixed
PREFIXED_SHARED := $(PREFIXED)/libpybuffer_prefixed.so
PREFIXED_STATIC := $(PREFIXED)/libpybuffer_prefixed.a
PREFIXED_HEADER := $(PREFIXED)/include/pybuffer/pybuffer_prefixed.h

.PHONY: prefixed
prefixed: $(PREFIXED_SHARED) $(PREFIXED_STATIC) $(PREFIXED_HEADER) ## build the library with all symbols prefixed (pyb_...), to be linked beside CPython

# The same objects as in the library, with other names.
$(PREFIXED)/names: $(EXPORTS)
	@mkdir -p $(@D)
	sed 's/.*/& pyb_&/' $< > $@

$(PREFIXED_SHARED): $(OBJECT) $(PREFIXED)/names prefixed/prefixed.map
	$(OBJCOPY) --redefine-syms=$(PREFIXED)/names $< $(PREFIXED)/pybuffer_prefixed.o
	$(LINK_SHARED) -o $@ $(PREFIXED)/pybuffer_prefixed.o -Wl,-soname,libpybuffer_prefixed.so.$(SOVERSION) \
	    -Wl,--version-script=prefixed/prefixed.map $(STATIC_LIBS)
	ln -sf libpybuffer_prefixed.so $@.$(SOVERSION)

$(PREFIXED_STATIC): $(STATIC) $(PREFIXED)/names
	$(OBJCOPY) --redefine-syms=$(PREFIXED)/names $< $@

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
