//! Expressions but for calls.

use super::scope::{Binding, Meaning};
use super::{Capture, Lowering};
use crate::ir::*;
use crate::issue::Result;
use oxc_ast::ast::*;
use oxc_span::GetSpan;
use std::f64::consts;

impl<'a> Lowering<'a> {
    pub(super) fn expression(&mut self, expression: &'a Expression<'a>) -> Result<Expr> {
        let expression = expression.get_inner_expression();
        self.enter(expression)?;
        let kind = self.kind(expression)?;
        self.leave();
        Ok(Expr {
            kind,
            ty: Type::default(),
            place: self.place(expression),
        })
    }

    fn boxed(&mut self, expression: &'a Expression<'a>) -> Result<Box<Expr>> {
        self.expression(expression).map(Box::new)
    }

    fn kind(&mut self, expression: &'a Expression<'a>) -> Result<Kind> {
        Ok(match expression {
            Expression::NumericLiteral(literal) => Kind::Number(literal.value),
            Expression::BooleanLiteral(literal) => Kind::Bool(literal.value),
            Expression::Identifier(id) => self.identifier(id)?,
            Expression::UnaryExpression(unary) => self.unary(unary)?,
            Expression::BinaryExpression(binary) => self.binary(binary)?,
            Expression::LogicalExpression(logical) => self.logical(logical)?,
            Expression::ConditionalExpression(cond) => Kind::Cond(
                self.boxed(&cond.test)?,
                self.boxed(&cond.consequent)?,
                self.boxed(&cond.alternate)?,
            ),
            Expression::SequenceExpression(sequence) => Kind::Sequence(
                sequence
                    .expressions
                    .iter()
                    .map(|each| self.expression(each))
                    .collect::<Result<_>>()?,
            ),
            Expression::AssignmentExpression(assignment) => self.assignment(assignment)?,
            Expression::UpdateExpression(update) => self.update(update)?,
            Expression::StaticMemberExpression(member) => self.member(expression, member)?,
            Expression::ComputedMemberExpression(member) => self.element(member, None)?,
            Expression::CallExpression(call) => self.call(call)?,
            other => return self.refuse(other, refused_expression(other)),
        })
    }

    fn identifier(&mut self, id: &'a IdentifierReference<'a>) -> Result<Kind> {
        let name = id.name.as_str();
        match self.meaning(name) {
            Meaning::Local(Binding::Var { id, .. }) => Ok(Kind::Var(id)),
            Meaning::Local(Binding::Uninitialised) => {
                self.refuse(id, format!("'{name}' is used before its declaration"))
            }
            Meaning::Local(Binding::Function { .. }) => self.refuse(
                id,
                format!("the function '{name}' as a value; it can only be called"),
            ),
            Meaning::Captured(capture) => self.capture(id, name, &capture),
            Meaning::Global => match name {
                "NaN" => Ok(Kind::Number(f64::NAN)),
                "Infinity" => Ok(Kind::Number(f64::INFINITY)),
                "undefined" => self.refuse(id, "undefined, which is no number"),
                "Math" => self.refuse(id, "Math as a value; call its functions as Math.name(…)"),
                "arguments" => self.refuse(id, "'arguments'"),
                _ => self.refuse(
                    id,
                    format!("'{name}' is neither declared in the function nor captured by it"),
                ),
            },
        }
    }

    fn capture(&self, at: &impl GetSpan, name: &str, capture: &Capture) -> Result<Kind> {
        match capture {
            Capture::Number { index, .. } => Ok(Kind::Capture(*index)),
            Capture::Boolean(value) => Ok(Kind::Bool(*value)),
            Capture::Array(_) => self.refuse(
                at,
                format!(
                    "the array '{name}' as a value; only {name}[i] and {name}.length can be used"
                ),
            ),
            Capture::Function(_) | Capture::Math(_) => self.refuse(
                at,
                format!("the function '{name}' as a value; it can only be called"),
            ),
            Capture::Namespace => self.refuse(at, format!("the module '{name}' as a value")),
            Capture::Refused(what) => self.refuse(at, format!("'{name}' {what}")),
        }
    }

    fn unary(&mut self, unary: &'a UnaryExpression<'a>) -> Result<Kind> {
        if let (UnaryOperator::UnaryNegation, Expression::NumericLiteral(literal)) =
            (unary.operator, unary.argument.get_inner_expression())
        {
            return Ok(Kind::Number(-literal.value));
        }
        let operand = match unary.operator {
            UnaryOperator::Typeof | UnaryOperator::Void | UnaryOperator::Delete => {
                return self.refuse(unary, format!("the operator {}", unary.operator.as_str()))
            }
            _ => self.boxed(&unary.argument)?,
        };
        Ok(match unary.operator {
            UnaryOperator::UnaryNegation => Kind::Neg(operand),
            UnaryOperator::UnaryPlus => Kind::Plus(operand),
            UnaryOperator::BitwiseNot => Kind::BitNot(operand),
            _ => Kind::Not(operand),
        })
    }

    fn binary(&mut self, binary: &'a BinaryExpression<'a>) -> Result<Kind> {
        use BinaryOperator as Op;
        let order = match binary.operator {
            Op::StrictEquality => Some(Compare::Eq { strict: true }),
            Op::Equality => Some(Compare::Eq { strict: false }),
            Op::StrictInequality => Some(Compare::Ne { strict: true }),
            Op::Inequality => Some(Compare::Ne { strict: false }),
            Op::LessThan => Some(Compare::Lt),
            Op::LessEqualThan => Some(Compare::Le),
            Op::GreaterThan => Some(Compare::Gt),
            Op::GreaterEqualThan => Some(Compare::Ge),
            _ => None,
        };
        let arithmetic = operator(binary.operator);
        if order.is_none() && arithmetic.is_none() {
            return self.refuse(binary, format!("the operator {}", binary.operator.as_str()));
        }
        let (left, right) = (self.boxed(&binary.left)?, self.boxed(&binary.right)?);
        Ok(match (order, arithmetic) {
            (Some(order), _) => Kind::Compare(order, left, right),
            (None, Some(operator)) => {
                self.note_power(operator, binary);
                Kind::Binary(operator, left, right)
            }
            (None, None) => unreachable!("refused above"),
        })
    }

    /// `**` needs a function, as Math.pow does.
    fn note_power(&mut self, operator: Binary, at: &impl GetSpan) {
        if operator == Binary::Pow && !self.math.iter().any(|(name, _)| *name == "**") {
            let place = self.place(at);
            self.math.push(("**", place));
        }
    }

    fn logical(&mut self, logical: &'a LogicalExpression<'a>) -> Result<Kind> {
        if logical.operator == LogicalOperator::Coalesce {
            if let Expression::ComputedMemberExpression(member) =
                logical.left.get_inner_expression()
            {
                let otherwise = self.boxed(&logical.right)?;
                return self.element(member, Some(otherwise));
            }
            return self.refuse(
                logical,
                "the operator ?? other than after an element of a captured array",
            );
        }
        let (left, right) = (self.boxed(&logical.left)?, self.boxed(&logical.right)?);
        Ok(if logical.operator == LogicalOperator::And {
            Kind::And(left, right)
        } else {
            Kind::Or(left, right)
        })
    }

    /// A local variable that may be written.
    pub(super) fn assignable(&self, name: &str, at: &impl GetSpan) -> Result<VarId> {
        match self.meaning(name) {
            Meaning::Local(Binding::Var {
                id,
                constant: false,
            }) => Ok(id),
            Meaning::Local(Binding::Var { .. }) => {
                self.refuse(at, format!("an assignment to the constant '{name}'"))
            }
            Meaning::Local(Binding::Uninitialised) => {
                self.refuse(at, format!("'{name}' is used before its declaration"))
            }
            Meaning::Local(Binding::Function { .. }) => {
                self.refuse(at, format!("an assignment to the function '{name}'"))
            }
            _ => self.refuse(
                at,
                format!("an assignment to '{name}', which is a variable outside of the function"),
            ),
        }
    }

    fn assignment(&mut self, assignment: &'a AssignmentExpression<'a>) -> Result<Kind> {
        let AssignmentTarget::AssignmentTargetIdentifier(id) = &assignment.left else {
            return self.refuse(assignment, "an assignment to anything but a local variable");
        };
        let var = self.assignable(id.name.as_str(), assignment)?;
        let place = self.place(&**id);
        let old = Expr {
            kind: Kind::Var(var),
            ty: Type::default(),
            place,
        };
        let value = self.boxed(&assignment.right)?;
        let at = value.place;
        let set = |value| Expr {
            kind: Kind::Set(var, value),
            ty: Type::default(),
            place: at,
        };
        Ok(match assignment.operator {
            AssignmentOperator::Assign => Kind::Set(var, value),
            AssignmentOperator::LogicalAnd => Kind::And(Box::new(old), Box::new(set(value))),
            AssignmentOperator::LogicalOr => Kind::Or(Box::new(old), Box::new(set(value))),
            other => match other.to_binary_operator().and_then(operator) {
                Some(operator) => {
                    self.note_power(operator, assignment);
                    let kind = Kind::Binary(operator, Box::new(old), value);
                    let place = self.place(assignment);
                    Kind::Set(
                        var,
                        Box::new(Expr {
                            kind,
                            ty: Type::default(),
                            place,
                        }),
                    )
                }
                None => return self.refuse(assignment, format!("the operator {}", other.as_str())),
            },
        })
    }

    fn update(&mut self, update: &'a UpdateExpression<'a>) -> Result<Kind> {
        let SimpleAssignmentTarget::AssignmentTargetIdentifier(id) = &update.argument else {
            return self.refuse(update, "an assignment to anything but a local variable");
        };
        let var = self.assignable(id.name.as_str(), update)?;
        let by = if update.operator == UpdateOperator::Increment {
            1
        } else {
            -1
        };
        Ok(Kind::Step {
            var,
            by,
            postfix: !update.prefix,
            bound: None,
        })
    }

    fn member(
        &mut self,
        whole: &'a Expression<'a>,
        member: &'a StaticMemberExpression<'a>,
    ) -> Result<Kind> {
        let name = member.property.name.as_str();
        if member.optional {
            return self.refuse(member, "the operator ?.");
        }
        if self.is_global(&member.object, "Math") {
            return match math_constant(name) {
                Some(value) => Ok(Kind::Number(value)),
                None => self.refuse(
                    member,
                    format!("Math.{name} as a value; it can only be called"),
                ),
            };
        }
        if self.is_global(&member.object, "Number") {
            return match number_constant(name) {
                Some(value) => Ok(Kind::Number(value)),
                None => self.refuse(member, format!("Number.{name}")),
            };
        }
        if let (Some(Capture::Array(array)), "length") = (self.captured(&member.object), name) {
            return Ok(Kind::Length(array));
        }
        if let (Some(capture @ Capture::Refused(_)), Expression::Identifier(id)) =
            (self.captured(&member.object), &member.object)
        {
            return self.capture(&**id, id.name.as_str(), &capture);
        }
        match self.captured(whole) {
            Some(capture) => {
                let shown = self.texts[self.text as usize].source.as_str();
                let place = self.place(member);
                let shown = shown
                    .get(place.start as usize..place.end as usize)
                    .unwrap_or(name)
                    .to_owned();
                self.capture(member, &shown, &capture)
            }
            None => self.refuse(
                member,
                format!("the property .{name}; kernels know numbers, and no objects"),
            ),
        }
    }

    fn element(
        &mut self,
        member: &'a ComputedMemberExpression<'a>,
        otherwise: Option<Box<Expr>>,
    ) -> Result<Kind> {
        if member.optional {
            return self.refuse(member, "the operator ?.");
        }
        match self.captured(&member.object) {
            Some(Capture::Array(array)) => {
                let index = self.boxed(&member.expression)?;
                Ok(Kind::Element {
                    array,
                    index,
                    otherwise,
                })
            }
            Some(Capture::Refused(what)) => {
                let name = match member.object.get_inner_expression() {
                    Expression::Identifier(id) => id.name.as_str(),
                    _ => "it",
                };
                self.refuse(&member.object, format!("'{name}' {what}"))
            }
            _ => self.refuse(member, "an element of anything but a captured typed array"),
        }
    }
}

fn operator(operator: BinaryOperator) -> Option<Binary> {
    use BinaryOperator as Op;
    Some(match operator {
        Op::Addition => Binary::Add,
        Op::Subtraction => Binary::Sub,
        Op::Multiplication => Binary::Mul,
        Op::Division => Binary::Div,
        Op::Remainder => Binary::Rem,
        Op::Exponential => Binary::Pow,
        Op::ShiftLeft => Binary::Shl,
        Op::ShiftRight => Binary::Shr,
        Op::ShiftRightZeroFill => Binary::Ushr,
        Op::BitwiseOR => Binary::Or,
        Op::BitwiseXOR => Binary::Xor,
        Op::BitwiseAnd => Binary::And,
        _ => return None,
    })
}

fn math_constant(name: &str) -> Option<f64> {
    Some(match name {
        "PI" => consts::PI,
        "E" => consts::E,
        "LN2" => consts::LN_2,
        "LN10" => consts::LN_10,
        "LOG2E" => consts::LOG2_E,
        "LOG10E" => consts::LOG10_E,
        "SQRT2" => consts::SQRT_2,
        "SQRT1_2" => consts::FRAC_1_SQRT_2,
        _ => return None,
    })
}

fn number_constant(name: &str) -> Option<f64> {
    Some(match name {
        "EPSILON" => f64::EPSILON,
        "MAX_VALUE" => f64::MAX,
        "MIN_VALUE" => f64::from_bits(1),
        "MAX_SAFE_INTEGER" => 9_007_199_254_740_991.0,
        "MIN_SAFE_INTEGER" => -9_007_199_254_740_991.0,
        "POSITIVE_INFINITY" => f64::INFINITY,
        "NEGATIVE_INFINITY" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        _ => return None,
    })
}

fn refused_expression(expression: &Expression) -> &'static str {
    match expression {
        Expression::StringLiteral(_)
        | Expression::TemplateLiteral(_)
        | Expression::TaggedTemplateExpression(_) => "a string",
        Expression::NullLiteral(_) => "null",
        Expression::BigIntLiteral(_) => "a BigInt",
        Expression::RegExpLiteral(_) => "a regular expression",
        Expression::ArrayExpression(_) => "an array",
        Expression::ObjectExpression(_) => "an object",
        Expression::ArrowFunctionExpression(_) | Expression::FunctionExpression(_) => {
            "a function as a value; helpers are declared with const or function, and called"
        }
        Expression::ClassExpression(_) => "a class",
        Expression::NewExpression(_) => "a new object",
        Expression::ThisExpression(_) => "'this'",
        Expression::Super(_) => "'super'",
        Expression::AwaitExpression(_) => "an await",
        Expression::YieldExpression(_) => "a yield",
        Expression::ChainExpression(_) => "the operator ?.",
        Expression::ImportExpression(_) => "an import",
        Expression::MetaProperty(_) => "a meta property",
        Expression::PrivateInExpression(_) | Expression::PrivateFieldExpression(_) => {
            "a private name"
        }
        _ => "an expression that kernels don't have",
    }
}
