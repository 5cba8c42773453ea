//! The napi binding of multiproc's core: converts, and nothing more.

mod bell;
mod children;
mod error;
mod inspect;
mod machine;
mod member;
mod mutex;
mod queue;
mod scope;
mod slices;
mod tree;
mod uv;
mod window;
