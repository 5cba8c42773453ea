//! The imports and exports of a whole file, so that what a function takes from them can travel by reference.

use crate::json::Object;
use crate::{Language, ScopeError};
use oxc_allocator::Allocator;
use oxc_ast::ast::*;
use oxc_ast_visit::Visit;
use oxc_parser::Parser;
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_span::SourceType;

/// How the value of an import came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportKind {
    /// An `import` declaration: the binding follows the exporting module's.
    Binding,
    /// `const x = await import('...')`.
    Dynamic,
    /// `const x = require('...')`.
    Require,
    /// A call that a transformer put in the place of an import: `__vite_ssr_import__`.
    Transformed,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub local: String,
    /// The specifier as it is written.
    pub source: String,
    /// The exported name; `*` for all of the module.
    pub imported: String,
    pub kind: ImportKind,
    /// `with { type: 'json' }`
    pub attributes: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    pub exported: String,
    /// The variable of the file that it shows.
    pub local: Option<String>,
    /// Nothing assigns to it after its declaration: who has read it once it is initialised needs not look again.
    pub constant: bool,
}

/// What [`module_bindings`] finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModuleInfo {
    pub imports: Vec<Import>,
    /// Those that the file declares itself; not what it passes on from other files.
    pub exports: Vec<Export>,
    /// A script whose first statement is the directive `use strict`, or a module.
    pub strict: bool,
}

/// Parses `source` as a module and, where it is none, as a script.
pub(crate) fn parse<'a>(
    allocator: &'a Allocator,
    source: &'a str,
    language: Language,
) -> Result<(Program<'a>, bool), ScopeError> {
    let run = |source_type: SourceType| {
        let options = oxc_parser::ParseOptions {
            // CommonJS files are bodies of functions.
            allow_return_outside_function: source_type.is_script(),
            ..Default::default()
        };
        Parser::new(allocator, source, source_type)
            .with_options(options)
            .parse()
    };
    let module = run(language.module());
    if module.errors.is_empty() {
        return Ok((module.program, true));
    }
    let script = run(language.script());
    if script.errors.is_empty() {
        return Ok((script.program, false));
    }
    Err(ScopeError::new(format!(
        "the file can't be parsed: {}",
        module.errors[0].message
    )))
}

/// Finds what a file imports and exports, at its top level.
///
/// # Errors
/// The text can't be parsed, neither as a module nor as a script.
pub fn module_bindings(source: &str, language: Language) -> Result<ModuleInfo, ScopeError> {
    let allocator = Allocator::default();
    let (program, module) = parse(&allocator, source, language)?;
    let semantic = SemanticBuilder::new().build(&program).semantic;
    let mut info = ModuleInfo {
        strict: program
            .directives
            .iter()
            .any(|d| d.directive == "use strict"),
        ..Default::default()
    };
    let mut esm = false;
    for statement in &program.body {
        esm |= matches!(statement, s if s.is_module_declaration());
        collect(statement, semantic.scoping(), &mut info);
    }
    for statement in wrapped(&program.body) {
        collect(statement, semantic.scoping(), &mut info);
    }
    info.strict |= module && esm;
    Ok(info)
}

/// The statements of a module that a tool wrapped into a function: `async (…) => {{ … }}`, the only function expression
/// among the statements of the script.
pub(crate) fn wrapped<'a, 'b>(body: &'b [Statement<'a>]) -> &'b [Statement<'a>] {
    let [Statement::ExpressionStatement(statement)] = body else {
        return &[];
    };
    let statements: &[Statement<'a>] = match statement.expression.without_parentheses() {
        Expression::ArrowFunctionExpression(f) => &f.body.statements,
        Expression::FunctionExpression(f) => match &f.body {
            Some(body) => &body.statements,
            None => &[],
        },
        _ => &[],
    };
    match statements {
        [Statement::BlockStatement(block)] => &block.body,
        _ => statements,
    }
}

fn collect(statement: &Statement<'_>, scoping: &Scoping, info: &mut ModuleInfo) {
    match statement {
        Statement::ImportDeclaration(import) => import_declaration(import, info),
        Statement::VariableDeclaration(declaration) => variable_imports(declaration, info),
        Statement::ExportNamedDeclaration(export) => {
            if export.source.is_some() {
                return;
            }
            for specifier in &export.specifiers {
                let constant = match &specifier.local {
                    ModuleExportName::IdentifierReference(local) => scoping
                        .get_root_binding(&local.name)
                        .is_some_and(|symbol| !scoping.symbol_is_mutated(symbol)),
                    _ => false,
                };
                info.exports.push(Export {
                    exported: specifier.exported.name().to_string(),
                    local: Some(specifier.local.name().to_string()),
                    constant: constant && !imported(scoping, specifier),
                });
            }
            if let Some(declaration) = &export.declaration {
                declared_exports(declaration, scoping, info);
                if let Declaration::VariableDeclaration(variables) = declaration {
                    variable_imports(variables, info);
                }
            }
        }
        Statement::ExportDefaultDeclaration(export) => {
            // `export default f` is the value of f then; `export default function f` follows the variable f.
            let id = match &export.declaration {
                ExportDefaultDeclarationKind::FunctionDeclaration(f) => f.id.as_ref(),
                ExportDefaultDeclarationKind::ClassDeclaration(c) => c.id.as_ref(),
                _ => None,
            };
            let named = match &export.declaration {
                ExportDefaultDeclarationKind::Identifier(i) => Some(i.name.to_string()),
                _ => id.map(|id| id.name.to_string()),
            };
            info.exports.push(Export {
                exported: String::from("default"),
                local: named,
                constant: id.is_none_or(|id| unwritten(scoping, id)),
            });
        }
        _ => {}
    }
}

fn unwritten(scoping: &Scoping, id: &BindingIdentifier<'_>) -> bool {
    id.symbol_id
        .get()
        .is_some_and(|symbol| !scoping.symbol_is_mutated(symbol))
}

/// An import that is exported again: it may change in the module that it comes from.
fn imported(scoping: &Scoping, specifier: &ExportSpecifier<'_>) -> bool {
    scoping
        .get_root_binding(&specifier.local.name())
        .is_some_and(|symbol| scoping.symbol_flags(symbol).is_import())
}

fn declared_exports(declaration: &Declaration<'_>, scoping: &Scoping, info: &mut ModuleInfo) {
    let mut push = |id: &BindingIdentifier<'_>| {
        info.exports.push(Export {
            exported: id.name.to_string(),
            local: Some(id.name.to_string()),
            constant: unwritten(scoping, id),
        });
    };
    match declaration {
        Declaration::VariableDeclaration(variables) => {
            for declarator in &variables.declarations {
                for id in declarator.id.get_binding_identifiers() {
                    push(id);
                }
            }
        }
        Declaration::FunctionDeclaration(f) => f.id.iter().for_each(&mut push),
        Declaration::ClassDeclaration(c) => c.id.iter().for_each(&mut push),
        Declaration::TSEnumDeclaration(e) => push(&e.id),
        _ => {}
    }
}

fn import_declaration(import: &ImportDeclaration<'_>, info: &mut ModuleInfo) {
    if import.import_kind.is_type() {
        return;
    }
    let attributes: Vec<(String, String)> = import
        .with_clause
        .iter()
        .flat_map(|with| &with.with_entries)
        .map(|a| (a.key.as_atom().to_string(), a.value.value.to_string()))
        .collect();
    for specifier in import.specifiers.iter().flatten() {
        let imported = match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(s) if s.import_kind.is_type() => continue,
            ImportDeclarationSpecifier::ImportSpecifier(s) => s.imported.name().to_string(),
            ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => String::from("default"),
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => String::from("*"),
        };
        info.imports.push(Import {
            local: specifier.local().name.to_string(),
            source: import.source.value.to_string(),
            imported,
            kind: ImportKind::Binding,
            attributes: attributes.clone(),
        });
    }
}

/// `const x = require('m')`, `const { a, b: c } = await import('m')`.
fn variable_imports(declaration: &VariableDeclaration<'_>, info: &mut ModuleInfo) {
    for declarator in &declaration.declarations {
        let Some((kind, source)) = declarator.init.as_ref().and_then(module_of) else {
            continue;
        };
        let mut push = |local: &str, imported: &str| {
            info.imports.push(Import {
                local: local.to_string(),
                source: source.clone(),
                imported: imported.to_string(),
                kind,
                attributes: Vec::new(),
            });
        };
        match &declarator.id.kind {
            BindingPatternKind::BindingIdentifier(id) => push(&id.name, "*"),
            BindingPatternKind::ObjectPattern(pattern) => {
                for property in &pattern.properties {
                    let (Some(key), BindingPatternKind::BindingIdentifier(id)) =
                        (property.key.static_name(), &property.value.kind)
                    else {
                        continue;
                    };
                    push(&id.name, &key);
                }
            }
            _ => {}
        }
    }
}

fn module_of(init: &Expression<'_>) -> Option<(ImportKind, String)> {
    match init.without_parentheses() {
        Expression::AwaitExpression(awaited) => module_of(&awaited.argument),
        Expression::ImportExpression(import) => match &import.source {
            Expression::StringLiteral(source) => {
                Some((ImportKind::Dynamic, source.value.to_string()))
            }
            _ => None,
        },
        Expression::CallExpression(call) => {
            if let Expression::StaticMemberExpression(member) = &call.callee {
                return interop(member, call);
            }
            let Expression::Identifier(callee) = &call.callee else {
                return None;
            };
            let kind = match callee.name.as_str() {
                "require" => ImportKind::Require,
                "__vite_ssr_import__" | "__vi_import__" => ImportKind::Transformed,
                _ => return None,
            };
            match call.arguments.first()? {
                Argument::StringLiteral(source) => Some((kind, source.value.to_string())),
                _ => None,
            }
        }
        // import interop of transformers: __toESM(require('m')), _interop(require('m')) differ from the module itself.
        _ => None,
    }
}

/// What esbuild makes of `import()` for tsx: `import('m').then(m => ...)`, where the arrow gives `m` itself, or its default
/// if that is a transformed module. Whoever has the namespace object in hand has `m`.
fn interop(
    member: &StaticMemberExpression<'_>,
    call: &CallExpression<'_>,
) -> Option<(ImportKind, String)> {
    let [Argument::ArrowFunctionExpression(arrow)] = call.arguments.as_slice() else {
        return None;
    };
    let names = Interop::of(arrow);
    if member.property.name != "then" || !names.es_module || names.calls {
        return None;
    }
    match member.object.without_parentheses() {
        import @ Expression::ImportExpression(_) => module_of(import),
        _ => None,
    }
}

/// What the function after an `import()` does.
#[derive(Default)]
struct Interop {
    /// It looks for `__esModule`.
    es_module: bool,
    /// It calls or imports something.
    calls: bool,
}

impl Interop {
    fn of(arrow: &ArrowFunctionExpression<'_>) -> Self {
        let mut found = Interop::default();
        found.visit_function_body(&arrow.body);
        found
    }
}

impl<'a> Visit<'a> for Interop {
    fn visit_string_literal(&mut self, it: &StringLiteral<'a>) {
        self.es_module |= it.value == "__esModule";
    }
    fn visit_call_expression(&mut self, _: &CallExpression<'a>) {
        self.calls = true;
    }
    fn visit_import_expression(&mut self, _: &ImportExpression<'a>) {
        self.calls = true;
    }
}

impl ModuleInfo {
    /// All of it, as the TypeScript interface `ModuleInfo` has it.
    pub fn to_json(&self) -> String {
        Object::new()
            .array("imports", &self.imports, |i| {
                let kind = match i.kind {
                    ImportKind::Binding => "binding",
                    ImportKind::Dynamic => "dynamic",
                    ImportKind::Require => "require",
                    ImportKind::Transformed => "transformed",
                };
                let attributes = i
                    .attributes
                    .iter()
                    .fold(Object::new(), |o, (key, value)| o.string(key, value))
                    .end();
                Object::new()
                    .string("local", &i.local)
                    .string("source", &i.source)
                    .string("imported", &i.imported)
                    .string("kind", kind)
                    .raw("attributes", &attributes)
                    .end()
            })
            .array("exports", &self.exports, |e| {
                Object::new()
                    .string("exported", &e.exported)
                    .optional_string("local", e.local.as_deref())
                    .bool("constant", e.constant)
                    .end()
            })
            .bool("strict", self.strict)
            .end()
    }
}
