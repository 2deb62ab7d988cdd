#!/usr/bin/env bash
# The tools that the tests need, in one list: name, purpose, how to detect them, and how to
# install them. `make test`, `make tools` and .ci/run use it.
#
#   tools.sh list                  which are installed and which are missing
#   tools.sh install               installs what is missing, where this is root on a machine with apt-get, and says so before;
#                                  nothing where PYBUFFER_NO_INSTALL is set
#   tools.sh report                reports each missing tool once, with its purpose and the command that installs it;
#                                  fails where CI=true
#   tools.sh has TOOL              whether it is installed
#   tools.sh python                prints a Python that can make an environment with NumPy
#   tools.sh skip TOOL WHAT [N]    N tests (1) are skipped without the tool: written to the results of `make test`, where it runs
#                                  (PYBUFFER_RESULTS), or printed; fails where CI=true
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=../c-tests/support/oracle.sh
. "$here/../c-tests/support/oracle.sh"

# Tool, its packages in Debian, and what needs it.
tools=(
    "Rust||the library"
    "C compiler|gcc libc6-dev|the library, the examples, most tests"
    "make|make|everything"
    "git|git|the source archive (make dist), in a clone"
    "binutils|binutils|the static library"
    "C++ compiler|g++|the header and the library in C++"
    "sanitizers|gcc|C tests and examples with gcc's sanitizers"
    "valgrind|valgrind|C tests and examples under valgrind"
    "prove|perl|summaries of the C tests (without it a plainer runner writes them)"
    "pkg-config|pkg-config|programs that use an installed library"
    "cmake|cmake|programs that find the library with CMake"
    "meson|meson ninja-build|programs that find the library with Meson"
    "man|man-db groff-base|the manual page"
    "abidiff|abigail-tools|the ABI, compared with that of the last release"
    "libclang|libclang-dev|the comparison of headers, by bindgen"
    "python3|python3-venv python3-dev|NumPy (3.10 or later, with venv, pip and headers)"
    "NumPy||comparisons with NumPy (pip installs it into target/numpy-venv)"
    "CPython 3.13|python3.13-dev libpython3.13-testsuite|comparisons with CPython (headers, shared library and its tests, too)"
    "CPython 2.7|python2.7-dev|comparisons of buffer objects with CPython 2.7 (headers and shared library, too)"
)

compiles() { # compiler language flag...: a program on standard input; standard library and linker are there, too
    local compiler=$1 language=$2 program status=0
    shift 2
    # MinGW's linker cannot write to /dev/null.
    program=$(mktemp) || return
    # shellcheck disable=SC2086  # a compiler is words
    $compiler -x "$language" - "$@" -o "$program" 2>/dev/null || status=$?
    rm -f "$program"
    return "$status"
}

has() { # tool
    case $1 in
    Rust) command -v "${CARGO:-cargo}" && command -v rustc ;;
    "C compiler") compiles "${CC:-cc}" c <<<$'#include <stdio.h>\nint main(void) { return 0; }' ;;
    "C++ compiler") compiles "${CXX:-c++}" c++ <<<$'#include <vector>\nint main() { return 0; }' ;;
    sanitizers) compiles "${CC:-cc}" c -fsanitize=address,undefined <<<'int main(void) { return 0; }' ;;
    meson) command -v meson && command -v ninja ;;
    binutils) command -v nm && command -v readelf && command -v "${OBJCOPY:-objcopy}" ;;
    libclang) has_libclang ;;
    python3) [ -n "$(python headers)" ] ;;
    NumPy) "${PYBUFFER_NUMPY_PYTHON:-$here/../target/numpy-venv/bin/python}" -c 'import numpy; numpy.unstack' ;;
    "CPython 3.13") has_cpython 3.13 && has_cpython_tests "$(find_oracle 3.13)/bin/python3.13" ;;
    "CPython 2.7") has_cpython 2.7 ;;
    *) command -v "$1" ;;
    esac >/dev/null 2>&1
}

# Found as bindgen finds it: it needs the compiler's own headers, too.
has_libclang() {
    local directory
    for directory in "${LIBCLANG_PATH:-}" "$(llvm-config --libdir)" /usr/lib/llvm-*/lib /usr/lib64 /usr/lib /usr/local/lib; do
        if [ -n "$directory" ] && compgen -G "$directory/libclang*.so*"; then
            [ -n "${BINDGEN_EXTRA_CLANG_ARGS:-}" ] || compgen -G "$directory/clang/*/include/stddef.h" && return
        fi
    done
    return 1
}

has_cpython() { # version: with headers and shared library
    [ -n "$(find_oracle_to_link "$1")" ]
}

has_cpython_tests() { # python
    "$1" -c 'import _testbuffer, _testcapi, importlib.util, sys; sys.exit(not importlib.util.find_spec("test.test_buffer"))'
}

# A Python >= 3.10 with venv and pip, and with headers if there is one (or it must have them: "headers"). Prints nothing where
# there is none.
python() { # [headers]
    local wanted python
    for wanted in headers ${1:-none}; do
        for python in python3.13 python3.12 python3.11 python3.10 python3 \
            $(ls -d "${PYENV_ROOT:-$(pyenv root 2>/dev/null)}"/versions/3.1?.*/bin/python3 2>/dev/null | sort -rV); do
            if "$python" -c '
import ensurepip, os.path, sys, sysconfig, venv
header = os.path.join(sysconfig.get_path("include"), "Python.h")
sys.exit(sys.version_info < (3, 10) or sys.argv[1] == "headers" and not os.path.exists(header))' "$wanted" 2>/dev/null; then
                echo "$python"
                return
            fi
        done
    done
}

# Sets `known`, the packages that apt knows, a line each; that of libclang-dev is followed by the version that it stands for. All are
# queried at once, which takes apt as long as one.
ask_apt() {
    # shellcheck disable=SC2046  # words
    known=$(apt-cache show --no-all-versions $(printf '%s\n' "${tools[@]}" | cut -d'|' -f2) 2>/dev/null |
        sed -n -e 's/^Package: //p' -e 's/^Depends:.*libclang-\([0-9.]*\)-dev.*/\1/p')
}

# The packages of a tool, in the column of the list.
packages_in_list() { # tool
    local tool
    for tool in "${tools[@]}"; do
        [ "${tool%%|*}" != "$1" ] || cut -d'|' -f2 <<<"$tool"
    done
}

# The packages of a tool that apt knows; nothing where it does not know them all.
packages() { # tool
    local found package version
    found=$(packages_in_list "$1")
    for package in $found; do
        grep -qxF "$package" <<<"$known" || return
    done
    if [ "$found" = libclang-dev ]; then
        # The parts that bindgen needs.
        version=$(grep -A 1 -xF libclang-dev <<<"$known" | tail -n 1)
        found="libclang1-$version libclang-common-$version-dev"
    fi
    echo "$found"
}

# The command that installs the tools; nothing where there is none.
commands() { # tool...
    local tool found apt="" pyenv=""
    for tool in "$@"; do
        found=$(packages "$tool")
        if [ -n "$found" ]; then
            apt+=" $found"
            continue
        fi
        case $tool in
        Rust) echo "    rustup toolchain install stable" ;;
        NumPy) ;;
        "CPython "*) pyenv+=" ${tool#CPython }" ;;
        *) apt+=" $(packages_in_list "$tool")" ;;
        esac
    done
    # shellcheck disable=SC2086  # words
    [ -z "$apt" ] || echo "    $(command -v apt-get >/dev/null || echo "on Debian: ")apt-get install --no-install-recommends $(printf '%s\n' $apt | awk '!seen[$0]++' | paste -sd ' ')"
    [ -z "$pyenv" ] || echo "    PYTHON_CONFIGURE_OPTS=--enable-shared pyenv install$pyenv"
    case " $* " in *" NumPy "*) echo "    make numpy-venv" ;; esac
}

# Sets `missing`.
look() {
    local tool
    missing=()
    for tool in "${tools[@]}"; do
        has "${tool%%|*}" || missing+=("${tool%%|*}")
    done
}

needs() { # tool: what needs it
    local tool
    for tool in "${tools[@]}"; do
        [ "${tool%%|*}" = "$1" ] && echo "${tool##*|}"
    done
}

list() {
    local tool state
    for tool in "${tools[@]}"; do
        state="  "
        has "${tool%%|*}" || state="no"
        printf '%-4s%-14s%s\n' "$state" "${tool%%|*}" "${tool##*|}"
    done
}

install() {
    local tool wanted=()
    [ -z "${PYBUFFER_NO_INSTALL:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 0
    look
    [ "${#missing[@]}" -gt 0 ] || return 0
    ask_apt
    # The existing package lists show at once if nothing is available.
    [ -n "$known" ] && [ -z "$(for tool in "${missing[@]}"; do packages "$tool"; done)" ] && return 0
    echo "Looking for packages of what is missing here (PYBUFFER_NO_INSTALL=1 installs nothing): apt-get update"
    apt-get update -qq || echo "apt-get update fails"
    ask_apt
    for tool in "${missing[@]}"; do
        # shellcheck disable=SC2207  # words
        wanted+=($(packages "$tool"))
    done
    [ "${#wanted[@]}" -gt 0 ] || return 0
    echo "Installing: apt-get install -y --no-install-recommends ${wanted[*]}"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=60 "${wanted[@]}" \
        </dev/null || echo "apt-get install fails"
}

report() {
    local tool
    look
    [ "${#missing[@]}" -gt 0 ] || return 0
    ask_apt
    echo "Missing on this machine; the tests that need it are skipped:"
    for tool in "${missing[@]}"; do
        printf '  %-14s%s\n' "$tool" "$(needs "$tool")"
    done
    echo "What installs it:"
    commands "${missing[@]}"
    if [ "${CI:-}" = true ]; then
        echo "With CI=true nothing may be missing."
        return 1
    fi
}

skip() { # tool what [count]
    if [ -n "${PYBUFFER_RESULTS:-}" ]; then
        printf '%s\t%s\t%s\n' "${3:-1}" "no $1" "$2" >>"$PYBUFFER_RESULTS/skipped"
    else
        echo "SKIPPED: no $1: $2 (make tools)" >&2
    fi
    [ "${CI:-}" != true ]
}

case ${1:-} in
list | install | report | has | python | skip) "$@" ;;
*)
    sed -n '2,/^set/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
