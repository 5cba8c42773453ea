//! Two elements at a time, for bodies of doubles without jumps, calls and integers.

use super::arithmetic::reciprocal;
use super::{load_context, signature, Target};
use crate::ir::*;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{types, Function, InstBuilder, MemFlags, UserFuncName, Value};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};

/// `None` where the program has no such form.
pub fn build(program: &Program, target: &Target) -> Option<Function> {
    let doubles = target.output == Some(ElementKind::Float64)
        && !target.inputs.is_empty()
        && target
            .inputs
            .iter()
            .all(|kind| *kind == ElementKind::Float64);
    if !doubles || !straight(&program.body, program.label, program) || uses_index(program, target) {
        return None;
    }
    let mut function =
        Function::with_name_signature(UserFuncName::default(), signature(target.call_conv));
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut function, &mut context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let &[words, start, end, _] = b.block_params(entry) else {
        unreachable!("four parameters")
    };
    let loaded = load_context(&mut b, words, target.inputs.len());
    let vars = program
        .vars
        .iter()
        .map(|_| b.declare_var(types::F64X2))
        .collect();
    let numbers = (0..target.numbers.len()).map(|at| {
        let offset = 8 * (loaded.rest + 2 * target.arrays.len() + at) as i32;
        let number = b.ins().load(types::F64, MemFlags::trusted(), words, offset);
        b.ins().splat(types::F64X2, number)
    });
    let numbers = numbers.collect();
    let index = b.declare_var(types::I64);
    b.def_var(index, start);
    let (head, body, done) = (b.create_block(), b.create_block(), b.create_block());
    b.ins().jump(head, &[]);
    b.switch_to_block(head);
    let at = b.use_var(index);
    let second = b.ins().iadd_imm(at, 1);
    let more = b.ins().icmp(IntCC::SignedLessThan, second, end);
    b.ins().brif(more, body, &[], done, &[]);
    b.switch_to_block(body);
    let offset = b.ins().ishl_imm(at, 3);
    let mut pair = Pair { b, vars, numbers };
    // Elements of doubles are 8-aligned, not 16.
    let flags = MemFlags::new().with_notrap();
    for (param, address) in program.params.iter().zip(&loaded.inputs) {
        let from = pair.b.ins().iadd(*address, offset);
        let value = pair.b.ins().load(types::F64X2, flags, from, 0);
        pair.b.def_var(pair.vars[*param], value);
    }
    pair.statements(&program.body);
    let result = pair.b.use_var(pair.vars[program.result]);
    let mut b = pair.b;
    let to = b.ins().iadd(loaded.output, offset);
    b.ins().store(flags, result, to, 0);
    let next = b.ins().iadd_imm(at, 2);
    b.def_var(index, next);
    b.ins().jump(head, &[]);
    b.switch_to_block(done);
    let at = b.use_var(index);
    b.ins().return_(&[at]);
    b.seal_all_blocks();
    b.finalize();
    Some(function)
}

/// Whether the function looks at the index. A parameter that is given its value is no use of it, where nothing reads that.
fn uses_index(program: &Program, target: &Target) -> bool {
    let Some(&index) = program.params.get(target.inputs.len()) else {
        return false;
    };
    any_in(
        &program.body,
        &mut |expr| matches!(expr.kind, Kind::Var(var) if var == index),
    )
}

/// Statements one after the other, a `Break(label)` at most at the end.
fn straight(body: &[Stmt], label: Label, program: &Program) -> bool {
    body.iter().enumerate().all(|(at, stmt)| match stmt {
        Stmt::Expr(expr) => plain(expr, program),
        Stmt::Break(to) => *to == label && at + 1 == body.len(),
        Stmt::Declare(_) => true,
        _ => false,
    })
}

fn plain(expr: &Expr, program: &Program) -> bool {
    let inner = |expr: &Expr| plain(expr, program);
    match &expr.kind {
        Kind::Number(_) | Kind::Capture(_) => true,
        Kind::Var(var) => program.vars[*var].ty.repr != Repr::Bool,
        Kind::Set(var, value) => program.vars[*var].ty.repr != Repr::Bool && inner(value),
        Kind::Defined(value) | Kind::Plus(value) | Kind::Neg(value) => inner(value),
        Kind::Binary(operator, a, b) => {
            matches!(
                operator,
                Binary::Add | Binary::Sub | Binary::Mul | Binary::Div
            ) && inner(a)
                && inner(b)
        }
        // Both sides are computed: nothing in them may set a variable.
        Kind::Cond(test, a, b) => {
            let pure = |expr: &Expr| {
                !expr.any(&mut |expr| matches!(expr.kind, Kind::Set(..) | Kind::Inline { .. }))
            };
            let Kind::Compare(_, x, y) = &test.kind else {
                return false;
            };
            [x, y, a, b]
                .into_iter()
                .all(|side| pure(side) && inner(side))
        }
        Kind::Math(name, list) => {
            let known = [
                "Math.abs",
                "Math.sqrt",
                "Math.floor",
                "Math.ceil",
                "Math.trunc",
                "Math.min",
                "Math.max",
            ];
            known.contains(name) && list.iter().all(inner)
        }
        Kind::Sequence(list) => list.iter().all(inner),
        Kind::Inline {
            body,
            label,
            result,
        } => program.vars[*result].ty.repr != Repr::Bool && straight(body, *label, program),
        _ => false,
    }
}

struct Pair<'f> {
    b: FunctionBuilder<'f>,
    vars: Vec<Variable>,
    numbers: Vec<Value>,
}

impl Pair<'_> {
    fn statements(&mut self, body: &[Stmt]) {
        for stmt in body {
            if let Stmt::Expr(expr) = stmt {
                self.value(expr);
            }
        }
    }

    fn value(&mut self, expr: &Expr) -> Value {
        match &expr.kind {
            Kind::Number(value) => {
                let value = self.b.ins().f64const(*value);
                self.b.ins().splat(types::F64X2, value)
            }
            Kind::Capture(at) => self.numbers[*at],
            Kind::Var(var) => self.b.use_var(self.vars[*var]),
            Kind::Set(var, value) => {
                let value = self.value(value);
                self.b.def_var(self.vars[*var], value);
                value
            }
            Kind::Neg(value) => {
                let value = self.value(value);
                self.b.ins().fneg(value)
            }
            Kind::Defined(value) | Kind::Plus(value) => self.value(value),
            Kind::Binary(operator, a, b) => {
                if let (Binary::Div, Some(factor)) = (operator, reciprocal(b)) {
                    let a = self.value(a);
                    let factor = self.b.ins().f64const(factor);
                    let factor = self.b.ins().splat(types::F64X2, factor);
                    return self.b.ins().fmul(a, factor);
                }
                let (a, b) = (self.value(a), self.value(b));
                match operator {
                    Binary::Add => self.b.ins().fadd(a, b),
                    Binary::Sub => self.b.ins().fsub(a, b),
                    Binary::Mul => self.b.ins().fmul(a, b),
                    _ => self.b.ins().fdiv(a, b),
                }
            }
            Kind::Cond(test, a, b) => {
                let Kind::Compare(order, x, y) = &test.kind else {
                    unreachable!("seen by plain")
                };
                let (x, y) = (self.value(x), self.value(y));
                let order = match order {
                    Compare::Eq { .. } => FloatCC::Equal,
                    Compare::Ne { .. } => FloatCC::NotEqual,
                    Compare::Lt => FloatCC::LessThan,
                    Compare::Le => FloatCC::LessThanOrEqual,
                    Compare::Gt => FloatCC::GreaterThan,
                    Compare::Ge => FloatCC::GreaterThanOrEqual,
                };
                let mask = self.b.ins().fcmp(order, x, y);
                let mask = self.b.ins().bitcast(
                    types::F64X2,
                    MemFlags::new().with_endianness(cranelift_codegen::ir::Endianness::Little),
                    mask,
                );
                let (a, b) = (self.value(a), self.value(b));
                self.b.ins().bitselect(mask, a, b)
            }
            Kind::Math(name, list) => {
                let values: Vec<Value> = list.iter().map(|each| self.value(each)).collect();
                let first = values[0];
                match *name {
                    "Math.abs" => self.b.ins().fabs(first),
                    "Math.sqrt" => self.b.ins().sqrt(first),
                    "Math.floor" => self.b.ins().floor(first),
                    "Math.ceil" => self.b.ins().ceil(first),
                    "Math.trunc" => self.b.ins().trunc(first),
                    "Math.min" => values
                        .into_iter()
                        .reduce(|a, b| self.b.ins().fmin(a, b))
                        .expect("an argument"),
                    _ => values
                        .into_iter()
                        .reduce(|a, b| self.b.ins().fmax(a, b))
                        .expect("an argument"),
                }
            }
            Kind::Sequence(list) => {
                let values: Vec<Value> = list.iter().map(|each| self.value(each)).collect();
                *values.last().expect("a sequence has members")
            }
            Kind::Inline { body, result, .. } => {
                self.statements(body);
                self.b.use_var(self.vars[*result])
            }
            _ => unreachable!("seen by plain"),
        }
    }
}
