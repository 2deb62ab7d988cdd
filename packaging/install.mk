# What `make install` installs: both libraries, plain and prefixed, with what C compilers, pkg-config and CMake need to find
# them, the manual page and the licences. The installed tree may be moved.

PREFIX ?= /usr/local
DESTDIR ?=
LIBDIR ?= $(PREFIX)/lib
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DOCDIR ?= $(PREFIX)/share/doc/pybuffer
INSTALL ?= install

CMAKEDIR = $(LIBDIR)/cmake/pybuffer
PKGCONFIGDIR = $(LIBDIR)/pkgconfig
LICENCES := LICENSE-MIT LICENSE-APACHE packaging/THIRD-PARTY

# A path below PREFIX as seen from it; others as they are.
below_prefix = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
# The way from the folder of the CMake files up to PREFIX; nothing where that is not above it.
up_from = $(if $(filter $(PREFIX)/%,$(1)),$(subst $(space),/,$(patsubst %,..,$(subst /, ,$(patsubst $(PREFIX)/%,%,$(1))))))
space := $(subst ,, )

FILL = sed -e 's|@PREFIX@|$(PREFIX)|g' -e 's|@LIBDIR@|$(call below_prefix,$(LIBDIR))|g' \
    -e 's|@INCLUDEDIR@|$(call below_prefix,$(INCLUDEDIR))|g' -e 's|@UP@|$(call up_from,$(CMAKEDIR))|g' \
    -e 's|@VERSION@|$(VERSION)|g' -e 's|@SERIES@|$(basename $(VERSION))|g' -e 's|@SOVERSION@|$(SOVERSION)|g' -e 's|@STATIC_LIBS@|$(STATIC_LIBS)|g'
# $(1) a name, $(2) a description
FILL_PC = $(FILL) -e 's|@NAME@|$(1)|g' -e 's|@LIBRARY@|$(subst -,_,$(1))|g' -e 's|@DESCRIPTION@|$(2)|g' packaging/pybuffer.pc.in

DESCRIPTION := Python buffer protocol (PEP 3118) and memoryviews, without an interpreter

.PHONY: install
install: libraries prefixed install-tool ## install libraries, headers, the files of pkg-config and CMake, the program pybuffer and manual pages (PREFIX, LIBDIR, INCLUDEDIR, DESTDIR)
	$(INSTALL) -d $(addprefix $(DESTDIR),$(PKGCONFIGDIR) $(CMAKEDIR) $(INCLUDEDIR)/pybuffer $(MANDIR)/man3 $(DOCDIR))
	$(call install_shared,$(SHARED),libpybuffer)
	$(call install_shared,$(PREFIXED_SHARED),libpybuffer_prefixed)
	$(INSTALL) -m 644 $(STATIC) $(PREFIXED_STATIC) $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m 644 $(HEADERS) $(PREFIXED_HEADER) $(DESTDIR)$(INCLUDEDIR)/pybuffer/
	$(call FILL_PC,pybuffer,$(DESCRIPTION)) > $(DESTDIR)$(PKGCONFIGDIR)/pybuffer.pc
	$(call FILL_PC,pybuffer-prefixed,$(DESCRIPTION); symbols start with pyb_) > $(DESTDIR)$(PKGCONFIGDIR)/pybuffer-prefixed.pc
	$(FILL) -e 's|[$$]{prefix}|$${_pybuffer_prefix}|g' packaging/pybufferConfig.cmake.in > $(DESTDIR)$(CMAKEDIR)/pybufferConfig.cmake
	$(FILL) packaging/pybufferConfigVersion.cmake.in > $(DESTDIR)$(CMAKEDIR)/pybufferConfigVersion.cmake
	$(FILL) packaging/pybuffer.3.in > $(DESTDIR)$(MANDIR)/man3/pybuffer.3
	$(INSTALL) -m 644 $(LICENCES) $(DESTDIR)$(DOCDIR)/

ifdef IMPORT
# $(1) the DLL, $(2) its name
define install_shared
$(INSTALL) -d $(DESTDIR)$(BINDIR)
$(INSTALL) -m 755 $(1) $(DESTDIR)$(BINDIR)/$(2)-$(SOVERSION).dll
$(INSTALL) -m 644 $(dir $(1))$(2).dll.a $(DESTDIR)$(LIBDIR)/
endef
installed_shared = $(BINDIR)/$(1)-$(SOVERSION).dll $(LIBDIR)/$(1).dll.a
else
define install_shared
$(INSTALL) -m 755 $(1) $(DESTDIR)$(LIBDIR)/$(2).so.$(VERSION)
ln -sf $(2).so.$(VERSION) $(DESTDIR)$(LIBDIR)/$(2).so.$(SOVERSION)
ln -sf $(2).so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/$(2).so
endef
installed_shared = $(addprefix $(LIBDIR)/$(1).so,.$(VERSION) .$(SOVERSION)) $(LIBDIR)/$(1).so
endif

INSTALLED = $(foreach name,libpybuffer libpybuffer_prefixed,$(call installed_shared,$(name)) $(LIBDIR)/$(name).a) \
    $(addprefix $(INCLUDEDIR)/pybuffer/,$(notdir $(HEADERS) $(PREFIXED_HEADER))) \
    $(addprefix $(PKGCONFIGDIR)/,pybuffer.pc pybuffer-prefixed.pc) \
    $(addprefix $(CMAKEDIR)/,pybufferConfig.cmake pybufferConfigVersion.cmake) \
    $(MANDIR)/man3/pybuffer.3 $(addprefix $(DOCDIR)/,$(notdir $(LICENCES)))

# The last dump of this machine's ABI: symbols, their versions, and the sizes of data.
MACHINE = $(firstword $(subst -, ,$(RUST_TARGET)))
ABI = $(lastword $(sort $(wildcard packaging/abi/*-$(MACHINE).abi)))
.PHONY: abi abi-dump
abi: $(SHARED) ## compare the library's symbols with those of the last release (abidiff): none may be gone or changed
	@$(if $(ABI),abidiff --no-added-syms $(ABI) $(SHARED),echo "there is no dump for $(MACHINE)")
abi-dump: $(SHARED) ## write the dump of a release, packaging/abi/SERIES-MACHINE.abi
	abidw --no-corpus-path --no-show-locs $(SHARED) --out-file packaging/abi/$(basename $(VERSION))-$(MACHINE).abi

DIST ?= target/dist
.PHONY: dist
dist: ## make a source archive of what is committed, with the crates that it needs: it builds without network (DIST=folder)
	bash packaging/dist.sh $(DIST)

# Pythons with what the recipes of Conan and conda are tried with.
RECIPES ?= target/recipes
RECIPES_VENV := target/recipes-venv
.PHONY: recipes test-recipes recipes-venv
recipes: dist ## make recipes for Debian, Conan, conda and vcpkg that can be used as they are, of what is committed (RECIPES=folder)
	bash packaging/recipes.sh $(DIST)/pybuffer-$(VERSION).tar.gz $(RECIPES)
test-recipes: ## build packages by the recipes, with those tools that are there (PARTS="debian conan conda vcpkg", make recipes-venv, VCPKG_ROOT=checkout)
	RECIPES_PYTHON=$(abspath $(RECIPES_VENV))/bin/python bash packaging/test-recipes.sh $(PARTS)
recipes-venv: ## install Conan and rattler-build from PyPI for make test-recipes (in target/)
	@test -d $(RECIPES_VENV) || python3 -m venv $(RECIPES_VENV)
	$(RECIPES_VENV)/bin/pip install -q conan py-rattler-build

.PHONY: uninstall
uninstall: uninstall-tool ## remove the installed files, with the same variables
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	for folder in $(addprefix $(DESTDIR),$(INCLUDEDIR)/pybuffer $(CMAKEDIR) $(DOCDIR)); do \
	    [ ! -d "$$folder" ] || rmdir "$$folder" 2>/dev/null || echo "$$folder is left: it has other files"; \
	done
