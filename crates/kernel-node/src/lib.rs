//! The napi binding of the kernels: converts, and nothing more.

// A test build has no exports; there is nothing to test here without Node.
#![cfg_attr(test, allow(dead_code))]

mod arrays;
mod compile;
mod hold;
mod math;

mod running;
mod slices;
