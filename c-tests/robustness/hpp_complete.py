"""The operations of hpp_oom.cpp are complete: each function of pybuffer.hpp that may throw is in them.

    hpp_complete.py HEADER PROGRAM

The functions are the public ones outside of the namespace `detail`, without those that the compiler knows never to throw (noexcept)
and those that are deleted or defaulted. They are found by name: overloads, and functions of two classes with one name, are one. What
is not in the table of operations must be in ELSEWHERE. What is missing, or is there in vain, is printed, and is a failure
(complete.sh).
"""

import pathlib
import re
import sys

ELSEWHERE = {
    "begin": "the operation `rows` calls it",
    "end": "the operation `rows` calls it",
    "for_each": "fill and to_vector call it; it allocates nothing itself",
    "operator*": "the operation `rows` calls it",
    "span": "of C++20, which the program is not compiled for; allocates only the message of its error, as `at` does",
}


class Scope:
    """A namespace or class that is open: whether a program sees what is declared there, and what is declared at this place of it."""

    def __init__(self, seen, here):
        self.seen, self.here = seen, seen and here


def without_template(text):
    """A declaration without the parameters of templates, in which there may be parentheses."""
    while text.startswith("template"):
        angles = parentheses = 0
        for at, letter in enumerate(text):
            parentheses += (letter == "(") - (letter == ")")
            angles += 0 if parentheses else (letter == "<") - (letter == ">")
            if letter == ">" and not angles and not parentheses:
                break
        text = text[at + 1 :].strip()
    return text


def function(text):
    """The name of the function that a declaration declares, or None."""
    text = without_template(" ".join(text.split()))
    name = re.match(r"[^(]*?(operator *(?:\(\)|[^\s(]+)|\w+) *\(", text)
    if not name or re.match(r"(using|static_assert|class|struct|enum)\b|[A-Z_]+\(", text) or "operator bool" in text or "~" in text:
        return None
    if re.search(r"\bnoexcept\b(?! *\()|= *(delete|default)$", text):
        return None
    return name[1].replace("operator ", "operator")


def functions(header):
    """The names of the public functions that may throw."""
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", header, flags=re.S)
    text = re.sub(r"^ *#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)
    text = re.sub(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'", '""', text)
    found, scopes, declared, bodies = set(), [Scope(True, True)], "", 0
    for token in re.findall(r"[{};]|(?:public|private|protected) *:(?!:)|(?:(?!(?:public|private|protected) *:)[^{};])+", text):
        if bodies:
            bodies += (token == "{") - (token == "}")
            # An initializer of a member goes on, up to the body.
            if bodies or not re.search(r"\)[^:]*$", declared):
                continue
            token = ";"
        if token == "{":
            scope = re.match(r"(namespace|class|struct) *([\w:]*)[^()]*$", without_template(" ".join(declared.split())))
            if not scope:
                bodies = 1
                continue
            scopes.append(Scope(scopes[-1].here and scope[2] != "detail", scope[1] != "class"))
        elif token == "}":
            scopes.pop()
        elif token.startswith(("public", "private", "protected")):
            scopes[-1].here = scopes[-1].seen and token.startswith("public")
        elif token == ";":
            if scopes[-1].here:
                found.add(function(declared))
        else:
            declared += token
            continue
        declared = ""
    return found - {None}


def missing(header, program):
    """The functions that no operation has."""
    table = re.search(r"^const Operation operations\[\] = \{$(.*?)^\};$", program, flags=re.M | re.S)[1]
    table = re.sub(r'"(?:\\.|[^"\\])*"', "", table)

    def has(name):
        sign = name.removeprefix("operator")
        if sign == name:
            return re.search(rf"\b{name}\b", table)
        # `*` is also a pointer's.
        return sign != "*" and sign.replace("]", "") in table

    return {name for name in functions(header) if not has(name)}


def main():
    header, program = (pathlib.Path(path).read_text() for path in sys.argv[1:3])
    left = missing(header, program)
    lines = [f"{name}: in no operation" for name in sorted(left - ELSEWHERE.keys())]
    lines += [f"{name}: in ELSEWHERE, but no such function, or in an operation" for name in sorted(ELSEWHERE.keys() - left)]
    # Of each kind of scope one, so that a header that is not understood is noticed.
    for name in sorted({"wrap", "transpose", "operator[]", "make_exporter", "value_error", "array_view"} - functions(header)):
        lines.append(f"{name}: not found in the header")
    sys.exit("\n".join(lines) or 0)


main()
