//! The napi binding of multiproc's core: converts, and nothing more.

// A test build has no exports; there is nothing to test here without Node.
#![cfg_attr(test, allow(dead_code))]

mod barrier;
mod bell;
mod children;
mod condition;
mod error;
mod event;
mod fast;
mod inspect;
mod lend;
mod machine;
mod mailbox;
mod member;
mod mutex;
mod named;
mod pipe;
mod queue;
mod rwlock;
mod scope;
mod semaphore;
mod shared;
mod slices;
mod threads;
mod tree;
mod uv;
mod window;
