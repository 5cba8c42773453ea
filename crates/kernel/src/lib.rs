//! A numeric JavaScript function as machine code, run over arrays on all cores.
//!
//! The stages: [`parse`] (oxc) → [`lower`] to the intermediate form of [`ir`] → [`assigned`], which refuses variables that
//! may be undefined → [`infer`], which finds int32, uint32, booleans and doubles → [`codegen`] (Cranelift) → [`run`] (rayon).
//! What a stage can't take is refused with its place ([`Issue`]). The result has the bits that V8 would give: arithmetic is
//! IEEE 754's, conversions are ECMAScript's, and functions of Math are V8's own ([`math`]).

mod assigned;
mod code;
mod codegen;
mod infer;
mod ir;
mod issue;
mod kernel;
mod lower;
pub mod math;
mod parse;
mod run;

pub use ir::ElementKind;
pub use issue::Issue;
pub use kernel::{parameter_count, CompileError, Kernel, Request};
pub use lower::{Capture, Text};
pub use run::{spawn, Deadline, Job, Plain, Span, Stop, Stopped};
