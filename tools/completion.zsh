#compdef pybuffer
# Completion of pybuffer for zsh.
_pybuffer() {
    local -a common=(
        '(-f --field)'{-f,--field}'[a field of records]:path:'
        '(-s --select)'{-s,--select}'[a part]:subscripts:'
        '--format[the format of raw memory]:format:'
        '--shape[the lengths of the axes of raw memory]:numbers:'
        '--strides[the strides of raw memory]:numbers:'
        '--offset[where raw memory starts]:number:'
        '(-h --help)'{-h,--help}'[print the options]'
    )
    if ((CURRENT == 2)); then
        local -a commands=(
            'show:what a file holds' 'draw:the memory as cells' 'convert:a file of another kind'
            'format:what a format describes' 'help:how it is used' '--version:the version'
        )
        _describe command commands
        return
    fi
    local command=$words[2]
    shift words
    ((CURRENT--))
    case $command in
    show) _arguments $common '(-n --limit)'{-n,--limit}'[rows and columns]:number:' '1:file:_files' ;;
    draw) _arguments $common '(-n --limit)'{-n,--limit}'[cells in a line]:number:' '(-o --output)'{-o,--output}'[the drawing]:file:_files' \
        '--pointers[a copy with pointers]' '1:file:_files' ;;
    convert) _arguments $common '--astype[convert the values]:format:' '--order[of the items]:order:(C F)' \
        '--to[the kind of file]:kind:(npy raw pgm ppm wav)' '--rate[frames a second]:number:' '1:file:_files' '2:file:_files' ;;
    format) _arguments '--bytes[an item]:hexadecimal digits:' '--json[print JSON]' '(-h --help)'{-h,--help}'[print the options]' '1:format:' ;;
    help) _values command show draw convert format ;;
    esac
}
_pybuffer "$@"
