"""The grammar of docs/formats.md as a recognizer, compared with the library on random strings: grammar.py TOOL COUNT SEED."""

import random
import subprocess
import sys

SPACES, PREFIXES, CODES = " \t\n\r\f\v", "@^=<>!", "xcbB?hHiIlLqQnNefdgspPOuwtzZFDG"
PARTS = list("xcbB?hHiIlLqQefdgspPOuwtzZFDG") + ["T{", "}", "T{", "}", "X{}", "X{i}", "&", "(2)", "(2,3)", "( 2 , 3 )", "()", "(0)", "3", "12", ":a:",
                                                "::", ":b c:", " ", "\n", "<", ">", "@", "^", "=", "!", "Zf", "Zd", "Zi", "Z ", "Z:a:", "y", "{", ",", "X{{}}",
                                                "T", "X", "(2", "2)"]


class NoFormat(Exception):
    """What is no format."""


class Recognizer:
    """A function for each rule, which moves to the end of what it recognizes."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def next(self, of):
        """Whether the next character is one of these."""
        return self.at < len(self.text) and self.text[self.at] in of

    def skip(self, of):
        start = self.at
        while self.next(of):
            self.at += 1
        return self.at > start

    def expect(self, text):
        if not self.text.startswith(text, self.at):
            raise NoFormat
        self.at += len(text)

    def format(self, end=""):
        while self.at < len(self.text) and not self.next(end):
            if not self.skip(SPACES + PREFIXES):
                self.item()
                self.name()

    def item(self):
        while self.next("("):
            self.shape()
        self.skip("0123456789")
        self.element()

    def shape(self):
        self.expect("(")
        self.length()
        while self.next(","):
            self.at += 1
            self.length()
        self.expect(")")
        self.skip(SPACES + PREFIXES)

    def length(self):
        self.skip(SPACES)
        if not self.skip("0123456789"):
            raise NoFormat
        self.skip(SPACES)

    def element(self):
        if self.next("T"):
            self.expect("T{")
            self.format("}")
            self.expect("}")
        elif self.next("X"):
            self.expect("X{")
            depth = 1
            while depth:
                if self.at == len(self.text):
                    raise NoFormat
                depth += {"{": 1, "}": -1}.get(self.text[self.at], 0)
                self.at += 1
        elif self.next("&"):
            self.at += 1
            self.skip(SPACES + PREFIXES)
            self.item()
        elif self.next("Z"):
            self.at += 1
            # Of a complex number, or by itself before a name, white space, a brace or the end.
            if self.next("efdg"):
                self.at += 1
            elif self.at < len(self.text) and not self.next(SPACES + ":{}"):
                raise NoFormat
        elif self.next(CODES):
            self.at += 1
        else:
            raise NoFormat

    def name(self):
        if self.next(":"):
            end = self.text.find(":", self.at + 1)
            if end < 0:
                raise NoFormat
            self.at = end + 1


def is_format(text):
    recognizer = Recognizer(text)
    try:
        recognizer.format()
    except NoFormat:
        return False
    return True


def main(tool, count, seed):
    rng = random.Random(int(seed))
    formats = 0
    for _ in range(int(count)):
        text = "".join(rng.choice(PARTS) for _ in range(rng.randint(1, 7)))
        if rng.random() < 0.5:
            text = "T{" + text + "}"
        result = subprocess.run([tool, "format", "--json", "--", text], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if (result.returncode == 0) != is_format(text):
            sys.exit(f"{text!r}: the grammar says {is_format(text)}, the library {result.returncode == 0}: {result.stderr.decode()}")
        formats += is_format(text)
    print(count, "strings,", formats, "formats")
    # Else the strings show nothing.
    sys.exit(0 if int(count) / 10 < formats < int(count) * 9 / 10 else "too few or too many formats")


if __name__ == "__main__":
    main(*sys.argv[1:])
