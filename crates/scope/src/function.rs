//! The free variables of one function, from the text that `Function.prototype.toString` gives.

use crate::class::ClassInfo;
use crate::json::Object;
use crate::offsets::Offsets;
use crate::outer::Outer;
use crate::variable::{members, reference, FreeVariable, Reference};
use crate::ScopeError;
use oxc_allocator::Allocator;
use oxc_ast::ast::*;
use oxc_parser::Parser;
use oxc_semantic::{ReferenceId, SemanticBuilder};
use oxc_span::{GetSpan, SourceType, Span};

/// How a function's text becomes an expression again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It is one: `(text)`.
    Expression,
    /// It is a property of an object: `({text})`.
    Method,
    /// It is a member that only a class can have: `(class{text})`.
    Member,
}

const FORMS: [(Form, &str, &str); 3] = [
    (Form::Expression, "(", "\n)"),
    (Form::Method, "({", "\n})"),
    (Form::Member, "(class{", "\n})"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionKind {
    Function,
    Arrow,
    Class,
    Method,
    Getter,
    Setter,
}

/// What [`free_variables`] finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    pub form: Form,
    pub kind: FunctionKind,
    pub is_async: bool,
    pub is_generator: bool,
    /// Its parameters are mere names: entering it runs nothing.
    pub plain_parameters: bool,
    /// Where V8 says that the function begins: at its parameters, an arrow's first character, a class's constructor.
    pub location: u32,
    /// Of a method: where its key stands if that is computed or private, with the brackets.
    pub odd_key: Option<(u32, u32)>,
    /// The name that it gives itself, and the references to that; a declaration's outer variable has the same name.
    pub own_name: Option<FreeVariable>,
    pub free: Vec<FreeVariable>,
    /// Where it uses the `this` of its surroundings (arrows).
    pub this: Vec<(u32, u32)>,
    /// Its uses of the `arguments` of its surroundings (arrows).
    pub arguments: Vec<Reference>,
    /// It uses `super`, whose home object its text does not contain.
    pub super_: bool,
    pub new_target: bool,
    pub import_meta: Vec<(u32, u32)>,
    /// It calls `eval` by that name: what that may read can't be known.
    pub eval: bool,
    /// A private name of a class around it.
    pub private_name: Option<String>,
    pub class: Option<ClassInfo>,
}

/// Finds what a function, a class or a method takes from outside of its own text.
///
/// # Errors
/// The text is none of these, or not JavaScript that this parser knows.
pub fn free_variables(source: &str) -> Result<FunctionInfo, ScopeError> {
    wrapped(source, |form, before, program| {
        describe(form, before, source, program)
    })
}

/// Parses a function's text in each way that it may be one, until `look` finds what it looks for. It is given the form, how
/// many bytes stand before the text, and the program.
pub(crate) fn wrapped<T>(
    source: &str,
    look: impl Fn(Form, u32, &Program<'_>) -> Option<T>,
) -> Result<T, ScopeError> {
    let mut first_error = None;
    // A function of a module may use what a script may not (import.meta), and the other way about (with).
    for source_type in [
        SourceType::mjs().with_script(true),
        SourceType::mjs().with_module(true),
    ] {
        for (form, before, after) in FORMS {
            let text = format!("{before}{source}{after}");
            let allocator = Allocator::default();
            let parsed = Parser::new(&allocator, &text, source_type).parse();
            if let Some(error) = parsed.errors.first() {
                first_error.get_or_insert_with(|| error.message.to_string());
                continue;
            }
            if let Some(found) = look(form, before.len() as u32, &parsed.program) {
                return Ok(found);
            }
        }
    }
    Err(ScopeError::new(format!(
        "the text of the function can't be parsed: {}",
        first_error.unwrap_or_else(|| String::from("it is neither a function nor a class"))
    )))
}

/// The function inside of the wrapping, however it was wrapped.
enum Root<'a, 'b> {
    Function(&'b Function<'a>),
    Arrow(&'b ArrowFunctionExpression<'a>),
    Class(&'b Class<'a>),
    Method {
        key: &'b PropertyKey<'a>,
        computed: bool,
        function: &'b Function<'a>,
        kind: FunctionKind,
    },
}

fn root<'a, 'b>(form: Form, expression: &'b Expression<'a>) -> Option<Root<'a, 'b>> {
    Some(match (form, expression) {
        (Form::Expression, Expression::FunctionExpression(f)) => Root::Function(f),
        (Form::Expression, Expression::ArrowFunctionExpression(f)) => Root::Arrow(f),
        (Form::Expression, Expression::ClassExpression(c)) => Root::Class(c),
        (Form::Method, Expression::ObjectExpression(object)) => {
            let [ObjectPropertyKind::ObjectProperty(property)] = object.properties.as_slice()
            else {
                return None;
            };
            let Expression::FunctionExpression(function) = &property.value else {
                return None;
            };
            let kind = match property.kind {
                PropertyKind::Get => FunctionKind::Getter,
                PropertyKind::Set => FunctionKind::Setter,
                PropertyKind::Init if property.method => FunctionKind::Method,
                PropertyKind::Init => return None,
            };
            Root::Method {
                key: &property.key,
                computed: property.computed,
                function,
                kind,
            }
        }
        (Form::Member, Expression::ClassExpression(class)) => {
            let [ClassElement::MethodDefinition(method)] = class.body.body.as_slice() else {
                return None;
            };
            let kind = match method.kind {
                MethodDefinitionKind::Get => FunctionKind::Getter,
                MethodDefinitionKind::Set => FunctionKind::Setter,
                _ => FunctionKind::Method,
            };
            Root::Method {
                key: &method.key,
                computed: method.computed,
                function: &method.value,
                kind,
            }
        }
        _ => return None,
    })
}

fn describe(form: Form, pre: u32, source: &str, program: &Program<'_>) -> Option<FunctionInfo> {
    let [Statement::ExpressionStatement(statement)] = program.body.as_slice() else {
        return None;
    };
    let Expression::ParenthesizedExpression(wrapped) = &statement.expression else {
        return None;
    };
    let root = root(form, &wrapped.expression)?;
    let outer = match &root {
        Root::Method { function, .. } => Outer::of_function(function),
        _ => Outer::of_expression(&wrapped.expression),
    };
    let semantic = SemanticBuilder::new().build(program).semantic;
    let offsets = Offsets::new(source);
    let at = |byte: u32| offsets.utf16(byte.saturating_sub(pre));
    let range = |span: Span| (at(span.start), at(span.end));

    let odd_key = match &root {
        Root::Method { key, computed, .. } => {
            let span = key.span();
            match (computed, key) {
                (true, _) => Some(bracketed(source, pre, span)),
                (false, PropertyKey::PrivateIdentifier(_)) => Some(span),
                _ => None,
            }
        }
        _ => None,
    };
    let nodes = semantic.nodes();
    let scoping = semantic.scoping();
    let variable = |name: &str, ids: &[ReferenceId]| {
        let ids: Vec<ReferenceId> = ids
            .iter()
            .copied()
            .filter(|id| {
                let span = nodes.kind(scoping.get_reference(*id).node_id()).span();
                // The value of a computed key was read when the method was made.
                odd_key.is_none_or(|key| span.start < key.start || span.end > key.end)
            })
            .collect();
        let references: Vec<Reference> = ids
            .iter()
            .map(|id| reference(scoping, nodes, *id, &range))
            .collect();
        FreeVariable {
            name: name.to_string(),
            written: references.iter().any(|r| r.write),
            members: members(scoping, nodes, &ids),
            references,
        }
    };
    let mut free: Vec<FreeVariable> = scoping
        .root_unresolved_references()
        .iter()
        .filter(|(name, _)| {
            let name: &str = name;
            name != "arguments"
        })
        .map(|(name, ids)| variable(name, ids))
        .filter(|v| !v.references.is_empty())
        .collect();
    free.sort_by_key(|v| v.references[0].start);

    let arguments: Vec<Reference> = scoping
        .root_unresolved_references()
        .get("arguments")
        .map_or(&[][..], |ids| ids.as_slice())
        .iter()
        .filter(|id| {
            let span = nodes.kind(scoping.get_reference(**id).node_id()).span();
            outer.arguments.contains(&span)
        })
        .map(|id| reference(scoping, nodes, *id, &range))
        .collect();

    let own = match &root {
        Root::Function(f) => f.id.as_ref(),
        Root::Class(c) => c.id.as_ref(),
        _ => None,
    };
    let own_name = own.map(|id| {
        let ids = id
            .symbol_id
            .get()
            .map_or(&[][..], |symbol| scoping.get_resolved_reference_ids(symbol));
        variable(&id.name, ids)
    });
    let parameters = match &root {
        Root::Function(f) => Some(&f.params),
        Root::Arrow(f) => Some(&f.params),
        Root::Method { function, .. } => Some(&function.params),
        Root::Class(_) => None,
    };
    let plain_parameters = parameters.is_some_and(|p| {
        p.rest.is_none()
            && p.items
                .iter()
                .all(|item| item.pattern.kind.is_binding_identifier())
    });
    let (kind, is_async, is_generator, location) = match &root {
        Root::Function(f) => (
            FunctionKind::Function,
            f.r#async,
            f.generator,
            at(f.params.span.start),
        ),
        Root::Arrow(f) => (FunctionKind::Arrow, f.r#async, false, at(f.span.start)),
        Root::Class(c) => (
            FunctionKind::Class,
            false,
            false,
            at(constructor(c).map_or(c.span.start, |f| f.params.span.start)),
        ),
        Root::Method {
            function: f, kind, ..
        } => (*kind, f.r#async, f.generator, at(f.params.span.start)),
    };
    Some(FunctionInfo {
        form,
        kind,
        is_async,
        is_generator,
        plain_parameters,
        location,
        odd_key: odd_key.map(range),
        own_name,
        free,
        this: outer.this.iter().map(|s| range(*s)).collect(),
        arguments,
        super_: outer.super_,
        new_target: outer.new_target,
        import_meta: outer.import_meta.iter().map(|s| range(*s)).collect(),
        eval: outer.eval,
        private_name: outer.private_name,
        class: match &root {
            Root::Class(c) => Some(ClassInfo::of(c, &range)),
            _ => None,
        },
    })
}

/// The span of a computed key with its brackets. Comments between the bracket and the key are part of it.
fn bracketed(source: &str, pre: u32, key: Span) -> Span {
    let bytes = source.as_bytes();
    let (mut start, mut end) = ((key.start - pre) as usize, (key.end - pre) as usize);
    while start > 0 && bytes[start] != b'[' {
        start -= 1;
    }
    // The key's own text may begin with a bracket: the one before it is meant.
    if start == (key.start - pre) as usize && start > 0 {
        start = source[..start].rfind('[').unwrap_or(start);
    }
    while end < bytes.len() && bytes[end] != b']' {
        end += 1;
    }
    Span::new(start as u32 + pre, end as u32 + 1 + pre)
}

pub(crate) fn constructor<'a, 'b>(class: &'b Class<'a>) -> Option<&'b Function<'a>> {
    class.body.body.iter().find_map(|element| match element {
        ClassElement::MethodDefinition(m) if m.kind.is_constructor() => Some(&*m.value),
        _ => None,
    })
}

fn pair((start, end): &(u32, u32)) -> String {
    format!("[{start},{end}]")
}

impl FunctionInfo {
    /// All of it, as the TypeScript interface `FunctionInfo` has it.
    pub fn to_json(&self) -> String {
        let form = match self.form {
            Form::Expression => "expression",
            Form::Method => "method",
            Form::Member => "member",
        };
        let kind = match self.kind {
            FunctionKind::Function => "function",
            FunctionKind::Arrow => "arrow",
            FunctionKind::Class => "class",
            FunctionKind::Method => "method",
            FunctionKind::Getter => "getter",
            FunctionKind::Setter => "setter",
        };
        let own_name = self.own_name.as_ref().map(FreeVariable::to_json);
        let class = self.class.as_ref().map(ClassInfo::to_json);
        Object::new()
            .string("form", form)
            .string("kind", kind)
            .bool("async", self.is_async)
            .bool("generator", self.is_generator)
            .bool("plainParameters", self.plain_parameters)
            .number("location", self.location)
            .range("oddKey", self.odd_key)
            .raw("ownName", own_name.as_deref().unwrap_or("null"))
            .array("free", &self.free, FreeVariable::to_json)
            .array("this", &self.this, pair)
            .array("arguments", &self.arguments, Reference::to_json)
            .bool("super", self.super_)
            .bool("newTarget", self.new_target)
            .array("importMeta", &self.import_meta, pair)
            .bool("eval", self.eval)
            .optional_string("privateName", self.private_name.as_deref())
            .raw("class", class.as_deref().unwrap_or("null"))
            .end()
    }
}
