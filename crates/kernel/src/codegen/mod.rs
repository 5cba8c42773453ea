//! Typed programs to machine code, by Cranelift.
//!
//! Every function has the form `(context, start, end, accumulator) -> index`: it computes the elements from `start` on and
//! returns where it stopped: at `end`, or at the first element that it could not do (a speculation that did not hold, or
//! the run was cancelled). That element has not been written, and the accumulator is as it was before it.
//!
//! The context is an array of words: the address of the word that cancels, the address of the output, that of each input,
//! address and length of each captured array, the bits of each captured number as a double.

mod arithmetic;
mod convert;
mod emit;
mod expression;
mod vector;

use crate::code::Code;
use crate::infer::Setting;
use crate::ir::*;
use crate::math::Functions;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    types, AbiParam, Function, InstBuilder, MemFlags, Signature, UserFuncName, Value,
};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::Context;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use emit::{held, Emit};
use std::sync::OnceLock;

/// Words of the context before the inputs.
pub const FIXED_WORDS: usize = 2;
/// A function that needs more stack is refused, in bytes: it runs on threads of Node and of rayon.
const LARGEST_FRAME: u32 = 256 * 1024;

/// What the arrays and functions are that a program is compiled for.
pub struct Target<'p> {
    pub inputs: &'p [ElementKind],
    /// `None` for a reduction, which keeps its result in the accumulator.
    pub output: Option<ElementKind>,
    pub arrays: &'p [ElementKind],
    pub numbers: &'p [Repr],
    pub functions: &'p Functions,
    pub call_conv: CallConv,
    pub long: bool,
}

/// What can go wrong after a program was accepted: with this processor, or with this operating system.
pub type Failure = String;

fn isa() -> Result<OwnedTargetIsa, Failure> {
    static ISA: OnceLock<Result<OwnedTargetIsa, Failure>> = OnceLock::new();
    ISA.get_or_init(|| {
        let mut flags = settings::builder();
        for (name, value) in [
            ("opt_level", "speed"),
            ("is_pic", "false"),
            ("unwind_info", "false"),
            ("enable_probestack", "true"),
            ("probestack_strategy", "inline"),
            (
                "enable_verifier",
                if cfg!(debug_assertions) {
                    "true"
                } else {
                    "false"
                },
            ),
        ] {
            flags.set(name, value).map_err(|error| error.to_string())?;
        }
        let builder = cranelift_native::builder()
            .map_err(|error| format!("no code can be made for this processor: {error}"))?;
        builder
            .finish(settings::Flags::new(flags))
            .map_err(|error| error.to_string())
    })
    .clone()
}

/// The calling convention of the functions that kernels call.
pub fn call_conv() -> Result<CallConv, Failure> {
    isa().map(|isa| isa.default_call_conv())
}

/// The functions of one kernel.
#[derive(Clone, Copy, Debug)]
pub struct Entries {
    pub exact: Entry,
    pub speculative: Option<Entry>,
    /// Two elements at a time; leaves the last one of an odd count.
    pub vector: Option<Entry>,
}

pub type Entry =
    unsafe extern "C" fn(context: *const u64, start: i64, end: i64, accumulator: *mut f64) -> i64;

/// Compiles the readings of a program into one piece of executable memory.
pub fn compile(
    exact: &Program,
    speculative: Option<&Program>,
    target: &Target,
) -> Result<(Code, Entries), Failure> {
    let isa = isa()?;
    let mut functions = vec![scalar(exact, target, false)];
    if let Some(program) = speculative {
        functions.push(scalar(program, target, true));
    }
    let vectorised = vector::build(exact, target);
    let has_vector = vectorised.is_some();
    functions.extend(vectorised);
    let mut bytes = Vec::new();
    let mut offsets = Vec::new();
    let mut control = ControlPlane::default();
    for function in functions {
        let mut context = Context::for_function(function);
        let compiled = context
            .compile(&*isa, &mut control)
            .map_err(|error| error.inner.to_string())?;
        if !compiled.buffer.relocs().is_empty() {
            return Err("this processor lacks instructions that kernels need (SSE4.1)".into());
        }
        if compiled.frame_size > LARGEST_FRAME {
            return Err(format!("it needs more than {LARGEST_FRAME} bytes of stack"));
        }
        // Constants stand behind the code, aligned to it.
        bytes.resize(bytes.len().next_multiple_of(64), 0);
        offsets.push(bytes.len());
        bytes.extend_from_slice(compiled.code_buffer());
    }
    let code = Code::new(&bytes)?;
    // SAFETY: at each offset begins a function of this signature, made by `signature` below.
    let entry = |at: usize| unsafe {
        std::mem::transmute::<*const u8, Entry>(code.address().add(offsets[at]))
    };
    let entries = Entries {
        exact: entry(0),
        speculative: speculative.map(|_| entry(1)),
        vector: has_vector.then(|| entry(offsets.len() - 1)),
    };
    Ok((code, entries))
}

fn signature(call_conv: CallConv) -> Signature {
    let mut signature = Signature::new(call_conv);
    signature.params = vec![AbiParam::new(types::I64); 4];
    signature.returns = vec![AbiParam::new(types::I64)];
    signature
}

/// What every function loads from the context.
struct Loaded {
    cancel: Value,
    output: Value,
    inputs: Vec<Value>,
    /// Where arrays and numbers begin, in words.
    rest: usize,
}

fn load_context(b: &mut FunctionBuilder, context: Value, inputs: usize) -> Loaded {
    let mut word = |at: usize| {
        b.ins()
            .load(types::I64, MemFlags::trusted(), context, 8 * at as i32)
    };
    Loaded {
        cancel: word(0),
        output: word(1),
        inputs: (0..inputs).map(|at| word(FIXED_WORDS + at)).collect(),
        rest: FIXED_WORDS + inputs,
    }
}

/// One element at a time.
fn scalar(program: &Program, target: &Target, speculate: bool) -> Function {
    let mut function =
        Function::with_name_signature(UserFuncName::default(), signature(target.call_conv));
    let mut context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut function, &mut context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    let &[words, start, end, accumulator] = b.block_params(entry) else {
        unreachable!("four parameters")
    };
    let loaded = load_context(&mut b, words, target.inputs.len());
    let mut emit = Emit::new(b, program, target, speculate, loaded.cancel);
    load_captures(&mut emit, words, loaded.rest);

    let index = emit.b.declare_var(types::I64);
    emit.b.def_var(index, start);
    let sum = emit.b.declare_var(types::F64);
    let reduces = target.output.is_none();
    if reduces {
        let first = emit
            .b
            .ins()
            .load(types::F64, MemFlags::trusted(), accumulator, 0);
        emit.b.def_var(sum, first);
    }
    let (head, body, done) = (
        emit.b.create_block(),
        emit.b.create_block(),
        emit.b.create_block(),
    );
    emit.b.ins().jump(head, &[]);
    emit.b.switch_to_block(head);
    let at = emit.b.use_var(index);
    let more = emit.b.ins().icmp(IntCC::SignedLessThan, at, end);
    emit.b.ins().brif(more, body, &[], done, &[]);

    emit.b.switch_to_block(body);
    let mut params = program.params.iter().copied();
    if reduces {
        let value = emit.b.use_var(sum);
        argument(&mut emit, params.next(), held(value, Repr::Float64));
    }
    for (kind, address) in target.inputs.iter().zip(&loaded.inputs) {
        let value = emit.load(*kind, *address, at);
        argument(&mut emit, params.next(), value);
    }
    if let Some(param) = params.next() {
        let value = if target.long {
            held(emit.b.ins().fcvt_from_sint(types::F64, at), Repr::Float64)
        } else {
            held(emit.b.ins().ireduce(types::I32, at), Repr::Int32)
        };
        argument(&mut emit, Some(param), value);
    }
    emit.block(program.label, &program.body);
    let result = emit.read(program.result);
    match target.output {
        Some(kind) => emit.store(kind, loaded.output, at, result),
        None => {
            let value = emit.double(result);
            emit.b.def_var(sum, value);
        }
    }
    let next = emit.b.ins().iadd_imm(at, 1);
    emit.b.def_var(index, next);
    emit.b.ins().jump(head, &[]);

    for block in [done, emit.leave] {
        emit.b.switch_to_block(block);
        if reduces {
            let value = emit.b.use_var(sum);
            emit.b
                .ins()
                .store(MemFlags::trusted(), value, accumulator, 0);
        }
        let at = emit.b.use_var(index);
        emit.b.ins().return_(&[at]);
    }
    emit.b.seal_all_blocks();
    emit.b.finalize();
    function
}

fn load_captures(emit: &mut Emit, words: Value, rest: usize) {
    let target = emit.target;
    let flags = MemFlags::trusted();
    for at in 0..target.arrays.len() {
        let offset = 8 * (rest + 2 * at) as i32;
        let address = emit.b.ins().load(types::I64, flags, words, offset);
        let length = emit.b.ins().load(types::I64, flags, words, offset + 8);
        emit.arrays.push((address, length));
    }
    for (at, repr) in target.numbers.iter().enumerate() {
        let offset = 8 * (rest + 2 * target.arrays.len() + at) as i32;
        let double = emit.b.ins().load(types::F64, flags, words, offset);
        let value = match repr {
            Repr::Int32 => emit.b.ins().fcvt_to_sint_sat(types::I32, double),
            _ => double,
        };
        emit.numbers.push(held(value, *repr));
    }
}

/// Puts a value in the variable of a parameter.
fn argument(emit: &mut Emit, param: Option<VarId>, value: emit::Held) {
    let Some(param) = param else { return };
    let repr = emit.program.vars[param].ty.repr;
    let value = if repr == Repr::Int32 && value.repr == Repr::Float64 {
        held(emit.expect_int(value.value), Repr::Int32)
    } else {
        value
    };
    emit.write(param, value);
}

/// The types of the arguments that a program is called with.
pub fn argument_types(program: &Program, target: &Target, setting: &Setting) -> Vec<Type> {
    let wanted = if setting.speculate {
        crate::infer::wanted_as_ints(program)
    } else {
        Vec::new()
    };
    let mut reprs: Vec<Repr> = Vec::new();
    if target.output.is_none() {
        reprs.push(Repr::Float64);
    }
    reprs.extend(target.inputs.iter().map(|kind| kind.repr()));
    reprs.push(if target.long {
        Repr::Float64
    } else {
        Repr::Int32
    });
    let of = |(param, repr): (&VarId, Repr)| {
        let int = repr == Repr::Float64 && wanted.contains(param);
        Type::of(if int { Repr::Int32 } else { repr })
    };
    program.params.iter().zip(reprs).map(of).collect()
}
