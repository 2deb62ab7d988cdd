# For the tests of an example: source it with the names of its sources in examples/, the first being that of the example.
# The program is built twice, with address and undefined-behaviour sanitizers as "$directory/sanitized", and without as
# "$directory/plain", which runs under valgrind. PYBUFFER_CFLAGS and PYBUFFER_LIBS say where the library is.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
data=$root/examples/data
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
read -ra cflags <<<"${PYBUFFER_CFLAGS:?}"
read -ra libs <<<"${PYBUFFER_LIBS:?}"
# Another status than the example's own.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=exitcode=99

# shellcheck source=tap.sh
. "$root/c-tests/support/tap.sh"
# shellcheck source=oracle.sh
. "$root/c-tests/support/oracle.sh"

build() { # output flag...
    local output=$1
    shift
    "${CC:-cc}" -std=c99 -O1 -g -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -pthread "$@" "${cflags[@]}" \
        "${sources[@]}" "${libs[@]}" -o "$output"
}

sanitized() { # argument...
    "$directory/sanitized" "$@"
}

checked() { # argument...
    "${memcheck[@]}" "$directory/plain" "$@"
}

both() { # argument...: the same from both programs, on standard output
    local output other
    output=$(sanitized "$@") && other=$(checked "$@") && diff <(echo "$output") <(echo "$other") >&2 && echo "$output"
}

refused() { # message argument...: by both programs, with status 1 and this message
    local message=$1 how output status
    shift
    for how in sanitized checked; do
        output=$("$how" "$@" 2>&1)
        status=$?
        [ "$status" -eq 1 ] && grep -qF -- "$message" <<<"$output" || { echo "$how, $status: $output"; return 1; }
    done
}

numpy() { # argument...
    "${PYBUFFER_NUMPY_PYTHON:-$root/target/numpy-venv/bin/python}" "$@"
}

has_numpy() {
    numpy -c 'import numpy' 2>/dev/null
}

# A Python for what needs no NumPy; nothing where there is none.
any_python() {
    local python prefix
    prefix=$(find_oracle)
    for python in "$prefix/bin/python3.13" python3; do
        "$python" -c '' 2>/dev/null && echo "$python" && return
    done
}

# Files that are changed at random are refused or do no harm. More of them: FUZZ=5000 SEED=2.
survives_changes() { # argument... -- file...: {} stands for the file
    "$(any_python)" "$root/c-tests/examples/fuzz.py" "${FUZZ:-100}" "${SEED:-1}" "$directory/changed" \
        "$directory/sanitized" "$@"
}

changes_do_no_harm() { # argument... -- file...
    if [ -n "$(any_python)" ]; then
        test_that "files that are changed at random are refused or do no harm" survives_changes "$@"
    else
        skip_that "files that are changed at random are refused or do no harm" "no Python"
    fi
}

sources=("${@/#/$root/examples/}")
find_checkers
test_that "the example is built with sanitizers" build "$directory/sanitized" "${sanitizers[@]}"
test_that "and without" build "$directory/plain"
