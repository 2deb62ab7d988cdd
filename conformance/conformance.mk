# CPython's own tests on the library, by an extension module with its prefixed build (../prefixed).

# The options of conformance.sh on the command line.
export VERSIONS REPEAT

.PHONY: conformance
conformance: prefixed numpy-venv ## CPython's own tests of memoryviews and buffers on this library (VERSIONS="3.13 3.12 3.11")
	@# Pillow takes part if it can be installed.
	@[ ! -x $(NUMPY_VENV)/bin/pip ] || [ -n "$$PYBUFFER_NO_INSTALL" ] || \
	    $(NUMPY_VENV)/bin/python -c 'import PIL' 2>/dev/null || $(NUMPY_VENV)/bin/pip install -q pillow || true
	@PREFIXED=$(PREFIXED) \
	NUMPY_PYTHON=$${PYBUFFER_NUMPY_PYTHON:-$(abspath $(NUMPY_VENV))/bin/python} \
	SUITES="$(SUITES)" bash conformance/conformance.sh

.PHONY: test-kit
test-kit: ## the lines that the kit for other implementations expects, against the twin programs and CPython 3.15
	@$(PROVE) conformance/kit/check.sh

.PHONY: conformance-quick
conformance-quick: ## the same on CPython 3.13, without the suites that are about something else
	@$(MAKE) --no-print-directory conformance VERSIONS=3.13 REPEAT=1 SUITES="test_memoryview test_buffer"
