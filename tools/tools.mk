# The program pybuffer (tools/): a C++17 program on the public headers, linked with the shared library. It uses the readers of the
# examples, which are C. Where no C++ compiler is found it is not built, and `make install` says so.

DATADIR ?= $(PREFIX)/share
# Where the installed program looks for the library first: from its folder to that of the libraries. Distributions need none.
RUNPATH ?= $$ORIGIN/$(shell realpath -m --relative-to='$(BINDIR)' '$(LIBDIR)')
RUNPATH_FLAG = '-Wl,-rpath,$(RUNPATH)'

TOOL := target/tools/pybuffer
TOOL_CFLAGS := -O2 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Iinclude -Iexamples
TOOL_C := examples/file.c examples/image_io.c examples/npy_header.c examples/npy_io.c examples/wav_io.c
TOOL_CXX := $(wildcard tools/*.cpp)
TOOL_OBJECTS := $(patsubst examples/%.c,target/tools/%.o,$(TOOL_C)) $(patsubst tools/%.cpp,target/tools/%.o,$(TOOL_CXX))
HAS_CXX := $(shell command -v $(firstword $(CXX)) 2>/dev/null)

$(patsubst examples/%.c,target/tools/%.o,$(TOOL_C)): target/tools/%.o: examples/%.c $(wildcard examples/*.h) include/pybuffer/pybuffer.h
	@mkdir -p $(@D)
	$(CC) -std=c99 $(TOOL_CFLAGS) $(CPPFLAGS) $(CFLAGS) -c $< -o $@

$(patsubst tools/%.cpp,target/tools/%.o,$(TOOL_CXX)): target/tools/%.o: tools/%.cpp $(wildcard tools/*.hpp examples/*.h include/pybuffer/*)
	@mkdir -p $(@D)
	$(CXX) -std=c++17 $(TOOL_CFLAGS) $(CPPFLAGS) $(CXXFLAGS) -c $< -o $@

$(TOOL): $(TOOL_OBJECTS) $(SHARED)
	$(CXX) $(TOOL_OBJECTS) $(EXAMPLE_LIBS) -o $@

# The same with sanitizers, for the tests: as one file, which the compiler reads in a fifth of the time.
TOOL_CHECKED := target/tools/checked/pybuffer
CHECKED_FLAGS = -O0 -g1 -Wall -Wextra -Werror -Iinclude -Iexamples -Itools \
    $(shell bash tests/tools.sh has sanitizers && echo -fsanitize=address,undefined -fno-sanitize-recover=all)

$(TOOL_CHECKED): $(TOOL_C) $(TOOL_CXX) $(wildcard tools/*.hpp examples/*.h include/pybuffer/*) $(SHARED)
	@mkdir -p $(@D)
	printf '#include "%s"\n' $(notdir $(TOOL_CXX)) > $(@D)/all.cpp
	$(CC) -std=c99 $(CHECKED_FLAGS) -r $(TOOL_C) -o $(@D)/readers.o
	$(CXX) -std=c++17 $(CHECKED_FLAGS) $(@D)/all.cpp $(@D)/readers.o $(EXAMPLE_LIBS) -o $@

.PHONY: tool
tool: $(if $(HAS_CXX),$(TOOL)) ## build the program pybuffer, which shows, draws and converts arrays in files
	@$(if $(HAS_CXX),,CI= bash tests/tools.sh skip 'C++ compiler' 'the program pybuffer')

.PHONY: test-tools
test-tools: numpy-venv ## the program pybuffer against NumPy, on spoiled files, and the vectors of formats and the guide's programs
	@if [ -n '$(HAS_CXX)' ]; then $(MAKE) --no-print-directory -j$(JOBS) $(TOOL) $(TOOL_CHECKED) && \
	    PYBUFFER_CFLAGS="-I$(abspath include)" \
	    PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	    $(PROVE) c-tests/tools/tool.sh c-tests/tools/formats.sh c-tests/tools/guide.sh c-tests/tools/site.sh; \
	else CI= bash tests/tools.sh skip 'C++ compiler' 'the program pybuffer'; fi

# `make install` installs the program, its manual page and completions. It is linked anew, to find the library next to it, wherever the installed tree is moved to.
.PHONY: install-tool uninstall-tool
install-tool: tool
ifneq ($(HAS_CXX),)
	$(CXX) $(LDFLAGS) $(TOOL_OBJECTS) -L$(TARGET) $(if $(RUNPATH),$(RUNPATH_FLAG)) -lpybuffer -o target/tools/installed
	$(INSTALL) -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(MANDIR)/man1 $(DESTDIR)$(DATADIR)/bash-completion/completions \
	    $(DESTDIR)$(DATADIR)/zsh/site-functions
	$(INSTALL) -m 755 target/tools/installed $(DESTDIR)$(BINDIR)/pybuffer
	$(INSTALL) -m 644 tools/pybuffer.1 $(DESTDIR)$(MANDIR)/man1/pybuffer.1
	$(INSTALL) -m 644 tools/completion.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/pybuffer
	$(INSTALL) -m 644 tools/completion.zsh $(DESTDIR)$(DATADIR)/zsh/site-functions/_pybuffer
endif

uninstall-tool:
	rm -f $(DESTDIR)$(BINDIR)/pybuffer $(DESTDIR)$(MANDIR)/man1/pybuffer.1 \
	    $(DESTDIR)$(DATADIR)/bash-completion/completions/pybuffer $(DESTDIR)$(DATADIR)/zsh/site-functions/_pybuffer

.PHONY: drawings vectors
drawings: $(TOOL) ## make the drawings of the guide
	@for chapter in docs/guide/*.md; do \
	    PYBUFFER_CFLAGS="-I$(abspath include)" \
	    PYBUFFER_LIBS="-L$(abspath $(TARGET)) -Wl,-rpath,$(abspath $(TARGET)) -lpybuffer" \
	    python3 c-tests/tools/guide.py $$chapter $(TOOL) --write || exit 1; \
	done

vectors: $(TOOL) numpy-venv ## write docs/format-vectors.json
	$${PYBUFFER_NUMPY_PYTHON:-$(NUMPY_VENV)/bin/python} c-tests/tools/vectors.py write $(TOOL) docs/format-vectors.json

# Rendered by Python-Markdown, from PyPI.
DOCS_PYTHON := target/docs-venv/bin/python
.PHONY: docs
docs: ## make the documentation as one site in target/site: guide, pages, and the comments of the headers
	@$(DOCS_PYTHON) -c 'import markdown' 2>/dev/null || { \
	    python3 -m venv target/docs-venv && $(DOCS_PYTHON) -m pip install -q 'markdown>=3.4'; }
	@$(DOCS_PYTHON) docs/site/site.py target/site
