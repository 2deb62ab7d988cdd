# A Python with NumPy for some tests, and PyArrow if it can be had, in target/numpy-venv; one with headers if possible, to compile
# modules for it. If it cannot be made (no Python >= 3.10, no network, nothing may be installed), those tests are skipped, or
# fail where CI=true. PYBUFFER_NUMPY_PYTHON names another. The parts of `make test` (PYBUFFER_RESULTS) do not try once more.

NUMPY_VENV := target/numpy-venv

.PHONY: numpy-venv
numpy-venv: ## make the Python environment with NumPy that tests compare with
ifeq ($(PYBUFFER_NUMPY_PYTHON),)
	@$(NUMPY_VENV)/bin/python -c 'import numpy' 2>/dev/null || [ -n "$$PYBUFFER_NO_INSTALL$$PYBUFFER_RESULTS" ] || { \
	    python=$$(bash tests/tools.sh python); \
	    [ -n "$$python" ] || exit 0; \
	    echo "$$python -m venv $(NUMPY_VENV), and pip install numpy there"; \
	    rm -rf $(NUMPY_VENV); mkdir -p target; \
	    { "$$python" -m venv $(NUMPY_VENV) && $(NUMPY_VENV)/bin/pip install -q 'numpy>=2.1' && \
	      { $(NUMPY_VENV)/bin/pip install -q pyarrow || true; }; } >target/numpy-venv.log 2>&1 || \
	        echo "This fails: see target/numpy-venv.log"; \
	}
endif
