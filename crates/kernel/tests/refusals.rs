//! What is refused is refused where it stands.

mod common;

use common::refusal;

fn check(source: &str, line: u32, snippet: &str, message: &str) {
    let issue = refusal(source, 1);
    assert_eq!(
        (issue.line, issue.snippet.as_str()),
        (line, snippet),
        "{source}"
    );
    assert!(
        issue.message.contains(message),
        "{source}: {}",
        issue.message
    );
    let text: Vec<&str> = source.lines().collect();
    let column = issue.column as usize - 1;
    assert!(
        text[line as usize - 1][column..].starts_with(snippet),
        "{source}: column {}",
        issue.column
    );
}

#[test]
fn each_stage_has_its_own() {
    check("(x) => x + 'a'", 1, "'a'", "string");
    check(
        "(x) => {\n  let a;\n  if (x) a = 1;\n  return a;\n}",
        4,
        "a",
        "may be undefined",
    );
    check(
        "(x) => { return (x > 1) === x ? 1 : 2 }",
        1,
        "(x > 1) === x",
        "boolean compared",
    );
    check(
        "(x) => Math.sin(x)",
        1,
        "Math.sin(x)",
        "nothing here gives the bits",
    );
    check("(x) => y", 1, "y", "neither declared");
}

#[test]
fn what_is_no_function_is_said_to_be_none() {
    for (source, message) in [
        ("class {}", "a class"),
        ("function f() { [native code] }", "native code"),
        ("x +", "can't be parsed"),
        ("5", "not a function"),
        ("", "can't be parsed"),
    ] {
        assert!(refusal(source, 1).message.contains(message), "{source}");
    }
}

#[test]
fn depth_ends_in_a_refusal() {
    let deep = 20_000;
    for source in [
        format!("(x) => {}x{}", "(".repeat(deep), ")".repeat(deep)),
        format!("(x) => {}x", "!".repeat(deep)),
        format!("(x) => {}x", "x ? 1 : ".repeat(7000)),
        format!("(x) => {}x", "x ** ".repeat(12_000)),
        format!("(x) => {{ {} }}", "if (x) ".repeat(9000)),
        format!("(x) => {}x", "a => ".repeat(12_000)),
        format!("(x) => {}", "[".repeat(60_000)),
        format!("(x) => {}", "{".repeat(60_000)),
        format!("(x) => {}", "`${".repeat(20_000)),
    ] {
        // Parentheses leave no node behind: those compile.
        let request = common::request(&source, 1, Some(multiproc_kernel::ElementKind::Float64));
        let _ = multiproc_kernel::Kernel::compile(&request, &Default::default());
    }
}
