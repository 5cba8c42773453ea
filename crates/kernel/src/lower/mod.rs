//! Syntax tree to intermediate form: names are resolved, helpers put in their place, what is outside of the subset refused.

mod call;
mod expression;
mod function;
mod scope;
mod statement;

use crate::ir::*;
use crate::issue::{Place, Refusal, Result};
use crate::parse::{parse, FunctionNode};
use oxc_allocator::Allocator;
use oxc_span::{GetSpan, Span};
use scope::{Jump, Scope, ScopeId};
use std::collections::HashMap;

/// A kernel may have no more nodes once its helpers are in their place.
const MOST_NODES: usize = 60_000;
/// Statements and expressions may be nested no deeper: the stages recurse.
const DEEPEST: usize = 10_000;

/// What a name that a function does not declare stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Capture {
    /// A number: index among the numbers.
    Number {
        index: usize,
        integer: bool,
    },
    /// A typed array: index among the arrays.
    Array(usize),
    /// A function: index among the texts.
    Function(usize),
    /// The function of Math of this name.
    Math(String),
    /// A module, whose members are captures named `name.member`.
    Namespace,
    Boolean(bool),
    /// Something that no kernel can use, with what it is.
    Refused(String),
}

/// One function's text, and what the names mean that it does not declare.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Text {
    pub name: String,
    pub source: String,
    pub captures: HashMap<String, Capture>,
}

pub(crate) struct Lowering<'a> {
    allocator: &'a Allocator,
    texts: &'a [Text],
    /// Each text's tree, and how far its spans are shifted.
    trees: Vec<Option<(FunctionNode<'a>, u32)>>,
    /// The text that is being lowered.
    text: u16,
    offset: u32,
    scopes: Vec<Scope<'a>>,
    scope: ScopeId,
    jumps: Vec<Jump<'a>>,
    /// Where a `return` puts its value, and what it leaves.
    returns: Vec<(VarId, Label)>,
    /// The functions that are being put in their place, by identity.
    active: Vec<usize>,
    vars: Vec<Var>,
    labels: Label,
    math: Vec<(&'static str, Place)>,
    nodes: usize,
    depth: usize,
    has_loop: bool,
}

/// `texts[0]` is the kernel; `arguments`: how many it is called with.
pub fn lower(allocator: &Allocator, texts: &[Text], arguments: usize) -> Result<Program> {
    let mut lowering = Lowering {
        allocator,
        texts,
        trees: vec![None; texts.len()],
        text: 0,
        offset: 1,
        scopes: Vec::new(),
        scope: 0,
        jumps: Vec::new(),
        returns: Vec::new(),
        active: Vec::new(),
        vars: Vec::new(),
        labels: 0,
        math: Vec::new(),
        nodes: 0,
        depth: 0,
        has_loop: false,
    };
    lowering.kernel(arguments)
}

/// How many parameters a function has, without looking any further.
pub fn parameter_count(allocator: &Allocator, source: &str) -> Result<usize> {
    let (function, _) = parse(allocator, source, 0)?;
    Ok(function.parts().map_or(0, |parts| parts.params.items.len()))
}

impl<'a> Lowering<'a> {
    fn place(&self, at: &impl GetSpan) -> Place {
        let Span { start, end, .. } = at.span();
        Place {
            text: self.text,
            start: start.saturating_sub(self.offset),
            end: end.saturating_sub(self.offset),
        }
    }

    fn refuse<T>(&self, at: &impl GetSpan, message: impl Into<String>) -> Result<T> {
        Refusal::new(self.place(at), message)
    }

    fn tree(&mut self, index: usize) -> Result<(FunctionNode<'a>, u32)> {
        if let Some(tree) = self.trees[index] {
            return Ok(tree);
        }
        let tree = parse(self.allocator, &self.texts[index].source, index as u16)?;
        self.trees[index] = Some(tree);
        Ok(tree)
    }

    fn var(&mut self, name: &str) -> VarId {
        self.vars.push(Var {
            name: name.to_owned(),
            ty: Type::default(),
        });
        self.vars.len() - 1
    }

    fn label(&mut self) -> Label {
        self.labels += 1;
        self.labels
    }

    /// Counts a node, and enters one level of nesting.
    fn enter(&mut self, at: &impl GetSpan) -> Result<()> {
        self.nodes += 1;
        self.depth += 1;
        if self.nodes > MOST_NODES {
            return self.refuse(
                at,
                format!("with its helpers in their place it has more than {MOST_NODES} nodes"),
            );
        }
        if self.depth > DEEPEST {
            return self.refuse(at, format!("it is nested more than {DEEPEST} levels deep"));
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
    }
}

/// Whether control can come out at the end of `body`.
pub(crate) fn falls_through(body: &[Stmt]) -> bool {
    body.iter().all(|stmt| match stmt {
        Stmt::Expr(_) | Stmt::Declare(_) => true,
        Stmt::Break(_) | Stmt::Loop(_) => false,
        Stmt::If(_, yes, no) => falls_through(yes) || falls_through(no),
        Stmt::Block(label, body) => falls_through(body) || breaks_to(body, *label),
    })
}

/// Whether a `Break(label)` that can be reached stands in `body`.
fn breaks_to(body: &[Stmt], label: Label) -> bool {
    for stmt in body {
        let found = match stmt {
            Stmt::Break(to) => *to == label,
            Stmt::If(_, yes, no) => breaks_to(yes, label) || breaks_to(no, label),
            Stmt::Block(_, body) | Stmt::Loop(body) => breaks_to(body, label),
            Stmt::Expr(_) | Stmt::Declare(_) => false,
        };
        if found {
            return true;
        }
        if !falls_through(std::slice::from_ref(stmt)) {
            return false;
        }
    }
    false
}
