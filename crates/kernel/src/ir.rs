//! The typed intermediate form: what is left of a function once names are resolved and helpers are put in their place.
//!
//! Control flow has three forms: `If`, `Loop` without end, and `Block` with a label that `Break` leaves. Loops of the source,
//! `continue`, `switch` and the `return` of a helper all become these.

use crate::issue::Place;

/// How a value lies in a register.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Repr {
    /// No value reaches here (yet, while types are inferred).
    #[default]
    Never,
    Bool,
    /// An integer of int32, never -0.
    Int32,
    /// An integer of uint32.
    Uint32,
    Float64,
}

impl Repr {
    pub fn is_int(self) -> bool {
        matches!(self, Repr::Int32 | Repr::Uint32)
    }
}

/// What is known of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Type {
    pub repr: Repr,
    /// It may be `undefined` in JavaScript where it is NaN here.
    pub undefined: bool,
    /// It may be a boolean in JavaScript where it is 0 or 1 here.
    pub boolean: bool,
}

impl Type {
    pub const fn of(repr: Repr) -> Self {
        Self {
            repr,
            undefined: false,
            boolean: false,
        }
    }

    /// The smallest type that holds the values of both.
    pub fn join(self, other: Self) -> Self {
        let repr = match (self.repr, other.repr) {
            (Repr::Never, repr) | (repr, Repr::Never) => repr,
            (a, b) if a == b => a,
            (Repr::Bool, Repr::Int32) | (Repr::Int32, Repr::Bool) => Repr::Int32,
            _ => Repr::Float64,
        };
        let was_bool = |t: Self| t.repr == Repr::Bool && !matches!(repr, Repr::Bool);
        Self {
            repr,
            undefined: self.undefined || other.undefined,
            boolean: self.boolean || other.boolean || was_bool(self) || was_bool(other),
        }
    }
}

pub type VarId = usize;
pub type Label = usize;

#[derive(Clone, Debug)]
pub struct Var {
    pub name: String,
    pub ty: Type,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Rem,
    Pow,
    Shl,
    Shr,
    Ushr,
    Or,
    Xor,
    And,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Compare {
    /// `===`, or `==` where `strict` is false.
    Eq {
        strict: bool,
    },
    Ne {
        strict: bool,
    },
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Debug)]
pub struct Expr {
    pub kind: Kind,
    pub ty: Type,
    pub place: Place,
}

#[derive(Clone, Debug)]
pub enum Kind {
    Number(f64),
    Bool(bool),
    Undefined,
    Var(VarId),
    /// The captured number of this index.
    Capture(usize),
    /// Length of the captured array of this index.
    Length(usize),
    /// An element of a captured array; where it is out of range: `otherwise`, or undefined.
    Element {
        array: usize,
        index: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    Set(VarId, Box<Expr>),
    /// `++` and `--`. `bound`: in a loop that goes on only while the variable is less (`++`) or greater (`--`) than this.
    Step {
        var: VarId,
        by: i32,
        postfix: bool,
        bound: Option<Box<Expr>>,
    },
    /// The value, which must not be undefined: it is given to a parameter that has a default.
    Defined(Box<Expr>),
    Neg(Box<Expr>),
    Plus(Box<Expr>),
    BitNot(Box<Expr>),
    Not(Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Compare(Compare, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Cond(Box<Expr>, Box<Expr>, Box<Expr>),
    Math(&'static str, Vec<Expr>),
    Sequence(Vec<Expr>),
    /// A call, put in its place: runs `body`, whose `Break(label)` ends it, and gives `result`.
    Inline {
        body: Vec<Stmt>,
        label: Label,
        result: VarId,
    },
}

#[derive(Clone, Debug)]
pub enum Stmt {
    Expr(Expr),
    /// The variable begins without a value.
    Declare(VarId),
    If(Expr, Vec<Stmt>, Vec<Stmt>),
    Block(Label, Vec<Stmt>),
    /// Without end; left by a `Break` to a block around it.
    Loop(Vec<Stmt>),
    Break(Label),
}

/// How an input array, a captured one or the output holds its numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum ElementKind {
    Int8,
    Uint8,
    Uint8Clamped,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Float32,
    Float64,
}

impl ElementKind {
    /// In bytes.
    pub fn size(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 | Self::Uint8Clamped => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::Float64 => 8,
        }
    }

    pub fn repr(self) -> Repr {
        match self {
            Self::Uint32 => Repr::Uint32,
            Self::Float32 | Self::Float64 => Repr::Float64,
            _ => Repr::Int32,
        }
    }
}

/// A whole kernel: its body computes `result` from `params`.
#[derive(Clone, Debug)]
pub struct Program {
    pub vars: Vec<Var>,
    /// One for each argument that the kernel is called with.
    pub params: Vec<VarId>,
    pub body: Vec<Stmt>,
    pub label: Label,
    pub result: VarId,
    /// Math functions in use, with the place of the first use of each.
    pub math: Vec<(&'static str, Place)>,
    pub has_loop: bool,
    /// Nodes of the body: a measure of what an element costs where nothing loops.
    pub nodes: usize,
}

impl Expr {
    /// Calls `f` with each direct child.
    pub fn children<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            Kind::Set(_, a)
            | Kind::Defined(a)
            | Kind::Neg(a)
            | Kind::Plus(a)
            | Kind::BitNot(a)
            | Kind::Not(a) => f(a),
            Kind::Element {
                index, otherwise, ..
            } => {
                f(index);
                if let Some(otherwise) = otherwise {
                    f(otherwise);
                }
            }
            Kind::Binary(_, a, b) | Kind::Compare(_, a, b) | Kind::And(a, b) | Kind::Or(a, b) => {
                f(a);
                f(b);
            }
            Kind::Cond(a, b, c) => {
                f(a);
                f(b);
                f(c);
            }
            Kind::Math(_, list) | Kind::Sequence(list) => list.iter().for_each(f),
            Kind::Inline { body, .. } => body.iter().for_each(|stmt| stmt.expressions(f)),
            // The bound of a step is looked at for its type alone: it is not evaluated there.
            _ => {}
        }
    }

    /// Whether `f` holds for this or anything in it.
    pub fn any(&self, f: &mut dyn FnMut(&Expr) -> bool) -> bool {
        if f(self) {
            return true;
        }
        let mut found = false;
        self.children(&mut |child| found = found || child.any(f));
        found
    }
}

impl Stmt {
    /// Calls `f` with each expression that stands in this statement, but not inside of another expression.
    pub fn expressions<'a>(&'a self, f: &mut dyn FnMut(&'a Expr)) {
        match self {
            Stmt::Expr(expr) => f(expr),
            Stmt::If(test, yes, no) => {
                f(test);
                yes.iter().chain(no).for_each(|stmt| stmt.expressions(f));
            }
            Stmt::Block(_, body) | Stmt::Loop(body) => {
                body.iter().for_each(|stmt| stmt.expressions(f));
            }
            Stmt::Declare(_) | Stmt::Break(_) => {}
        }
    }
}

/// Whether `f` holds for anything in `body`.
pub fn any_in(body: &[Stmt], f: &mut dyn FnMut(&Expr) -> bool) -> bool {
    let mut found = false;
    for stmt in body {
        stmt.expressions(&mut |expr| found = found || expr.any(f));
    }
    found
}

/// Whether anything in `body` gives `var` a value.
pub fn writes(body: &[Stmt], var: VarId) -> bool {
    any_in(body, &mut |expr| expr.writes_itself(var))
}

impl Expr {
    pub fn writes_itself(&self, var: VarId) -> bool {
        matches!(&self.kind, Kind::Set(v, _) | Kind::Step { var: v, .. } if *v == var)
    }
}
