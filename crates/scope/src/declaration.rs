//! Which declaration a name means at a place of a file: two functions that use the same one may share a variable.

use crate::json::Object;
use crate::module::parse;
use crate::offsets::Offsets;
use crate::{Language, ScopeError};
use oxc_allocator::Allocator;
use oxc_ast::AstKind;
use oxc_semantic::{Semantic, SemanticBuilder};
use oxc_span::GetSpan;
use oxc_syntax::scope::ScopeId;
use oxc_syntax::symbol::{SymbolFlags, SymbolId};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeclarationKind {
    /// `var`, a parameter, a function: initialised from the start.
    Var,
    /// `let`, `const`, `class`: may not be read before its line ran.
    Lexical,
    Import,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declaration {
    /// Where the declared name stands.
    pub start: u32,
    pub kind: DeclarationKind,
    /// It stands at the top level of the file, or of the only function that the file consists of, in no loop: there is
    /// one such variable, however often the functions that use it were made.
    pub top_level: bool,
    /// Something assigns to it after its declaration, anywhere in the file.
    pub written: bool,
    /// Once it is initialised it keeps its value, whatever runs: no text of the file changes it, unseen ways included.
    pub fixed: bool,
}

/// For each of `offsets`, a place where a function's text begins: the declaration that `name` has for its body.
///
/// # Errors
/// The file can't be parsed.
pub fn declarations(
    source: &str,
    language: Language,
    name: &str,
    offsets: &[u32],
) -> Result<Vec<Option<Declaration>>, ScopeError> {
    let allocator = Allocator::default();
    let (program, _) = parse(&allocator, source, language)?;
    let semantic = SemanticBuilder::new().build(&program).semantic;
    let positions = Offsets::new(source);
    Ok(offsets
        .iter()
        .map(|offset| {
            let scope = scope_around(&semantic, positions.bytes(*offset));
            let scoping = semantic.scoping();
            let symbol = scoping.find_binding(scope, name)?;
            let flags = scoping.symbol_flags(symbol);
            Some(Declaration {
                start: positions.utf16(scoping.symbol_span(symbol).start),
                kind: if flags.is_import() {
                    DeclarationKind::Import
                } else if flags.intersects(SymbolFlags::BlockScopedVariable | SymbolFlags::Class) {
                    DeclarationKind::Lexical
                } else {
                    DeclarationKind::Var
                },
                top_level: is_top_level(&semantic, scoping.symbol_scope_id(symbol)),
                written: scoping.symbol_is_mutated(symbol),
                fixed: is_fixed(&semantic, symbol),
            })
        })
        .collect())
}

/// Whether nothing can change a variable once it is initialised. Where that is not plain to see, it is not.
fn is_fixed(semantic: &Semantic<'_>, symbol: SymbolId) -> bool {
    let scoping = semantic.scoping();
    let flags = scoping.symbol_flags(symbol);
    if flags.is_const_variable() {
        return true;
    }
    let source = semantic.source_text();
    // What is given to eval may assign to anything, and redeclared names are assigned to without a reference.
    // An import follows a variable of another file.
    let plain = !flags.is_import()
        && !flags.is_catch_variable()
        && !scoping.symbol_is_mutated(symbol)
        && scoping.symbol_redeclarations(symbol).is_empty()
        && !source.contains("eval");
    if !plain {
        return false;
    }
    if flags.is_function() {
        // In sloppy code a function in a block assigns to the one of its name outside, when the block is entered.
        let name = scoping.symbol_name(symbol);
        return scoping
            .symbol_ids()
            .filter(|other| scoping.symbol_name(*other) == name)
            .all(|other| {
                let scope = scoping.scope_flags(scoping.symbol_scope_id(other));
                scope.is_function() || scope.is_top()
            });
    }
    if flags.intersects(SymbolFlags::BlockScopedVariable | SymbolFlags::Class) {
        return true;
    }
    // In sloppy code `arguments` may be assigned to instead.
    matches!(
        semantic.nodes().kind(scoping.symbol_declaration(symbol)),
        AstKind::FormalParameter(_)
    ) && !source.contains("arguments")
}

/// The innermost scope that is open just before the function that begins at byte `at`.
fn scope_around(semantic: &Semantic<'_>, at: u32) -> ScopeId {
    let scoping = semantic.scoping();
    let mut best = scoping.root_scope_id();
    let mut narrowest = u32::MAX;
    for scope in scoping.scope_descendants_from_root() {
        let kind = semantic.nodes().kind(scoping.get_node_id(scope));
        let span = kind.span();
        // What begins at the place is the function itself; a class's members see the class's own scope.
        let around = span.start < at && at < span.end;
        if around && span.size() <= narrowest {
            best = scope;
            narrowest = span.size();
        }
    }
    best
}

/// Whether a scope is entered once for each run of the file: the file's own, that of the one function that the whole
/// file is wrapped in, or a block in these that is in no loop.
fn is_top_level(semantic: &Semantic<'_>, scope: ScopeId) -> bool {
    let nodes = semantic.nodes();
    let node = semantic.scoping().get_node_id(scope);
    let mut kinds = std::iter::once(nodes.kind(node)).chain(nodes.ancestor_kinds(node));
    for kind in kinds.by_ref() {
        match kind {
            AstKind::Function(_) | AstKind::ArrowFunctionExpression(_) => break,
            AstKind::ForStatement(_)
            | AstKind::ForInStatement(_)
            | AstKind::ForOfStatement(_)
            | AstKind::WhileStatement(_)
            | AstKind::DoWhileStatement(_)
            | AstKind::StaticBlock(_) => return false,
            AstKind::Program(_) => return true,
            _ => {}
        }
    }
    let mut outside = kinds.filter(|kind| !matches!(kind, AstKind::ParenthesizedExpression(_)));
    matches!(outside.next(), Some(AstKind::ExpressionStatement(_)))
        && matches!(outside.next(), Some(AstKind::Program(p)) if p.body.len() == 1)
}

/// [`declarations`], as a JSON array of objects and nulls.
///
/// # Errors
/// As [`declarations`].
pub fn declarations_json(
    source: &str,
    language: Language,
    name: &str,
    offsets: &[u32],
) -> Result<String, ScopeError> {
    let items: Vec<String> = declarations(source, language, name, offsets)?
        .iter()
        .map(|found| match found {
            None => String::from("null"),
            Some(d) => Object::new()
                .number("start", d.start)
                .string(
                    "kind",
                    match d.kind {
                        DeclarationKind::Var => "var",
                        DeclarationKind::Lexical => "lexical",
                        DeclarationKind::Import => "import",
                    },
                )
                .bool("topLevel", d.top_level)
                .bool("written", d.written)
                .bool("fixed", d.fixed)
                .end(),
        })
        .collect();
    Ok(format!("[{}]", items.join(",")))
}
