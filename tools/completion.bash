# Completion of pybuffer for bash.
_pybuffer() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options
    local common="--field --select --format --shape --strides --offset --help"
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "show draw convert format help --version" -- "$word")
        return
    fi
    case $before in
    --order) mapfile -t COMPREPLY < <(compgen -W "C F" -- "$word"); return ;;
    --to) mapfile -t COMPREPLY < <(compgen -W "npy raw pgm ppm wav" -- "$word"); return ;;
    --field | -f | --select | -s | --format | --shape | --strides | --offset | --limit | -n | --astype | --rate | --bytes) return ;;
    help) mapfile -t COMPREPLY < <(compgen -W "show draw convert format" -- "$word"); return ;;
    esac
    case ${COMP_WORDS[1]} in
    show) options="$common --limit" ;;
    draw) options="$common --limit --output --pointers" ;;
    convert) options="$common --astype --order --to --rate" ;;
    format) options="--bytes --json --help" ;;
    *) return ;;
    esac
    case $word in
    -*) mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word") ;;
    *) [ "${COMP_WORDS[1]}" = format ] || mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    esac
}
complete -o filenames -F _pybuffer pybuffer
