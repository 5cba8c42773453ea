//! Types: which values are int32, uint32, booleans or doubles.
//!
//! Variables begin as `Never` and only grow (Never < Bool < Int32 < Float64, Uint32 < Float64), so the rounds come to an end.
//!
//! There are two readings of a program. The *exact* one takes an operation for an integer's only where JavaScript can give
//! nothing else (bitwise operators, a counter below an int32). The *speculative* one also takes sums, differences, products
//! and remainders of int32 for int32, and elements of captured arrays for in range; the code then checks that, and an
//! element of the input for which it does not hold is computed anew by the exact code. Nothing but the result leaves a
//! kernel, so that can't be seen.

use crate::ir::*;
use crate::issue::{Refusal, Result};

/// What a program is compiled for.
#[derive(Clone, Debug)]
pub struct Setting {
    pub speculate: bool,
    /// Of each captured number.
    pub numbers: Vec<Repr>,
    /// Of each captured array.
    pub arrays: Vec<ElementKind>,
    /// Indices and lengths may pass int32.
    pub long: bool,
    /// An undefined or a boolean result would be seen: it is the next argument.
    pub strict_result: bool,
}

struct Infer<'p> {
    vars: &'p mut [Var],
    setting: &'p Setting,
    changed: bool,
}

/// Gives every variable and every expression its type.
pub fn infer(program: &mut Program, setting: &Setting) -> Result<()> {
    let mut infer = Infer {
        vars: &mut program.vars,
        setting,
        changed: true,
    };
    while infer.changed {
        infer.changed = false;
        infer.body(&mut program.body)?;
    }
    check(&program.body)?;
    let result = program.vars[program.result].ty;
    if setting.strict_result && (result.undefined || result.boolean || result.repr == Repr::Bool) {
        let place = result_place(program);
        let what = if result.undefined {
            "undefined"
        } else {
            "a boolean"
        };
        return Refusal::new(
            place,
            format!(
                "the result of a reduction may be {what}, which is handed on as the next argument"
            ),
        );
    }
    Ok(())
}

/// Where the result is given that is no number.
fn result_place(program: &Program) -> crate::issue::Place {
    let mut place = Default::default();
    any_in(&program.body, &mut |expr| match &expr.kind {
        Kind::Set(var, value) if *var == program.result => {
            let odd = value.ty.undefined || value.ty.boolean || value.ty.repr == Repr::Bool;
            if odd {
                place = value.place;
            }
            odd
        }
        _ => false,
    });
    place
}

fn small(ty: Type) -> bool {
    matches!(ty.repr, Repr::Int32 | Repr::Bool)
}

impl Infer<'_> {
    fn body(&mut self, body: &mut [Stmt]) -> Result<()> {
        body.iter_mut().try_for_each(|stmt| match stmt {
            Stmt::Expr(expr) => self.expr(expr).map(drop),
            Stmt::If(test, yes, no) => {
                self.expr(test)?;
                self.body(yes)?;
                self.body(no)
            }
            Stmt::Block(_, body) | Stmt::Loop(body) => self.body(body),
            Stmt::Declare(_) | Stmt::Break(_) => Ok(()),
        })
    }

    fn grow(&mut self, var: VarId, ty: Type) {
        let joined = self.vars[var].ty.join(ty);
        if joined != self.vars[var].ty {
            self.vars[var].ty = joined;
            self.changed = true;
        }
    }

    fn expr(&mut self, expr: &mut Expr) -> Result<Type> {
        let ty = self.kind(&mut expr.kind)?;
        expr.ty = ty;
        Ok(ty)
    }

    fn kind(&mut self, kind: &mut Kind) -> Result<Type> {
        let double = Type::of(Repr::Float64);
        let int = Type::of(Repr::Int32);
        let speculate = self.setting.speculate;
        Ok(match kind {
            Kind::Number(value) => Type::of(number(*value)),
            Kind::Bool(_) => Type::of(Repr::Bool),
            Kind::Undefined => Type {
                undefined: true,
                ..double
            },
            Kind::Var(var) => self.vars[*var].ty,
            Kind::Capture(index) => Type::of(self.setting.numbers[*index]),
            Kind::Length(_) => {
                if self.setting.long {
                    double
                } else {
                    int
                }
            }
            Kind::Element {
                array,
                index,
                otherwise,
            } => {
                self.expr(index)?;
                let element = Type::of(self.setting.arrays[*array].repr());
                match otherwise {
                    Some(otherwise) => element.join(self.expr(otherwise)?),
                    None if speculate => element,
                    None => Type {
                        undefined: true,
                        ..double
                    },
                }
            }
            Kind::Set(var, value) => {
                let ty = self.expr(value)?;
                self.grow(*var, ty);
                self.vars[*var].ty
            }
            Kind::Step { var, bound, .. } => {
                let old = self.vars[*var].ty;
                let bounded = match bound {
                    Some(bound) => small(self.expr(bound)?),
                    None => false,
                };
                let fits = old.repr == Repr::Never || small(old) && (speculate || bounded);
                if fits {
                    self.grow(*var, int);
                } else {
                    self.grow(*var, double);
                }
                // The old value as a number, or the new one.
                Type::of(self.vars[*var].ty.repr)
            }
            Kind::Defined(value) => {
                let ty = self.expr(value)?;
                Type {
                    undefined: false,
                    ..ty
                }
            }
            Kind::Plus(value) => {
                let ty = self.expr(value)?;
                Type::of(if ty.repr == Repr::Bool {
                    Repr::Int32
                } else {
                    ty.repr
                })
            }
            Kind::Neg(value) => {
                let ty = self.expr(value)?;
                if ty.repr == Repr::Never || speculate && small(ty) {
                    int
                } else {
                    double
                }
            }
            Kind::BitNot(value) => {
                self.expr(value)?;
                int
            }
            Kind::Not(value) => {
                self.expr(value)?;
                Type::of(Repr::Bool)
            }
            Kind::Compare(_, a, b) => {
                self.expr(a)?;
                self.expr(b)?;
                Type::of(Repr::Bool)
            }
            Kind::Binary(operator, a, b) => {
                let (a, b) = (self.expr(a)?, self.expr(b)?);
                Type::of(binary(*operator, a, b, speculate))
            }
            Kind::And(a, b) | Kind::Or(a, b) => self.expr(a)?.join(self.expr(b)?),
            Kind::Cond(test, a, b) => {
                self.expr(test)?;
                self.expr(a)?.join(self.expr(b)?)
            }
            Kind::Math(name, list) => {
                let types = list
                    .iter_mut()
                    .map(|each| self.expr(each))
                    .collect::<Result<Vec<_>>>()?;
                Type::of(math(name, &types, speculate))
            }
            Kind::Sequence(list) => {
                let mut last = double;
                for each in list {
                    last = self.expr(each)?;
                }
                last
            }
            Kind::Inline { body, result, .. } => {
                self.body(body)?;
                self.vars[*result].ty
            }
        })
    }
}

/// The type of a constant.
pub fn number(value: f64) -> Repr {
    let int = value as i32;
    if f64::from(int).to_bits() == value.to_bits() {
        Repr::Int32
    } else {
        Repr::Float64
    }
}

fn binary(operator: Binary, a: Type, b: Type, speculate: bool) -> Repr {
    use Binary::*;
    if a.repr == Repr::Never || b.repr == Repr::Never {
        return Repr::Never;
    }
    match operator {
        Shl | Shr | Or | Xor | And => Repr::Int32,
        Ushr => Repr::Uint32,
        Add | Sub | Mul if speculate && small(a) && small(b) => Repr::Int32,
        Rem if speculate && a.repr.is_int() && b.repr.is_int() => b.repr.max_of_rem(a.repr),
        _ => Repr::Float64,
    }
}

impl Repr {
    /// The type of `a % self`, both integers: as small as the divisor, unless the dividend may be negative.
    fn max_of_rem(self, a: Repr) -> Repr {
        match (a, self) {
            (Repr::Int32, _) | (_, Repr::Int32) => Repr::Int32,
            _ => Repr::Uint32,
        }
    }
}

fn math(name: &str, types: &[Type], speculate: bool) -> Repr {
    let all = |wanted: fn(Type) -> bool| types.iter().all(|ty| wanted(*ty));
    if !all(|ty| ty.repr != Repr::Never) {
        return Repr::Never;
    }
    match name {
        "Number.isFinite" | "Number.isInteger" | "Number.isNaN" | "isFinite" | "isNaN" => {
            Repr::Bool
        }
        "Math.imul" | "Math.clz32" => Repr::Int32,
        "Math.floor" | "Math.ceil" | "Math.trunc" | "Math.round" | "Math.sign" | "Math.min"
        | "Math.max"
            if all(small) =>
        {
            Repr::Int32
        }
        "Math.floor" | "Math.ceil" | "Math.trunc" | "Math.round"
            if all(|ty| ty.repr == Repr::Uint32) =>
        {
            Repr::Uint32
        }
        "Math.abs" if speculate && all(small) => Repr::Int32,
        _ => Repr::Float64,
    }
}

/// Refuses what would be seen to be undefined, or a boolean, where it is a number here.
fn check(body: &[Stmt]) -> Result<()> {
    let mut result = Ok(());
    for stmt in body {
        stmt.expressions(&mut |expr| {
            if result.is_ok() {
                result = check_expr(expr);
            }
        });
    }
    result
}

fn check_expr(expr: &Expr) -> Result<()> {
    match &expr.kind {
        Kind::Compare(Compare::Eq { strict } | Compare::Ne { strict }, a, b) => {
            equality(expr, a.ty, b.ty, *strict)?
        }
        Kind::Element { index, .. } if index.ty.boolean || index.ty.repr == Repr::Bool => {
            return Refusal::new(
                index.place,
                "an index that may be a boolean: that is the name of a property",
            );
        }
        Kind::Defined(value) if value.ty.undefined => {
            return Refusal::new(value.place, "this may be undefined, and the parameter that it is given to has a default for that");
        }
        Kind::Math(name @ ("Number.isFinite" | "Number.isInteger" | "Number.isNaN"), list) => {
            let ty = list[0].ty;
            if ty.undefined || ty.boolean || ty.repr == Repr::Bool {
                return Refusal::new(expr.place, format!("{name} of what may be no number"));
            }
        }
        _ => {}
    }
    let mut result = Ok(());
    expr.children(&mut |child| {
        if result.is_ok() {
            result = check_expr(child);
        }
    });
    result
}

fn equality(expr: &Expr, a: Type, b: Type, strict: bool) -> Result<()> {
    if a.undefined && b.undefined {
        return Refusal::new(
            expr.place,
            "both sides may be undefined, and undefined equals itself, which NaN does not",
        );
    }
    let odd = |ty: Type| ty.boolean;
    let kinds_differ = (a.repr == Repr::Bool) != (b.repr == Repr::Bool);
    if strict
        && (kinds_differ || odd(a) || odd(b))
        && a.repr != Repr::Never
        && b.repr != Repr::Never
    {
        return Refusal::new(
            expr.place,
            "a boolean compared with a number: they are never strictly equal",
        );
    }
    Ok(())
}

/// The parameters that the speculative reading takes for int32 though the input is of doubles: operands of a remainder,
/// and indices.
pub fn wanted_as_ints(program: &Program) -> Vec<VarId> {
    let mut wanted = Vec::new();
    let mut add = |expr: &Expr| {
        if let Kind::Var(var) = expr.kind {
            wanted.push(var);
        }
    };
    any_in(&program.body, &mut |expr| {
        match &expr.kind {
            Kind::Binary(Binary::Rem, a, b) => {
                add(a);
                add(b);
            }
            Kind::Element { index, .. } => add(index),
            _ => {}
        }
        false
    });
    // A parameter of the function is a variable that an argument is put in.
    let mut sources = Vec::new();
    any_in(&program.body, &mut |expr| {
        if let Kind::Set(var, value) = &expr.kind {
            if let Kind::Var(argument) = value.kind {
                if wanted.contains(var) && program.params.contains(&argument) {
                    sources.push(argument);
                }
            }
        }
        false
    });
    sources
}
