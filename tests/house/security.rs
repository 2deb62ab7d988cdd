//! SECURITY.md names tests that there are.

use std::fs;
use std::path::Path;

/// The parts of a row of the table, without its frame.
fn cells(line: &str) -> Option<Vec<&str>> {
    Some(line.strip_prefix("| ")?.strip_suffix(" |")?.split(" | ").collect())
}

/// The file and the name of "`file`: `name`".
fn test_of(cell: &str) -> Option<(&str, &str)> {
    cell.strip_prefix('`')?.strip_suffix('`')?.split_once("`: `")
}

/// Whether a source defines the function and, if it is a test of C's, runs it.
fn has(source: &str, file: &str, name: &str) -> bool {
    if file.ends_with(".rs") {
        source.contains(&format!("#[test]\nfn {name}()"))
    } else {
        let runs = source.contains(&format!("RUN({name})")) || file.starts_with("c-tests/random/");
        runs && source.contains(&format!("static void {name}(void)\n"))
    }
}

#[test]
fn each_threat_has_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("SECURITY.md")).expect("SECURITY.md");
    let rows: Vec<_> = text.lines().filter_map(cells).skip(2).collect();
    assert!(rows.len() > 20, "the table was not found");
    for row in rows {
        let [_, _, _, test] = row.as_slice() else { panic!("a row of another form: {row:?}") };
        let (file, name) = test_of(test).unwrap_or_else(|| panic!("no test: {test}"));
        let source = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(has(&source, file, name), "{file} has no test {name}");
    }
}

#[test]
fn a_missing_test_is_found() {
    let of_c = "static void holds(void)\n{\n}\nint main(void)\n{\n    RUN(holds);\n}\n";
    assert!(has(of_c, "c-tests/api/x.c", "holds"));
    assert!(!has(of_c, "c-tests/api/x.c", "hold"));
    assert!(!has(&of_c.replace("RUN", "SKIP"), "c-tests/api/x.c", "holds"), "not run");
    assert!(has("#[test]\nfn holds() {}", "tests/model/x.rs", "holds"));
    assert!(!has("fn holds() {}", "tests/model/x.rs", "holds"), "no test");
    assert_eq!(test_of("`a/b.c`: `c`"), Some(("a/b.c", "c")));
    assert_eq!(cells("| a | b |"), Some(vec!["a", "b"]));
}
