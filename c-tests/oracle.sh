# For shell tests that ask CPython: source it. ORACLE, from the environment, is the prefix of a CPython 3.13; without it the
# newest 3.13 under $PYENV_ROOT/versions or `pyenv root` is used, or else the one of python3.13-config.

# Prints the prefix; nothing where there is none.
find_oracle() {
    local root version
    if [ -n "${ORACLE:-}" ]; then
        echo "$ORACLE"
        return
    fi
    for root in "${PYENV_ROOT:-}" "$(pyenv root 2>/dev/null)"; do
        [ -n "$root" ] || continue
        version=$(ls -d "$root"/versions/3.13.* 2>/dev/null | sort -V | tail -n 1)
        if [ -n "$version" ]; then
            echo "$version"
            return
        fi
    done
    python3.13-config --prefix 2>/dev/null
}
