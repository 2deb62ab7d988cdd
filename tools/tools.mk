# The program pybuffer (tools/): a C++17 program on the public headers, linked with the shared library. It uses the readers of the
# examples, which are C. Where no C++ compiler is found it is not built, and `make install` says so.

BINDIR ?= $(PREFIX)/bin
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share

TOOL := target/tools/pybuffer
TOOL_CFLAGS := -O2 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Iinclude -Iexamples
TOOL_C := examples/file.c examples/image_io.c examples/npy_header.c examples/npy_io.c examples/wav_io.c
TOOL_CXX := $(wildcard tools/*.cpp)
TOOL_OBJECTS := $(patsubst examples/%.c,target/tools/%.o,$(TOOL_C)) $(patsubst tools/%.cpp,target/tools/%.o,$(TOOL_CXX))
HAS_CXX = $(shell bash tests/tools.sh has 'C++ compiler' && echo yes)

$(patsubst examples/%.c,target/tools/%.o,$(TOOL_C)): target/tools/%.o: examples/%.c $(wildcard examples/*.h) include/pybuffer/pybuffer.h
	@mkdir -p $(@D)
	$(CC) -std=c99 $(TOOL_CFLAGS) -c $< -o $@

$(patsubst tools/%.cpp,target/tools/%.o,$(TOOL_CXX)): target/tools/%.o: tools/%.cpp $(wildcard tools/*.hpp examples/*.h include/pybuffer/*)
	@mkdir -p $(@D)
	$(CXX) -std=c++17 $(TOOL_CFLAGS) -c $< -o $@

$(TOOL): $(TOOL_OBJECTS) $(SHARED)
	$(CXX) $(TOOL_OBJECTS) $(EXAMPLE_LIBS) -o $@

.PHONY: tool
tool: $(if $(HAS_CXX),$(TOOL)) ## build the program pybuffer, which shows, draws and converts arrays in files
	@$(if $(HAS_CXX),,CI= bash tests/tools.sh skip 'C++ compiler' 'the program pybuffer')
