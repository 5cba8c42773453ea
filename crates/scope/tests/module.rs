//! Imports, exports and declarations of whole files.

use multiproc_scope::{declarations, module_bindings, DeclarationKind, ImportKind, Language};

fn imports(source: &str, language: Language) -> Vec<(String, String, String, ImportKind)> {
    module_bindings(source, language)
        .unwrap()
        .imports
        .into_iter()
        .map(|i| (i.local, i.source, i.imported, i.kind))
        .collect()
}

fn import(
    local: &str,
    source: &str,
    imported: &str,
    kind: ImportKind,
) -> (String, String, String, ImportKind) {
    (local.into(), source.into(), imported.into(), kind)
}

#[test]
fn import_declarations() {
    let source = "import d, { a, b as c, 'x y' as z } from './m.js'; import * as ns from 'node:fs'; import './side.js';
import j from './j.json' with { type: 'json' };";
    assert_eq!(
        imports(source, Language::Js),
        [
            import("d", "./m.js", "default", ImportKind::Binding),
            import("a", "./m.js", "a", ImportKind::Binding),
            import("c", "./m.js", "b", ImportKind::Binding),
            import("z", "./m.js", "x y", ImportKind::Binding),
            import("ns", "node:fs", "*", ImportKind::Binding),
            import("j", "./j.json", "default", ImportKind::Binding),
        ]
    );
    let info = module_bindings(source, Language::Js).unwrap();
    assert_eq!(
        info.imports[5].attributes,
        [("type".to_string(), "json".to_string())]
    );
    assert!(info.strict);
}

#[test]
fn typescript_types_are_no_imports() {
    let source = "import type { T } from './t.ts'; import { type U, v } from './u.ts'; const n: number = v as any;";
    assert_eq!(
        imports(source, Language::Ts),
        [import("v", "./u.ts", "v", ImportKind::Binding)]
    );
}

#[test]
fn required_and_dynamic() {
    let source =
        "const a = require('a'); const { b, c: d } = require('./b'); let e = await import('e');";
    assert_eq!(
        imports(source, Language::Js),
        [
            import("a", "a", "*", ImportKind::Require),
            import("b", "./b", "b", ImportKind::Require),
            import("d", "./b", "c", ImportKind::Require),
            import("e", "e", "*", ImportKind::Dynamic),
        ]
    );
}

#[test]
fn commonjs_and_sloppy_files() {
    let info = module_bindings(
        "'use strict'; const p = require('p'); if (x) return;",
        Language::Js,
    )
    .unwrap();
    assert!(info.strict);
    assert_eq!(info.imports.len(), 1);
    let info = module_bindings(
        "var y = 1; with (y) {} var { q } = require('q')",
        Language::Js,
    )
    .unwrap();
    assert!(!info.strict);
    assert_eq!(info.imports.len(), 1);
}

#[test]
fn wrapped_by_a_tool() {
    let source = "'use strict';async (__vite_ssr_import__,__vite_ssr_exports__)=>{{const __vi_import_0__ = await __vite_ssr_import__(\"/src/a.ts\", {});\nfoo(__vi_import_0__.x);\n}}";
    let info = module_bindings(source, Language::Js).unwrap();
    assert!(info.strict);
    assert_eq!(info.imports[0].local, "__vi_import_0__");
    assert_eq!(info.imports[0].kind, ImportKind::Transformed);
}

#[test]
fn exports_that_never_change() {
    let source = "export const a = 1; export let b = 1; export let c = 1; c++; export function f() {} export class K {}
export default function g() {} let h = 1; export { h as i }; import { q } from './q.js'; export { q }; export * from './r.js';";
    let exports: Vec<(String, bool)> = module_bindings(source, Language::Js)
        .unwrap()
        .exports
        .into_iter()
        .map(|e| (e.exported, e.constant))
        .collect();
    let want = [
        ("a", true),
        ("b", true),
        ("c", false),
        ("f", true),
        ("K", true),
        ("default", true),
        ("i", true),
        ("q", false),
    ];
    assert_eq!(exports, want.map(|(n, c)| (n.to_string(), c)));
}

#[test]
fn declarations_at_a_place() {
    let source = "let n = 0; const inc = () => ++n; function mk() { let n = 1; return [() => ++n, () => n]; } { let b = 1; var f = () => b; }";
    let at = |text: &str, nth: usize| source.match_indices(text).nth(nth).unwrap().0 as u32;
    let found = declarations(
        source,
        Language::Js,
        "n",
        &[at("() => ++n", 0), at("() => ++n", 1), at("() => n]", 0)],
    )
    .unwrap();
    let [a, b, c] = [found[0].unwrap(), found[1].unwrap(), found[2].unwrap()];
    assert!(a.top_level && a.written && a.start == 4 && a.kind == DeclarationKind::Lexical);
    assert!(!b.top_level && b.written);
    assert_eq!(b, c);
    let b = declarations(source, Language::Js, "b", &[at("() => b", 0)]).unwrap()[0].unwrap();
    assert!(b.top_level && !b.written);
    assert_eq!(
        declarations(source, Language::Js, "zzz", &[0]).unwrap(),
        [None]
    );
}

#[test]
fn blocks_of_the_top_level_run_once_unless_in_a_loop() {
    for (source, want) in [
        ("{ let v = 1; f = () => ++v; }", true),
        ("try {} catch (v) { f = () => ++v; }", true),
        ("if (x) { let v; f = () => ++v; }", true),
        ("for (let v = 0; v < 3; v++) f = () => ++v;", false),
        ("while (x) { let v; f = () => ++v; }", false),
        ("for (const x of y) { { let v; f = () => ++v; } }", false),
        ("(() => { let v; f = () => ++v; })(); g()", false),
        ("class A { static { let v; f = () => ++v; } }", false),
    ] {
        let at = source.find("() => ++v").unwrap() as u32;
        let found = declarations(source, Language::Js, "v", &[at]).unwrap()[0].unwrap();
        assert_eq!(found.top_level, want, "{source}");
    }
}

#[test]
fn what_keeps_its_value() {
    for (source, want) in [
        ("const v = 1; f = () => v;", true),
        ("const v = 1; eval('v = 2'); f = () => v;", true),
        ("let v = 1; f = () => v;", true),
        ("let v = 1; f = () => v; g = (x) => { v = x; };", false),
        ("let v = 1; f = () => v; ({ v } = g);", false),
        ("let v = 1; f = () => v; for (v of g);", false),
        ("let v = 1; f = () => v; eval(g);", false),
        ("for (const v of g) f = () => v;", true),
        ("for (let v = 0; v < 3; v++) f = () => v;", false),
        ("var v = 1; f = () => v;", false),
        ("class v {} f = () => v;", true),
        ("class v {} f = () => v; v = 1;", false),
        ("function v() {} f = () => v;", true),
        ("function v() {} function v() {} f = () => v;", false),
        ("function v() {} { function v() {} } f = () => v;", false),
        ("function g(v) { return () => v; }", true),
        ("function g({ v }) { return () => v; }", true),
        ("function g(v) { v++; return () => v; }", false),
        ("function g(v) { arguments[0] = 1; return () => v; }", false),
        ("function g(v) { var v; return () => v; }", false),
        ("try {} catch (v) { var v = 1; f = () => v; }", false),
        ("import { v } from './v.mjs'; f = () => v;", false),
        ("f = () => v; let v;", true),
        ("const f = function v() { return () => v; };", true),
        ("class A { static { let v = 1; f = () => v; } }", true),
        ("let v = 1; f = () => v; [v = 2] = g;", false),
        ("let v = 1; f = () => v; v ??= 2;", false),
        ("let v = 1; f = () => v; for (v in g) {}", false),
        ("let v = 1; f = () => v; export { v };", true),
    ] {
        let at = source.find("() => v").unwrap() as u32;
        let found = declarations(source, Language::Js, "v", &[at]).unwrap()[0].unwrap();
        assert_eq!(found.fixed, want, "{source}");
    }
}

#[test]
fn a_functions_own_parameter_is_not_meant() {
    let source = "const n = 1; const f = (n) => n;";
    let found = declarations(
        source,
        Language::Js,
        "n",
        &[source.find("(n) =>").unwrap() as u32],
    )
    .unwrap();
    assert_eq!(found[0].unwrap().start, 6);
}

#[test]
fn top_level_of_a_wrapped_file() {
    let source = "'use strict';async (a)=>{{let n = 0; const f = () => ++n; function g() { let m = 1; return () => m; }}}";
    let n = declarations(
        source,
        Language::Js,
        "n",
        &[source.find("() => ++n").unwrap() as u32],
    )
    .unwrap()[0]
        .unwrap();
    assert!(n.top_level);
    let m = declarations(
        source,
        Language::Js,
        "m",
        &[source.find("() => m").unwrap() as u32],
    )
    .unwrap()[0]
        .unwrap();
    assert!(!m.top_level);
}

#[test]
fn nonsense_is_an_error() {
    assert!(module_bindings("import from from", Language::Js).is_err());
    assert!(declarations("{{{", Language::Js, "n", &[0]).is_err());
    assert!("py".parse::<Language>().is_err());
}

#[test]
fn the_namespace_that_a_transformer_looks_into() {
    let of = |arrow: &str| {
        let text = format!("const m = await import('./m.mjs').then({arrow});");
        let info = module_bindings(&text, Language::Js).unwrap();
        info.imports.first().map(|i| (i.kind, i.source.clone()))
    };
    let tsx =
        "s=>{const e='default';return s[e]&&typeof s[e]=='object'&&'__esModule'in s[e]?s[e]:s}";
    assert_eq!(
        of(tsx),
        Some((ImportKind::Dynamic, String::from("./m.mjs")))
    );
    assert_eq!(of("s => '__esModule' in s ? import('./n.mjs') : s"), None);
    assert_eq!(of("s => s"), None);
}
