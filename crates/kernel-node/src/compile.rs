//! `compile(request)`: a compiled kernel, or why there is none.

use crate::arrays::kind;
use multiproc_kernel::{math, Capture, CompileError, Issue, Kernel, Request, Text};
use napi::bindgen_prelude::Either;
use napi::{Error, Result};
use napi_derive::napi;
use std::collections::HashMap;
use std::sync::Arc;

/// One name that a function does not declare.
#[napi(object)]
pub struct CaptureObject {
    pub name: String,
    /// `number`, `integer`, `array`, `function`, `math`, `namespace`, `true`, `false`, `refused`.
    pub kind: String,
    /// Among the numbers, the arrays or the texts.
    pub index: u32,
    /// Of a function of Math its name; of what is refused, why.
    pub text: String,
}

#[napi(object)]
pub struct TextObject {
    pub name: String,
    pub source: String,
    pub captures: Vec<CaptureObject>,
}

#[napi(object)]
pub struct RequestObject {
    pub texts: Vec<TextObject>,
    pub inputs: Vec<i32>,
    /// -1: a reduction.
    pub output: i32,
    pub arrays: Vec<i32>,
    pub integers: Vec<bool>,
    pub long: bool,
}

#[napi(object)]
pub struct IssueObject {
    pub message: String,
    /// The helper that it is in.
    pub helper: Option<String>,
    pub line: u32,
    pub column: u32,
    pub snippet: String,
}

fn issue_object(issue: Issue) -> IssueObject {
    let Issue {
        message,
        helper,
        line,
        column,
        snippet,
    } = issue;
    IssueObject {
        message,
        helper,
        line,
        column,
        snippet,
    }
}

/// A compiled kernel. Its code is freed when it is disposed of, or garbage, and no run uses it any more.
#[napi]
pub struct CompiledKernel {
    pub(crate) kernel: Option<Arc<Kernel>>,
}

#[napi]
impl CompiledKernel {
    /// Names of JavaScript's own functions that it stands for.
    #[napi(getter)]
    pub fn uses(&self) -> Vec<String> {
        self.kernel
            .as_ref()
            .map_or_else(Vec::new, |kernel| kernel.uses().to_vec())
    }

    /// In bytes.
    #[napi(getter)]
    pub fn size(&self) -> u32 {
        self.kernel
            .as_ref()
            .map_or(0, |kernel| kernel.size() as u32)
    }

    /// How its elements are computed: `vector`, `speculative`, `scalar`.
    #[napi(getter)]
    pub fn tier(&self) -> &'static str {
        match &self.kernel {
            Some(kernel) if kernel.is_vectorised() => "vector",
            Some(kernel) if kernel.is_speculative() => "speculative",
            _ => "scalar",
        }
    }

    #[napi]
    pub fn dispose(&mut self) {
        self.kernel = None;
    }

    pub(crate) fn get(&self) -> Result<Arc<Kernel>> {
        self.kernel
            .clone()
            .ok_or_else(|| Error::from_reason("the kernel has been disposed of"))
    }
}

fn capture(object: &CaptureObject) -> Result<Capture> {
    let index = object.index as usize;
    Ok(match object.kind.as_str() {
        "number" => Capture::Number {
            index,
            integer: false,
        },
        "integer" => Capture::Number {
            index,
            integer: true,
        },
        "array" => Capture::Array(index),
        "function" => Capture::Function(index),
        "math" => Capture::Math(object.text.clone()),
        "namespace" => Capture::Namespace,
        "true" => Capture::Boolean(true),
        "false" => Capture::Boolean(false),
        "refused" => Capture::Refused(object.text.clone()),
        other => return Err(Error::from_reason(format!("{other} is no kind of capture"))),
    })
}

fn text(object: TextObject) -> Result<Text> {
    let captures = object
        .captures
        .iter()
        .map(|each| Ok((each.name.clone(), capture(each)?)));
    let captures = captures.collect::<Result<HashMap<_, _>>>()?;
    Ok(Text {
        name: object.name,
        source: object.source,
        captures,
    })
}

/// Whether every index in the texts lies in its list.
fn is_closed(request: &Request) -> bool {
    request
        .texts
        .iter()
        .flat_map(|text| text.captures.values())
        .all(|capture| match capture {
            Capture::Number { index, .. } => *index < request.integers.len(),
            Capture::Array(index) => *index < request.arrays.len(),
            Capture::Function(index) => *index < request.texts.len(),
            _ => true,
        })
}

#[napi(catch_unwind)]
pub fn compile(request: RequestObject) -> Result<Either<CompiledKernel, IssueObject>> {
    let functions = math::decided().ok_or_else(|| Error::from_reason("decideMath comes first"))?;
    let kinds = |numbers: Vec<i32>| numbers.into_iter().map(kind).collect::<Result<Vec<_>>>();
    let request = Request {
        texts: request.texts.into_iter().map(text).collect::<Result<_>>()?,
        inputs: kinds(request.inputs)?,
        output: if request.output < 0 {
            None
        } else {
            Some(kind(request.output)?)
        },
        arrays: kinds(request.arrays)?,
        integers: request.integers,
        long: request.long,
    };
    let one_input = request.output.is_some() || request.inputs.len() == 1;
    if request.texts.is_empty()
        || request.texts.len() > usize::from(u16::MAX)
        || !is_closed(&request)
        || !one_input
    {
        return Err(Error::from_reason("not a request for a kernel"));
    }
    match Kernel::compile(&request, functions) {
        Ok(kernel) => Ok(Either::A(CompiledKernel {
            kernel: Some(Arc::new(kernel)),
        })),
        Err(CompileError::Refused(issue)) => Ok(Either::B(issue_object(issue))),
        Err(CompileError::Unavailable(reason)) => Ok(Either::B(IssueObject {
            message: reason,
            helper: None,
            line: 1,
            column: 1,
            snippet: String::new(),
        })),
    }
}

/// How many parameters a function's text has, or why that can't be told.
#[napi(catch_unwind)]
pub fn parameter_count(source: String) -> Either<u32, IssueObject> {
    let text = Text {
        source,
        ..Text::default()
    };
    match multiproc_kernel::parameter_count(&text) {
        Ok(count) => Either::A(count as u32),
        Err(issue) => Either::B(issue_object(issue)),
    }
}
