//! Kernels from a text, and runs of them over vectors.
#![allow(dead_code)] // Each test program uses a part of it.

use multiproc_kernel::math::Functions;
use multiproc_kernel::{
    CompileError, ElementKind, Issue, Job, Kernel, Request, Span, Stop, Stopped, Text,
};

/// A function without captures, of doubles.
pub fn request(source: &str, inputs: usize, output: Option<ElementKind>) -> Request {
    Request {
        texts: vec![Text {
            source: source.into(),
            ..Text::default()
        }],
        inputs: vec![ElementKind::Float64; inputs],
        output,
        arrays: vec![],
        integers: vec![],
        long: false,
    }
}

pub fn compile(request: &Request) -> Kernel {
    match Kernel::compile(request, &Functions::default()) {
        Ok(kernel) => kernel,
        Err(error) => panic!("{}: {error:?}", request.texts[0].source),
    }
}

pub fn refusal(source: &str, inputs: usize) -> Issue {
    match Kernel::compile(
        &request(source, inputs, Some(ElementKind::Float64)),
        &Functions::default(),
    ) {
        Err(CompileError::Refused(issue)) => issue,
        other => panic!("{source}: {other:?}"),
    }
}

pub fn span<T>(values: &mut [T], kind: ElementKind) -> Span {
    assert_eq!(std::mem::size_of::<T>(), kind.size());
    Span {
        address: values.as_mut_ptr().cast(),
        length: values.len(),
        kind,
    }
}

/// A job over doubles.
pub fn job(
    inputs: &mut [Vec<f64>],
    output: Option<&mut Vec<f64>>,
    length: usize,
    threads: usize,
) -> Job {
    Job {
        inputs: inputs
            .iter_mut()
            .map(|input| span(input, ElementKind::Float64))
            .collect(),
        output: output.map(|output| span(output, ElementKind::Float64)),
        arrays: vec![],
        numbers: vec![],
        length,
        threads,
        stop: Stop::new(),
    }
}

/// What a function of doubles gives for each element.
pub fn map(source: &str, mut inputs: Vec<Vec<f64>>, threads: usize) -> Vec<f64> {
    let length = inputs[0].len();
    let kernel = compile(&request(source, inputs.len(), Some(ElementKind::Float64)));
    let mut out = vec![0.0; length];
    let job = job(&mut inputs, Some(&mut out), length, threads);
    // SAFETY: the vectors outlive the run, and nothing else uses them.
    unsafe { kernel.map(&job) }.expect("nobody stops it");
    out
}

pub fn reduce(source: &str, input: Vec<f64>, initial: f64, threads: usize) -> Result<f64, Stopped> {
    let kernel = compile(&request(source, 1, None));
    let mut inputs = [input];
    let length = inputs[0].len();
    let job = job(&mut inputs, None, length, threads);
    // SAFETY: the vector outlives the run, and nothing else uses it.
    unsafe { kernel.reduce(&job, initial) }
}
