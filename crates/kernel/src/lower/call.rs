//! Calls: of Math's functions, and of helpers, which are put in their place.

use super::function::Callee;
use super::scope::{Binding, Meaning};
use super::{Capture, Lowering};
use crate::ir::*;
use crate::issue::Result;
use crate::parse::FunctionNode;
use oxc_ast::ast::*;

/// How many arguments a function takes; the rest of a call's are an error here, and missing ones are undefined.
#[derive(Clone, Copy)]
enum Arity {
    Exactly(usize),
    Any,
}

/// No call of Math.min, max or hypot may have more arguments.
const MOST_ARGUMENTS: usize = 16;

use Arity::{Any, Exactly};

/// The functions that kernels know, by the names that they have in JavaScript.
const FUNCTIONS: &[(&str, Arity)] = &[
    ("Math.abs", Exactly(1)),
    ("Math.acos", Exactly(1)),
    ("Math.acosh", Exactly(1)),
    ("Math.asin", Exactly(1)),
    ("Math.asinh", Exactly(1)),
    ("Math.atan", Exactly(1)),
    ("Math.atan2", Exactly(2)),
    ("Math.atanh", Exactly(1)),
    ("Math.cbrt", Exactly(1)),
    ("Math.ceil", Exactly(1)),
    ("Math.clz32", Exactly(1)),
    ("Math.cos", Exactly(1)),
    ("Math.cosh", Exactly(1)),
    ("Math.exp", Exactly(1)),
    ("Math.expm1", Exactly(1)),
    ("Math.floor", Exactly(1)),
    ("Math.fround", Exactly(1)),
    ("Math.hypot", Any),
    ("Math.imul", Exactly(2)),
    ("Math.log", Exactly(1)),
    ("Math.log10", Exactly(1)),
    ("Math.log1p", Exactly(1)),
    ("Math.log2", Exactly(1)),
    ("Math.max", Any),
    ("Math.min", Any),
    ("Math.pow", Exactly(2)),
    ("Math.round", Exactly(1)),
    ("Math.sign", Exactly(1)),
    ("Math.sin", Exactly(1)),
    ("Math.sinh", Exactly(1)),
    ("Math.sqrt", Exactly(1)),
    ("Math.tan", Exactly(1)),
    ("Math.tanh", Exactly(1)),
    ("Math.trunc", Exactly(1)),
    ("Number.isFinite", Exactly(1)),
    ("Number.isInteger", Exactly(1)),
    ("Number.isNaN", Exactly(1)),
    ("isFinite", Exactly(1)),
    ("isNaN", Exactly(1)),
];

/// What `name` means to the later stages: its static name and its arity.
fn known(name: &str) -> Option<(&'static str, Arity)> {
    FUNCTIONS.iter().find(|(known, _)| *known == name).copied()
}

impl<'a> Lowering<'a> {
    pub(super) fn call(&mut self, call: &'a CallExpression<'a>) -> Result<Kind> {
        if call.optional {
            return self.refuse(call, "the operator ?.");
        }
        if let Some(name) = self.global_function(&call.callee) {
            return self.math(&name, call);
        }
        if let Some(node) = FunctionNode::of(&call.callee) {
            let callee = Callee {
                node,
                scope: Some(self.scope),
                text: self.text,
                offset: self.offset,
            };
            return self.inline(callee, call);
        }
        if let Expression::Identifier(id) = call.callee.get_inner_expression() {
            match self.meaning(id.name.as_str()) {
                Meaning::Local(Binding::Function {
                    node,
                    scope,
                    text,
                    offset,
                }) => {
                    return self.inline(
                        Callee {
                            node,
                            scope: Some(scope),
                            text,
                            offset,
                        },
                        call,
                    );
                }
                Meaning::Local(Binding::Uninitialised) => {
                    return self.refuse(
                        &**id,
                        format!("'{}' is used before its declaration", id.name),
                    );
                }
                Meaning::Local(Binding::Var { .. }) => {
                    return self.refuse(
                        call,
                        format!("a call of '{}', which is no function", id.name),
                    )
                }
                Meaning::Global => {
                    return self.refuse(
                        call,
                        format!("a call of '{}', which kernels don't know", id.name),
                    )
                }
                Meaning::Captured(_) => {}
            }
        }
        match self.captured(&call.callee) {
            Some(Capture::Math(name)) => self.math(&name, call),
            Some(Capture::Function(index)) => {
                let (node, offset) = self.tree(index)?;
                self.inline(
                    Callee {
                        node,
                        scope: None,
                        text: index as u16,
                        offset,
                    },
                    call,
                )
            }
            Some(Capture::Refused(what)) => {
                self.refuse(&call.callee, format!("the called function {what}"))
            }
            Some(_) => self.refuse(call, "a call of what is no function"),
            None => self.refuse(
                call,
                "a call of anything but Math's functions and helper functions",
            ),
        }
    }

    /// `Math.sin`, `Number.isNaN`, `isNaN`.
    fn global_function(&self, callee: &Expression) -> Option<String> {
        match callee.get_inner_expression() {
            Expression::StaticMemberExpression(member) => ["Math", "Number"]
                .into_iter()
                .find(|object| self.is_global(&member.object, object))
                .map(|object| format!("{object}.{}", member.property.name)),
            Expression::Identifier(id) if matches!(id.name.as_str(), "isNaN" | "isFinite") => self
                .is_global(callee, id.name.as_str())
                .then(|| id.name.to_string()),
            _ => None,
        }
    }

    fn arguments(&mut self, call: &'a CallExpression<'a>) -> Result<Vec<Expr>> {
        let mut arguments = Vec::new();
        for argument in &call.arguments {
            match argument.as_expression() {
                Some(value) => arguments.push(self.expression(value)?),
                None => return self.refuse(argument, "a spread argument"),
            }
        }
        Ok(arguments)
    }

    fn math(&mut self, name: &str, call: &'a CallExpression<'a>) -> Result<Kind> {
        if name == "Math.random" {
            return self.refuse(call, "Math.random: its sequence can't be had elsewhere; use a generator of your own, seeded by the index");
        }
        let Some((name, arity)) = known(name) else {
            return self.refuse(call, format!("{name}, which kernels don't know"));
        };
        let mut arguments = self.arguments(call)?;
        match arity {
            Exactly(count) => {
                if arguments.len() > count {
                    return self.refuse(
                        call,
                        format!(
                            "{name} with more than {count} argument{}",
                            if count == 1 { "" } else { "s" }
                        ),
                    );
                }
                while arguments.len() < count {
                    arguments.push(self.undefined(call));
                }
            }
            Any if arguments.len() > MOST_ARGUMENTS => {
                return self.refuse(
                    call,
                    format!("{name} with more than {MOST_ARGUMENTS} arguments"),
                );
            }
            Any => {}
        }
        if !self.math.iter().any(|(used, _)| *used == name) {
            let place = self.place(call);
            self.math.push((name, place));
        }
        Ok(match (name, arguments.is_empty()) {
            ("Math.min", true) => Kind::Number(f64::INFINITY),
            ("Math.max", true) => Kind::Number(f64::NEG_INFINITY),
            ("Math.hypot", true) => Kind::Number(0.0),
            ("Math.pow", _) => {
                let right = arguments.pop().map(Box::new).expect("two arguments");
                let left = arguments.pop().map(Box::new).expect("two arguments");
                Kind::Binary(Binary::Pow, left, right)
            }
            _ => Kind::Math(name, arguments),
        })
    }

    fn inline(&mut self, callee: Callee<'a>, call: &'a CallExpression<'a>) -> Result<Kind> {
        let arguments = self.arguments(call)?;
        let (body, label, result) = self.function(callee, arguments, call)?;
        Ok(Kind::Inline {
            body,
            label,
            result,
        })
    }
}
