//! Refuses variables that may be read before they have a value: they would be undefined.
//!
//! Control flow is walked once, with the set of variables that may still be without a value; a loop needs no second round,
//! since nothing in it takes a value away but a declaration, which begins anew there.

use crate::ir::*;
use crate::issue::{Refusal, Result};
use std::collections::{BTreeSet, HashMap};

/// Variables that may be without a value here; `None` where control never comes.
type Unset = Option<BTreeSet<VarId>>;

struct Walk<'p> {
    vars: &'p [Var],
    unset: Unset,
    /// What comes out at the end of each block, from the breaks seen so far.
    exits: HashMap<Label, Unset>,
}

pub fn check(program: &Program) -> Result<()> {
    let mut walk = Walk {
        vars: &program.vars,
        unset: Some(BTreeSet::new()),
        exits: HashMap::new(),
    };
    walk.body(&program.body)
}

fn join(a: Unset, b: Unset) -> Unset {
    match (a, b) {
        (None, other) | (other, None) => other,
        (Some(mut a), Some(b)) => {
            a.extend(b);
            Some(a)
        }
    }
}

impl Walk<'_> {
    fn body(&mut self, body: &[Stmt]) -> Result<()> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    fn stmt(&mut self, stmt: &Stmt) -> Result<()> {
        match stmt {
            Stmt::Expr(expr) => self.expr(expr)?,
            Stmt::Declare(var) => {
                if let Some(unset) = &mut self.unset {
                    unset.insert(*var);
                }
            }
            Stmt::If(test, yes, no) => {
                self.expr(test)?;
                let before = self.unset.clone();
                self.body(yes)?;
                let after_yes = std::mem::replace(&mut self.unset, before);
                self.body(no)?;
                self.unset = join(after_yes, self.unset.take());
            }
            Stmt::Block(label, body) => self.block(*label, body)?,
            Stmt::Loop(body) => {
                self.body(body)?;
                self.unset = None;
            }
            Stmt::Break(label) => {
                let here = self.unset.take();
                let exit = self.exits.entry(*label).or_insert(None);
                *exit = join(exit.take(), here);
            }
        }
        Ok(())
    }

    fn block(&mut self, label: Label, body: &[Stmt]) -> Result<()> {
        self.body(body)?;
        let exit = self.exits.remove(&label).flatten();
        self.unset = join(self.unset.take(), exit);
        Ok(())
    }

    fn read(&self, var: VarId, expr: &Expr) -> Result<()> {
        match &self.unset {
            Some(unset) if unset.contains(&var) => Refusal::new(
                expr.place,
                format!(
                    "'{}' may be undefined here: not every way to this place gives it a value",
                    self.vars[var].name
                ),
            ),
            _ => Ok(()),
        }
    }

    fn set(&mut self, var: VarId) {
        if let Some(unset) = &mut self.unset {
            unset.remove(&var);
        }
    }

    /// Evaluates `expr`, of which it is not certain that control comes to it.
    fn maybe(&mut self, expr: &Expr) -> Result<()> {
        let before = self.unset.clone();
        self.expr(expr)?;
        self.unset = join(before, self.unset.take());
        Ok(())
    }

    fn expr(&mut self, expr: &Expr) -> Result<()> {
        match &expr.kind {
            Kind::Var(var) => self.read(*var, expr),
            Kind::Set(var, value) => {
                self.expr(value)?;
                self.set(*var);
                Ok(())
            }
            Kind::Step { var, .. } => self.read(*var, expr),
            Kind::And(a, b) | Kind::Or(a, b) => {
                self.expr(a)?;
                self.maybe(b)
            }
            Kind::Cond(test, a, b) => {
                self.expr(test)?;
                let before = self.unset.clone();
                self.expr(a)?;
                let after = std::mem::replace(&mut self.unset, before);
                self.expr(b)?;
                self.unset = join(after, self.unset.take());
                Ok(())
            }
            Kind::Element {
                index, otherwise, ..
            } => {
                self.expr(index)?;
                otherwise
                    .as_ref()
                    .map_or(Ok(()), |otherwise| self.maybe(otherwise))
            }
            Kind::Inline { body, label, .. } => self.block(*label, body),
            _ => {
                let mut result = Ok(());
                let mut children = Vec::new();
                expr.children(&mut |child| children.push(child));
                for child in children {
                    if result.is_ok() {
                        result = self.expr(child);
                    }
                }
                result
            }
        }
    }
}
