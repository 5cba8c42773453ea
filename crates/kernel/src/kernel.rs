//! One function, compiled for one set of array kinds.

use crate::code::Code;
use crate::codegen::{self, Entries, Target};
use crate::infer::{infer, Setting};
use crate::ir::*;
use crate::issue::{Issue, Place, Refusal};
use crate::lower::{lower, Text};
use crate::math::Functions;
use crate::{assigned, parse};
use oxc_allocator::Allocator;
use std::sync::atomic::AtomicU64;

/// What is to be compiled.
#[derive(Clone, Debug)]
pub struct Request {
    /// The function, then the helpers that it and they capture.
    pub texts: Vec<Text>,
    pub inputs: Vec<ElementKind>,
    /// `None`: a reduction of the one input.
    pub output: Option<ElementKind>,
    pub arrays: Vec<ElementKind>,
    /// Whether each captured number is an int32 (and not -0).
    pub integers: Vec<bool>,
    /// Some array has 2^31 elements or more.
    pub long: bool,
}

/// Why there is no kernel.
#[derive(Clone, Debug)]
pub enum CompileError {
    /// The function is outside of the subset.
    Refused(Issue),
    /// No function can be compiled here.
    Unavailable(String),
}

/// Machine code, and what is needed to run it.
#[derive(Debug)]
pub struct Kernel {
    /// Holds the functions of `entries`.
    code: Code,
    pub(crate) entries: Entries,
    pub(crate) inputs: Vec<ElementKind>,
    pub(crate) output: Option<ElementKind>,
    pub(crate) arrays: Vec<ElementKind>,
    pub(crate) numbers: usize,
    pub(crate) has_loop: bool,
    /// What an element costs, in nanoseconds: first by guess, then as measured.
    pub(crate) cost: AtomicU64,
    /// Joins the results of runs, where the input is not of doubles itself.
    pub(crate) joiner: Option<Box<Kernel>>,
    uses: Vec<String>,
}

/// Stack of the thread that compiles: the stages recurse, as deep as a text of the greatest length can make them.
const STACK: usize = 1 << 30;
/// Enough for texts that are short.
const SMALL_STACK: usize = 16 << 20;
const SHORT: usize = 2000;

impl Kernel {
    pub fn compile(request: &Request, functions: &Functions) -> Result<Self, CompileError> {
        let length: usize = request.texts.iter().map(|text| text.source.len()).sum();
        let size = if length <= SHORT { SMALL_STACK } else { STACK };
        std::thread::scope(|scope| {
            std::thread::Builder::new()
                .name("multiproc-compile".into())
                .stack_size(size)
                .spawn_scoped(scope, || compile(request, functions))
                .map_err(|error| {
                    CompileError::Unavailable(format!("there is no thread to compile on: {error}"))
                })?
                .join()
                .unwrap_or_else(|_| {
                    Err(CompileError::Unavailable(
                        "the compiler failed on it".into(),
                    ))
                })
        })
    }

    /// Names of what it uses of JavaScript's own functions, such as `Math.sin`: whoever calls it sees to it that they are
    /// still the original ones.
    pub fn uses(&self) -> &[String] {
        &self.uses
    }

    /// Size of its machine code, in bytes.
    pub fn size(&self) -> usize {
        self.code.size() + self.joiner.as_ref().map_or(0, |joiner| joiner.size())
    }

    pub fn is_speculative(&self) -> bool {
        self.entries.speculative.is_some()
    }

    pub fn is_vectorised(&self) -> bool {
        self.entries.vector.is_some()
    }
}

fn compile(request: &Request, functions: &Functions) -> Result<Kernel, CompileError> {
    let names = || {
        request
            .texts
            .iter()
            .map(|text| (text.name.clone(), text.source.clone()))
            .collect::<Vec<_>>()
    };
    let refused = |refusal: Refusal| CompileError::Refused(Issue::new(refusal, &names()));
    let call_conv = codegen::call_conv().map_err(CompileError::Unavailable)?;
    let allocator = Allocator::default();
    let reduces = request.output.is_none();
    let arguments = request.inputs.len() + 1;
    let program = lower(&allocator, &request.texts, arguments).map_err(refused)?;
    if let Some((name, place)) = program.math.iter().find(|(name, _)| !functions.has(name)) {
        let message = format!("{name}, for which nothing here gives the bits that this V8 gives");
        return Err(refused(Refusal {
            place: *place,
            message,
        }));
    }
    assigned::check(&program).map_err(refused)?;
    let numbers: Vec<Repr> = request
        .integers
        .iter()
        .map(|integer| if *integer { Repr::Int32 } else { Repr::Float64 })
        .collect();
    let target = Target {
        inputs: &request.inputs,
        output: request.output,
        arrays: &request.arrays,
        numbers: &numbers,
        functions,
        call_conv,
        long: request.long,
    };
    let typed = |speculate: bool| {
        let setting = Setting {
            speculate,
            numbers: numbers.clone(),
            arrays: request.arrays.clone(),
            long: request.long,
            strict_result: reduces,
        };
        let mut program = program.clone();
        let types = codegen::argument_types(&program, &target, &setting);
        for (param, ty) in program.params.clone().into_iter().zip(types) {
            program.vars[param].ty = ty;
        }
        infer(&mut program, &setting).map(|()| program)
    };
    let exact = typed(false).map_err(refused)?;
    let speculative = typed(true).ok().filter(|program| gains(&exact, program));
    let (code, entries) =
        codegen::compile(&exact, speculative.as_ref(), &target).map_err(|reason| {
            let place = Place {
                text: 0,
                start: 0,
                end: request.texts[0].source.len() as u32,
            };
            refused(Refusal {
                place,
                message: format!("no code could be made of it: {reason}"),
            })
        })?;
    let doubles = request.inputs == [ElementKind::Float64];
    let joiner = if reduces && !doubles {
        let request = Request {
            inputs: vec![ElementKind::Float64],
            ..request.clone()
        };
        Some(Box::new(compile(&request, functions)?))
    } else {
        None
    };
    Ok(Kernel {
        code,
        entries,
        inputs: request.inputs.clone(),
        output: request.output,
        arrays: request.arrays.clone(),
        numbers: numbers.len(),
        has_loop: exact.has_loop,
        cost: AtomicU64::new(guess(&exact)),
        joiner,
        uses: exact
            .math
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .filter(|name| name != "**")
            .collect(),
    })
}

/// Nanoseconds that an element costs, before it was ever measured.
fn guess(program: &Program) -> u64 {
    let calls = 20 * program.math.len() as u64;
    let looping = if program.has_loop { 1000 } else { 0 };
    (program.nodes as u64 / 4 + calls + looping).max(1)
}

/// Whether speculation makes anything an integer that is a double otherwise, where that pays: in a loop, or for a remainder.
fn gains(exact: &Program, speculative: &Program) -> bool {
    let more = exact
        .vars
        .iter()
        .zip(&speculative.vars)
        .any(|(a, b)| a.ty.repr == Repr::Float64 && b.ty.repr.is_int());
    let remainder = any_in(&speculative.body, &mut |expr| {
        matches!(expr.kind, Kind::Binary(Binary::Rem, ..)) && expr.ty.repr.is_int()
    });
    let element = any_in(&speculative.body, &mut |expr| {
        matches!(
            expr.kind,
            Kind::Element {
                otherwise: None,
                ..
            }
        )
    });
    more && exact.has_loop || remainder || element && exact.has_loop
}

/// How many parameters the function of a text has. An issue where it is none.
pub fn parameter_count(text: &Text) -> Result<usize, Issue> {
    let names = [(text.name.clone(), text.source.clone())];
    if text.source.len() > parse::LONGEST {
        let place = Place {
            text: 0,
            start: 0,
            end: text.source.len() as u32,
        };
        let message = format!("its text is longer than {} bytes", parse::LONGEST);
        return Err(Issue::new(Refusal { place, message }, &names));
    }
    std::thread::scope(|scope| {
        let counted = std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || {
                let allocator = Allocator::default();
                crate::lower::parameter_count(&allocator, &text.source)
            });
        match counted.map(|thread| thread.join()) {
            Ok(Ok(count)) => count.map_err(|refusal| Issue::new(refusal, &names)),
            _ => Ok(1),
        }
    })
}
