//! A whole function: its parameters, its `var`s, its body.

use super::scope::{Binding, ScopeId};
use super::{falls_through, Lowering};
use crate::ir::{Expr, Kind, Label, Program, Stmt, Type, VarId};
use crate::issue::Result;
use crate::parse::{FunctionNode, Parts};
use oxc_ast::ast::*;
use oxc_span::GetSpan;

/// A function that is about to be put in its place.
#[derive(Clone, Copy)]
pub struct Callee<'a> {
    pub node: FunctionNode<'a>,
    /// The scope around it; `None` for a text of its own.
    pub scope: Option<ScopeId>,
    pub text: u16,
    pub offset: u32,
}

impl<'a> Lowering<'a> {
    pub(super) fn kernel(&mut self, arguments: usize) -> Result<Program> {
        let (node, offset) = self.tree(0)?;
        self.offset = offset;
        let callee = Callee {
            node,
            scope: None,
            text: 0,
            offset,
        };
        let place = self.place(&self.parts(node)?.span);
        let params: Vec<VarId> = (0..arguments)
            .map(|at| self.var(&format!("argument {}", at + 1)))
            .collect();
        let values = params
            .iter()
            .map(|&id| Expr {
                kind: Kind::Var(id),
                ty: Type::default(),
                place,
            })
            .collect();
        let (body, label, result) = self.function(callee, values, &self.parts(node)?.span)?;
        Ok(Program {
            vars: std::mem::take(&mut self.vars),
            params,
            body,
            label,
            result,
            math: std::mem::take(&mut self.math),
            has_loop: self.has_loop,
            nodes: self.nodes,
        })
    }

    fn parts(&self, node: FunctionNode<'a>) -> Result<Parts<'a>> {
        match node.parts() {
            Some(parts) => Ok(parts),
            None => self.refuse(&oxc_span::Span::default(), "a function without a body"),
        }
    }

    /// A function's body, its parameters bound to `arguments`: the statements, what ends them, where the result is.
    pub(super) fn function(
        &mut self,
        callee: Callee<'a>,
        arguments: Vec<Expr>,
        at: &impl GetSpan,
    ) -> Result<(Vec<Stmt>, Label, VarId)> {
        let identity = callee.node.identity();
        if self.active.contains(&identity) {
            return self.refuse(at, "a recursive call");
        }
        let parts = self.parts(callee.node)?;
        let called_at = self.place(at);
        let outer = (
            self.text,
            self.offset,
            self.scope,
            std::mem::take(&mut self.jumps),
        );
        (self.text, self.offset) = (callee.text, callee.offset);
        self.active.push(identity);
        self.open(callee.scope);
        let label = self.label();
        let result = self.var("the result");
        let mut body = Vec::new();
        if let Some(reason) = parts.refused {
            return self.refuse(&parts.span, reason);
        }
        if let (Some(name), FunctionNode::Function(_)) = (parts.name, callee.node) {
            let Callee {
                node, text, offset, ..
            } = callee;
            self.bind(
                name,
                Binding::Function {
                    node,
                    scope: self.scope,
                    text,
                    offset,
                },
            );
            self.open(Some(self.scope));
        }
        self.parameters(&parts, arguments, called_at, &mut body)?;
        self.returns.push((result, label));
        if parts.expression {
            let Some(Statement::ExpressionStatement(only)) = parts.body.statements.first() else {
                return self.refuse(&parts.span, "a function without a body");
            };
            let value = self.expression(&only.expression)?;
            body.push(self.give(result, value));
        } else {
            for name in var_names(&parts.body.statements) {
                if !self.scopes[self.scope].names.contains_key(name) {
                    let id = self.var(name);
                    self.bind(
                        name,
                        Binding::Var {
                            id,
                            constant: false,
                        },
                    );
                    body.push(Stmt::Declare(id));
                }
            }
            let statements = self.block(&parts.body.statements)?;
            body.extend(statements);
            if falls_through(&body) {
                let end = Expr {
                    kind: Kind::Undefined,
                    ty: Type::default(),
                    place: self.place(&parts.span),
                };
                body.push(self.give(result, end));
            }
        }
        self.returns.pop();
        self.active.pop();
        (self.text, self.offset, self.scope, self.jumps) = outer;
        Ok((body, label, result))
    }

    pub(super) fn give(&self, var: VarId, value: Expr) -> Stmt {
        let place = value.place;
        Stmt::Expr(Expr {
            kind: Kind::Set(var, Box::new(value)),
            ty: Type::default(),
            place,
        })
    }

    fn parameters(
        &mut self,
        parts: &Parts<'a>,
        arguments: Vec<Expr>,
        called_at: crate::issue::Place,
        body: &mut Vec<Stmt>,
    ) -> Result<()> {
        if let Some(rest) = &parts.params.rest {
            return self.refuse(&**rest, "a rest parameter");
        }
        let mut arguments = arguments.into_iter();
        let top = self.active.len() == 1;
        for parameter in &parts.params.items {
            let (name, default) = match &parameter.pattern.kind {
                BindingPatternKind::BindingIdentifier(id) => (id.name.as_str(), None),
                BindingPatternKind::AssignmentPattern(pattern) => match &pattern.left.kind {
                    BindingPatternKind::BindingIdentifier(id) => {
                        (id.name.as_str(), Some(&pattern.right))
                    }
                    _ => return self.refuse(parameter, "a parameter that is taken apart"),
                },
                _ => return self.refuse(parameter, "a parameter that is taken apart"),
            };
            let value = match (arguments.next(), default) {
                (Some(value), None) => value,
                (Some(value), Some(_)) => {
                    let place = value.place;
                    Expr {
                        kind: Kind::Defined(Box::new(value)),
                        ty: Type::default(),
                        place,
                    }
                }
                (None, Some(default)) => self.expression(default)?,
                (None, None) if top => {
                    return self.refuse(
                        parameter,
                        format!("the parameter '{name}' gets no value here: it would be undefined"),
                    );
                }
                (None, None) => Expr {
                    kind: Kind::Undefined,
                    ty: Type::default(),
                    place: called_at,
                },
            };
            let id = self.var(name);
            body.push(self.give(id, value));
            self.bind(
                name,
                Binding::Var {
                    id,
                    constant: false,
                },
            );
        }
        // More arguments than parameters are evaluated, and that is all.
        if !top {
            body.extend(arguments.map(Stmt::Expr));
        }
        Ok(())
    }
}

/// The names that `var` declares in a function's body, those in nested functions left out.
fn var_names<'a>(statements: &'a [Statement<'a>]) -> Vec<&'a str> {
    let mut names = Vec::new();
    statements
        .iter()
        .for_each(|statement| collect(statement, &mut names));
    names
}

fn collect<'a>(statement: &'a Statement<'a>, names: &mut Vec<&'a str>) {
    let mut declared =
        |declaration: &'a VariableDeclaration<'a>| {
            if declaration.kind == VariableDeclarationKind::Var {
                names.extend(declaration.declarations.iter().filter_map(
                    |each| match &each.id.kind {
                        BindingPatternKind::BindingIdentifier(id) => Some(id.name.as_str()),
                        _ => None,
                    },
                ));
            }
        };
    match statement {
        Statement::VariableDeclaration(declaration) => declared(declaration),
        Statement::BlockStatement(block) => {
            block.body.iter().for_each(|inner| collect(inner, names))
        }
        Statement::IfStatement(branch) => {
            collect(&branch.consequent, names);
            if let Some(alternate) = &branch.alternate {
                collect(alternate, names);
            }
        }
        Statement::ForStatement(each) => {
            if let Some(ForStatementInit::VariableDeclaration(declaration)) = &each.init {
                declared(declaration);
            }
            collect(&each.body, names);
        }
        Statement::WhileStatement(each) => collect(&each.body, names),
        Statement::DoWhileStatement(each) => collect(&each.body, names),
        Statement::LabeledStatement(labeled) => collect(&labeled.body, names),
        Statement::SwitchStatement(switch) => {
            for case in &switch.cases {
                case.consequent
                    .iter()
                    .for_each(|inner| collect(inner, names));
            }
        }
        _ => {}
    }
}
