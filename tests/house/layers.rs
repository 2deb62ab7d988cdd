//! The layers of `src/lib.rs` hold: a file uses only what lies below it.
//!
//! The rules, on every path that starts with `crate` or `super` in code that is not for tests:
//!
//! * a module uses only modules of lower layers, by the table in the comment of `src/lib.rs`; two of the same layer do
//!   not use each other. Where the table has the modules of a folder one by one, the folder itself is no module, and is
//!   never used;
//! * within a folder a file uses only files that its `mod.rs` lists above it, be it directly or through a re-export, and
//!   what `mod.rs` itself defines. A folder within a folder is to its neighbours what a file is, and its files obey the
//!   order of every folder that they are in.
//!
//! And on every file: at most [`LINES`] lines; nothing that panics; no `unsafe` in [`SAFE`] folders; shared counts are those
//! of [`WORDS`].
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Folders of safe code.
const SAFE: &[&str] = &["layout", "format"];

/// The most lines of a file.
const LINES: usize = 600;

/// The only file that changes a shared `isize`, since it knows when that takes no locked instruction.
const WORDS: &str = "runtime/word.rs";

/// The files below `src`: path and text.
type Files = BTreeMap<String, String>;

/// A token: a name or number, `::`, or one other character. Literals are `""`.
type Token<'a> = &'a str;

/// The tokens of Rust source, without comments.
fn tokens(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = literal(rest) {
            tokens.push("\"\"");
            length
        } else if is_name(first) {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            tokens.push(&rest[..length]);
            length
        } else if first.is_whitespace() {
            first.len_utf8()
        } else {
            let length = if rest.starts_with("::") { 2 } else { first.len_utf8() };
            tokens.push(&rest[..length]);
            length
        };
        rest = &rest[length..];
    }
    tokens
}

/// The length of the block comment, which may have others in it, that the text starts with.
fn block_comment(text: &str) -> usize {
    let mut depth = 0;
    for (at, _) in text.char_indices() {
        if text[at..].starts_with("/*") {
            depth += 1;
        } else if at > 0 && text[..at].ends_with("*/") {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    text.len()
}

/// The length of the string or character that the text starts with.
fn literal(text: &str) -> Option<usize> {
    let prefix = text.find(|c| !matches!(c, 'b' | 'c' | 'r')).filter(|length| *length <= 2)?;
    let (prefix, quoted) = text.split_at(prefix);
    let hashes = quoted.len() - quoted.trim_start_matches('#').len();
    if prefix.ends_with('r') && quoted[hashes..].starts_with('"') {
        let end = format!("\"{}", &quoted[..hashes]);
        let length = quoted[hashes + 1..].find(&end)?;
        return Some(prefix.len() + hashes + 1 + length + end.len());
    }
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut characters = quoted.char_indices().skip(1);
    while let Some((at, c)) = characters.next() {
        // A quote without a second one after one character belongs to a lifetime.
        if quote == '\'' && c != '\\' && !quoted[at + c.len_utf8()..].starts_with('\'') {
            return None;
        }
        match c {
            '\\' if quote == '\'' => return Some(prefix.len() + 3 + quoted[3..].find('\'')? + 1),
            '\\' => drop(characters.next()),
            _ if quote == '\'' => return Some(prefix.len() + at + c.len_utf8() + 1),
            _ if c == quote => return Some(prefix.len() + at + 1),
            _ => {}
        }
    }
    None
}

/// The tokens of what is compiled into the library: no item with `#[cfg(test)]`.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        if let ["#", "[", "cfg", "(", "test", ")", "]", item @ ..] = rest {
            rest = &item[item_length(item)..];
        } else {
            kept.push(*first);
            rest = after;
        }
    }
    kept
}

/// How many tokens an item has: it ends with a `;`, or a block, that is not in brackets.
fn item_length(item: &[Token]) -> usize {
    let mut depth = 0;
    for (at, token) in item.iter().enumerate() {
        match *token {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(*token, ";" | "}") {
            return at + 1;
        }
    }
    item.len()
}

/// The paths that start with `crate` or `super`; those of a use tree one by one.
fn paths<'a>(tokens: &[Token<'a>]) -> Vec<Vec<&'a str>> {
    let mut paths = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let begins = at.checked_sub(1).is_none_or(|before| tokens[before] != "::");
        if begins && matches!(*token, "crate" | "super") && tokens.get(at + 1) == Some(&"::") {
            use_tree(&tokens[at..], &[], &mut paths);
        }
    }
    paths
}

/// Adds the paths of a use tree; returns what follows it.
fn use_tree<'t, 'a>(mut rest: &'t [Token<'a>], prefix: &[&'a str], paths: &mut Vec<Vec<&'a str>>) -> &'t [Token<'a>] {
    let mut path = prefix.to_vec();
    loop {
        match rest {
            ["{", after @ ..] => {
                rest = after;
                while !matches!(rest, [] | ["}", ..]) {
                    rest = use_tree(rest, &path, paths);
                    // Also past `as name`.
                    let next = rest.iter().position(|token| matches!(*token, "," | "}")).unwrap_or(rest.len());
                    rest = rest[next..].strip_prefix(&[","]).unwrap_or(&rest[next..]);
                }
                return rest.get(1..).unwrap_or_default();
            }
            [name, "::", after @ ..] => {
                path.push(name);
                rest = after;
            }
            [name, after @ ..] => {
                path.push(name);
                paths.push(path);
                return after;
            }
            [] => return rest,
        }
    }
}

/// The modules that have a layer, by their paths, and which, by the table in the comment of `src/lib.rs`.
fn layers(lib: &str) -> BTreeMap<Vec<&str>, u32> {
    fn row(line: &str) -> Option<(Vec<&str>, u32)> {
        let (layer, rest) = line.strip_prefix("//! | ")?.split_once(" | [`")?;
        Some((rest.split_once("`] |")?.0.split("::").collect(), layer.parse().ok()?))
    }
    lib.lines().filter_map(row).collect()
}

/// The module with a layer that a path leads into, and the layer.
fn layer_of<'a>(layers: &BTreeMap<Vec<&'a str>, u32>, path: &[&str]) -> Option<(Vec<&'a str>, u32)> {
    layers.iter().find(|(module, _)| path.starts_with(module)).map(|(module, layer)| (module.clone(), *layer))
}

/// The files that a `mod.rs` lists, in its order.
fn children<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let names = tokens.windows(3).filter_map(|window| match window {
        ["mod", name, ";"] => Some(*name),
        _ => None,
    });
    names.collect()
}

/// The names that a `mod.rs` re-exports, and the file that each is from.
fn reexports<'a>(tokens: &[Token<'a>]) -> BTreeMap<&'a str, &'a str> {
    let files = children(tokens);
    let mut names = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let mut used = Vec::new();
        if *token == "use" {
            use_tree(&tokens[at + 1..], &[], &mut used);
        }
        for path in used {
            if let [file, .., name] = path[..]
                && files.contains(&file)
            {
                names.insert(name, file);
            }
        }
    }
    names
}

/// The module that a file is: `runtime/refs.rs` is `runtime::refs`, `runtime/mod.rs` is `runtime`.
fn module(file: &str) -> Vec<&str> {
    let mut path: Vec<&str> = file.trim_end_matches(".rs").split('/').collect();
    if path.last() == Some(&"mod") || path == ["lib"] {
        path.pop();
    }
    path
}

/// The declarations of a folder, in its `mod.rs` or in a file of its name next to it.
struct Folder<'a> {
    children: Vec<&'a str>,
    reexports: BTreeMap<&'a str, &'a str>,
}

/// All folders, by their path.
fn folders(files: &Files) -> BTreeMap<String, Folder<'_>> {
    let mut folders = BTreeMap::new();
    for (file, source) in files.iter().filter(|(file, _)| file.ends_with(".rs")) {
        let tokens = without_tests(&tokens(source));
        let children = children(&tokens);
        if !children.is_empty() {
            folders.insert(module(file).join("/"), Folder { children, reexports: reexports(&tokens) });
        }
    }
    folders
}

/// What is wrong with the imports of all files.
fn wrong_imports(files: &Files) -> Vec<String> {
    let (layers, folders) = (layers(&files["lib.rs"]), folders(files));
    let mut wrong = Vec::new();
    for (file, source) in files.iter().filter(|(file, _)| file.ends_with(".rs")) {
        let own = module(file);
        for path in paths(&without_tests(&tokens(source))) {
            let text = path.join("::");
            let supers = path.iter().take_while(|name| **name == "super").count();
            let start = if supers > 0 { own.len().saturating_sub(supers) } else { 0 };
            let target = [&own[..start], &path[supers.max(1)..]].concat();
            let above = match (layer_of(&layers, &own), layer_of(&layers, &target)) {
                _ if target.is_empty() => None,
                (Some(here), Some(there)) if here == there => wrong_in_folder(&folders, file, &target),
                (here, there) => wrong_between(here, there, &own, &target),
            };
            if let Some(why) = above {
                wrong.push(format!("{file} uses {text}: {why}"));
            }
        }
    }
    wrong
}

/// Why what is in one layer may not use what is in another.
fn wrong_between(
    here: Option<(Vec<&str>, u32)>,
    there: Option<(Vec<&str>, u32)>,
    own: &[&str],
    used: &[&str],
) -> Option<String> {
    match (here, there) {
        (Some((_, own)), Some((_, used))) if used < own => None,
        (Some((_, own)), Some((_, used))) => Some(format!("layer {used} is not below layer {own}")),
        (None, _) => Some(format!("{} has no layer", own.join("::"))),
        (_, None) => Some(format!("{} has no layer", used.join("::"))),
    }
}

/// Why a file may not use `path`, which starts with a folder that the file is in. The two part ways in some folder, which may
/// be nested in others; the order of that folder decides.
fn wrong_in_folder(folders: &BTreeMap<String, Folder<'_>>, file: &str, path: &[&str]) -> Option<String> {
    let own = module(file);
    let mut path = path.to_vec();
    for depth in 1..own.len() {
        let folder = own[..depth].join("/");
        // The file that declares the folder may use all of it.
        let Folder { children, reexports } = folders.get(&folder)?;
        let place = |name: &str| children.iter().position(|child| *child == name);
        let name = path.get(depth).copied()?;
        // Definitions of the declaring file itself belong to no other file.
        let used = reexports.get(name).copied().unwrap_or(name);
        let here = place(own[depth])?;
        match place(used) {
            _ if name == "*" => return Some("it may be anything".to_owned()),
            Some(above) if above == here => {
                // What it re-exports from the folder that both are in may be of any file there.
                if used != name {
                    path.insert(depth, used);
                }
                continue;
            }
            Some(above) if above > here => return Some(format!("{used} is listed below it")),
            _ => return None,
        }
    }
    None
}

/// What is wrong with the contents of all files.
fn wrong_contents(files: &Files) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, source) in files {
        let lines = source.lines().count();
        if lines > LINES {
            wrong.push(format!("{file} has {lines} lines"));
        }
        if !file.ends_with(".rs") {
            continue;
        }
        let all = tokens(source);
        let is_safe = file.split_once('/').is_some_and(|(folder, _)| SAFE.contains(&folder));
        if is_safe && all.contains(&"unsafe") {
            wrong.push(format!("{file} contains unsafe"));
        }
        let code = without_tests(&all);
        if file != WORDS && code.contains(&"AtomicIsize") {
            wrong.push(format!("{file} has an AtomicIsize of its own"));
        }
        for window in code.windows(3) {
            match window {
                [".", name @ ("unwrap" | "expect"), "("] => wrong.push(format!("{file} calls {name}()")),
                [name @ ("panic" | "unreachable" | "todo" | "unimplemented"), "!", _] => {
                    wrong.push(format!("{file} calls {name}!"));
                }
                _ => {}
            }
        }
    }
    wrong
}

fn read_sources(directory: &Path, prefix: &str, files: &mut Files) {
    for entry in fs::read_dir(directory).expect("src can be read") {
        let path = entry.expect("src can be read").path();
        let name = format!("{prefix}{}", path.file_name().expect("a name").to_string_lossy());
        if path.is_dir() {
            read_sources(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, fs::read_to_string(&path).expect("a source is text"));
        }
    }
}

fn sources() -> Files {
    let mut files = Files::new();
    read_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut files);
    files
}

#[test]
fn every_file_uses_only_what_lies_below_it() {
    let files = sources();
    let wrong = wrong_imports(&files);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let imports: usize = files.values().map(|source| paths(&without_tests(&tokens(source))).len()).sum();
    println!("{} files, {imports} imports", files.len());
    assert!(imports > 200, "the sources have more imports than the {imports} that were found");
}

/// The modules of the crate, and in the place of those that the table has one by one, the modules in them.
fn modules_with_a_layer(files: &Files) -> Vec<Vec<String>> {
    let (layers, folders) = (layers(&files["lib.rs"]), folders(files));
    let mut modules = Vec::new();
    for top in &folders[""].children {
        match folders.get(*top) {
            Some(folder) if layers.keys().any(|path| path.len() > 1 && path.first() == Some(top)) => {
                modules.extend(folder.children.iter().map(|child| vec![(*top).to_owned(), (*child).to_owned()]));
            }
            _ => modules.push(vec![(*top).to_owned()]),
        }
    }
    modules.sort_unstable();
    modules
}

#[test]
fn every_module_of_the_crate_has_a_layer() {
    let files = sources();
    let listed: Vec<Vec<&str>> = layers(&files["lib.rs"]).into_keys().collect();
    assert_eq!(modules_with_a_layer(&files), listed);
}

#[test]
fn files_are_short_and_do_not_panic_and_unsafe_is_where_it_belongs() {
    let wrong = wrong_contents(&sources());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn comments_literals_and_tests_are_no_code() {
    let source = r##"
        //! crate::a
        /* crate::b /* crate::c */ crate::d */
        use crate::{e::{self, F as G}, h::*}; // crate::i
        const J: &str = "crate::k \" crate::l"; const M: &CStr = cr#"crate::n" crate::o"#;
        pub(crate) fn p<'a>(q: &'a [u8]) -> bool { q == [b'"', b'\'', b'\\'] && crate::r::s!('"', "") }
        #[cfg(test)] use crate::t;
        #[cfg(test)] mod tests { use super::*; fn u() { crate::v::w(); } }
        #[cfg(not(test))] use super::super::x::y;
    "##;
    let expected: &[&[&str]] = &[
        &["crate", "e", "self"],
        &["crate", "e", "F"],
        &["crate", "h", "*"],
        &["crate", "r", "s"],
        &["super", "super", "x", "y"],
    ];
    assert_eq!(paths(&without_tests(&tokens(source))), expected);
}

/// A crate of four layers, with a folder in each of its folders, and what is wrong with one file of it.
fn wrong_with(file: &str, source: &str) -> Vec<String> {
    let lib =
        "//! | layer | module | what |\n//! | --- | --- | --- |\n//! | 0 | [`low`] | a |\n//! | 1 | [`layout`] | b |
        //! | 1 | [`objects::first`] | c |\n//! | 2 | [`objects::second`] | d |\n//! | 2 | [`objects::third`] | e |
        //! | 3 | [`high`] | f |\nmod low; mod layout; mod objects; mod high;"
            .replace("        //!", "//!");
    let mut files = Files::from([("lib.rs".to_owned(), lib)]);
    for folder in ["low", "layout", "objects", "high"] {
        let source =
            "mod first; mod second; mod third; pub use second::{Second, Other, Other as Third}; pub struct Own;";
        files.insert(format!("{folder}/mod.rs"), source.to_owned());
        // One nested folder is declared by a `mod.rs`, the other by a file beside it.
        let nested = if folder == "low" { "second/mod.rs" } else { "second.rs" };
        files.insert(format!("{folder}/{nested}"), "mod inner; mod outer; pub use outer::Other;".to_owned());
    }
    let listed: Vec<Vec<&str>> = layers(&files["lib.rs"]).into_keys().collect();
    assert_eq!(modules_with_a_layer(&files), listed);
    files.insert(file.to_owned(), source.to_owned());
    [wrong_imports(&files), wrong_contents(&files)].concat()
}

/// These tests can fail.
#[test]
fn every_kind_of_violation_is_found() {
    for (file, source, expected) in [
        ("low/first.rs", "use crate::high::X;", "low/first.rs uses crate::high::X: layer 3 is not below layer 0"),
        ("layout/first.rs", "fn f() { super::super::objects::first::g() }", "layer 1 is not below layer 1"),
        ("low/mod.rs", "use super::layout;", "low/mod.rs uses super::layout: layer 1 is not below layer 0"),
        ("high/first.rs", "use crate::{low, other::X};", "high/first.rs uses crate::other::X: other::X has no layer"),
        ("other.rs", "use crate::low;", "other.rs uses crate::low: other has no layer"),
        ("low/first.rs", "use super::{Own, second};", "low/first.rs uses super::second: second is listed below it"),
        ("low/first.rs", "use crate::low::third::X;", "third is listed below it"),
        ("low/first.rs", "use super::Second;", "second is listed below it"),
        ("low/third.rs", "use super::*;", "low/third.rs uses super::*: it may be anything"),
        ("layout/first.rs", "use crate::high;", "layer 3 is not below layer 1"),
        ("layout/first.rs", "use crate::objects::second::X;", "layer 2 is not below layer 1"),
        ("objects/first.rs", "use super::second::X;", "layer 2 is not below layer 1"),
        ("objects/first.rs", "use crate::layout::X;", "layer 1 is not below layer 1"),
        (
            "objects/third.rs",
            "use super::second::X;",
            "objects/third.rs uses super::second::X: layer 2 is not below layer 2",
        ),
        ("objects/third.rs", "use crate::{low, objects::{first, second}};", "layer 2 is not below layer 2"),
        ("objects/second/inner.rs", "use crate::objects::third::X;", "layer 2 is not below layer 2"),
        ("objects/second/inner.rs", "use super::super::third;", "layer 2 is not below layer 2"),
        ("objects/second/inner.rs", "use super::outer;", "outer is listed below it"),
        // What the folder defines, or re-exports, would be of no layer, or of any.
        ("objects/third.rs", "use super::Own;", "objects/third.rs uses super::Own: objects::Own has no layer"),
        ("objects/third.rs", "use super::Second;", "objects::Second has no layer"),
        ("high/first.rs", "use crate::objects;", "high/first.rs uses crate::objects: objects has no layer"),
        ("high/first.rs", "use crate::objects::*;", "objects::* has no layer"),
        ("objects/mod.rs", "mod first; mod second; mod third; use crate::low;", "objects has no layer"),
        ("high/second/inner.rs", "use crate::high::third;", "third is listed below it"),
        ("high/second/inner.rs", "use crate::high::second::outer::X;", "outer is listed below it"),
        ("high/second/inner.rs", "use crate::high::Other;", "outer is listed below it"),
        ("low/second/inner.rs", "use super::super::third;", "third is listed below it"),
        ("low/second/inner.rs", "use super::Other;", "outer is listed below it"),
        ("low/second/outer.rs", "use crate::layout;", "layer 1 is not below layer 0"),
        ("layout/first.rs", "unsafe fn f() {}", "layout/first.rs contains unsafe"),
        ("layout/second/inner.rs", "unsafe fn f() {}", "layout/second/inner.rs contains unsafe"),
        ("low/first.rs", "fn f() { g().unwrap(); }", "low/first.rs calls unwrap()"),
        ("low/first.rs", "fn f() { g() . expect (\"\"); }", "low/first.rs calls expect()"),
        ("low/first.rs", "fn f() { panic!(\"\") }", "low/first.rs calls panic!"),
        ("low/first.rs", "fn f() { unreachable!() }", "low/first.rs calls unreachable!"),
        ("low/first.rs", "fn f() { todo!() }", "low/first.rs calls todo!"),
        ("low/first.rs", "static A: AtomicIsize = AtomicIsize::new(0);", "low/first.rs has an AtomicIsize of its own"),
        ("low/text.c", &"\n".repeat(601), "low/text.c has 601 lines"),
    ] {
        let wrong = wrong_with(file, source);
        assert!(matches!(&wrong[..], [one] if one.ends_with(expected)), "{source}: {wrong:?}");
    }
    for (file, source) in [
        ("high/first.rs", "use crate::{low::first::X, objects::third}; use super::Own; fn f() { super::first::g() }"),
        ("high/third.rs", "use super::{first, second::{self, X}, Second}; #[expect(unused)] use crate::layout::*;"),
        ("low/first.rs", "unsafe fn f() {} #[cfg(test)] mod tests { use super::*; fn g() { panic!() } }"),
        ("low/first.rs", &"\n".repeat(600)),
        ("high/second/outer.rs", "use super::{inner::X, super::first}; use crate::{high::Own, objects::third};"),
        ("objects/second/outer.rs", "use super::inner; use crate::objects::{first::X, second::{Own, inner::Y}};"),
        ("objects/third.rs", "use super::first; use crate::{low::X, layout, objects::{first::Y}};"),
        ("objects/second.rs", "mod inner; mod outer; use outer::Y; use crate::objects::second::inner;"),
    ] {
        assert_eq!(wrong_with(file, source), Vec::<String>::new(), "{source}");
    }
}
