//! Writes all mutants of some source files into one copy of them, from which the environment chooses one when a program starts
//! (switch.rs). So the library is compiled once, not once for each mutant.
//!
//!     pybuffer-mutants SOURCE COPY EXCEPT FILE...
//!
//! FILEs are below the folders SOURCE and COPY. Each mutant is a line on standard output: number, file, line, function, and what
//! it changes. Those that the file EXCEPT names, in the same words but for the number, are left out: they do not compile.
//!
//! The mutants are those of cargo-mutants: another operator, no `!` or `-`, a function that returns at once, a match without one of
//! its arms, a guard that always or never holds. Constants, tests and what is inside macros are not changed.

use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{
    Attribute, BinOp, Block, Expr, ExprBinary, ExprMatch, ExprUnary, GenericArgument, ImplItemFn, Item, ItemFn,
    ItemImpl, ItemMod, Pat, PathArguments, ReturnType, Signature, TraitItemFn, Type, UnOp,
};

/// An insertion or replacement in the text of a file. What ends at a place comes before what starts there.
struct Edit {
    range: Range<usize>,
    starts: bool,
    text: String,
}

struct Mutator<'a> {
    file: &'a str,
    except: &'a HashSet<String>,
    next: &'a mut u32,
    function: Vec<String>,
    edits: Vec<Edit>,
}

impl Mutator<'_> {
    /// The number of a new mutant, or 0, which no mutant has, where it is left out.
    fn mutant(&mut self, spanned: &impl Spanned, what: &str) -> u32 {
        let place = spanned.span().start();
        let function = self.function.last().map_or("-", String::as_str);
        let name = format!("{}\t{}:{}\t{function}\t{what}", self.file, place.line, place.column + 1);
        if self.except.contains(&name) {
            return 0;
        }
        *self.next += 1;
        println!("{}\t{name}", self.next);
        *self.next
    }

    fn insert(&mut self, at: usize, starts: bool, text: String) {
        self.edits.push(Edit { range: at..at, starts, text });
    }

    /// `left operator right` becomes a block that has both operands first, and then the mutants.
    fn operator(&mut self, node: &ExprBinary, own: &str, others: &[&str]) {
        let mut mutants = String::new();
        for other in others {
            let number = self.mutant(&node.op, &format!("replace {own} with {other}"));
            if number != 0 {
                mutants += &format!("if crate::mutants::is({number}) {{ L {other} R }} else ");
            }
        }
        if mutants.is_empty() {
            return visit::visit_expr_binary(self, node);
        }
        let assigns = own.ends_with('=') && !["==", "!=", "<=", ">="].contains(&own);
        let lazy = ["&&", "||"].contains(&own);
        let compares = ["==", "!=", "<", ">", "<=", ">="].contains(&own);
        let (left, right) = if compares { ("*l", "*r") } else { ("l", "r") };
        let mutants = mutants.replace('L', left).replace('R', right);
        let (whole, left_end, right_start) =
            (node.span().byte_range(), node.left.span().byte_range().end, node.right.span().byte_range().start);
        let between = left_end..right_start;
        if assigns {
            // The place is written out once more for each mutant, and has mutants of its own in the library's operation only.
            let place = text_of(&node.left);
            let mutants = mutants.replace("{ l ", &format!("{{ {place} "));
            self.insert(whole.start, true, "({ ".into());
            let right = text_of(&node.right);
            self.insert(whole.start, true, format!("{}{{ ", mutants.replace(" r }", &format!(" ({right}) }}"))));
            self.visit_expr(&node.left);
            self.visit_expr(&node.right);
            self.insert(whole.end, false, " } })".into());
            return;
        }
        let (before, middle, after) = if lazy {
            let number = mutants.split(['(', ')']).nth(1).unwrap_or_default();
            let condition = if own == "&&" { "l != " } else { "l == " };
            (
                "({ let l: bool = (".into(),
                format!("); if {condition}crate::mutants::is({number}) {{ "),
                " } else { l } })".into(),
            )
        } else if compares {
            ("(match (&(".into(), "), &(".into(), format!(")) {{ (l, r) => {mutants}{{ *l {own} *r }} }})"))
        } else {
            ("({ let (l, r) = ((".into(), "), (".into(), format!(")); {mutants}{{ l {own} r }} }})"))
        };
        let before: String = before;
        self.insert(whole.start, true, before);
        self.visit_expr(&node.left);
        self.edits.push(Edit { range: between, starts: true, text: middle });
        self.visit_expr(&node.right);
        self.insert(whole.end, false, after);
    }

    fn body(&mut self, signature: &Signature, block: &Block) {
        self.function.push(signature.ident.to_string());
        let values = match &signature.output {
            ReturnType::Default => vec![String::new()],
            ReturnType::Type(_, kind) => values(kind),
        };
        // What is empty already, or only says the value, is not changed.
        let own = block.stmts.first().filter(|_| block.stmts.len() == 1).map(|only| text_of(only));
        for value in values {
            if block.stmts.is_empty() || own.as_deref() == Some(&value) {
                continue;
            }
            let what = format!("return {}", if value.is_empty() { "at once" } else { &value });
            let number = self.mutant(&signature.ident, &what);
            if number != 0 {
                let start = block.brace_token.span.open().byte_range().end;
                self.insert(start, true, format!(" if crate::mutants::is({number}) {{ return {value}; }}"));
            }
        }
        self.visit_block(block);
        self.function.pop();
    }
}

fn text_of(node: &impl Spanned) -> String {
    node.span().source_text().unwrap_or_default()
}

fn last_segment(kind: &Type) -> Option<(String, Vec<&Type>)> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    let arguments = match &last.arguments {
        PathArguments::AngleBracketed(list) => list
            .args
            .iter()
            .filter_map(|argument| if let GenericArgument::Type(kind) = argument { Some(kind) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    Some((last.ident.to_string(), arguments))
}

/// The values that a function of this type returns instead.
fn values(kind: &Type) -> Vec<String> {
    let list = |values: &[&str]| values.iter().map(|&value| value.into()).collect();
    if let Type::Tuple(tuple) = kind
        && tuple.elems.is_empty()
    {
        return list(&["()"]);
    }
    let Some((name, arguments)) = last_segment(kind) else { return Vec::new() };
    let wrapped = |constructor: &str| {
        let inner = arguments.first().map_or(Vec::new(), |inner| values(inner));
        inner.into_iter().map(|value| format!("{constructor}({value})")).collect::<Vec<_>>()
    };
    match name.as_str() {
        "bool" => list(&["true", "false"]),
        "usize" | "u8" | "u16" | "u32" | "u64" | "u128" => list(&["0", "1"]),
        "isize" | "i8" | "i16" | "i32" | "i64" | "i128" | "c_int" | "Py_ssize_t" => list(&["0", "1", "-1"]),
        "f32" | "f64" => list(&["0.0", "1.0", "-1.0"]),
        "Ordering" => {
            list(&["core::cmp::Ordering::Less", "core::cmp::Ordering::Equal", "core::cmp::Ordering::Greater"])
        }
        "Option" => [vec!["None".into()], wrapped("Some")].concat(),
        "Result" => wrapped("Ok"),
        _ => Vec::new(),
    }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test") || attribute.path().is_ident("cfg") && text_of(attribute).contains("(test)")
    })
}

/// Whether a chain of `&&` has a `let`, which is no expression of its own.
fn has_let(expr: &Expr) -> bool {
    match expr {
        Expr::Let(_) => true,
        Expr::Binary(ExprBinary { left, right, .. }) => has_let(left) || has_let(right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Mutator<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        // Constants are worked out when the library is compiled.
        if !matches!(
            item,
            Item::Const(_) | Item::Static(_) | Item::Struct(_) | Item::Enum(_) | Item::Type(_) | Item::Macro(_)
        ) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_test(&module.attrs) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_impl(&mut self, block: &'ast ItemImpl) {
        if !is_test(&block.attrs) {
            visit::visit_item_impl(self, block);
        }
    }

    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_trait_item_const(&mut self, _: &'ast syn::TraitItemConst) {}
    fn visit_type(&mut self, _: &'ast Type) {}
    fn visit_pat(&mut self, _: &'ast Pat) {}
    fn visit_generics(&mut self, _: &'ast syn::Generics) {}
    fn visit_generic_argument(&mut self, _: &'ast GenericArgument) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if !is_test(&function.attrs) {
            self.body(&function.sig, &function.block);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        if !is_test(&function.attrs) {
            self.body(&function.sig, &function.block);
        }
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(block) = &function.default {
            self.body(&function.sig, block);
        }
    }

    fn visit_expr_binary(&mut self, node: &'ast ExprBinary) {
        let (own, others): (_, &[&str]) = match node.op {
            BinOp::Eq(_) => ("==", &["!="]),
            BinOp::Ne(_) => ("!=", &["=="]),
            BinOp::Lt(_) => ("<", &["==", ">", "<="]),
            BinOp::Gt(_) => (">", &["==", "<", ">="]),
            BinOp::Le(_) => ("<=", &[">"]),
            BinOp::Ge(_) => (">=", &["<"]),
            BinOp::And(_) if !has_let(&node.left) && !has_let(&node.right) => ("&&", &["||"]),
            BinOp::Or(_) => ("||", &["&&"]),
            BinOp::Add(_) => ("+", &["-", "*"]),
            BinOp::Sub(_) => ("-", &["+", "/"]),
            BinOp::Mul(_) => ("*", &["+", "/"]),
            BinOp::Div(_) => ("/", &["%", "*"]),
            BinOp::Rem(_) => ("%", &["/", "+"]),
            BinOp::BitAnd(_) => ("&", &["|", "^"]),
            BinOp::BitOr(_) => ("|", &["&", "^"]),
            BinOp::BitXor(_) => ("^", &["&", "|"]),
            BinOp::Shl(_) => ("<<", &[">>"]),
            BinOp::Shr(_) => (">>", &["<<"]),
            BinOp::AddAssign(_) => ("+=", &["-=", "*="]),
            BinOp::SubAssign(_) => ("-=", &["+=", "/="]),
            BinOp::MulAssign(_) => ("*=", &["+=", "/="]),
            BinOp::DivAssign(_) => ("/=", &["%=", "*="]),
            BinOp::RemAssign(_) => ("%=", &["/=", "+="]),
            BinOp::BitAndAssign(_) => ("&=", &["|=", "^="]),
            BinOp::BitOrAssign(_) => ("|=", &["&=", "^="]),
            BinOp::ShlAssign(_) => ("<<=", &[">>="]),
            BinOp::ShrAssign(_) => (">>=", &["<<="]),
            _ => return visit::visit_expr_binary(self, node),
        };
        self.operator(node, own, others);
    }

    fn visit_expr_unary(&mut self, node: &'ast ExprUnary) {
        let own = match node.op {
            UnOp::Not(_) => "!",
            UnOp::Neg(_) if !matches!(*node.expr, Expr::Lit(_)) => "-",
            _ => return visit::visit_expr_unary(self, node),
        };
        let number = self.mutant(&node.op, &format!("delete {own}"));
        if number == 0 {
            return visit::visit_expr_unary(self, node);
        }
        let (whole, start) = (node.span().byte_range(), node.expr.span().byte_range().start);
        self.edits.push(Edit { range: whole.start..start, starts: true, text: "({ let v = ".into() });
        self.visit_expr(&node.expr);
        self.insert(whole.end, false, format!("; if crate::mutants::is({number}) {{ v }} else {{ {own}v }} }})"));
    }

    fn visit_expr_match(&mut self, node: &'ast ExprMatch) {
        let catches_all = node.arms.iter().any(|arm| matches!(arm.pat, Pat::Wild(_)) && arm.guard.is_none());
        self.visit_expr(&node.expr);
        for arm in &node.arms {
            let pattern = text_of(&arm.pat).split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some((_, guard)) = &arm.guard {
                let numbers = [true, false].map(|value| self.mutant(guard, &format!("guard of {pattern}: {value}")));
                let whole = guard.span().byte_range();
                self.insert(
                    whole.start,
                    true,
                    format!("crate::mutants::is({}) || !crate::mutants::is({}) && (", numbers[0], numbers[1]),
                );
                self.visit_expr(guard);
                self.insert(whole.end, false, ")".into());
            } else if catches_all && !matches!(arm.pat, Pat::Wild(_)) {
                let number = self.mutant(&arm.pat, &format!("delete arm {pattern}"));
                if number != 0 {
                    let end = arm.pat.span().byte_range().end;
                    self.insert(end, false, format!(" if !crate::mutants::is({number})"));
                }
            }
            self.visit_expr(&arm.body);
        }
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, copy, except, files @ ..] = &arguments[..] else { panic!("SOURCE COPY EXCEPT FILE...") };
    let except = fs::read_to_string(except).unwrap_or_default().lines().map(String::from).collect();
    let mut next = 0;
    for file in files {
        let text = fs::read_to_string(Path::new(source).join(file)).expect("the file can be read");
        let tree = syn::parse_file(&text).expect("the file is Rust");
        let mut mutator = Mutator { file, except: &except, next: &mut next, function: Vec::new(), edits: Vec::new() };
        mutator.visit_file(&tree);
        let mut edits = mutator.edits;
        edits.sort_by_key(|edit| (edit.range.start, edit.starts));
        let (mut out, mut at) = (String::new(), 0);
        for edit in edits {
            out += &text[at..edit.range.start];
            out += &edit.text;
            at = edit.range.end;
        }
        out += &text[at..];
        fs::write(Path::new(copy).join(file), out).expect("the copy can be written");
    }
    let switch = include_str!("switch.rs").replace("MUTANTS: usize = 0", &format!("MUTANTS: usize = {}", next + 1));
    fs::write(Path::new(copy).join("src/mutants.rs"), switch).expect("the copy can be written");
    let library = Path::new(copy).join("src/lib.rs");
    let text = fs::read_to_string(&library).expect("the copy has a library");
    let text = text.replacen("pub mod abi;", "#[macro_use]\nmod mutants;\npub mod abi;", 1);
    let text = text.replacen(
        "#![no_std]",
        "#![no_std]\n#![feature(core_intrinsics, const_eval_select)]\n#![allow(internal_features)]",
        1,
    );
    fs::write(library, text).expect("the copy can be written");
}
