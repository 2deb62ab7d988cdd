#!/usr/bin/env bash
# rustc as tests/coverage.sh calls it: the library has counters, the programs that are linked with it have what writes them.
set -eu
case " $* " in
*" --crate-name pybuffer "*)
    exec "$@" -Cinstrument-coverage -Zcoverage-options=branch -Cllvm-args=-runtime-counter-relocation -Clink-arg=-Wl,-u,__llvm_profile_runtime
    ;;
*" --crate-name build_script_build "*) exec "$@" ;;
*) exec "$@" -Clink-arg=-Wl,-u,__llvm_profile_runtime ;;
esac
