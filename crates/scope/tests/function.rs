//! What free_variables says of each kind of function.

use multiproc_scope::{free_variables, ElementKind, Form, FunctionInfo, FunctionKind, Key};

fn info(source: &str) -> FunctionInfo {
    free_variables(source).unwrap_or_else(|e| panic!("{source}: {e}"))
}

fn names(source: &str) -> Vec<String> {
    info(source).free.into_iter().map(|v| v.name).collect()
}

#[test]
fn free_names_of_plain_functions() {
    for (source, want) in [
        ("() => a + b", vec!["a", "b"]),
        ("x => x + y", vec!["y"]),
        (
            "function f(a, b = c) { var d; return a + d + e; }",
            vec!["c", "e"],
        ),
        ("function f() { return f(1); }", vec![]),
        ("async function () { await g(); }", vec!["g"]),
        ("function* () { yield h; }", vec!["h"]),
        ("({ a, b: { c } }, ...rest) => a + c + rest + d", vec!["d"]),
        ("() => { { let q; q; } return q; }", vec!["q"]),
        ("() => { q(); function q() {} }", vec![]),
        ("() => { try { a } catch (e) { e; b } }", vec!["a", "b"]),
        (
            "() => { for (const x of xs) x; return x; }",
            vec!["xs", "x"],
        ),
        ("() => { l: for (;;) break l; }", vec![]),
        ("() => ({ k: v, s, [c]: 1 })", vec!["v", "s", "c"]),
        ("() => o.p.q[r]", vec!["o", "r"]),
        ("() => typeof maybe", vec!["maybe"]),
        ("() => `a${b}`", vec!["b"]),
        (
            "() => class extends B { m() { return n; } }",
            vec!["B", "n"],
        ),
        ("() => undefined", vec!["undefined"]),
        ("function () { with (o) { p } }", vec!["o", "p"]),
        (
            "() => { ({ a, b: c.d, ...e } = f); }",
            vec!["a", "c", "e", "f"],
        ),
    ] {
        assert_eq!(names(source), want, "{source}");
    }
}

#[test]
fn methods_and_members() {
    for (source, form, kind, free) in [
        (
            "m(a) { return a + b; }",
            Form::Method,
            FunctionKind::Method,
            vec!["b"],
        ),
        (
            "get v() { return b; }",
            Form::Method,
            FunctionKind::Getter,
            vec!["b"],
        ),
        (
            "set v(x) { b = x; }",
            Form::Method,
            FunctionKind::Setter,
            vec!["b"],
        ),
        (
            "async *['x' + k](q) { yield b; }",
            Form::Method,
            FunctionKind::Method,
            vec!["b"],
        ),
        (
            "async() { return b; }",
            Form::Method,
            FunctionKind::Method,
            vec!["b"],
        ),
        (
            "'quoted-key'() {}",
            Form::Method,
            FunctionKind::Method,
            vec![],
        ),
        ("12() {}", Form::Method, FunctionKind::Method, vec![]),
        (
            "#p() { return b; }",
            Form::Member,
            FunctionKind::Method,
            vec!["b"],
        ),
    ] {
        let info = info(source);
        assert_eq!((info.form, info.kind), (form, kind), "{source}");
        assert_eq!(names(source), free, "{source}");
    }
}

#[test]
fn odd_keys_are_ranges_of_the_text() {
    for (source, want) in [
        ("['x' + k](q) {}", Some("['x' + k]")),
        ("async *[a[0]](q) {}", Some("[a[0]]")),
        ("[[1]]() {}", Some("[[1]]")),
        ("[ /* ] */ k ]() {}", Some("[ /* ] */ k ]")),
        ("#p() {}", Some("#p")),
        ("plain() {}", None),
    ] {
        let got = info(source)
            .odd_key
            .map(|(s, e)| &source[s as usize..e as usize]);
        assert_eq!(got, want, "{source}");
    }
}

#[test]
fn writes() {
    let written = |source: &str| -> Vec<String> {
        info(source)
            .free
            .into_iter()
            .filter(|v| v.written)
            .map(|v| v.name)
            .collect()
    };
    assert_eq!(written("() => { n++; m; }"), ["n"]);
    assert_eq!(written("() => { n += m; }"), ["n"]);
    assert_eq!(written("() => { [n, { k: m }] = x; }"), ["n", "m"]);
    assert_eq!(written("() => { for (n of xs) m.k = 1; }"), ["n"]);
    assert_eq!(written("() => () => { n = 1; }"), ["n"]);
    assert!(written("() => { o.n = 1; o.m++; }").is_empty());
}

#[test]
fn what_is_taken_from_around() {
    let this = |s: &str| !info(s).this.is_empty();
    assert!(this("() => this"));
    assert!(this("() => { const f = () => this; }"));
    assert!(!this("function () { return this; }"));
    assert!(!this("() => function () { return this; }"));
    assert!(!this(
        "() => class { x = this; static { this; } m() { return this; } }"
    ));
    assert!(this("() => class extends this.B {}"));
    assert!(!this("m() { return () => this; }"));
    let arguments = |s: &str| !info(s).arguments.is_empty();
    assert!(arguments("() => arguments.length"));
    assert!(!arguments("function () { return () => arguments; }"));
    assert!(names("function () { return arguments; }").is_empty());
    let super_ = |s: &str| info(s).super_;
    assert!(super_("m() { return super.m(); }"));
    assert!(super_("m() { return () => super.m(); }"));
    assert!(!super_("class A extends B { m() { return super.m(); } }"));
    assert!(!super_(
        "() => ({ __proto__: p, m() { return super.m(); } })"
    ));
    assert!(!super_(
        "class A extends B { constructor() { super(); } x = super.y; }"
    ));
    assert!(info("() => super.x").super_);
    assert!(info("() => new.target").new_target);
    assert!(!info("function () { return new.target; }").new_target);
    assert!(info("s => eval(s)").eval);
    assert!(!info("s => o.eval(s)").eval);
    assert_eq!(info("() => import.meta.url").import_meta, [(6, 17)]);
    assert_eq!(info("o => o.#p").private_name.as_deref(), Some("#p"));
    assert_eq!(info("o => #p in o").private_name.as_deref(), Some("#p"));
    assert_eq!(
        info("() => class { #p = 1; m() { return this.#p; } }").private_name,
        None
    );
}

#[test]
fn where_v8_says_that_it_begins() {
    for (source, want) in [
        ("function named(a) {}", "(a)"),
        ("function (a) {}", "(a)"),
        ("async (a) => a", "async (a)"),
        ("a => a", "a =>"),
        ("async *['x' + 1](q) {}", "(q)"),
        ("get v() {}", "() {}"),
        ("class Foo { constructor(a) {} }", "(a)"),
        ("class Foo { x = 1 }", "class Foo"),
    ] {
        let at = info(source).location as usize;
        assert!(
            source[at..].starts_with(want),
            "{source}: {}",
            &source[at..]
        );
    }
}

#[test]
fn references_say_how_they_are_used() {
    let one = |s: &str| info(s).free[0].references[0].clone();
    assert!(one("() => n()").callee);
    assert!(one("() => (n)()").callee);
    assert!(one("() => n?.()").callee);
    assert!(one("() => n`x`").callee);
    assert!(!one("() => new n()").callee);
    assert!(!one("() => n.m()").callee);
    assert!(one("() => ({ n })").shorthand);
    assert!(one("() => { ({ n } = {}); }").shorthand);
    assert!(one("() => { n(); }").begins_statement);
    assert!(one("() => { n().m(); }").begins_statement);
    assert!(one("() => { switch (1) { case 1: n(); } }").begins_statement);
    assert!(!one("() => n()").begins_statement);
    assert!(!one("() => { if (1) n(); }").begins_statement);
    assert!(!one("() => { return n(); }").begins_statement);
}

#[test]
fn own_name_is_told_apart() {
    let own = info("function f(n) { return n ? f(n - 1) : 0; }")
        .own_name
        .unwrap();
    assert_eq!(
        (own.name.as_str(), own.references.len(), own.written),
        ("f", 1, false)
    );
    assert_eq!(
        info("class A { static of() { return new A(); } }")
            .own_name
            .unwrap()
            .references
            .len(),
        1
    );
    assert!(info("() => 1").own_name.is_none());
}

#[test]
fn plain_parameters() {
    let plain = |s: &str| info(s).plain_parameters;
    assert!(plain("(a, b) => a"));
    assert!(plain("m() {}"));
    assert!(!plain("(a = 1) => a"));
    assert!(!plain("({ a }) => a"));
    assert!(!plain("(...a) => a"));
}

#[test]
fn members_that_are_read() {
    let members = |s: &str| info(s).free[0].members.clone();
    assert_eq!(
        members("() => ns.a + ns.b.c + ns.a"),
        Some(vec!["a".into(), "b".into()])
    );
    assert_eq!(members("() => ns.a + f(ns)"), None);
    assert_eq!(members("() => ns[k]"), None);
}

#[test]
fn classes() {
    let class = |s: &str| info(s).class.unwrap();
    let source = "class A { #p = 1; static q = 2; static { f(); } [k]() {} get #g() { return 1; } static m() {} }";
    let found = class(source);
    assert_eq!(found.not_plain, None);
    let shown: Vec<_> = found
        .elements
        .iter()
        .map(|e| (e.kind, e.is_static, e.key.clone()))
        .collect();
    let private = |name: &str| Key::Private(name.to_string());
    assert_eq!(
        shown,
        [
            (ElementKind::Field, false, private("p")),
            (ElementKind::Field, true, Key::Plain),
            (ElementKind::StaticBlock, true, Key::Plain),
            (ElementKind::Method, false, Key::Computed),
            (ElementKind::Getter, false, private("g")),
            (ElementKind::Method, true, Key::Plain),
        ]
    );
    let text = |(start, end): (u32, u32)| &source[start as usize..end as usize];
    assert_eq!(text(found.elements[0].span), "#p = 1;");
    assert_eq!(text(found.elements[1].value.unwrap()), "2");
    assert_eq!(text(found.elements[2].span), "static { f(); }");
    assert!(text(found.body).starts_with(" #p") && text(found.body).ends_with("{} "));
    let key = |s: &str| class(s).elements[0].key.clone();
    assert_eq!(key("class A { [Symbol.iterator]() {} }"), Key::Plain);
    assert_eq!(key("class A { ['a']() {} }"), Key::Plain);
    assert_eq!(key("class A { [Symbol()]() {} }"), Key::Computed);
    assert!(class("class A { f = () => 1 }").elements[0].anonymous_function);
    assert!(!class("class A { f = g() }").elements[0].anonymous_function);
    assert_eq!(class("class A extends B {}").heritage, Some((16, 17)));
    assert_eq!(class("class A extends f(B) {}").heritage, Some((16, 20)));
    assert_eq!(class("class A extends null {}").heritage, None);
    assert_eq!(
        class("class A { constructor() { f(); } }").constructor,
        Some(25)
    );
    assert_eq!(
        class("class A { @d m() {} }").not_plain,
        Some("a decorator")
    );
}

#[test]
fn offsets_count_utf16_units() {
    let source = "() => '😀é' + n";
    let r = &info(source).free[0].references[0];
    let units: Vec<u16> = source.encode_utf16().collect();
    assert_eq!(
        String::from_utf16_lossy(&units[r.start as usize..r.end as usize]),
        "n"
    );
}

#[test]
fn what_is_no_function_is_refused() {
    for source in [
        "",
        "1",
        "a b c",
        "function (",
        "}{",
        "({})",
        "function max() { [native code] }",
    ] {
        assert!(free_variables(source).is_err(), "{source}");
    }
}

#[test]
fn json_is_complete() {
    let json = info("function f(a) { f(); n = `\"${a}`; }").to_json();
    assert!(
        json.starts_with(r#"{"form":"expression","kind":"function""#),
        "{json}"
    );
    assert!(
        json.contains(r#""ownName":{"name":"f","written":false"#),
        "{json}"
    );
    assert!(json.contains(r#"{"start":21,"end":22,"write":true,"shorthand":false,"callee":false,"beginsStatement":true}"#), "{json}");
}

#[test]
fn starts_are_those_of_nodes_and_never_inside_of_text() {
    let text = "(a) => { // c\n  return `x y ${a} z` + 'q r' + /d e/.source; }";
    let found = multiproc_scope::starts(text).unwrap();
    let starts: Vec<&str> = found
        .nodes
        .iter()
        .map(|at| &text[*at as usize..])
        .map(|rest| rest.split(|c: char| " ;),}".contains(c)).next().unwrap())
        .collect();
    assert_eq!(
        starts,
        ["(a", "a", "{", "return", "`x", "a", "'q", "/d", "source"]
    );
    assert_eq!(found.line_comments, [13]);
}
