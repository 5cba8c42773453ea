//! Statements: `if`, the loops, `switch`, labels and declarations become blocks, endless loops and breaks.

use super::scope::{Binding, Jump};
use super::Lowering;
use crate::ir::*;
use crate::issue::Result;
use crate::parse::FunctionNode;
use oxc_ast::ast::*;
use oxc_span::GetSpan;

/// A switch with more cases is refused: each is one block deeper.
const MOST_CASES: usize = 256;

impl<'a> Lowering<'a> {
    /// A list of statements in a scope of its own.
    pub(super) fn block(&mut self, statements: &'a [Statement<'a>]) -> Result<Vec<Stmt>> {
        let outer = self.open(Some(self.scope));
        self.declare(statements);
        let mut out = Vec::new();
        for statement in statements {
            self.statement(statement, &mut out, Vec::new())?;
        }
        self.scope = outer;
        Ok(out)
    }

    /// Names that a list of statements declares: functions are ready at once, variables when control reaches them.
    fn declare(&mut self, statements: &'a [Statement<'a>]) {
        for statement in statements {
            match statement {
                Statement::VariableDeclaration(declaration)
                    if declaration.kind != VariableDeclarationKind::Var =>
                {
                    for each in &declaration.declarations {
                        if let BindingPatternKind::BindingIdentifier(id) = &each.id.kind {
                            self.bind(id.name.as_str(), Binding::Uninitialised);
                        }
                    }
                }
                Statement::FunctionDeclaration(function) => {
                    if let Some(id) = &function.id {
                        let (scope, text, offset) = (self.scope, self.text, self.offset);
                        let node = FunctionNode::Function(function);
                        self.bind(
                            id.name.as_str(),
                            Binding::Function {
                                node,
                                scope,
                                text,
                                offset,
                            },
                        );
                    }
                }
                _ => {}
            }
        }
    }

    fn statement(
        &mut self,
        statement: &'a Statement<'a>,
        out: &mut Vec<Stmt>,
        names: Vec<&'a str>,
    ) -> Result<()> {
        self.enter(statement)?;
        match statement {
            Statement::ExpressionStatement(only) => {
                let value = self.expression(&only.expression)?;
                out.push(Stmt::Expr(value));
            }
            Statement::VariableDeclaration(declaration) => {
                self.variables(declaration, false, out)?
            }
            Statement::FunctionDeclaration(_) | Statement::EmptyStatement(_) => {}
            Statement::BlockStatement(block) => {
                let body = self.block(&block.body)?;
                out.extend(body);
            }
            Statement::ReturnStatement(given) => {
                let value = match &given.argument {
                    Some(value) => self.expression(value)?,
                    None => self.undefined(&**given),
                };
                let (result, label) = *self.returns.last().expect("a return stands in a function");
                out.push(self.give(result, value));
                out.push(Stmt::Break(label));
            }
            Statement::IfStatement(branch) => {
                let test = self.expression(&branch.test)?;
                let yes = self.single(&branch.consequent)?;
                let no = branch
                    .alternate
                    .as_ref()
                    .map_or(Ok(Vec::new()), |no| self.single(no))?;
                out.push(Stmt::If(test, yes, no));
            }
            Statement::WhileStatement(each) => {
                self.repeat(names, Some(&each.test), None, &each.body, false, out)?
            }
            Statement::DoWhileStatement(each) => {
                self.repeat(names, Some(&each.test), None, &each.body, true, out)?
            }
            Statement::ForStatement(each) => self.for_loop(each, names, out)?,
            Statement::SwitchStatement(switch) => self.switch(switch, names, out)?,
            Statement::LabeledStatement(labeled) => self.label_statement(labeled, names, out)?,
            Statement::BreakStatement(jump) => {
                let name = jump.label.as_ref().map(|label| label.name.as_str());
                let found = self.jumps.iter().rev().find(|jump| match name {
                    Some(name) => jump.names.contains(&name),
                    None => jump.implicit,
                });
                match found {
                    Some(jump) => out.push(Stmt::Break(jump.on_break)),
                    None => return self.refuse(statement, "a break out of nothing"),
                }
            }
            Statement::ContinueStatement(jump) => {
                let name = jump.label.as_ref().map(|label| label.name.as_str());
                let found = self.jumps.iter().rev().find(|jump| {
                    jump.on_continue.is_some() && name.is_none_or(|name| jump.names.contains(&name))
                });
                match found.and_then(|jump| jump.on_continue) {
                    Some(label) => out.push(Stmt::Break(label)),
                    None => return self.refuse(statement, "a continue of nothing"),
                }
            }
            other => return self.refuse(other, refused_statement(other)),
        }
        self.leave();
        Ok(())
    }

    fn label_statement(
        &mut self,
        labeled: &'a LabeledStatement<'a>,
        mut names: Vec<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Result<()> {
        names.push(labeled.label.name.as_str());
        match &labeled.body {
            Statement::LabeledStatement(_)
            | Statement::WhileStatement(_)
            | Statement::DoWhileStatement(_)
            | Statement::ForStatement(_)
            | Statement::SwitchStatement(_) => self.statement(&labeled.body, out, names),
            other => {
                let label = self.label();
                self.jumps.push(Jump {
                    names,
                    implicit: false,
                    on_break: label,
                    on_continue: None,
                });
                let body = self.single(other)?;
                self.jumps.pop();
                out.push(Stmt::Block(label, body));
                Ok(())
            }
        }
    }

    /// One statement in a scope of its own.
    fn single(&mut self, statement: &'a Statement<'a>) -> Result<Vec<Stmt>> {
        let outer = self.open(Some(self.scope));
        self.declare(std::slice::from_ref(statement));
        let mut out = Vec::new();
        self.statement(statement, &mut out, Vec::new())?;
        self.scope = outer;
        Ok(out)
    }

    fn variables(
        &mut self,
        declaration: &'a VariableDeclaration<'a>,
        in_for: bool,
        out: &mut Vec<Stmt>,
    ) -> Result<()> {
        let kind = declaration.kind;
        if !matches!(
            kind,
            VariableDeclarationKind::Var
                | VariableDeclarationKind::Let
                | VariableDeclarationKind::Const
        ) {
            return self.refuse(declaration, "a 'using' declaration");
        }
        for each in &declaration.declarations {
            let BindingPatternKind::BindingIdentifier(id) = &each.id.kind else {
                return self.refuse(each, "a variable that takes something apart");
            };
            let name = id.name.as_str();
            if let Some(node) = each.init.as_ref().and_then(named_function) {
                if in_for || kind != VariableDeclarationKind::Const {
                    return self.refuse(each, "a function in a variable that may change; declare it with const, outside of the loop's head");
                }
                let (scope, text, offset) = (self.scope, self.text, self.offset);
                self.bind(
                    name,
                    Binding::Function {
                        node,
                        scope,
                        text,
                        offset,
                    },
                );
                continue;
            }
            let value = each
                .init
                .as_ref()
                .map(|value| self.expression(value))
                .transpose()?;
            let var = kind == VariableDeclarationKind::Var;
            let variable = if var {
                self.assignable(name, id.as_ref())?
            } else {
                self.var(name)
            };
            match value {
                Some(value) => out.push(self.give(variable, value)),
                None if !var => out.push(Stmt::Declare(variable)),
                None => {}
            }
            if !var {
                let constant = kind == VariableDeclarationKind::Const;
                self.bind(
                    name,
                    Binding::Var {
                        id: variable,
                        constant,
                    },
                );
            }
        }
        Ok(())
    }

    fn for_loop(
        &mut self,
        each: &'a ForStatement<'a>,
        names: Vec<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Result<()> {
        let outer = self.open(Some(self.scope));
        match &each.init {
            None => {}
            Some(ForStatementInit::VariableDeclaration(declaration)) => {
                if declaration.kind != VariableDeclarationKind::Var {
                    for each in &declaration.declarations {
                        if let BindingPatternKind::BindingIdentifier(id) = &each.id.kind {
                            self.bind(id.name.as_str(), Binding::Uninitialised);
                        }
                    }
                }
                self.variables(declaration, true, out)?;
            }
            Some(init) => {
                let value = self.expression(
                    init.as_expression()
                        .expect("a for loop begins with a declaration or an expression"),
                )?;
                out.push(Stmt::Expr(value));
            }
        }
        self.repeat(
            names,
            each.test.as_ref(),
            each.update.as_ref(),
            &each.body,
            false,
            out,
        )?;
        self.scope = outer;
        Ok(())
    }

    /// Any loop: `on_break: { loop { test; on_continue: { body } update } }`, the test at the end where `late`.
    fn repeat(
        &mut self,
        names: Vec<&'a str>,
        test: Option<&'a Expression<'a>>,
        update: Option<&'a Expression<'a>>,
        body: &'a Statement<'a>,
        late: bool,
        out: &mut Vec<Stmt>,
    ) -> Result<()> {
        self.has_loop = true;
        let (on_break, on_continue) = (self.label(), self.label());
        let mut test = test.map(|test| self.expression(test)).transpose()?;
        let mut update = update.map(|update| self.expression(update)).transpose()?;
        self.jumps.push(Jump {
            names,
            implicit: true,
            on_break,
            on_continue: Some(on_continue),
        });
        let inner = self.single(body)?;
        self.jumps.pop();
        if let (Some(test), Some(update)) = (&test, &mut update) {
            bound(test, update, &inner);
        }
        let mut round = Vec::new();
        let leave_unless = |test: Expr| Stmt::If(test, Vec::new(), vec![Stmt::Break(on_break)]);
        if !late {
            round.extend(test.take().map(leave_unless));
        }
        round.push(Stmt::Block(on_continue, inner));
        round.extend(test.map(leave_unless));
        round.extend(update.map(Stmt::Expr));
        out.push(Stmt::Block(on_break, vec![Stmt::Loop(round)]));
        Ok(())
    }

    /// The block of each case lies in that of the next one: leaving it goes on with its statements.
    fn switch(
        &mut self,
        switch: &'a SwitchStatement<'a>,
        names: Vec<&'a str>,
        out: &mut Vec<Stmt>,
    ) -> Result<()> {
        if switch.cases.len() > MOST_CASES {
            return self.refuse(
                switch,
                format!("a switch with more than {MOST_CASES} cases"),
            );
        }
        let value = self.expression(&switch.discriminant)?;
        let place = value.place;
        let subject = self.var("the value of the switch");
        out.push(self.give(subject, value));
        let outer = self.open(Some(self.scope));
        switch
            .cases
            .iter()
            .for_each(|case| self.declare(&case.consequent));
        let on_break = self.label();
        let labels: Vec<Label> = switch.cases.iter().map(|_| self.label()).collect();
        let mut chosen = Vec::new();
        let mut default = on_break;
        for (case, label) in switch.cases.iter().zip(&labels) {
            let Some(test) = &case.test else {
                default = *label;
                continue;
            };
            let test = self.expression(test)?;
            let at = test.place;
            let subject = Expr {
                kind: Kind::Var(subject),
                ty: Type::default(),
                place,
            };
            let kind = Kind::Compare(
                Compare::Eq { strict: true },
                Box::new(subject),
                Box::new(test),
            );
            chosen.push(Stmt::If(
                Expr {
                    kind,
                    ty: Type::default(),
                    place: at,
                },
                vec![Stmt::Break(*label)],
                Vec::new(),
            ));
        }
        chosen.push(Stmt::Break(default));
        self.jumps.push(Jump {
            names,
            implicit: true,
            on_break,
            on_continue: None,
        });
        let mut nested = chosen;
        for (case, label) in switch.cases.iter().zip(&labels) {
            nested = vec![Stmt::Block(*label, nested)];
            for statement in &case.consequent {
                self.statement(statement, &mut nested, Vec::new())?;
            }
        }
        self.jumps.pop();
        self.scope = outer;
        out.push(Stmt::Block(on_break, nested));
        Ok(())
    }

    pub(super) fn undefined(&self, at: &impl GetSpan) -> Expr {
        Expr {
            kind: Kind::Undefined,
            ty: Type::default(),
            place: self.place(at),
        }
    }
}

/// Tells a step `i++` what bounds it, in `for (; i < bound; i++)` whose body leaves `i` alone: it can't pass int32 then
/// where the bound is an int32, since it was below that when the step began.
fn bound(test: &Expr, update: &mut Expr, body: &[Stmt]) {
    let Kind::Step { var, by, bound, .. } = &mut update.kind else {
        return;
    };
    let (order, right) = match compared(test, *var) {
        Some(found) => found,
        None => return,
    };
    let matching = matches!((order, *by), (Compare::Lt, 1) | (Compare::Gt, -1));
    let changes = writes(body, *var) || test.any(&mut |expr| expr.writes_itself(*var));
    if matching && !changes {
        *bound = Some(Box::new(right.clone()));
    }
}

/// What a test that holds says of `var`: `var < …`, alone or in a conjunction.
fn compared(test: &Expr, var: VarId) -> Option<(Compare, &Expr)> {
    match &test.kind {
        Kind::And(a, b) => compared(a, var).or_else(|| compared(b, var)),
        Kind::Compare(order, left, right) if matches!(left.kind, Kind::Var(id) if id == var) => {
            Some((*order, right))
        }
        _ => None,
    }
}

/// `() => …`, or what tools make of it to keep its name: `__name(() => …, 'f')`.
fn named_function<'a>(value: &'a Expression<'a>) -> Option<FunctionNode<'a>> {
    match value.get_inner_expression() {
        Expression::CallExpression(call) => match (&call.callee, call.arguments.as_slice()) {
            (Expression::Identifier(id), [function, _]) if id.name == "__name" => {
                function.as_expression().and_then(FunctionNode::of)
            }
            _ => None,
        },
        _ => FunctionNode::of(value),
    }
}

fn refused_statement(statement: &Statement) -> &'static str {
    match statement {
        Statement::ForOfStatement(_) | Statement::ForInStatement(_) => {
            "a loop over the members of something; count with an index"
        }
        Statement::ThrowStatement(_) => "a throw",
        Statement::TryStatement(_) => "a try",
        Statement::ClassDeclaration(_) => "a class",
        Statement::WithStatement(_) => "a with statement",
        Statement::DebuggerStatement(_) => "a debugger statement",
        _ => "a statement that kernels don't have",
    }
}
