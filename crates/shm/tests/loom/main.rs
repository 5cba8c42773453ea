//! The protocols under loom: every interleaving (up to a bound of preemptions) × every kill point.
//!
//! Thread A is killed before its k-th write to shared memory, for every k; the supervisor then repairs, while B goes on.
//! A and B are in different words of a holder set. Sleeps have no slices here, so a lost wake is a deadlock.
//!
//! ```text
//! RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target-loom cargo test --release -p multiproc-shm --test loom
//! LOOM_BOUND=3 ...      the long form: more preemptions (2 by default in the models that say so, "x": no bound)
//! PLANT="name" ...      with that bug planted; `planted.rs` does this for each bug and sees that its model fails
//! ```
#![cfg(loom)]

mod barrier;
mod block;
mod condition;
mod ends;
mod event;
mod locks;
mod planted;
mod queue;
mod refs;
mod rwlock;
mod semaphore;
mod slots;
mod support;
