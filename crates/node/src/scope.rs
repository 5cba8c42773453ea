//! Scope analysis for src/closure/analysis.ts: source in, JSON out.

use multiproc_scope as scope;
use napi_derive::napi;

use crate::error::{coded, Result};

fn refused(error: impl std::fmt::Display) -> crate::error::Error {
    coded("ERR_SYNTAX", error)
}

/// The free variables of a function's source.
#[napi(catch_unwind)]
pub fn free_variables(source: String) -> Result<String> {
    Ok(scope::free_variables(&source).map_err(refused)?.to_json())
}

/// Where the parts of a function's source begin.
#[napi(catch_unwind)]
pub fn function_starts(source: String) -> Result<String> {
    Ok(scope::starts(&source).map_err(refused)?.to_json())
}

/// Imports and top-level names of a module. `language`: js, jsx, ts, tsx.
#[napi(catch_unwind)]
pub fn module_bindings(source: String, language: String) -> Result<String> {
    let language = language.parse().map_err(refused)?;
    Ok(scope::module_bindings(&source, language)
        .map_err(refused)?
        .to_json())
}

/// Which declaration `name` is at each of the offsets (UTF-16 units) of a file.
#[napi(catch_unwind)]
pub fn declarations(
    source: String,
    language: String,
    name: String,
    offsets: Vec<u32>,
) -> Result<String> {
    let language = language.parse().map_err(refused)?;
    scope::declarations_json(&source, language, &name, &offsets).map_err(refused)
}
