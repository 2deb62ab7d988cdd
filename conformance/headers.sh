# For shell scripts: source it.

# The folder of a Python's headers. One that `make pythons` has fetched knows it as it is from within.
headers() { # python
    local prefix=${1%/bin/*}
    if [ -x "$prefix/run" ]; then
        echo "$prefix"/include/python3*
    else
        "$1" -c 'import sysconfig; print(sysconfig.get_path("include"))'
    fi
}
