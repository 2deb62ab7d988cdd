"""Makes the documentation as one site, without network: the guide, the other pages of docs/, and the comments of the headers.

site.py OUTPUT    exits with a message for a link that leads nowhere and for an exported name without a comment

The text is Markdown, rendered by Python-Markdown.
"""

import html
import json
import pathlib
import re
import shutil
import sys
from html.parser import HTMLParser

import markdown

root = pathlib.Path(__file__).resolve().parents[2]
guide = [root / "docs/guide/README.md"]
guide += [root / "docs/guide" / name for name in re.findall(r"\]\((\w[\w-]*\.md)\)", guide[0].read_text(encoding="utf-8"))]
pages = [root / "docs" / name for name in ("formats.md", "ownership.md", "deviations.md", "performance.md")] + [root / "ARCHITECTURE.md"]


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def render(text):
    return markdown.markdown(text, extensions=["tables", "fenced_code", "toc", "sane_lists"])


def title_of(text):
    return re.search(r"^# (.*)$", text, re.M).group(1)


# ---- the header -----------------------------------------------------------------------------------------------------

class Entry:
    """A comment of the header, and the declarations after it."""

    def __init__(self, comment, code):
        self.comment, self.code = comment, code
        self.names = [name for name in declared(code) if not name.startswith(("pybuffer_inline", "PYBUFFER_PYBUFFER"))]


def declared(code):
    """The names that code declares: functions, variables, macros, types."""
    flat = re.sub(r"\{[^{}]*\}", "", code)
    names = re.findall(r"^#\s*define (\w+)", code, re.M)
    names += re.findall(r"(\w+)\s*\([^()]*(?:\([^()]*\)[^()]*)*\)\s*(?:PYBUFFER_WARN_UNUSED|PYBUFFER_PRINTF\(\d, \d\)|\s)*;", flat)
    names += re.findall(r"^extern [^;(]*?(\w+)(?:\[\w*\])?;", flat, re.M)
    names += re.findall(r"^(?:struct|union|class) (\w+)", flat, re.M) + re.findall(r"^typedef .*?\(?\*?(\w+)\)?\s*(?:\([^;]*)?;", flat, re.M)
    names += re.findall(r"^static inline [^(]*?(\w+)\(", flat, re.M)
    return list(dict.fromkeys(names))


def plain(comment):
    """The text of a comment without its stars."""
    lines = [re.sub(r"^ ?\* ?", "", line) for line in re.sub(r"^/\*+\s?|\s*\*/$", "", comment).split("\n")]
    text = "\n".join(lines).strip("\n")
    # A list follows its sentence without an empty line.
    return re.sub(r"(\n)(\s*)([*-] )", r"\1\n\2\3", re.sub(r"\n +- ", "\n* ", text))


def sections_of(text):
    """(title, introduction, entries) of each section of pybuffer.h."""
    parts = re.split(r"^/\* =+\n \* ([^\n]*)\n( \*.*?)\*/\n", text, flags=re.M | re.S)
    for title, introduction, body in zip(parts[1::3], parts[2::3], parts[3::3]):
        entries, comment = [], ""
        for piece in re.split(r"^(/\*.*?\*/)\n", body, flags=re.M | re.S):
            if piece.startswith("/*"):
                comment = piece
            elif piece.strip():
                # Bodies of functions are not for readers.
                code = re.sub(r"\n\{\n.*?\n\}$", ";", piece.strip("\n"), flags=re.M | re.S)
                code = re.sub(r"^#ifdef __cplusplus\n\}.*", "", code, flags=re.M | re.S).strip("\n")
                entry = Entry(comment, code)
                if entry.names and comment:
                    entries.append(entry)
        yield title, plain("/*" + introduction + "*/"), entries


def reference(sections, where):
    for title, introduction, entries in sections:
        body = [f"<h1>{html.escape(title)}</h1>", linked(render(introduction), where)]
        for entry in entries:
            anchors = "".join(f'<a id="{name}"></a>' for name in entry.names)
            body.append(f'<section class="entry">{anchors}<pre>{html.escape(entry.code)}</pre>{linked(render(plain(entry.comment)), where)}</section>')
        yield title, "\n".join(body)


def cplusplus(name, text, where):
    """The page of a header for C++: its sections, if it has any, each with its comments and the declarations after them."""
    text = re.sub(r"^namespace detail \{\n.*?^\} // namespace detail\n", "", text, flags=re.M | re.S)
    body = [f"<h1>C++: {name}</h1>", linked(render(plain(text[text.index("/*"):text.index("*/") + 2])), where)]
    sections = re.findall(r"^// ---- (.*?) -+\n(.*?)(?=^// ---- |\Z)", text, re.M | re.S) or [("", text[text.index("*/"):])]
    for title, part in sections:
        body += [f'<h2 id="{slug(title)}">{html.escape(title)}</h2>'] if title else []
        for comment, code in re.findall(r"^ *(/\*\*.*?\*/)\n(.*?)(?=[;{]|\\$)", part, re.M | re.S):
            lines = "\n".join(line.strip() for line in code.strip().split("\n"))
            body.append(f'<section class="entry"><pre>{html.escape(lines)}</pre>{linked(render(plain(re.sub(r"(?m)^ +", " ", comment))), where)}</section>')
    return "\n".join(body)


def linked(text, where):
    """Names of the header in code become links to where they are documented."""
    def link(match):
        name = match.group(1)
        return f'<code><a href="{where[name]}">{name}</a></code>' if name in where else match.group(0)
    return re.sub(r"<code>(\w+)</code>", link, text)


# ---- pages ------------------------------------------------------------------------------------------------------------

def page(title, body, navigation, here):
    entries = []
    for group, links in navigation:
        items = "".join(f'<li><a href="{url}"{" aria-current=page" if url == here else ""}>{html.escape(text)}</a></li>' for text, url in links)
        entries.append(f"<h2>{group}</h2><ul>{items}</ul>")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{html.escape(title)} - libpybuffer</title><link rel="stylesheet" href="style.css"></head>
<body><details class="menu" open><summary>libpybuffer</summary>
<input id="search" type="search" placeholder="Search" aria-label="Search" autocomplete="off"><ul id="found"></ul>
<nav>{"".join(entries)}</nav></details>
<main>{body}</main>
<script src="search.js"></script></body></html>
"""


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.ids = [], set()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if "id" in attrs:
            self.ids.add(attrs["id"])
        if tag in ("a", "img", "link", "script"):
            link = attrs.get("href") or attrs.get("src")
            if link:
                self.links.append(link)


def check(output):
    parsed = {}
    for path in output.glob("*.html"):
        parsed[path.name] = Links()
        parsed[path.name].feed(path.read_text(encoding="utf-8"))
    for name, links in parsed.items():
        for link in links.links:
            file, _, anchor = link.partition("#")
            if re.match(r"[a-z]+:", link):
                sys.exit(f"{name}: {link} needs a network")
            if not (output / (file or name)).exists() or (anchor and anchor not in parsed[file or name].ids):
                sys.exit(f"{name}: {link} leads nowhere")
    return sum(len(links.links) for links in parsed.values())


def main(output):
    output = pathlib.Path(output)
    shutil.rmtree(output, ignore_errors=True)
    (output / "drawings").mkdir(parents=True)
    for drawing in (root / "docs/guide/drawings").iterdir():
        shutil.copy(drawing, output / "drawings")
    for file in ("docs/performance.svg", "docs/format-vectors.json", "docs/site/style.css"):
        shutil.copy(root / file, output)
    header = (root / "include/pybuffer/pybuffer.h").read_text(encoding="utf-8")
    sections = list(sections_of(header))
    where = {name: f"reference-{slug(title)}.html#{name}" for title, _, entries in sections for entry in entries for name in entry.names}
    missing = [name for name in (root / "tests/exports.txt").read_text().split() if name not in where]
    if missing:
        sys.exit("without a comment in the header: " + " ".join(missing))

    names = {"docs/guide/README.md": "index.html"}
    bodies = []
    for path in guide + pages:
        key = str(path.relative_to(root))
        names[key] = names.get(key, path.stem.lower() + ".html")
    for path in guide + pages:
        text = path.read_text(encoding="utf-8")

        def target(match, path=path):
            file, _, anchor = match.group(2).partition("#")
            known = str((path.parent / file).resolve().relative_to(root)) if file and not re.match(r"[a-z]+:", file) else None
            if known in names:
                return f'{match.group(1)}="{names[known]}{"#" + anchor if anchor else ""}"'
            if known and pathlib.Path(known).suffix in (".svg", ".json"):
                return f'{match.group(1)}="{("drawings/" if "drawings" in known else "") + pathlib.Path(known).name}"'
            return match.group(0)

        body = re.sub(r'(href|src)="([^"]*)"', target, render(text))
        # Links to files that are not part of the site become their names.
        body = re.sub(r'<a href="(?:\.\./)*[\w/.-]*\.(?:md|c|h|cpp)">(.*?)</a>', r"\1", body)
        bodies.append((title_of(text), names[str(path.relative_to(root))], linked(body, where)))
    manual = plain(header[:header.index("*/") + 2])
    bodies.append(("The header", "reference.html", "<h1>The header</h1>" + linked(render(manual), where)))
    references = [(title, f"reference-{slug(title)}.html", body) for title, body in reference(sections, where)]
    for name in ("pybuffer.hpp", "mdspan.hpp", "eigen.hpp", "opencv.hpp"):
        text = (root / "include/pybuffer" / name).read_text(encoding="utf-8")
        references.append((f"C++: {name}", f"reference-{slug(name)}.html", cplusplus(name, text, where)))
    navigation = [("Guide", [(title, url) for title, url, _ in bodies[:len(guide)]]),
                  ("Pages", [(title, url) for title, url, _ in bodies[len(guide):-1]]),
                  ("Reference", [(title, url) for title, url, _ in bodies[-1:] + references])]
    index = []
    for title, url, body in bodies + references:
        (output / url).write_text(page(title, body, navigation, url), encoding="utf-8")
        index.append([title, url, ""])
        for anchor, text in re.findall(r'<h[23] id="([^"]*)">(.*?)</h[23]>', body):
            index.append([html.unescape(re.sub("<.*?>", "", text)), f"{url}#{anchor}", title])
    for title, _, entries in sections:
        for entry in entries:
            index += [[name, where[name], title] for name in entry.names]
    script = (root / "docs/site/search.js").read_text(encoding="utf-8")
    (output / "search.js").write_text("const index = " + json.dumps(index) + ";\n" + script, encoding="utf-8")
    links = check(output)
    print(f"{len(bodies) + len(references)} pages, {len(where)} names, {links} links: {output}/index.html")


if __name__ == "__main__":
    main(sys.argv[1])
