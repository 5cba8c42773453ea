//! Which functions of Math kernels can call.

use multiproc_kernel::math::{self, Origin, Table};
use napi_derive::napi;
use std::collections::HashMap;

/// What V8 gives for some inputs of one function.
#[napi(object)]
pub struct TableObject {
    pub name: String,
    pub x: Vec<f64>,
    pub y: Vec<f64>,
    pub expected: Vec<f64>,
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
                x,
                y,
                expected,
            },
        )
        .collect();
    origins(math::decide(&tables, exports, ports))
}
