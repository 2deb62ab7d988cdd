# A Python with NumPy for some tests, in target/numpy-venv; one with headers if there is, for what is compiled for it.
# Where none can be made (no Python >= 3.10, no network) there is none, and those tests say that they are skipped, or fail
# where CI=true. PYBUFFER_NUMPY_PYTHON names another.

NUMPY_VENV := target/numpy-venv

.PHONY: numpy-venv
numpy-venv: ## make the Python environment with NumPy that tests compare with
ifeq ($(PYBUFFER_NUMPY_PYTHON),)
	@$(NUMPY_VENV)/bin/python -c 'import numpy' 2>/dev/null || \
	for wanted in headers none; do for python in python3.13 python3.12 python3.11 python3.10 python3 \
	    $$(ls -d "$${PYENV_ROOT:-$$(pyenv root 2>/dev/null)}"/versions/3.1?.*/bin/python3 2>/dev/null); do \
	    "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || continue; \
	    [ "$$wanted" = none ] || [ -f "$$("$$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || \
	        continue; \
	    echo "$$python -m venv $(NUMPY_VENV)"; \
	    rm -rf $(NUMPY_VENV); \
	    "$$python" -m venv $(NUMPY_VENV) && $(NUMPY_VENV)/bin/pip install -q 'numpy>=2.1' && break 2; \
	done; done; true
endif
