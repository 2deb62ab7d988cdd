# How the libraries are linked. Cargo makes a static library; what is installed is made of it here, with the linker, since
# Cargo's own shared libraries cannot have symbol versions, nor its static ones hidden symbols.
#
# TRIPLE builds for another machine (a target of Rust's), with CC, LD, AR, OBJCOPY and CARGO_FLAGS for it.

TRIPLE ?=
CARGO_FLAGS ?=
TARGET := $(or $(CARGO_TARGET_DIR),target)/$(if $(TRIPLE),$(TRIPLE)/)release
RUST_TARGET := $(or $(TRIPLE),$(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p'))

OBJECT := $(TARGET)/pybuffer.o
HIDDEN := $(TARGET)/pybuffer_hidden.o
STATIC := $(TARGET)/libpybuffer.a

# What programs link that use the static library.
STATIC_LIBS := $(if $(findstring windows,$(RUST_TARGET)),,-lpthread)

# Loops whose number of rounds is not known are not unrolled: most are over a few axes, and unrolling them all is a tenth of the
# library. Those that run long are written in steps of several items. A little less is inlined than by default (225), which is one
# hundredth of the library and costs no call an instruction.
CODE := -C llvm-args=-unroll-runtime=false -C llvm-args=-inline-threshold=200

# The library as one object that shows what is exported and nothing else, so that a program can link it beside other Rust
# libraries. Rust's own objects bring LLVM bitcode along; where binutils have an LLVM plugin of another version, ar and ld read
# that in place of the symbols, and find none. Cargo ignores LTO if an rlib is built too, hence the crate type; without std, see
# src/lib.rs.
$(OBJECT): $(SOURCES) $(EXPORTS) packaging/link.mk
	$(CARGO) rustc --release --lib --no-default-features --crate-type staticlib $(if $(TRIPLE),--target $(TRIPLE)) $(CARGO_FLAGS) -- $(CODE)
	@echo '$(LD) -r $(STATIC)'
	@$(LD) -r --gc-sections $(addprefix -u ,$(shell cat $(EXPORTS))) $(STATIC) -o $@
	$(OBJCOPY) --keep-global-symbols=$(EXPORTS) --strip-debug --remove-section=.llvmbc --remove-section=.llvmcmd $@

ifneq ($(findstring windows,$(RUST_TARGET)),)
# ---- Windows, by binutils and a gcc of MinGW: a DLL with its import library ------------------------------------------

SHARED := $(TARGET)/libpybuffer-$(SOVERSION).dll
IMPORT := $(TARGET)/libpybuffer.dll.a
LIBRARIES := $(SHARED) $(IMPORT) $(STATIC)

# Data are named as such, so that the import library has no jumps for them.
$(TARGET)/pybuffer.def: $(OBJECT) $(EXPORTS)
	{ echo EXPORTS; $(NM) $(OBJECT) | awk 'NR == FNR { exported[$$1]; next } $$3 in exported { print "    " $$3 ($$2 == "T" ? "" : " DATA") }' $(EXPORTS) -; } > $@

$(SHARED): $(OBJECT) $(TARGET)/pybuffer.def
	$(CC) $(LDFLAGS) -shared -s -o $@ $^ -Wl,--out-implib,$(IMPORT) $(STATIC_LIBS)
$(IMPORT): $(SHARED)

# Nothing is exported from a program or a DLL that does not say so.
$(STATIC): $(OBJECT)
	rm -f $@
	$(AR) rcs $@ $<

else ifneq ($(findstring apple,$(RUST_TARGET)),)
$(error on macOS build with cargo rustc --release --lib --no-default-features --crate-type cdylib,staticlib; this needs binutils (docs/platforms.md))

else
# ---- ELF ------------------------------------------------------------------------------------------------------------

SHARED := $(TARGET)/libpybuffer.so
LIBRARIES := $(SHARED) $(STATIC)

# Functions bind to the library's own definitions. Data must not: a non-PIE executable holds copies of the type objects (copy
# relocations), and the library has to reach those, hence not plain -Bsymbolic. Types must outlive their instances, so an
# explicit dlclose() does not unmap the library.
LINK_SHARED = $(CC) $(LDFLAGS) -shared -s -Wl,-Bsymbolic-functions \
    -Wl,-z,defs,-z,nodelete,-z,relro,-z,now,-z,noexecstack -Wl,--hash-style=gnu -Wl,--as-needed

# The SONAME is the ABI's name: it changes when a program that was linked before would no longer work.
$(SHARED): $(OBJECT) packaging/pybuffer.map
	$(LINK_SHARED) -o $@ $< -Wl,-soname,libpybuffer.so.$(SOVERSION) -Wl,--version-script=packaging/pybuffer.map $(STATIC_LIBS)
	ln -sf libpybuffer.so $@.$(SOVERSION)

# The same object with hidden symbols: what links it does not export them, and reaches them itself, whatever other library of the
# process has their names. When objects are merged, the stricter visibility wins.
$(HIDDEN): $(OBJECT) $(EXPORTS)
	{ awk '{ print ".globl " $$1; print ".hidden " $$1 }' $(EXPORTS); echo '.section .note.GNU-stack,"",%progbits'; } > $(TARGET)/hidden.s
	$(CC) -c $(TARGET)/hidden.s -o $(TARGET)/hidden.o
	$(LD) -r $(OBJECT) $(TARGET)/hidden.o -o $@

$(STATIC): $(HIDDEN)
	rm -f $@
	$(AR) rcs $@ $<
endif

# In the place of the static library Cargo has left its own, which is not to be used.
$(SHARED): | $(STATIC)

.PHONY: libraries
libraries: $(LIBRARIES)
