//! A variable of a function's text, and its uses there.

use crate::json::{quoted, Object};
use oxc_ast::AstKind;
use oxc_semantic::{AstNodes, ReferenceId, Scoping};
use oxc_span::{GetSpan, Span};
use oxc_syntax::node::NodeId;

/// One use of a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub start: u32,
    pub end: u32,
    /// It is assigned to here.
    pub write: bool,
    /// `{ name }`, in a literal or a pattern: another text in its place needs `name:` before it.
    pub shorthand: bool,
    /// It is called here, or the tag of a template.
    pub callee: bool,
    /// It begins a statement of a list, so a `(` in its place could continue the statement before it.
    pub begins_statement: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeVariable {
    pub name: String,
    /// Some reference assigns to it.
    pub written: bool,
    /// The members read of it where it is only ever used as `name.member`.
    pub members: Option<Vec<String>>,
    pub references: Vec<Reference>,
}

pub(crate) fn reference(
    scoping: &Scoping,
    nodes: &AstNodes<'_>,
    id: ReferenceId,
    range: &impl Fn(Span) -> (u32, u32),
) -> Reference {
    let reference = scoping.get_reference(id);
    let node = reference.node_id();
    let span = nodes.kind(node).span();
    let (start, end) = range(span);
    Reference {
        start,
        end,
        write: reference.flags().is_write(),
        shorthand: match nodes.parent_kind(node) {
            AstKind::ObjectProperty(p) => p.shorthand,
            AstKind::AssignmentTargetPropertyIdentifier(_) => true,
            _ => false,
        },
        callee: is_callee(nodes, node, span),
        begins_statement: begins_statement(nodes, node, span),
    }
}

fn is_callee(nodes: &AstNodes<'_>, node: NodeId, span: Span) -> bool {
    for kind in nodes.ancestor_kinds(node) {
        return match kind {
            AstKind::ParenthesizedExpression(_) => continue,
            AstKind::CallExpression(call) => call.callee.span().contains_inclusive(span),
            AstKind::TaggedTemplateExpression(tagged) => tagged.tag.span().contains_inclusive(span),
            _ => false,
        };
    }
    false
}

fn begins_statement(nodes: &AstNodes<'_>, node: NodeId, span: Span) -> bool {
    let mut ancestors = nodes.ancestor_kinds(node);
    for kind in ancestors.by_ref() {
        if kind.span().start != span.start {
            return false;
        }
        if matches!(kind, AstKind::ExpressionStatement(_)) {
            break;
        }
    }
    match ancestors.next() {
        Some(
            AstKind::BlockStatement(_)
            | AstKind::Program(_)
            | AstKind::SwitchCase(_)
            | AstKind::StaticBlock(_),
        ) => true,
        // The body of an arrow without braces is kept as a statement, but is none.
        Some(AstKind::FunctionBody(_)) => {
            !matches!(ancestors.next(), Some(AstKind::ArrowFunctionExpression(f)) if f.expression)
        }
        _ => false,
    }
}

pub(crate) fn members(
    scoping: &Scoping,
    nodes: &AstNodes<'_>,
    ids: &[ReferenceId],
) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for id in ids {
        let node = scoping.get_reference(*id).node_id();
        match nodes.parent_kind(node) {
            AstKind::StaticMemberExpression(m) if m.object.span() == nodes.kind(node).span() => {
                let name = m.property.name.to_string();
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            _ => return None,
        }
    }
    Some(names)
}

impl FreeVariable {
    pub(crate) fn to_json(&self) -> String {
        let mut object = Object::new()
            .string("name", &self.name)
            .bool("written", self.written);
        object = match &self.members {
            Some(members) => object.array("members", members, |m| quoted(m)),
            None => object.raw("members", "null"),
        };
        object
            .array("references", &self.references, Reference::to_json)
            .end()
    }
}

impl Reference {
    pub(crate) fn to_json(&self) -> String {
        Object::new()
            .number("start", self.start)
            .number("end", self.end)
            .bool("write", self.write)
            .bool("shorthand", self.shorthand)
            .bool("callee", self.callee)
            .bool("beginsStatement", self.begins_statement)
            .end()
    }
}
