//! Sums, least and greatest: reductions that need no compiling.
//!
//! Eight runs are folded side by side, each in its own order: the additions of one wait for each other, those of eight don't.

use super::reduce::{self, RUN};
use super::{Job, Span, Stopped};
use crate::ir::ElementKind;

/// The function of a reduction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Plain {
    Sum,
    Min,
    Max,
}

/// Runs that are folded side by side.
const LANES: usize = 8;

impl Plain {
    /// Joins the elements of the job's one input, as [`Kernel::reduce`](crate::Kernel::reduce) does.
    ///
    /// # Safety
    /// Every span of the job is readable until this returns.
    pub unsafe fn reduce(self, job: &Job, initial: f64) -> Result<f64, Stopped> {
        assert!(
            job.inputs.len() == 1 && job.inputs[0].length >= job.length && job.threads > 0,
            "not a reduction's job"
        );
        reduce::plain(self, job, initial)
    }

    /// As JavaScript's `+`, Math.min and Math.max.
    pub fn join(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Sum => a + b,
            Self::Min => least(a, b),
            Self::Max => -least(-a, -b),
        }
    }

    /// Puts the results of runs `first..last` of an input of `length` elements.
    pub(super) fn runs(
        self,
        input: Span,
        length: usize,
        first: usize,
        last: usize,
        initial: f64,
        put: &dyn Fn(usize, f64),
    ) {
        let address = input.address;
        macro_rules! of {
            ($ty:ty) => {
                // SAFETY: the caller of `reduce` vouches for the input; typed arrays are aligned to their elements.
                self.side_by_side(unsafe { std::slice::from_raw_parts(address.cast::<$ty>(), length) }, first, last, initial, put)
            };
        }
        match input.kind {
            _ if length == 0 => {}
            ElementKind::Int8 => of!(i8),
            ElementKind::Uint8 | ElementKind::Uint8Clamped => of!(u8),
            ElementKind::Int16 => of!(i16),
            ElementKind::Uint16 => of!(u16),
            ElementKind::Int32 => of!(i32),
            ElementKind::Uint32 => of!(u32),
            ElementKind::Float32 => of!(f32),
            ElementKind::Float64 => of!(f64),
        }
    }

    fn side_by_side<T: Copy + Into<f64>>(
        self,
        input: &[T],
        first: usize,
        last: usize,
        initial: f64,
        put: &dyn Fn(usize, f64),
    ) {
        let mut at = first;
        while at + LANES <= last && (at + LANES) * RUN <= input.len() {
            let block = &input[at * RUN..(at + LANES) * RUN];
            let lanes = match self {
                Self::Sum => lanes(block, initial, |a, b| a + b),
                Self::Min => lanes(block, initial, least),
                Self::Max => lanes(block, initial, |a, b| -least(-a, -b)),
            };
            for (lane, value) in lanes.into_iter().enumerate() {
                put(at + lane, value);
            }
            at += LANES;
        }
        for at in at..last {
            let run = &input[at * RUN..((at + 1) * RUN).min(input.len())];
            put(
                at,
                run.iter().fold(initial, |a, b| self.join(a, (*b).into())),
            );
        }
    }
}

/// Folds the eight runs of `block`.
#[inline(always)]
fn lanes<T: Copy + Into<f64>>(
    block: &[T],
    initial: f64,
    join: impl Fn(f64, f64) -> f64,
) -> [f64; LANES] {
    let runs: [&[T]; LANES] = std::array::from_fn(|lane| &block[lane * RUN..(lane + 1) * RUN]);
    let mut sums = [initial; LANES];
    for at in 0..RUN {
        for (sum, run) in sums.iter_mut().zip(runs) {
            *sum = join(*sum, run[at].into());
        }
    }
    sums
}

/// Math.min of two: NaN where one is, and -0 is less than 0.
#[inline(always)]
fn least(a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() {
        f64::NAN
    } else if a < b || a == b && a.is_sign_negative() {
        a
    } else {
        b
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_odd_numbers_are_javascripts() {
        assert!(Plain::Min.join(f64::NAN, 1.0).is_nan() && Plain::Max.join(1.0, f64::NAN).is_nan());
        assert_eq!(Plain::Min.join(0.0, -0.0).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(Plain::Max.join(-0.0, 0.0).to_bits(), 0.0_f64.to_bits());
        assert_eq!(Plain::Max.join(f64::NEG_INFINITY, -5.0), -5.0);
    }
}
