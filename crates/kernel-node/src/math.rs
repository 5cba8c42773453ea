//! Which functions of Math kernels can call.

use multiproc_kernel::math::{self, Origin, Table};
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;
use std::collections::HashMap;

/// What V8 gives for some inputs of one function.
#[napi(object, object_to_js = false)]
pub struct TableObject {
    pub name: String,
    pub x: Float64Array,
    pub y: Float64Array,
    pub expected: Float64Array,
}

/// The names of the functions that a table is needed of.
#[napi]
pub fn probed() -> Vec<&'static str> {
    math::PROBED.to_vec()
}

fn origins(functions: &math::Functions) -> HashMap<String, &'static str> {
    let word = |origin| match origin {
        Origin::Export => "export",
        Origin::Port => "port",
    };
    functions
        .origins()
        .map(|(name, origin)| (name.to_owned(), word(origin)))
        .collect()
}

/// What this process has decided on; null where it has not.
#[napi]
pub fn decided_math() -> Option<HashMap<String, &'static str>> {
    math::decided().map(origins)
}

/// The names of those that kernels can also compute for several elements at once.
#[napi]
pub fn math_in_blocks() -> Vec<&'static str> {
    let mut names: Vec<&str> = math::decided()
        .map(|functions| functions.in_blocks().collect())
        .unwrap_or_default();
    names.sort_unstable();
    names
}

/// Decides for this process, once, by what V8 gives for some inputs. The origin of each function that can be used.
#[napi(catch_unwind)]
pub fn decide_math(
    tables: Vec<TableObject>,
    exports: bool,
    ports: bool,
) -> HashMap<String, &'static str> {
    let tables: Vec<Table> = tables
        .into_iter()
        .map(
            |TableObject {
                 name,
                 x,
                 y,
                 expected,
             }| Table {
                name,
                x: x.to_vec(),
                y: y.to_vec(),
                expected: expected.to_vec(),
            },
        )
        .collect();
    origins(math::decide(&tables, exports, ports))
}
