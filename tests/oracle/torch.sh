#!/usr/bin/env bash
# torch_oracle.py with the prefixed library: torch.sh PYTHON, one that has PyTorch. Output is TAP.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# shellcheck source=../../c-tests/support/tap.sh
. "$root/c-tests/support/tap.sh"

exchanges() {
    "$python" -I "$root/tests/oracle/torch_oracle.py" "$root/target/prefixed/libpybuffer_prefixed.so" pyb_
}

for python in ${TORCH_PYTHONS:?}; do
    test_that "$("$python" -c 'import torch; print("PyTorch", torch.__version__)') exchanges tensors with the library" exchanges
done
tap_end
