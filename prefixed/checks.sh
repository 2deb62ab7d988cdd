# Checks of the prefixed build, and of modules built with it. To be sourced; PREFIXED is the directory with the build.
warnings=(-Wall -Wextra -Werror)

exported() { # file: the names that it shows, without its own versions
    nm --dynamic --defined-only --format=posix "$1" | awk '$2 != "A" { sub(/@.*/, "", $1); print $1 }' | sort
}

undefined() { # file: the names that it takes from others, without the versions of libc's symbols
    nm --dynamic --undefined-only --format=posix "$1" | cut -d' ' -f1 | cut -d@ -f1 | sort -u
}

header_compiles() { # compiler standard language flag...
    local compiler=$1 standard=$2 language=$3
    shift 3
    printf '#include <pybuffer/pybuffer_prefixed.h>\n#include <pybuffer/pybuffer_prefixed.h>\n' |
        "$compiler" "-std=$standard" -x "$language" "${warnings[@]}" "$@" -I"${PREFIXED:?}/include" -fsyntax-only -
}
