# Makes the header of the prefixed library from the header of the library: awk -f header.awk exports.txt pybuffer.h
#
# Every exported name gets the prefix "pyb_", in declarations, macros, inline functions and comments. Anything but a symbol keeps
# its name, that is types and macros; those of CPython are left to CPython's header if that is included before. Some are macros and
# functions (Py_TYPE): these get the prefix where the function is declared.

# The opaque PyBytesWriter, which only new versions have, may be declared twice.
function is_cpythons(name) {
    return name ~ /^_?P[yY]/ && name !~ /^PYBUFFER_/ && name != "PyBytesWriter"
}

# Prints lines, with CPython's own declarations in as few conditions as possible.
function emit(line) {
    if (line == "") {
        blank = blank "\n"
        return
    }
    if (inside && !is_theirs) print "#endif"
    printf "%s", blank
    blank = ""
    if (!inside && is_theirs) print "#ifndef Py_PYTHON_H"
    inside = is_theirs
    print line
}

# Puts the prefix before each exported name of a line.
function prefixed(line,    out, word) {
    out = ""
    while (match(line, /[A-Za-z_][A-Za-z0-9_]*/)) {
        word = substr(line, RSTART, RLENGTH)
        out = out substr(line, 1, RSTART - 1) (word in exported && (!(word in macro) || declares) ? "pyb_" word : word)
        line = substr(line, RSTART + RLENGTH)
    }
    return out line
}

# The first names of these typedefs are CPython's, though they do not start with Py.
BEGIN {
    split("unaryfunc binaryfunc ternaryfunc inquiry lenfunc ssizeargfunc ssizeobjargproc objobjargproc objobjproc " \
          "visitproc traverseproc freefunc destructor getattrfunc getattrofunc setattrfunc setattrofunc reprfunc " \
          "hashfunc richcmpfunc getiterfunc iternextfunc descrgetfunc descrsetfunc initproc newfunc allocfunc " \
          "vectorcallfunc getter setter sendfunc getbufferproc releasebufferproc", list, " ")
    for (i in list) slot[list[i]] = 1
    split("Py_TYPE Py_SIZE Py_REFCNT Py_IS_TYPE Py_SET_SIZE", list, " ")
    for (i in list) macro[list[i]] = 1
}

NR == FNR { exported[$1] = 1; next }

{
    declares = /^[A-Za-z].*\);$/
    line = prefixed($0)
}

# A comment belongs to the declaration after it.
state == "" && /^\/\*/ { comment = ""; state = "comment" }
state == "comment" {
    comment = comment (comment == "" ? "" : "\n") line
    if (/\*\/$/) state = "after"
    next
}
state == "after" && /^$/ { is_theirs = 0; emit(comment); emit(""); state = ""; next }
state == "after" { state = ""; held = comment }

# The guard and the frame of the header, preceded by the differences of this one.
/^#ifndef PYBUFFER_PYBUFFER_H/ {
    emit("/*")
    emit(" * This is the header of the prefixed library: every symbol begins with pyb_, so that it can be linked into a process")
    emit(" * that has CPython, too. Included after Python.h it takes types and macros from there. Objects of this library and of")
    emit(" * CPython have the same layout, and CPython's Py_INCREF and Py_DECREF work on both; exceptions, None and the types are")
    emit(" * two of each.")
    emit(" */")
}
/PYBUFFER_PYBUFFER_H/ { sub(/PYBUFFER_PYBUFFER_H/, "PYBUFFER_PREFIXED_H", line) }

state == "" && /^$/ { emit(""); next }

state == "" {
    is_theirs = 0
    ends = ""
    if (/^#define /) {
        name = $2
        sub(/\(.*/, "", name)
        is_theirs = is_cpythons(name)
        ends = "define"
    } else if (/^#ifdef __cplusplus$/) {
        # The block of casts; the frame of extern "C" is not CPython's.
        getline following
        following = prefixed(following)
        is_theirs = following ~ /#  define/
        if (held != "") { emit(held); held = "" }
        emit(line)
        emit(following)
        state = "endif"
        next
    } else if (/^static inline /) {
        is_theirs = 1
        ends = "}"
    } else if (/^struct / || /^union /) {
        is_theirs = is_cpythons($2) || $2 == "_object" || $2 == "_typeobject"
        ends = "};"
    } else if (/^typedef /) {
        text = $0
        sub(/^typedef /, "", text)
        if (match(text, /\(\*[A-Za-z_]+\)/)) {
            name = substr(text, RSTART + 2, RLENGTH - 3)
        } else {
            name = $NF
            sub(/;.*/, "", name)
        }
        is_theirs = is_cpythons(name) || name in slot
        ends = ";"
    }
    if (held != "") { emit(held); held = "" }
    emit(line)
    if (ends == "define" && /\\$/) state = "define"
    else if (ends == ";" && !/;$/) state = ";"
    else if (ends == "}" || (ends == "};" && !/;$/)) state = ends
    next
}
state == "endif" { emit(line); if (/^#endif/) state = ""; next }
state == "define" { emit(line); if (!/\\$/) state = ""; next }
state == ";" { emit(line); if (/;$/) state = ""; next }
{ emit(line); if ($0 == state) state = "" }
