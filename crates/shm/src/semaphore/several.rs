//! A release of several permits, or of permits that are not the releaser's: all of it or nothing.
//!
//! Under the inner lock what is taken is marked as RESERVED: the releaser's own permits first, then those of nobody, then anybody's. Where that
//! and what may be added is enough, `committing` is set and what is marked becomes free; else it is its owners' again. A kill
//! before `committing` was set undoes, one after it does (semaphore.rs).

use super::{
    owned, word, Refused, ANONYMOUS, BOUNDED, COMMITTING, FIRST, FLAGS, INNER, MOST, NOBODY, OWNER,
    RESERVED, UNKNOWN,
};
use crate::geometry::Slot;
use crate::lock;
use crate::mem::Mem;
use crate::plant::planted;

/// Gives `n` permits back, or none. Wakes nobody.
pub(super) fn release(m: &Mem, at: u64, slot: Slot, n: u32) -> Result<(), Refused> {
    lock::lock(m, at + INNER, slot);
    let mut reserved = reserve(m, at, n, |owner| owner == slot + 1);
    reserved += reserve(m, at, n - reserved, |owner| owner == NOBODY);
    let foreign = reserve(m, at, n - reserved, |_| true);
    let rest = n - reserved - foreign;
    let bounded = m.w32(at + FLAGS).get() & BOUNDED != 0;
    let refused = if rest == 0 {
        None
    } else if bounded && owned(m, at) > 0 {
        Some(Refused::NotHeld)
    } else {
        let most = if bounded {
            m.w32(at + FIRST).get()
        } else {
            MOST
        };
        add_anonymous(m, at, rest, most - if bounded { 0 } else { owned(m, at) })
            .err()
            .map(|()| {
                if bounded {
                    Refused::NotHeld
                } else {
                    Refused::TooMany
                }
            })
    };
    if refused.is_none() {
        if foreign > 0 || rest > 0 {
            m.w32(at + FLAGS).or(UNKNOWN);
        }
        m.w32(at + COMMITTING).set(1);
        settle(m, at, true);
        m.w32(at + COMMITTING).set(0);
    } else if !planted("a refused release keeps what it reserved") {
        settle(m, at, false);
    }
    lock::unlock(m, at + INNER);
    refused.map_or(Ok(()), Err)
}

fn add_anonymous(m: &Mem, at: u64, n: u32, most: u32) -> Result<(), ()> {
    let count = m.w32(at + ANONYMOUS);
    loop {
        let old = count.get();
        match old.checked_add(n) {
            Some(new) if new <= most => {
                if count.cas(old, new) {
                    return Ok(());
                }
            }
            _ => return Err(()),
        }
    }
}

/// Marks up to `n` taken permits; how many it were. Under the inner lock.
fn reserve(m: &Mem, at: u64, n: u32, of: impl Fn(u32) -> bool) -> u32 {
    let mut got = 0;
    for i in 0..owned(m, at) {
        if got == n {
            break;
        }
        let w = m.w32(word(at, i));
        let old = w.get();
        let fits = old != 0 && old & RESERVED == 0 && of(old & OWNER);
        if fits && w.cas(old, old | RESERVED) {
            got += 1;
        }
    }
    got
}

/// What is RESERVED is freed, or is its owner's again. Under the inner lock; can be repeated.
fn settle(m: &Mem, at: u64, freed: bool) {
    for i in 0..owned(m, at) {
        let w = m.w32(word(at, i));
        loop {
            let old = w.get();
            if old & RESERVED == 0 || w.cas(old, if freed { 0 } else { old & !RESERVED }) {
                break;
            }
        }
    }
}

/// Supervisor: one died inside of a release. What it had decided on is done, what it had not is undone.
pub(super) fn finish(m: &Mem, at: u64) {
    settle(m, at, m.w32(at + COMMITTING).get() != 0);
    m.w32(at + COMMITTING).set(0);
}
