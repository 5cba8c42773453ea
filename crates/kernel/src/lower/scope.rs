//! Which variable a name means.

use super::{Capture, Lowering};
use crate::ir::{Label, VarId};
use crate::parse::FunctionNode;
use oxc_ast::ast::*;
use std::collections::HashMap;

pub type ScopeId = usize;

/// What a declared name stands for.
#[derive(Clone, Copy)]
pub enum Binding<'a> {
    /// Declared further down: not initialised yet.
    Uninitialised,
    Var {
        id: VarId,
        constant: bool,
    },
    /// A function, and the scope that it was made in.
    Function {
        node: FunctionNode<'a>,
        scope: ScopeId,
        text: u16,
        offset: u32,
    },
}

#[derive(Default)]
pub struct Scope<'a> {
    pub parent: Option<ScopeId>,
    pub names: HashMap<&'a str, Binding<'a>>,
}

/// A statement that `break` or `continue` can name.
pub struct Jump<'a> {
    pub names: Vec<&'a str>,
    /// An unnamed `break` means it: a loop or a switch.
    pub implicit: bool,
    pub on_break: Label,
    /// Of a loop.
    pub on_continue: Option<Label>,
}

/// What a name means where it is used.
pub enum Meaning<'a> {
    Local(Binding<'a>),
    Captured(Capture),
    /// Neither declared nor captured: a global, or nothing at all.
    Global,
}

impl<'a> Lowering<'a> {
    /// Opens a scope inside of `parent`, and makes it the current one. Returns the one that was.
    pub(super) fn open(&mut self, parent: Option<ScopeId>) -> ScopeId {
        self.scopes.push(Scope {
            parent,
            names: HashMap::new(),
        });
        std::mem::replace(&mut self.scope, self.scopes.len() - 1)
    }

    pub(super) fn bind(&mut self, name: &'a str, binding: Binding<'a>) {
        self.scopes[self.scope].names.insert(name, binding);
    }

    pub(super) fn meaning(&self, name: &str) -> Meaning<'a> {
        let mut next = Some(self.scope);
        while let Some(id) = next {
            let scope = &self.scopes[id];
            if let Some(binding) = scope.names.get(name) {
                return Meaning::Local(*binding);
            }
            next = scope.parent;
        }
        match self.texts[self.text as usize].captures.get(name) {
            Some(capture) => Meaning::Captured(capture.clone()),
            None => Meaning::Global,
        }
    }

    /// Whether `expression` is the global of this name.
    pub(super) fn is_global(&self, expression: &Expression, name: &str) -> bool {
        matches!(expression.get_inner_expression(), Expression::Identifier(id)
            if id.name == name && matches!(self.meaning(name), Meaning::Global))
    }

    /// The capture that an expression names: `name`, or `namespace.name`.
    pub(super) fn captured(&self, expression: &Expression) -> Option<Capture> {
        let key = match expression.get_inner_expression() {
            Expression::Identifier(id) => match self.meaning(&id.name) {
                Meaning::Captured(capture) => return Some(capture),
                _ => return None,
            },
            Expression::StaticMemberExpression(member) => {
                match (
                    self.captured(&member.object)?,
                    member.object.get_inner_expression(),
                ) {
                    (Capture::Namespace, Expression::Identifier(id)) => {
                        format!("{}.{}", id.name, member.property.name)
                    }
                    _ => return None,
                }
            }
            _ => return None,
        };
        let found = self.texts[self.text as usize].captures.get(&key).cloned();
        Some(found.unwrap_or_else(|| Capture::Refused("is not exported".into())))
    }
}
