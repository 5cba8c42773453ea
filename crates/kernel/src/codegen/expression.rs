//! Expressions to machine code, in one of three ways: as they are, as a double, or as the 32 bits that ToInt32 gives.
//!
//! A sum that is only looked at through ToInt32 wraps, and one that is only looked at as a double is added as doubles, so
//! that neither needs to be speculated on.

use super::emit::{clif, float_order, held, Emit, Held};
use crate::ir::*;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{types, InstBuilder, Value};

/// Sums of so deep a tree of integers are exact as doubles: 2^16 terms of 2^32.
const EXACT_DEPTH: u32 = 16;

impl Emit<'_, '_> {
    pub fn value(&mut self, expr: &Expr) -> Held {
        match &expr.kind {
            Kind::Number(value) => self.number(*value),
            Kind::Bool(value) => held(
                self.b.ins().iconst(types::I8, i64::from(*value)),
                Repr::Bool,
            ),
            Kind::Undefined => held(self.b.ins().f64const(f64::NAN), Repr::Float64),
            Kind::Var(var) => self.read(*var),
            Kind::Capture(index) => self.numbers[*index],
            Kind::Length(array) => {
                let length = self.arrays[*array].1;
                match expr.ty.repr {
                    Repr::Int32 => held(self.b.ins().ireduce(types::I32, length), Repr::Int32),
                    _ => held(
                        self.b.ins().fcvt_from_sint(types::F64, length),
                        Repr::Float64,
                    ),
                }
            }
            Kind::Element {
                array,
                index,
                otherwise,
            } => self.element(expr, *array, index, otherwise.as_deref()),
            Kind::Set(var, value) => {
                let mixes = mixes(*var, value);
                let value = self.value(value);
                let value = self.write(*var, value);
                if mixes && value.repr == Repr::Int32 {
                    let value = self.kept(value.value);
                    return self.write(*var, held(value, Repr::Int32));
                }
                value
            }
            Kind::Step {
                var,
                by,
                postfix,
                bound,
            } => self.step(*var, *by, *postfix, bound.as_deref()),
            Kind::Defined(value) => self.value(value),
            Kind::Plus(inner) => {
                let value = self.value(inner);
                if value.repr == Repr::Bool {
                    return held(self.word(value), Repr::Int32);
                }
                value
            }
            Kind::Neg(inner) => self.negate(expr, inner),
            Kind::BitNot(inner) => {
                let word = self.bits(inner);
                held(self.b.ins().bnot(word), Repr::Int32)
            }
            Kind::Not(inner) => {
                let value = self.value(inner);
                let truth = self.truth(value);
                held(self.b.ins().bxor_imm(truth, 1), Repr::Bool)
            }
            Kind::Binary(operator, a, b) => self.binary(expr, *operator, a, b),
            Kind::Compare(order, a, b) => self.compare(*order, a, b),
            Kind::And(a, b) => self.either(expr, a, b, true),
            Kind::Or(a, b) => self.either(expr, a, b, false),
            Kind::Cond(test, a, b) => {
                let (yes, no) = (self.b.create_block(), self.b.create_block());
                let done = self.joining(expr);
                self.branch(test, yes, no);
                for (block, side) in [(yes, a), (no, b)] {
                    self.b.switch_to_block(block);
                    let value = self.value(side);
                    let value = self.convert(value, expr.ty.repr);
                    self.b.ins().jump(done, &[value.into()]);
                }
                self.joined(expr, done)
            }
            Kind::Math(name, list) => self.math(expr, name, list),
            Kind::Sequence(list) => {
                let mut last = None;
                for each in list {
                    last = Some(self.value(each));
                }
                last.expect("a sequence has members")
            }
            Kind::Inline {
                body,
                label,
                result,
            } => {
                self.block(*label, body);
                self.read(*result)
            }
        }
    }

    /// The value as a double. Sums, differences and products are then those of doubles.
    pub fn number_of(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            Kind::Number(value) => self.b.ins().f64const(*value),
            Kind::Binary(operator @ (Binary::Add | Binary::Sub | Binary::Mul), a, b) => {
                let (a, b) = (self.number_of(a), self.number_of(b));
                match operator {
                    Binary::Add => self.b.ins().fadd(a, b),
                    Binary::Sub => self.b.ins().fsub(a, b),
                    _ => self.b.ins().fmul(a, b),
                }
            }
            Kind::Neg(inner) => {
                let value = self.number_of(inner);
                self.b.ins().fneg(value)
            }
            Kind::Plus(inner) => self.number_of(inner),
            _ => {
                let value = self.value(expr);
                self.double(value)
            }
        }
    }

    /// ToInt32 of the value.
    pub fn bits(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            Kind::Number(value) => {
                let word = crate::math::to_int32(*value);
                self.b.ins().iconst(types::I32, i64::from(word))
            }
            Kind::Binary(operator @ (Binary::Add | Binary::Sub), a, b)
                if exact_sum(a, EXACT_DEPTH) && exact_sum(b, EXACT_DEPTH) =>
            {
                let (a, b) = (self.bits(a), self.bits(b));
                match operator {
                    Binary::Add => self.b.ins().iadd(a, b),
                    _ => self.b.ins().isub(a, b),
                }
            }
            Kind::Binary(Binary::Add | Binary::Sub | Binary::Mul, ..) | Kind::Neg(_) => {
                let value = self.number_of(expr);
                self.word(held(value, Repr::Float64))
            }
            _ => {
                let value = self.value(expr);
                self.word(value)
            }
        }
    }

    fn number(&mut self, value: f64) -> Held {
        match crate::infer::number(value) {
            Repr::Int32 => held(
                self.b.ins().iconst(types::I32, i64::from(value as i32)),
                Repr::Int32,
            ),
            _ => held(self.b.ins().f64const(value), Repr::Float64),
        }
    }

    fn joining(&mut self, expr: &Expr) -> cranelift_codegen::ir::Block {
        let done = self.b.create_block();
        self.b.append_block_param(done, clif(expr.ty.repr));
        done
    }

    fn joined(&mut self, expr: &Expr, done: cranelift_codegen::ir::Block) -> Held {
        self.b.switch_to_block(done);
        held(self.b.block_params(done)[0], expr.ty.repr)
    }

    /// `a && b` and `a || b`, whose value is one of the two.
    fn either(&mut self, expr: &Expr, a: &Expr, b: &Expr, and: bool) -> Held {
        let first = self.value(a);
        let truth = self.truth(first);
        let first = self.convert(first, expr.ty.repr);
        let second = self.b.create_block();
        let done = self.joining(expr);
        if and {
            self.b.ins().brif(truth, second, &[], done, &[first.into()]);
        } else {
            self.b.ins().brif(truth, done, &[first.into()], second, &[]);
        }
        self.b.switch_to_block(second);
        let value = self.value(b);
        let value = self.convert(value, expr.ty.repr);
        self.b.ins().jump(done, &[value.into()]);
        self.joined(expr, done)
    }

    fn compare(&mut self, order: Compare, a: &Expr, b: &Expr) -> Held {
        let int = |expr: &Expr| matches!(expr.ty.repr, Repr::Int32 | Repr::Bool);
        if is_product(a) && int(b) || int(a) && is_product(b) {
            let (x, y) = (self.wide(a), self.wide(b));
            let truth = self.b.ins().icmp(Self::int_order(order, true), x, y);
            return held(truth, Repr::Bool);
        }
        let (x, y) = (self.value(a), self.value(b));
        let narrow = |repr| matches!(repr, Repr::Int32 | Repr::Bool);
        let truth = if narrow(x.repr) && narrow(y.repr) {
            let (x, y) = (self.word(x), self.word(y));
            self.b.ins().icmp(Self::int_order(order, true), x, y)
        } else if x.repr == Repr::Uint32 && y.repr == Repr::Uint32 {
            self.b
                .ins()
                .icmp(Self::int_order(order, false), x.value, y.value)
        } else {
            let (x, y) = (self.double(x), self.double(y));
            let order = float_order(order);
            self.b.ins().fcmp(order, x, y)
        };
        held(truth, Repr::Bool)
    }

    /// An int32, or a product of two, as i64. A product that is no exact double is far from every int32, and stays so
    /// when it is rounded: the order is that of the doubles.
    fn wide(&mut self, expr: &Expr) -> Value {
        if let (true, Kind::Binary(_, a, b)) = (is_product(expr), &expr.kind) {
            let (a, b) = (self.wide(a), self.wide(b));
            return self.b.ins().imul(a, b);
        }
        let value = self.value(expr);
        let word = self.word(value);
        self.b.ins().sextend(types::I64, word)
    }

    fn step(&mut self, var: VarId, by: i32, postfix: bool, bound: Option<&Expr>) -> Held {
        let old = self.read(var);
        let new = if old.repr == Repr::Int32 {
            let bounded =
                bound.is_some_and(|bound| matches!(bound.ty.repr, Repr::Int32 | Repr::Bool));
            let value = self.b.ins().iadd_imm(old.value, i64::from(by));
            if self.speculate && !bounded {
                self.leave_if_wrapped(value, by);
            }
            held(value, Repr::Int32)
        } else {
            let by = self.b.ins().f64const(f64::from(by));
            let value = self.double(old);
            held(self.b.ins().fadd(value, by), Repr::Float64)
        };
        let new = self.write(var, new);
        if postfix {
            old
        } else {
            new
        }
    }

    fn negate(&mut self, expr: &Expr, inner: &Expr) -> Held {
        if self.speculate && expr.ty.repr == Repr::Int32 {
            let value = self.value(inner);
            let value = self.word(value);
            // 0 would become -0, and the least int32 no int32.
            let low = self.b.ins().band_imm(value, 0x7fff_ffff);
            let wrong = self.b.ins().icmp_imm(IntCC::Equal, low, 0);
            self.leave_if(wrong);
            return held(self.b.ins().ineg(value), Repr::Int32);
        }
        let value = self.number_of(inner);
        held(self.b.ins().fneg(value), Repr::Float64)
    }

    fn element(
        &mut self,
        expr: &Expr,
        array: usize,
        index: &Expr,
        otherwise: Option<&Expr>,
    ) -> Held {
        let (address, length) = self.arrays[array];
        let kind = self.target.arrays[array];
        let index = self.value(index);
        let index = self.index(index);
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, index, length);
        if otherwise.is_none() && self.speculate {
            let outside = self.b.ins().bxor_imm(inside, 1);
            self.leave_if(outside);
            return self.load(kind, address, index);
        }
        let (read, missing) = (self.b.create_block(), self.b.create_block());
        let done = self.joining(expr);
        self.b.ins().brif(inside, read, &[], missing, &[]);
        self.b.switch_to_block(read);
        let value = self.load(kind, address, index);
        let value = self.convert(value, expr.ty.repr);
        self.b.ins().jump(done, &[value.into()]);
        self.b.switch_to_block(missing);
        let value = match otherwise {
            Some(otherwise) => self.value(otherwise),
            None => held(self.b.ins().f64const(f64::NAN), Repr::Float64),
        };
        let value = self.convert(value, expr.ty.repr);
        self.b.ins().jump(done, &[value.into()]);
        self.joined(expr, done)
    }

    /// An index as i64, -1 where it is no integer.
    fn index(&mut self, index: Held) -> Value {
        match index.repr {
            Repr::Int32 => self.b.ins().sextend(types::I64, index.value),
            Repr::Uint32 | Repr::Bool => self.b.ins().uextend(types::I64, index.value),
            Repr::Float64 | Repr::Never => {
                let int = self.b.ins().fcvt_to_sint_sat(types::I64, index.value);
                let back = self.b.ins().fcvt_from_sint(types::F64, int);
                let same = self.b.ins().fcmp(FloatCC::Equal, back, index.value);
                let none = self.b.ins().iconst(types::I64, -1);
                self.b.ins().select(same, int, none)
            }
        }
    }
}

/// Whether an expression is a product of two int32.
fn is_product(expr: &Expr) -> bool {
    let small = |expr: &Expr| {
        matches!(expr.ty.repr, Repr::Int32) && !matches!(expr.kind, Kind::Binary(Binary::Mul, ..))
    };
    matches!(&expr.kind, Kind::Binary(Binary::Mul, a, b) if small(a) && small(b))
}

/// Whether `var = value` is a step of a generator such as xorshift: `s ^= s << 13`.
fn mixes(var: VarId, value: &Expr) -> bool {
    let is_var = |expr: &Expr| matches!(expr.kind, Kind::Var(v) if v == var);
    let shifted = |expr: &Expr| match &expr.kind {
        Kind::Binary(Binary::Shl | Binary::Shr | Binary::Ushr, a, _) => is_var(a),
        _ => false,
    };
    matches!(&value.kind, Kind::Binary(Binary::Xor, a, b) if is_var(a) && shifted(b) || shifted(a) && is_var(b))
}

/// Whether a value is a sum of integers that is exact as a double.
fn exact_sum(expr: &Expr, depth: u32) -> bool {
    match &expr.kind {
        Kind::Binary(Binary::Add | Binary::Sub, a, b) => {
            depth > 0 && exact_sum(a, depth - 1) && exact_sum(b, depth - 1)
        }
        Kind::Binary(Binary::Mul, ..) | Kind::Neg(_) => false,
        _ => matches!(expr.ty.repr, Repr::Int32 | Repr::Uint32 | Repr::Bool),
    }
}
