//! What a JavaScript function takes from outside of itself, judged from its source text alone.
//!
//! A function that is sent to another process needs the values of its free variables. This crate finds their names,
//! which of them it writes, and where they stand in the text ([`free_variables`]); the imports and exports of the file
//! that a function comes from ([`module_bindings`]); and which declaration a name means at a place of that file
//! ([`declarations`]); and where it can be broken into other lines ([`starts`]). It parses with oxc and runs nothing.
//!
//! Every position is in UTF-16 code units of the text that was given, as JavaScript counts.

mod class;
mod declaration;
mod error;
mod function;
mod json;
mod language;
mod module;
mod offsets;
mod outer;
mod starts;
mod variable;

pub use class::{ClassInfo, Element, ElementKind, Key};
pub use declaration::{declarations, declarations_json, Declaration, DeclarationKind};
pub use error::ScopeError;
pub use function::{free_variables, Form, FunctionInfo, FunctionKind};
pub use language::Language;
pub use module::{module_bindings, Export, Import, ImportKind, ModuleInfo};
pub use starts::{starts, Starts};
pub use variable::{FreeVariable, Reference};
