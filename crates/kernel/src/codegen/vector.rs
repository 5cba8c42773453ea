//! Several elements at a time, for bodies of doubles without jumps and integers.
//!
//! A register holds a pair. Bodies without calls are done pair by pair, several in a round of the loop. Bodies that call
//! functions of Math are done in blocks, of as many pairs as one call of [`lanes`](crate::math) takes.

use super::arithmetic::reciprocal;
use super::emit::float_order;
use super::{load_context, signature, Loaded, Target};
use crate::ir::*;
use crate::math::WIDTH;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    types, AbiParam, ConstantData, Endianness, Function, InstBuilder, MemFlags, SigRef, Signature,
    StackSlot, StackSlotData, StackSlotKind, UserFuncName, Value,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Variable};

/// Pairs of a round.
const PAIRS: usize = WIDTH / 2;
/// Bytes of a pair.
const PAIR: i32 = 16;

/// `None` where the program has no such form.
pub fn build(program: &Program, target: &Target) -> Option<Function> {
    let doubles = target.output == Some(ElementKind::Float64)
        && !target.inputs.is_empty()
        && target
            .inputs
            .iter()
            .all(|kind| *kind == ElementKind::Float64);
    let shape = Shape { program, target };
    if !doubles || !shape.straight(&program.body, program.label) || uses_index(program, target) {
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
    let numbers = (0..target.numbers.len()).map(|at| {
        let offset = 8 * (loaded.rest + 2 * target.arrays.len() + at) as i32;
        let number = b.ins().load(types::F64, MemFlags::trusted(), words, offset);
        b.ins().splat(types::F64X2, number)
    });
    let numbers = numbers.collect();
    let calls = any_in(&program.body, &mut |expr| shape.called(expr).is_some());
    let index = b.declare_var(types::I64);
    b.def_var(index, start);
    let (head, body, done) = (b.create_block(), b.create_block(), b.create_block());
    b.ins().jump(head, &[]);
    b.switch_to_block(head);
    let at = b.use_var(index);
    let after = b.ins().iadd_imm(at, WIDTH as i64);
    let more = b.ins().icmp(IntCC::SignedLessThanOrEqual, after, end);
    b.ins().brif(more, body, &[], done, &[]);
    b.switch_to_block(body);
    let offset = b.ins().ishl_imm(at, 3);
    let mut block = Block::new(b, shape, numbers, calls);
    if calls {
        block.elements(&loaded, offset, 0);
    } else {
        (0..PAIRS).for_each(|pair| block.elements(&loaded, offset, pair));
    }
    let mut b = block.b;
    b.def_var(index, after);
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

/// What can be computed in pairs.
#[derive(Clone, Copy)]
struct Shape<'p> {
    program: &'p Program,
    target: &'p Target<'p>,
}

impl Shape<'_> {
    /// Statements one after the other, a `Break(label)` at most at the end.
    fn straight(&self, body: &[Stmt], label: Label) -> bool {
        body.iter().enumerate().all(|(at, stmt)| match stmt {
            Stmt::Expr(expr) => self.plain(expr),
            Stmt::Break(to) => *to == label && at + 1 == body.len(),
            Stmt::Declare(_) => true,
            _ => false,
        })
    }

    fn is_bool(&self, var: VarId) -> bool {
        self.program.vars[var].ty.repr == Repr::Bool
    }

    /// Addresses of the function that is called for this expression.
    fn called(&self, expr: &Expr) -> Option<(usize, usize)> {
        match &expr.kind {
            Kind::Math(name, _) => self.target.functions.block(name),
            Kind::Binary(Binary::Pow, _, y) if !is_two(y) => {
                self.target.functions.block("Math.pow")
            }
            _ => None,
        }
    }

    fn plain(&self, expr: &Expr) -> bool {
        let inner = |expr: &Expr| self.plain(expr);
        match &expr.kind {
            Kind::Number(_) | Kind::Capture(_) => true,
            Kind::Var(var) => !self.is_bool(*var),
            Kind::Set(var, value) => !self.is_bool(*var) && inner(value),
            Kind::Defined(value) | Kind::Plus(value) | Kind::Neg(value) => inner(value),
            Kind::Binary(operator, a, b) => {
                let known = match operator {
                    Binary::Add | Binary::Sub | Binary::Mul | Binary::Div => true,
                    // Other constants may be ones that have a way of their own.
                    Binary::Pow if matches!(b.kind, Kind::Number(_)) => is_two(b),
                    Binary::Pow => self.called(expr).is_some(),
                    _ => false,
                };
                known && inner(a) && inner(b)
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
                let instructions = [
                    "Math.abs",
                    "Math.sqrt",
                    "Math.floor",
                    "Math.ceil",
                    "Math.trunc",
                    "Math.min",
                    "Math.max",
                ];
                (instructions.contains(name) || self.called(expr).is_some())
                    && list.iter().all(inner)
            }
            Kind::Sequence(list) => list.iter().all(inner),
            Kind::Inline {
                body,
                label,
                result,
            } => !self.is_bool(*result) && self.straight(body, *label),
            _ => false,
        }
    }
}

/// The exponent of a square, which is a product.
pub fn is_two(exponent: &Expr) -> bool {
    matches!(exponent.kind, Kind::Number(2.0))
}

/// The values of an expression, a pair each.
type Pairs = Vec<Value>;

/// What is computed at once: one pair, or a whole block.
struct Block<'f, 'p> {
    b: FunctionBuilder<'f>,
    shape: Shape<'p>,
    /// For each variable of the program, one for each pair.
    vars: Vec<Vec<Variable>>,
    numbers: Vec<Value>,
    /// Where a call's arguments are, the first of which it replaces by its results.
    slots: Option<([StackSlot; 2], SigRef)>,
    pairs: usize,
}

impl<'f, 'p> Block<'f, 'p> {
    fn new(mut b: FunctionBuilder<'f>, shape: Shape<'p>, numbers: Vec<Value>, calls: bool) -> Self {
        let pairs = if calls { PAIRS } else { 1 };
        let vars = shape.program.vars.iter().map(|_| {
            let of_pair = (0..pairs).map(|_| b.declare_var(types::F64X2));
            of_pair.collect()
        });
        let vars = vars.collect();
        let slots = calls.then(|| {
            let mut slot = || {
                b.create_sized_stack_slot(StackSlotData::new(
                    StackSlotKind::ExplicitSlot,
                    8 * WIDTH as u32,
                    4,
                ))
            };
            let slots = [slot(), slot()];
            let mut signature = Signature::new(shape.target.call_conv);
            signature.params = vec![AbiParam::new(types::I64); 3];
            (slots, b.import_signature(signature))
        });
        Self {
            b,
            shape,
            vars,
            numbers,
            slots,
            pairs,
        }
    }

    /// Computes the elements from pair `first` of this round on, which begins at `offset` bytes.
    fn elements(&mut self, loaded: &Loaded, offset: Value, first: usize) {
        // Elements of doubles are 8-aligned, not 16.
        let flags = MemFlags::new().with_notrap();
        let program = self.shape.program;
        let at = |pair: usize| PAIR * (first + pair) as i32;
        for (param, address) in program.params.iter().zip(&loaded.inputs) {
            let from = self.b.ins().iadd(*address, offset);
            for pair in 0..self.pairs {
                let value = self.b.ins().load(types::F64X2, flags, from, at(pair));
                self.b.def_var(self.vars[*param][pair], value);
            }
        }
        self.statements(&program.body);
        let to = self.b.ins().iadd(loaded.output, offset);
        for pair in 0..self.pairs {
            let result = self.b.use_var(self.vars[program.result][pair]);
            self.b.ins().store(flags, result, to, at(pair));
        }
    }

    fn statements(&mut self, body: &[Stmt]) {
        for stmt in body {
            if let Stmt::Expr(expr) = stmt {
                self.value(expr);
            }
        }
    }

    fn constant(&mut self, value: f64) -> Pairs {
        // From memory behind the code: a splat would be made of three instructions, in each round.
        let pair = [value.to_le_bytes(), value.to_le_bytes()].concat();
        let constant = self
            .b
            .func
            .dfg
            .constants
            .insert(ConstantData::from(&pair[..]));
        let pair = self.b.ins().vconst(types::F64X2, constant);
        vec![pair; self.pairs]
    }

    fn read(&mut self, var: VarId) -> Pairs {
        let of_pair = self.vars[var].iter().map(|var| self.b.use_var(*var));
        of_pair.collect()
    }

    fn one(&mut self, a: Pairs, f: impl Fn(&mut FunctionBuilder, Value) -> Value) -> Pairs {
        a.into_iter().map(|a| f(&mut self.b, a)).collect()
    }

    fn two(
        &mut self,
        a: Pairs,
        b: Pairs,
        f: impl Fn(&mut FunctionBuilder, Value, Value) -> Value,
    ) -> Pairs {
        let both = a.into_iter().zip(b);
        both.map(|(a, b)| f(&mut self.b, a, b)).collect()
    }

    fn value(&mut self, expr: &Expr) -> Pairs {
        match &expr.kind {
            Kind::Number(value) => self.constant(*value),
            Kind::Capture(at) => vec![self.numbers[*at]; self.pairs],
            Kind::Var(var) => self.read(*var),
            Kind::Set(var, value) => {
                let value = self.value(value);
                for (var, value) in self.vars[*var].iter().zip(&value) {
                    self.b.def_var(*var, *value);
                }
                value
            }
            Kind::Neg(value) => {
                let value = self.value(value);
                self.one(value, |b, value| b.ins().fneg(value))
            }
            Kind::Defined(value) | Kind::Plus(value) => self.value(value),
            Kind::Binary(operator, a, b) => self.binary(expr, *operator, a, b),
            Kind::Cond(test, a, b) => self.choice(test, a, b),
            Kind::Math(name, list) => {
                let mut values: Vec<Pairs> = list.iter().map(|each| self.value(each)).collect();
                if let Some(addresses) = self.shape.called(expr) {
                    return self.call(addresses, &values);
                }
                let first = values.remove(0);
                match *name {
                    "Math.abs" => self.one(first, |b, value| b.ins().fabs(value)),
                    "Math.sqrt" => self.one(first, |b, value| b.ins().sqrt(value)),
                    "Math.floor" => self.one(first, |b, value| b.ins().floor(value)),
                    "Math.ceil" => self.one(first, |b, value| b.ins().ceil(value)),
                    "Math.trunc" => self.one(first, |b, value| b.ins().trunc(value)),
                    "Math.min" => values.into_iter().fold(first, |least, value| {
                        self.two(least, value, |b, x, y| b.ins().fmin(x, y))
                    }),
                    _ => values.into_iter().fold(first, |most, value| {
                        self.two(most, value, |b, x, y| b.ins().fmax(x, y))
                    }),
                }
            }
            Kind::Sequence(list) => {
                let values: Vec<Pairs> = list.iter().map(|each| self.value(each)).collect();
                values.into_iter().last().expect("a sequence has members")
            }
            Kind::Inline { body, result, .. } => {
                self.statements(body);
                self.read(*result)
            }
            _ => unreachable!("seen by plain"),
        }
    }

    fn binary(&mut self, expr: &Expr, operator: Binary, a: &Expr, b: &Expr) -> Pairs {
        if let (Binary::Div, Some(factor)) = (operator, reciprocal(b)) {
            let a = self.value(a);
            let factor = self.constant(factor);
            return self.two(a, factor, |b, x, y| b.ins().fmul(x, y));
        }
        let x = self.value(a);
        if operator == Binary::Pow && is_two(b) {
            return self.one(x, |b, x| b.ins().fmul(x, x));
        }
        let y = self.value(b);
        match operator {
            Binary::Add => self.two(x, y, |b, x, y| b.ins().fadd(x, y)),
            Binary::Sub => self.two(x, y, |b, x, y| b.ins().fsub(x, y)),
            Binary::Mul => self.two(x, y, |b, x, y| b.ins().fmul(x, y)),
            Binary::Div => self.two(x, y, |b, x, y| b.ins().fdiv(x, y)),
            _ => {
                let addresses = self.shape.called(expr).expect("seen by plain");
                self.call(addresses, &[x, y])
            }
        }
    }

    fn choice(&mut self, test: &Expr, a: &Expr, b: &Expr) -> Pairs {
        let Kind::Compare(order, x, y) = &test.kind else {
            unreachable!("seen by plain")
        };
        let order = float_order(*order);
        let (x, y) = (self.value(x), self.value(y));
        let masks = self.two(x, y, |b, x, y| {
            let mask = b.ins().fcmp(order, x, y);
            let flags = MemFlags::new().with_endianness(Endianness::Little);
            b.ins().bitcast(types::F64X2, flags, mask)
        });
        let (a, b) = (self.value(a), self.value(b));
        let all = masks.into_iter().zip(a.into_iter().zip(b));
        all.map(|(mask, (a, b))| self.b.ins().bitselect(mask, a, b))
            .collect()
    }

    /// Calls a function for the whole block.
    fn call(&mut self, (block, scalar): (usize, usize), arguments: &[Pairs]) -> Pairs {
        let (slots, signature) = self.slots.expect("a body with calls");
        for (slot, pairs) in slots.iter().zip(arguments) {
            for (pair, value) in pairs.iter().enumerate() {
                self.b.ins().stack_store(*value, *slot, PAIR * pair as i32);
            }
        }
        let [x, y] = slots.map(|slot| self.b.ins().stack_addr(types::I64, slot, 0));
        let [block, scalar] =
            [block, scalar].map(|address| self.b.ins().iconst(types::I64, address as i64));
        self.b
            .ins()
            .call_indirect(signature, block, &[x, y, scalar]);
        (0..self.pairs)
            .map(|pair| {
                self.b
                    .ins()
                    .stack_load(types::F64X2, slots[0], PAIR * pair as i32)
            })
            .collect()
    }
}
