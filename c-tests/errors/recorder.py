"""Writes a library in C that stands between a program and libpybuffer (LD_PRELOAD) and notes which errors functions make.

recorder.py HEADER EXPORTS > recorder.c    HEADER: pybuffer.h after the preprocessor, EXPORTS: the names of the exported symbols

The library appends a line to the file $PYBUFFER_ERRORS for each new pair: the function and the type of the error. An error is a
function's own if it is pending after the call and was not before. Errors that the program makes meanwhile, in a slot or an
allocator, are not; those of functions that a callback of the program calls are theirs.
"""

import re
import sys

# Which make an error because the caller says so.
SETTERS = re.compile(r"PyErr_|_PyErr_|PyException_")

TOP = """\
#define _GNU_SOURCE
#define PYBUFFER_NO_WARN_UNUSED
#include <pybuffer/pybuffer.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The functions of the library behind this one. */
#define BEHIND(name) ((__typeof__(&(name)))function_behind(#name))

static void *function_behind(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        fprintf(stderr, "recorder: no %s\\n", name);
        abort();
    }
    return found;
}

static PyObject **const types[] = {TYPES};

static __thread int depth;              /* calls of the library by functions of the program that it has called */
static __thread unsigned int by_others; /* a bit for each type that the program has raised in the meantime */

static PyObject *pending(void)
{
    static __typeof__(&PyErr_Occurred) function;
    if (function == NULL) {
        function = BEHIND(PyErr_Occurred);
    }
    return function();
}

/* The bit of the pending error's type; 0 for none and for types of the program. */
static unsigned int bit_of_pending(void)
{
    PyObject *type = pending();
    for (unsigned int i = 0; type != NULL && i < sizeof(types) / sizeof(types[0]); i++) {
        if (type == *types[i]) {
            return 1u << i;
        }
    }
    return 0;
}

static void raised_by_the_program(void)
{
    by_others |= bit_of_pending();
}

/* Whether a call can be judged: nothing is pending yet. */
static int before(void)
{
    if (depth++ == 0) {
        by_others = 0;
    }
    return pending() == NULL;
}

static void after(const char *function, int judged, unsigned int *known)
{
    unsigned int bit = judged ? bit_of_pending() & ~by_others : 0;
    depth--;
    by_others |= bit; /* to those who have called this one through the program */
    if ((bit & ~*known) == 0) {
        return;
    }
    *known |= bit;
    char line[200];
    int length = snprintf(line, sizeof(line), "%s\\t%s\\n", function, ((PyTypeObject *)pending())->tp_name);
    const char *path = getenv("PYBUFFER_ERRORS");
    int file = path == NULL ? -1 : open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0 || write(file, line, (size_t)length) != length) {
        fprintf(stderr, "recorder: PYBUFFER_ERRORS names no file that can be written\\n");
        abort();
    }
    close(file);
}
"""

TYPES = ["BufferError", "ValueError", "TypeError", "IndexError", "OverflowError", "NotImplementedError", "RuntimeError",
         "MemoryError", "SystemError"]


def parameters(text):
    """The declarations of a list of parameters."""
    found, depth, part = [], 0, ""
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth == 0:
            found.append(part.strip())
            part = ""
        else:
            part += letter
    return found + [part.strip()]


def name_of(parameter):
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", parameter)
    return pointer.group(1) if pointer else re.search(r"(\w+)\s*(?:\[[^]]*\]\s*)*$", parameter).group(1)


def prototypes(header, exports):
    """(result, name, parameters) of each exported function of the header."""
    header = re.sub(r"^#.*$", "", header, flags=re.M)
    header = re.sub(r"__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)", "", header)
    header = re.sub(r"\s+", " ", header)
    for match in re.finditer(r"(?:^|[;}{]) ?((?:const )?\w[\w ]*?[\w*] ?\**) ?\b(\w+) ?\(", header):
        result, name = match.group(1).strip(), match.group(2)
        if name not in exports or result.startswith(("static", "return", "typedef", "extern \"C\"")):
            continue
        end, depth = match.end(), 1
        while depth:
            depth += (header[end] == "(") - (header[end] == ")")
            end += 1
        if header[end:].lstrip().startswith(";"):
            yield result.removeprefix("extern ").strip(), name, header[match.end():end - 1].strip()


def wrapper(result, name, declared):
    """A function of the same prototype, which calls the one behind it. (In parentheses: some are macros, too.)"""
    names = [] if declared in ("void", "") else [name_of(part) for part in parameters(declared) if part != "..."]
    if declared.endswith("..."):
        # With whatever arguments there are: gcc passes them on.
        call = f"void *answered = __builtin_apply((void (*)())function_behind(\"{name}\"), __builtin_apply_args(), 256);"
        end = "__builtin_return(answered);"
    elif result == "void":
        call, end = f"BEHIND({name})({', '.join(names)});", ""
    else:
        call, end = f"{result} answered = BEHIND({name})({', '.join(names)});", "return answered;"
    if SETTERS.match(name):
        lines = [call, "raised_by_the_program();", end]
    else:
        lines = ["static unsigned int known;", "const int judged = before();", call,
                 f"after(\"{name}\", judged, &known);", end]
    return "\n".join([f"{result} ({name})({declared})", "{", *("    " + line for line in lines if line), "}"])


def main(header, exports):
    exports = set(open(exports).read().split())
    functions = {name: (result, name, declared) for result, name, declared in prototypes(open(header).read(), exports)}
    print(TOP.replace("TYPES", ", ".join(f"&PyExc_{name}" for name in TYPES)))
    for function in functions.values():
        if function[1] not in ("PyErr_Occurred",):
            print("\n" + wrapper(*function))


if __name__ == "__main__":
    main(*sys.argv[1:])
