# To be sourced: sets `rust` to the directory of a Rust that has the source of its std, for -Zbuild-std; to nothing where there
# is none.
rust=
for rustc in $(type -ap rustc); do
    if [ -d "$("$rustc" --print sysroot)/lib/rustlib/src/rust/library/std" ] && [ -x "${rustc%rustc}cargo" ]; then
        # shellcheck disable=SC2034  # for the script that sources this
        rust=${rustc%/rustc}
        break
    fi
done
