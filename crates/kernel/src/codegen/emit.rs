//! Statements to machine code; what expressions need of the function around them.

use super::Target;
use crate::ir::*;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::{types, Block, InstBuilder, MemFlags, Type as ClifType, Value};
use cranelift_frontend::{FunctionBuilder, Variable};
use std::collections::HashMap;

/// A value in a register, and how it lies there.
#[derive(Clone, Copy)]
pub struct Held {
    pub value: Value,
    pub repr: Repr,
}

pub fn held(value: Value, repr: Repr) -> Held {
    Held { value, repr }
}

/// The register type of a representation.
pub fn clif(repr: Repr) -> ClifType {
    match repr {
        Repr::Bool => types::I8,
        Repr::Int32 | Repr::Uint32 => types::I32,
        Repr::Float64 | Repr::Never => types::F64,
    }
}

pub struct Emit<'f, 'p> {
    pub b: FunctionBuilder<'f>,
    pub program: &'p Program,
    pub target: &'p Target<'p>,
    /// The program's types are the speculative ones.
    pub speculate: bool,
    pub vars: Vec<Variable>,
    pub numbers: Vec<Held>,
    /// Address, and length as i64.
    pub arrays: Vec<(Value, Value)>,
    /// Address of the word that ends the run when it is not 0.
    pub cancel: Value,
    /// Ends the function at this element: a speculation did not hold, or the run was cancelled.
    pub leave: Block,
    labels: HashMap<Label, Block>,
    dead: bool,
}

impl<'f, 'p> Emit<'f, 'p> {
    pub fn new(
        mut b: FunctionBuilder<'f>,
        program: &'p Program,
        target: &'p Target<'p>,
        speculate: bool,
        cancel: Value,
    ) -> Self {
        let vars = program
            .vars
            .iter()
            .map(|var| b.declare_var(clif(var.ty.repr)))
            .collect();
        let leave = b.create_block();
        b.set_cold_block(leave);
        Self {
            b,
            program,
            target,
            speculate,
            vars,
            numbers: Vec::new(),
            arrays: Vec::new(),
            cancel,
            leave,
            labels: HashMap::new(),
            dead: false,
        }
    }

    /// Leaves where `wrong` holds.
    pub fn leave_if(&mut self, wrong: Value) {
        let go_on = self.b.create_block();
        self.b.ins().brif(wrong, self.leave, &[], go_on, &[]);
        self.b.switch_to_block(go_on);
    }

    /// Runs `body`, which `Break(label)` ends.
    pub fn block(&mut self, label: Label, body: &[Stmt]) {
        let exit = self.b.create_block();
        self.labels.insert(label, exit);
        self.statements(body);
        if !self.dead {
            self.b.ins().jump(exit, &[]);
        }
        self.dead = false;
        self.b.switch_to_block(exit);
    }

    pub fn statements(&mut self, body: &[Stmt]) {
        for stmt in body {
            if self.dead {
                return;
            }
            self.statement(stmt);
        }
    }

    fn statement(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Expr(expr) => {
                self.value(expr);
            }
            // Nothing reads it before it is set.
            Stmt::Declare(_) => {}
            Stmt::If(test, yes, no) if self.counts(test, yes, no) => {}
            Stmt::If(test, yes, no) => {
                let (then, other, after) = (
                    self.b.create_block(),
                    self.b.create_block(),
                    self.b.create_block(),
                );
                self.branch(test, then, other);
                let mut live = false;
                for (block, body) in [(then, yes), (other, no)] {
                    self.b.switch_to_block(block);
                    self.dead = false;
                    self.statements(body);
                    if !self.dead {
                        self.b.ins().jump(after, &[]);
                        live = true;
                    }
                }
                self.dead = !live;
                self.b.switch_to_block(after);
                if self.dead {
                    self.unreachable();
                }
            }
            Stmt::Block(label, body) => self.block(*label, body),
            Stmt::Loop(body) => {
                let head = self.b.create_block();
                self.b.ins().jump(head, &[]);
                self.b.switch_to_block(head);
                self.statements(body);
                if !self.dead {
                    // Atomic, so that no earlier load stands for this one.
                    let word =
                        self.b
                            .ins()
                            .atomic_load(types::I32, MemFlags::trusted(), self.cancel);
                    self.b.ins().brif(word, self.leave, &[], head, &[]);
                }
                self.dead = true;
            }
            Stmt::Break(label) => {
                let exit = self.labels[label];
                self.b.ins().jump(exit, &[]);
                self.dead = true;
            }
        }
    }

    /// `if (a < b) n++` of an integer: adds 0 or 1 without a jump, which a processor can't foresee where the test is as good as
    /// random. False, and nothing is done, for anything else.
    fn counts(&mut self, test: &Expr, yes: &[Stmt], no: &[Stmt]) -> bool {
        let (Kind::Compare(..), [Stmt::Expr(step)], []) = (&test.kind, yes, no) else {
            return false;
        };
        let Kind::Step { var, by, .. } = step.kind else {
            return false;
        };
        if self.program.vars[var].ty.repr != Repr::Int32 {
            return false;
        }
        let test = self.value(test);
        let truth = self.truth(test);
        let amount = self.b.ins().uextend(types::I32, truth);
        let old = self.read(var);
        let value = if by > 0 {
            self.b.ins().iadd(old.value, amount)
        } else {
            self.b.ins().isub(old.value, amount)
        };
        if self.speculate {
            self.leave_if_wrapped(value, by);
        }
        self.write(var, held(value, Repr::Int32));
        true
    }

    /// Leaves where a step of an int32 came out at its other end, or may have.
    pub fn leave_if_wrapped(&mut self, value: Value, by: i32) {
        let end = if by > 0 { i32::MIN } else { i32::MAX };
        let over = self.b.ins().icmp_imm(IntCC::Equal, value, i64::from(end));
        self.leave_if(over);
    }

    /// The same int32, which the optimiser can't see through. It would take a chain of exclusive ors apart and join it in
    /// another order, in which each step waits for more of those before it. The jump is never taken.
    pub fn kept(&mut self, value: Value) -> Value {
        let (never, after) = (self.b.create_block(), self.b.create_block());
        self.b.set_cold_block(never);
        self.b.append_block_param(after, types::I32);
        let address = self.cancel;
        self.b
            .ins()
            .brif(address, after, &[value.into()], never, &[]);
        self.b.switch_to_block(never);
        let other = self.b.ins().iconst(types::I32, 0);
        self.b.ins().jump(after, &[other.into()]);
        self.b.switch_to_block(after);
        self.b.block_params(after)[0]
    }

    fn unreachable(&mut self) {
        let leave = self.leave;
        self.b.ins().jump(leave, &[]);
    }

    /// Goes to `yes` where `test` is true, else to `no`.
    pub fn branch(&mut self, test: &Expr, yes: Block, no: Block) {
        match &test.kind {
            Kind::And(a, b) => {
                let both = self.b.create_block();
                self.branch(a, both, no);
                self.b.switch_to_block(both);
                self.branch(b, yes, no);
            }
            Kind::Or(a, b) => {
                let other = self.b.create_block();
                self.branch(a, yes, other);
                self.b.switch_to_block(other);
                self.branch(b, yes, no);
            }
            Kind::Not(a) => self.branch(a, no, yes),
            _ => {
                let value = self.value(test);
                let truth = self.truth(value);
                self.b.ins().brif(truth, yes, &[], no, &[]);
            }
        }
    }

    pub fn read(&mut self, var: VarId) -> Held {
        let value = self.b.use_var(self.vars[var]);
        held(value, self.program.vars[var].ty.repr)
    }

    pub fn write(&mut self, var: VarId, value: Held) -> Held {
        let repr = self.program.vars[var].ty.repr;
        let value = self.convert(value, repr);
        self.b.def_var(self.vars[var], value);
        held(value, repr)
    }

    /// Whether two int32 have the order that `compare` says.
    pub fn int_order(compare: Compare, signed: bool) -> IntCC {
        match (compare, signed) {
            (Compare::Eq { .. }, _) => IntCC::Equal,
            (Compare::Ne { .. }, _) => IntCC::NotEqual,
            (Compare::Lt, true) => IntCC::SignedLessThan,
            (Compare::Le, true) => IntCC::SignedLessThanOrEqual,
            (Compare::Gt, true) => IntCC::SignedGreaterThan,
            (Compare::Ge, true) => IntCC::SignedGreaterThanOrEqual,
            (Compare::Lt, false) => IntCC::UnsignedLessThan,
            (Compare::Le, false) => IntCC::UnsignedLessThanOrEqual,
            (Compare::Gt, false) => IntCC::UnsignedGreaterThan,
            (Compare::Ge, false) => IntCC::UnsignedGreaterThanOrEqual,
        }
    }
}

/// Whether two doubles have the order that `compare` says; a NaN has none.
pub fn float_order(compare: Compare) -> FloatCC {
    match compare {
        Compare::Eq { .. } => FloatCC::Equal,
        Compare::Ne { .. } => FloatCC::NotEqual,
        Compare::Lt => FloatCC::LessThan,
        Compare::Le => FloatCC::LessThanOrEqual,
        Compare::Gt => FloatCC::GreaterThan,
        Compare::Ge => FloatCC::GreaterThanOrEqual,
    }
}
