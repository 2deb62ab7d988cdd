//! What bindgen reads in a C header, as tables: structs with sizes and fields, constants, functions, variables.
//!
//! bindgen writes Rust, and only as text. It is taken apart token by token here: of interest are its layout assertions
//! (`["Offset of field: X::f"] [offset_of!(X, f) - 8usize]`), `pub const`, `pub type`, `pub struct`, `pub fn` and
//! `pub static`. Types are compared as bindgen writes them, once typedefs are resolved, paths and parameter names left
//! out, and the fixed-width types called by their C names.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::catch_unwind;
use std::path::Path;
use std::sync::OnceLock;

use bindgen::{Builder, Formatter};

use crate::common::skip::skip;

/// A struct: size and alignment in bytes, and the fields.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Struct {
    pub(crate) size: usize,
    pub(crate) alignment: usize,
    pub(crate) fields: BTreeMap<String, Field>,
}

/// A field: where it lies, and its type, which is empty for a member of a union.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Field {
    pub(crate) offset: usize,
    pub(crate) ty: String,
}

/// What a header declares, by name. Structs go by the name that programs use (`PyObject`), not by their tag (`_object`).
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) structs: BTreeMap<String, Struct>,
    pub(crate) constants: BTreeMap<String, i128>,
    /// Parameters and result, as `(*mut PyObject,c_int)->c_int`.
    pub(crate) functions: BTreeMap<String, String>,
    /// The types of variables.
    pub(crate) data: BTreeMap<String, String>,
}

impl Header {
    /// Reads what the headers that `text` includes from `directory` declare: the items of these names and those of one
    /// file (both regular expressions), and the types that they need.
    pub(crate) fn read(text: &str, directory: &Path, names: &str, file: &str) -> Self {
        let builder = Builder::default()
            .header_contents("all.h", text)
            .clang_arg(format!("-I{}", directory.display()))
            .generate_comments(false)
            .prepend_enum_name(false)
            .formatter(Formatter::None)
            .allowlist_item(names)
            .allowlist_file(file);
        let bindings = builder.generate().unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        Self::parse(&bindings.to_string())
    }

    /// Takes bindgen's output apart.
    pub(crate) fn parse(text: &str) -> Self {
        let tokens = tokens(text);
        let aliases = Aliases::of(&tokens);
        let mut header = Self::default();
        for (at, _) in tokens.iter().enumerate() {
            match &tokens[at..] {
                ["pub", "const", name, ":", rest @ ..] => header.add_constant(name, until(rest, ";")),
                ["pub", "fn", name, rest @ ..] => {
                    header.functions.insert((*name).into(), aliases.resolve(until(rest, ";")));
                }
                ["pub", "static", "mut", name, ":", rest @ ..] => {
                    header.data.insert((*name).into(), aliases.resolve(until(rest, ";")));
                }
                ["pub", "static", name, ":", rest @ ..] => {
                    header.data.insert((*name).into(), format!("const {}", aliases.resolve(until(rest, ";"))));
                }
                ["pub", "struct", name, "{", rest @ ..] => {
                    for (field, ty) in fields(until(rest, "}")) {
                        header.field(name, field).ty = aliases.resolve(ty);
                    }
                }
                [text, "]", "[", rest @ ..] if text.starts_with('"') => header.add_layout(text, until(rest, "]")),
                _ => {}
            }
        }
        header.merge_anonymous_unions();
        header.structs =
            header.structs.into_iter().map(|(tag, layout)| (aliases.public_name(&tag).to_owned(), layout)).collect();
        header
    }

    fn add_constant(&mut self, name: &str, declaration: &[&str]) {
        let value = match declaration {
            [.., "=", "-", number] => number.parse().map(|number: i128| -number),
            [.., "=", number] => number.parse(),
            _ => return,
        };
        // Anything but a number is a string.
        if let Ok(value) = value {
            self.constants.insert(name.into(), value);
        }
    }

    fn add_layout(&mut self, text: &str, assertion: &[&str]) {
        let number = assertion.last().and_then(|number| number.strip_suffix("usize")?.parse().ok());
        let number = number.unwrap_or_else(|| panic!("no number in bindgen's assertion of {text}"));
        let text = text.trim_matches('"');
        if let Some(name) = text.strip_prefix("Size of ") {
            self.structs.entry(name.into()).or_default().size = number;
        } else if let Some(name) = text.strip_prefix("Alignment of ") {
            self.structs.entry(name.into()).or_default().alignment = number;
        } else if let Some((name, field)) = text.strip_prefix("Offset of field: ").and_then(|x| x.split_once("::")) {
            self.field(name, field).offset = number;
        }
    }

    fn field(&mut self, name: &str, field: &str) -> &mut Field {
        // bindgen puts a `_` after a name that is a keyword of Rust's.
        // bindgen's way with Rust's keywords.
        let field = if field == "type_" || field == "as_" { field.trim_end_matches('_') } else { field };
        self.structs.entry(name.into()).or_default().fields.entry(field.into()).or_default()
    }

    /// Makes the members of the unnamed unions in structs fields of the structs: in C they are.
    fn merge_anonymous_unions(&mut self) {
        let unions: Vec<String> = self.structs.keys().filter(|name| name.contains("__bindgen_ty_")).cloned().collect();
        for name in unions {
            let union = self.structs.remove(&name).unwrap_or_default();
            let Some((outer, number)) = name.split_once("__bindgen_ty_") else { continue };
            let Some(outer) = self.structs.get_mut(outer) else { continue };
            let Some(place) = outer.fields.remove(&format!("__bindgen_anon_{number}")) else { continue };
            outer.fields.extend(
                union
                    .fields
                    .into_iter()
                    .map(|(name, field)| (name, Field { offset: place.offset + field.offset, ..field })),
            );
        }
    }
}

/// A type as Rust's `type_name` writes it, in the form that the tables have.
pub(crate) fn rust_type(name: &str) -> String {
    Aliases::default().resolve(&tokens(name))
}

/// The typedefs of a header.
#[derive(Default)]
struct Aliases<'a> {
    /// The types that names stand for.
    types: BTreeMap<&'a str, Vec<&'a str>>,
    /// The names of the structs that have a tag beside.
    tags: BTreeMap<&'a str, &'a str>,
}

impl<'a> Aliases<'a> {
    fn of(tokens: &[&'a str]) -> Self {
        let mut aliases = Self::default();
        let structs: BTreeSet<&str> = tokens
            .iter()
            .enumerate()
            .filter_map(|(at, _)| match &tokens[at..] {
                ["pub", "struct", tag, ..] => Some(*tag),
                _ => None,
            })
            .collect();
        for (at, _) in tokens.iter().enumerate() {
            match &tokens[at..] {
                ["pub", "type", name, "=", tag, ";", ..] if structs.contains(tag) => {
                    aliases.tags.insert(tag, name);
                }
                ["pub", "type", name, "=", ty @ ..] => {
                    aliases.types.insert(name, until(ty, ";").to_vec());
                }
                _ => {}
            }
        }
        aliases
    }

    fn public_name<'b>(&self, tag: &'b str) -> &'b str
    where
        'a: 'b,
    {
        self.tags.get(tag).copied().unwrap_or(tag)
    }

    /// A type or prototype without typedefs, paths and parameter names.
    fn resolve(&self, tokens: &[&str]) -> String {
        let mut text = String::new();
        for (at, token) in tokens.iter().enumerate() {
            let is_name = token.starts_with(|c: char| c.is_alphanumeric() || c == '_');
            match *token {
                "::" | ":" => {}
                "const" | "mut" | "unsafe" | "extern" => text = text + token + " ",
                _ if is_name && matches!(tokens.get(at + 1), Some(&"::" | &":")) => {}
                "isize" | "i64" => text += "c_long",
                "usize" | "u64" => text += "c_ulong",
                "i8" => text += "c_char",
                "i32" => text += "c_int",
                "u32" => text += "c_uint",
                "u16" => text += "c_ushort",
                "u8" => text += "c_uchar",
                name => match self.types.get(name) {
                    Some(ty) => text += &self.resolve(ty),
                    // The length of an array is 1usize to bindgen.
                    None => text += self.public_name(name.trim_end_matches("usize")),
                },
            }
        }
        text
    }
}

/// Names and numbers, string literals, `::` and `->`, and all other characters one by one.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first == '"' {
            rest[1..].find('"').map_or(rest.len(), |end| end + 2)
        } else if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") || rest.starts_with("->") {
            2
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = rest[length..].trim_start();
    }
    tokens
}

/// The tokens before the first `end` that is not in brackets.
fn until<'t, 'a>(tokens: &'t [&'a str], end: &str) -> &'t [&'a str] {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        if depth == 0 && *token == end {
            return &tokens[..at];
        }
        match *token {
            "(" | "[" | "{" | "<" => depth += 1,
            ")" | "]" | "}" | ">" => depth -= 1,
            _ => {}
        }
    }
    tokens
}

/// The `pub name: type` of a struct's body.
fn fields<'t, 'a>(mut body: &'t [&'a str]) -> Vec<(&'a str, &'t [&'a str])> {
    let mut fields = Vec::new();
    while let ["pub", name, ":", rest @ ..] = body {
        let ty = until(rest, ",");
        fields.push((*name, ty));
        body = rest.get(ty.len() + 1..).unwrap_or_default();
    }
    fields
}

/// Whether bindgen finds libclang, and that the headers of the compiler and of the C library. Without it nothing can be read:
/// the test is skipped.
pub(crate) fn libclang() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let reads =
        || Builder::default().header_contents("probe.h", "#include <stddef.h>\n#include <stdio.h>\n").generate();
    // bindgen panics where there is no libclang.
    let found = *FOUND.get_or_init(|| catch_unwind(reads).is_ok_and(|read| read.is_ok()));
    if !found {
        skip("libclang");
    }
    found
}
