//! Binary operators and the functions of Math.

use super::emit::{held, Emit, Held};
use super::vector::is_two;
use crate::ir::*;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{
    types, AbiParam, InstBuilder, Signature, StackSlotData, StackSlotKind, Type as ClifType, Value,
};

impl Emit<'_, '_> {
    pub fn binary(&mut self, expr: &Expr, operator: Binary, a: &Expr, b: &Expr) -> Held {
        use Binary::*;
        let int = expr.ty.repr.is_int();
        match operator {
            Add | Sub | Mul if int => self.checked(operator, a, b),
            Add | Sub | Mul => held(self.number_of(expr), Repr::Float64),
            Div => {
                let x = self.number_of(a);
                let value = match reciprocal(b) {
                    Some(factor) => {
                        let factor = self.b.ins().f64const(factor);
                        self.b.ins().fmul(x, factor)
                    }
                    None => {
                        let y = self.number_of(b);
                        self.b.ins().fdiv(x, y)
                    }
                };
                held(value, Repr::Float64)
            }
            Pow if is_two(b) => {
                let x = self.number_of(a);
                held(self.b.ins().fmul(x, x), Repr::Float64)
            }
            Pow => {
                let (x, y) = (self.number_of(a), self.number_of(b));
                held(self.call("Math.pow", &[x, y]), Repr::Float64)
            }
            Rem if int => self.checked_remainder(expr, a, b),
            Rem => self.remainder(a, b),
            Shl | Shr | Ushr | Or | Xor | And => {
                let (x, y) = (self.bits(a), self.bits(b));
                // Cranelift takes the amount of a shift modulo 32, as JavaScript does.
                let value = match operator {
                    Shl => self.b.ins().ishl(x, y),
                    Shr => self.b.ins().sshr(x, y),
                    Ushr => self.b.ins().ushr(x, y),
                    Or => self.b.ins().bor(x, y),
                    Xor => self.b.ins().bxor(x, y),
                    _ => self.b.ins().band(x, y),
                };
                held(
                    value,
                    if operator == Ushr {
                        Repr::Uint32
                    } else {
                        Repr::Int32
                    },
                )
            }
        }
    }

    /// A sum, difference or product of int32 that is expected to be one.
    fn checked(&mut self, operator: Binary, a: &Expr, b: &Expr) -> Held {
        if let (Binary::Add | Binary::Sub, Kind::Number(by)) = (operator, &b.kind) {
            return self.checked_step(a, if operator == Binary::Add { *by } else { -*by });
        }
        let (x, y) = (self.value(a), self.value(b));
        let (x, y) = (self.word(x), self.word(y));
        let (value, over) = match operator {
            Binary::Add => self.b.ins().sadd_overflow(x, y),
            Binary::Sub => self.b.ins().ssub_overflow(x, y),
            _ => self.b.ins().smul_overflow(x, y),
        };
        self.leave_if(over);
        if operator == Binary::Mul && !never_minus_zero(a, b) {
            // 0 * -1 is -0.
            let signs = self.b.ins().bor(x, y);
            let zero = self.b.ins().icmp_imm(IntCC::Equal, value, 0);
            let negative = self.b.ins().icmp_imm(IntCC::SignedLessThan, signs, 0);
            let wrong = self.b.ins().band(zero, negative);
            self.leave_if(wrong);
        }
        held(value, Repr::Int32)
    }

    /// An int32 and a constant: past an end of int32 the sum comes out on the other side of what it began with.
    fn checked_step(&mut self, a: &Expr, by: f64) -> Held {
        let x = self.value(a);
        let x = self.word(x);
        let value = self.b.ins().iadd_imm(x, by as i64);
        let order = if by < 0.0 {
            IntCC::SignedGreaterThan
        } else {
            IntCC::SignedLessThan
        };
        let over = self.b.ins().icmp(order, value, x);
        self.leave_if(over);
        held(value, Repr::Int32)
    }

    /// A remainder of integers that is expected to be one: leaves for a divisor that is not positive, and for -0.
    fn checked_remainder(&mut self, expr: &Expr, a: &Expr, b: &Expr) -> Held {
        let (x, y) = (self.value(a), self.value(b));
        let repr = expr.ty.repr;
        let constant = matches!(b.kind, Kind::Number(value) if value > 0.0);
        if !constant {
            let order = if y.repr == Repr::Int32 {
                IntCC::SignedLessThanOrEqual
            } else {
                IntCC::Equal
            };
            let wrong = self.b.ins().icmp_imm(order, y.value, 0);
            self.leave_if(wrong);
        }
        if x.repr == Repr::Uint32 {
            return held(self.b.ins().urem(x.value, y.value), repr);
        }
        let negative = self.b.ins().icmp_imm(IntCC::SignedLessThan, x.value, 0);
        let (below, above, done) = (
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
        );
        self.b.set_cold_block(below);
        self.b.append_block_param(done, types::I32);
        self.b.ins().brif(negative, below, &[], above, &[]);
        self.b.switch_to_block(below);
        let size = self.b.ins().ineg(x.value);
        let rest = self.b.ins().urem(size, y.value);
        let wrong = self.b.ins().icmp_imm(IntCC::Equal, rest, 0);
        self.leave_if(wrong);
        let rest = self.b.ins().ineg(rest);
        self.b.ins().jump(done, &[rest.into()]);
        self.b.switch_to_block(above);
        let rest = self.b.ins().urem(x.value, y.value);
        self.b.ins().jump(done, &[rest.into()]);
        self.b.switch_to_block(done);
        held(self.b.block_params(done)[0], repr)
    }

    /// `a % b` of any numbers: by integer division where both are integers from 1 to 2^32 - 1, else by fmod, which is exact.
    fn remainder(&mut self, a: &Expr, b: &Expr) -> Held {
        let (x, y) = (self.value(a), self.value(b));
        let (fx, fy) = (self.double(x), self.double(y));
        let (ix, ok_x) = self.positive(x, fx);
        let (iy, ok_y) = self.positive(y, fy);
        let both = self.b.ins().band(ok_x, ok_y);
        let (fast, slow, done) = (
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
        );
        self.b.append_block_param(done, types::F64);
        self.b.ins().brif(both, fast, &[], slow, &[]);
        self.b.switch_to_block(fast);
        let (ix, iy) = (
            self.b.ins().ireduce(types::I32, ix),
            self.b.ins().ireduce(types::I32, iy),
        );
        let rest = self.b.ins().urem(ix, iy);
        let rest = self.double(held(rest, Repr::Uint32));
        self.b.ins().jump(done, &[rest.into()]);
        self.b.switch_to_block(slow);
        let rest = self.call("%", &[fx, fy]);
        self.b.ins().jump(done, &[rest.into()]);
        self.b.switch_to_block(done);
        held(self.b.block_params(done)[0], Repr::Float64)
    }

    /// A number as i64, and whether it is an integer from 1 to 2^32 - 1: -0 is none of them.
    fn positive(&mut self, number: Held, double: Value) -> (Value, Value) {
        let (int, exact) = match number.repr {
            Repr::Int32 => (self.b.ins().sextend(types::I64, number.value), None),
            Repr::Uint32 | Repr::Bool => (self.b.ins().uextend(types::I64, number.value), None),
            Repr::Float64 | Repr::Never => {
                let int = self.b.ins().fcvt_to_sint_sat(types::I64, double);
                let back = self.b.ins().fcvt_from_sint(types::F64, int);
                (int, Some(self.b.ins().fcmp(FloatCC::Equal, back, double)))
            }
        };
        let from_zero = self.b.ins().iadd_imm(int, -1);
        let within = self
            .b
            .ins()
            .icmp_imm(IntCC::UnsignedLessThan, from_zero, 0xffff_ffff);
        let ok = exact.map_or(within, |exact| self.b.ins().band(within, exact));
        (int, ok)
    }

    pub fn math(&mut self, expr: &Expr, name: &'static str, list: &[Expr]) -> Held {
        let double = |value| held(value, Repr::Float64);
        match name {
            "Math.min" | "Math.max" => return self.extreme(expr, name == "Math.min", list),
            "Math.hypot" => return double(self.hypot(list)),
            "Math.imul" => {
                let (x, y) = (self.bits(&list[0]), self.bits(&list[1]));
                return held(self.b.ins().imul(x, y), Repr::Int32);
            }
            "Math.clz32" => {
                let word = self.bits(&list[0]);
                return held(self.b.ins().clz(word), Repr::Int32);
            }
            "Math.atan2" => {
                let (x, y) = (self.number_of(&list[0]), self.number_of(&list[1]));
                return double(self.call(name, &[x, y]));
            }
            _ => {}
        }
        let value = self.value(&list[0]);
        if expr.ty.repr.is_int() {
            return self.int_math(expr, name, value);
        }
        let x = self.double(value);
        match name {
            "Math.abs" => double(self.b.ins().fabs(x)),
            "Math.sqrt" => double(self.b.ins().sqrt(x)),
            "Math.floor" => double(self.b.ins().floor(x)),
            "Math.ceil" => double(self.b.ins().ceil(x)),
            "Math.trunc" => double(self.b.ins().trunc(x)),
            "Math.fround" => {
                let narrow = self.b.ins().fdemote(types::F32, x);
                double(self.b.ins().fpromote(types::F64, narrow))
            }
            "Math.round" => double(self.round(x)),
            "Math.sign" => double(self.sign(x)),
            "Number.isNaN" | "isNaN" => {
                held(self.b.ins().fcmp(FloatCC::Unordered, x, x), Repr::Bool)
            }
            "Number.isFinite" | "isFinite" => held(self.finite(x), Repr::Bool),
            "Number.isInteger" => {
                let finite = self.finite(x);
                let whole = self.b.ins().trunc(x);
                let same = self.b.ins().fcmp(FloatCC::Equal, whole, x);
                held(self.b.ins().band(finite, same), Repr::Bool)
            }
            _ => double(self.call(name, &[x])),
        }
    }

    /// Functions of an integer that give one.
    fn int_math(&mut self, expr: &Expr, name: &str, value: Held) -> Held {
        let repr = expr.ty.repr;
        let x = self.word(value);
        match name {
            "Math.sign" => {
                let sign = self.b.ins().sshr_imm(x, 31);
                let positive = self.b.ins().icmp_imm(IntCC::SignedGreaterThan, x, 0);
                let positive = self.b.ins().uextend(types::I32, positive);
                held(self.b.ins().bor(sign, positive), repr)
            }
            "Math.abs" => {
                let least = self.b.ins().icmp_imm(IntCC::Equal, x, i64::from(i32::MIN));
                self.leave_if(least);
                held(self.b.ins().iabs(x), repr)
            }
            // Rounding leaves an integer alone.
            _ => held(x, repr),
        }
    }

    fn extreme(&mut self, expr: &Expr, least: bool, list: &[Expr]) -> Held {
        if expr.ty.repr == Repr::Int32 {
            let words: Vec<Value> = list
                .iter()
                .map(|each| {
                    let value = self.value(each);
                    self.word(value)
                })
                .collect();
            let best = words.into_iter().reduce(|a, b| {
                if least {
                    self.b.ins().smin(a, b)
                } else {
                    self.b.ins().smax(a, b)
                }
            });
            return held(best.expect("one argument or more"), Repr::Int32);
        }
        let doubles: Vec<Value> = list.iter().map(|each| self.number_of(each)).collect();
        let best = doubles.into_iter().reduce(|a, b| {
            if least {
                self.b.ins().fmin(a, b)
            } else {
                self.b.ins().fmax(a, b)
            }
        });
        held(best.expect("one argument or more"), Repr::Float64)
    }

    fn hypot(&mut self, list: &[Expr]) -> Value {
        let sizes: Vec<Value> = list
            .iter()
            .map(|each| {
                let value = self.number_of(each);
                self.b.ins().fabs(value)
            })
            .collect();
        let slot = self.b.create_sized_stack_slot(StackSlotData::new(
            StackSlotKind::ExplicitSlot,
            8 * sizes.len() as u32,
            3,
        ));
        for (at, size) in sizes.iter().enumerate() {
            self.b.ins().stack_store(*size, slot, 8 * at as i32);
        }
        let address = self.b.ins().stack_addr(types::I64, slot, 0);
        let count = self.b.ins().iconst(types::I64, sizes.len() as i64);
        self.call_signature(
            "Math.hypot",
            &[types::I64, types::I64],
            types::F64,
            &[address, count],
        )
    }

    /// Halves go up: the ceiling, less 1 where that is more than a half too much.
    fn round(&mut self, x: Value) -> Value {
        let up = self.b.ins().ceil(x);
        let half = self.b.ins().f64const(-0.5);
        let middle = self.b.ins().fadd(up, half);
        let too_much = self.b.ins().fcmp(FloatCC::GreaterThan, middle, x);
        let one = self.b.ins().f64const(-1.0);
        let down = self.b.ins().fadd(up, one);
        self.b.ins().select(too_much, down, up)
    }

    /// Zeros and NaN are their own sign.
    fn sign(&mut self, x: Value) -> Value {
        let zero = self.b.ins().f64const(0.0);
        let (plus, minus) = (self.b.ins().f64const(1.0), self.b.ins().f64const(-1.0));
        let above = self.b.ins().fcmp(FloatCC::GreaterThan, x, zero);
        let below = self.b.ins().fcmp(FloatCC::LessThan, x, zero);
        let value = self.b.ins().select(below, minus, x);
        self.b.ins().select(above, plus, value)
    }

    fn finite(&mut self, x: Value) -> Value {
        let size = self.b.ins().fabs(x);
        let infinity = self.b.ins().f64const(f64::INFINITY);
        self.b.ins().fcmp(FloatCC::LessThan, size, infinity)
    }

    /// Calls a function of doubles.
    fn call(&mut self, name: &str, arguments: &[Value]) -> Value {
        self.call_signature(
            name,
            &vec![types::F64; arguments.len()],
            types::F64,
            arguments,
        )
    }

    pub fn call_toint32(&mut self, value: Value) -> Value {
        self.call_signature("ToInt32", &[types::F64], types::I32, &[value])
    }

    fn call_signature(
        &mut self,
        name: &str,
        params: &[ClifType],
        result: ClifType,
        arguments: &[Value],
    ) -> Value {
        let mut signature = Signature::new(self.target.call_conv);
        signature.params = params.iter().map(|ty| AbiParam::new(*ty)).collect();
        signature.returns = vec![AbiParam::new(result)];
        let signature = self.b.import_signature(signature);
        let address = self
            .b
            .ins()
            .iconst(types::I64, self.target.functions.address(name) as i64);
        let call = self.b.ins().call_indirect(signature, address, arguments);
        self.b.inst_results(call)[0]
    }
}

/// Whether a product of two integers can't be -0: a square, or one with a positive constant.
fn never_minus_zero(a: &Expr, b: &Expr) -> bool {
    let positive = |expr: &Expr| matches!(expr.kind, Kind::Number(value) if value > 0.0);
    match (&a.kind, &b.kind) {
        (Kind::Var(x), Kind::Var(y)) => x == y,
        _ => positive(a) || positive(b),
    }
}

/// The number by which a multiplication gives exactly what a division by `expr` does: of a constant power of two.
pub fn reciprocal(expr: &Expr) -> Option<f64> {
    const FRACTION: u64 = (1 << 52) - 1;
    let Kind::Number(value) = expr.kind else {
        return None;
    };
    let factor = 1.0 / value;
    let power = |number: f64| number.is_normal() && number.to_bits() & FRACTION == 0;
    (power(value) && power(factor)).then_some(factor)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn only_powers_of_two_have_an_exact_reciprocal() {
        let of = |value| {
            reciprocal(&Expr {
                kind: Kind::Number(value),
                ty: Type::default(),
                place: Default::default(),
            })
        };
        assert_eq!(of(4_294_967_296.0), Some(1.0 / 4_294_967_296.0));
        assert_eq!(of(-0.5), Some(-2.0));
        for value in [
            0.0,
            3.0,
            f64::INFINITY,
            f64::NAN,
            f64::MAX,
            f64::MIN_POSITIVE / 2.0,
            2_f64.powi(1023),
        ] {
            assert_eq!(of(value), None, "{value}");
        }
    }
}
