# The Python package, on the library with the prefix.

PYTHON_VERSIONS ?= 3.11 3.13 3.14 3.15
export LIBPYBUFFER_PREFIXED = $(abspath $(PREFIXED))

.PHONY: test-python
test-python: $(SHARED) prefixed ## the Python package: checker, exporters, memoryview, command line, pytest plugin (PYTHON_VERSIONS="3.10 3.12")
	@bash python/tests/run.sh $(PYTHON_VERSIONS)

.PHONY: test-python-source
test-python-source: ## the same from a source distribution, which builds the library itself (not in `test`)
	@LIBPYBUFFER_PREFIXED= bash python/tests/source.sh

.PHONY: wheel
wheel: $(SHARED) prefixed ## wheels of the Python package for the CPythons that pyenv has, in target/wheels
	@bash python/wheel.sh

.PHONY: survey
survey: $(SHARED) prefixed ## check the exporters of packages from PyPI, and write docs/survey.md (1 GB in target/survey; not in `test`)
	@bash python/survey/survey.sh
