# For shell tests that ask CPython: source it. ORACLE, from the environment, is the prefix of the CPython 3 to use, ORACLE_2 that of
# a 2.7; without it the newest one under $PYENV_ROOT/versions or `pyenv root` is used, or else that of python3.13 on the PATH, or
# else what `make pythons` has fetched.

# Prints the prefix; nothing where there is none.
find_oracle() { # version (default: 3.13)
    local wanted=${1:-3.13} given=${ORACLE:-} root version
    [ "$wanted" != 2.7 ] || given=${ORACLE_2:-}
    if [ -n "$given" ]; then
        echo "$given"
        return
    fi
    for root in "${PYENV_ROOT:-}" "$(pyenv root 2>/dev/null)"; do
        [ -n "$root" ] || continue
        version=$(ls -d "$root"/versions/"$wanted".* 2>/dev/null | sort -V | tail -n 1)
        if [ -n "$version" ]; then
            echo "$version"
            return
        fi
    done
    "python$wanted" -c 'import sys; print(getattr(sys, "base_prefix", sys.prefix))' 2>/dev/null && return
    version=$(dirname "${BASH_SOURCE[0]}")/../../target/pythons/$wanted
    [ ! -d "$version" ] || realpath "$version"
}

# Prints the prefix of one that C programs can be built with: it has headers and a shared library.
find_oracle_to_link() { # version
    local prefix
    prefix=$(find_oracle "$1")
    [ -n "$prefix" ] && [ -e "$prefix/include/python$1/Python.h" ] &&
        echo 'int main(void) { return 0; }' |
        ${CC:-cc} -x c - "-L$prefix/lib" "-lpython$1" -Wl,--allow-shlib-undefined -o /dev/null 2>/dev/null &&
        echo "$prefix"
}
