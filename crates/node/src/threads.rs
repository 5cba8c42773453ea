//! Children that are threads of this process, as JavaScript sees them: Node starts and ends them, this module knows of it.
//!
//! ```text
//! parent                                     the thread
//! thread_claim(order): a slot, a mailbox
//!   pre_hold(..); new Worker(.., id)   ----> thread_enter(id): takes slot and order
//!                                            parent_send(kind, bytes)   into the mailbox
//! thread_end(id, signal); terminate()        thread_exits(code)         as its JavaScript ends
//!   exit in the mailbox               <----  ended(): Node's environment of it ends, after all of its JavaScript
//! ```
//! So a parent that blocks hears of the end as well: Node's own event for it needs an event loop.
//!
//! **How it ended.** JavaScript says its exit code last of all. Where it did not, it was stopped in the middle of something:
//! by `thread_end`, which notes the signal that it stands for, or by Node at the limit of its heap, as nobody else has
//! the means. `ended` runs in each of these cases, in a hook of the environment.
//!
//! **A thread that is ended before it enters** has no such hook. The one who ends it takes the claim of its slot back; either
//! that or the entering succeeds. One that never enters and is gone (a module loaded into every thread beforehand has ended
//! it, or its heap was too small to begin) is known by Node's event (`thread_gone`), or, to a parent that blocks, by the
//! system: it is one of the threads that came while it was started, and none of these is there any more (`thread_look`).

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, OnceLock};

use multiproc_process::ExitStatus;
use multiproc_shm::Slot;
use napi::bindgen_prelude::Uint8Array;
use napi::Env;
use napi_derive::napi;

use crate::children::StartedChild;
use crate::error::{shm_error, Result};
use crate::mailbox::{self, deliver};
use crate::member::{enter_claimed, with};
use crate::tree;

/// Ids of threads begin here: those of processes are counted from 1.
const FIRST_ID: u64 = 1 << 48;
/// Kind of the message that says that a thread ran out of heap (src/process/messages.ts).
const OUT_OF_HEAP: u8 = 2;

/// A thread from its claim to its end.
struct Thread {
    owner: Slot,
    slot: Slot,
    generation: u32,
    /// Until it enters.
    order: Option<Vec<u8>>,
    /// The system's threads: those that were there before it, then those that came while it was started.
    tasks: Vec<u32>,
    /// The signal that its end by us stands for; the first one counts.
    asked: Option<i32>,
    /// It wants to be told of an interrupt,
    hears_interrupt: bool,
    /// and has not yet taken note of one.
    interrupted: bool,
}

/// This thread, where it is such a child.
#[derive(Clone, Copy)]
struct Own {
    id: u64,
    code: Option<i32>,
}

thread_local! {
    static OWN: Cell<Option<Own>> = const { Cell::new(None) };
}

struct Table {
    next: u64,
    threads: HashMap<u64, Thread>,
}

fn table() -> MutexGuard<'static, Table> {
    static TABLE: OnceLock<Mutex<Table>> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            Mutex::new(Table {
                next: FIRST_ID,
                threads: HashMap::new(),
            })
        })
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// It is over before it began.
fn take_back(thread: &Thread) -> bool {
    tree::joined().is_some_and(|tree| tree.arena.take_back(thread.slot, thread.generation))
}

fn tell_exit(id: u64, owner: Slot, status: ExitStatus) {
    deliver(id, owner, |mailbox| {
        if mailbox.exit.is_none() {
            mailbox.exit = Some(status);
        }
    });
}

// ---------------------------------------------------------------- the parent's side

/// A slot and a mailbox for a thread that is to be started with `order`.
#[napi(catch_unwind)]
pub fn thread_claim(order: &[u8]) -> Result<StartedChild> {
    let (owner, slot, generation) = with(|arena, m| {
        let (slot, generation) = arena.claim(m.slot).map_err(shm_error)?;
        Ok((m.slot, slot, generation))
    })?;
    let tasks = tasks();
    let mut table = table();
    let id = table.next;
    table.next += 1;
    table.threads.insert(
        id,
        Thread {
            owner,
            slot,
            generation,
            order: Some(order.to_vec()),
            tasks,
            asked: None,
            hears_interrupt: false,
            interrupted: false,
        },
    );
    drop(table);
    mailbox::open(id, owner);
    Ok(StartedChild {
        id: id as f64,
        pid: std::process::id(),
        slot,
        generation,
    })
}

/// Numbers of this process's threads, in order; none where the system does not tell.
fn tasks() -> Vec<u32> {
    let Ok(folder) = std::fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let names = folder.flatten().map(|entry| entry.file_name());
    let mut found: Vec<u32> = names.filter_map(|n| n.to_str()?.parse().ok()).collect();
    found.sort_unstable();
    found
}

/// Node has started the thread.
#[napi(catch_unwind)]
pub fn thread_started(id: f64) {
    let mut now = tasks();
    if let Some(thread) = table().threads.get_mut(&(id as u64)) {
        now.retain(|task| thread.tasks.binary_search(task).is_err());
        thread.tasks = now;
    }
}

/// Looks whether the thread has ended without having entered, which nobody else tells one who blocks. False: there is no
/// need to look again.
#[napi(catch_unwind)]
pub fn thread_look(id: f64) -> bool {
    let id = id as u64;
    let owner = {
        let mut table = table();
        let Some(thread) = table.threads.get(&id) else {
            return false;
        };
        if thread.order.is_none() || thread.tasks.is_empty() {
            return false;
        }
        let now = tasks();
        let gone = |task: &u32| now.binary_search(task).is_err();
        if !thread.tasks.iter().all(gone) || !take_back(thread) {
            return true;
        }
        let owner = thread.owner;
        table.threads.remove(&id);
        owner
    };
    tell_exit(id, owner, ExitStatus::Code(1));
    false
}

/// The thread could not be started.
#[napi(catch_unwind)]
pub fn thread_not_started(id: f64) {
    let id = id as u64;
    if let Some(thread) = table().threads.remove(&id) {
        take_back(&thread);
    }
    mailbox::close(id);
}

/// The thread is going to be ended by the caller; `signal` is what its exit code will say. False: it has ended already.
#[napi(catch_unwind)]
pub fn thread_end(id: f64, signal: i32) -> bool {
    let id = id as u64;
    let owner = {
        let mut table = table();
        let Some(thread) = table.threads.get_mut(&id) else {
            return false;
        };
        thread.asked.get_or_insert(signal);
        if !take_back(thread) {
            return true;
        }
        let owner = thread.owner;
        table.threads.remove(&id);
        owner
    };
    tell_exit(id, owner, ExitStatus::Signal(signal));
    true
}

/// Tells the thread of an interrupt. False: it does not want to know, or has ended.
#[napi(catch_unwind)]
pub fn thread_interrupt(id: f64) -> bool {
    let mut table = table();
    match table.threads.get_mut(&(id as u64)) {
        Some(thread) if thread.hears_interrupt => {
            thread.interrupted = true;
            tree::ring(thread.slot);
            true
        }
        _ => false,
    }
}

/// Node says that the thread is gone, with this exit code; 0 where its heap was too small to begin.
#[napi(catch_unwind)]
pub fn thread_gone(id: f64, code: i32) {
    let id = id as u64;
    let Some(thread) = table().threads.remove(&id) else {
        return;
    };
    take_back(&thread);
    let code = ExitStatus::Code((code & 0xff).max(1));
    let status = thread.asked.map_or(code, ExitStatus::Signal);
    tell_exit(id, thread.owner, status);
}

/// The thread with slot `owner` ends. Node has ended those that it started: what is left here never entered.
pub fn forget_those_of(owner: Slot) {
    table().threads.retain(|id, thread| {
        let forgotten = thread.owner == owner;
        if forgotten {
            take_back(thread);
            mailbox::close(*id);
        }
        !forgotten
    });
}

// ---------------------------------------------------------------- the thread's side

/// Makes this thread the child that it was started as, and gives its order; nothing where it is not wanted any more.
#[napi(catch_unwind)]
pub fn thread_enter(env: Env, id: f64) -> Result<Option<Uint8Array>> {
    let id = id as u64;
    let Some((slot, generation, order)) = table()
        .threads
        .get_mut(&id)
        .and_then(|t| Some((t.slot, t.generation, t.order.take()?)))
    else {
        return Ok(None);
    };
    enter_claimed(env, slot, generation)?;
    OWN.set(Some(Own { id, code: None }));
    Ok(Some(order.into()))
}

/// The last word of this thread's JavaScript: its exit code. A later one replaces it.
#[napi(catch_unwind)]
pub fn thread_exits(code: i32) {
    if let Some(own) = OWN.get() {
        let code = Some(code & 0xff);
        OWN.set(Some(Own { code, ..own }));
    }
}

/// Whether this thread wants to be told of interrupts: its bell rings then.
#[napi(catch_unwind)]
pub fn thread_hears_interrupt(on: bool) {
    let Some(own) = OWN.get() else { return };
    if let Some(thread) = table().threads.get_mut(&own.id) {
        thread.hears_interrupt = on;
    }
}

/// Whether there was one since the last call.
#[napi(catch_unwind)]
pub fn thread_was_interrupted() -> bool {
    let Some(own) = OWN.get() else { return false };
    let mut table = table();
    let thread = table.threads.get_mut(&own.id);
    thread.is_some_and(|thread| std::mem::take(&mut thread.interrupted))
}

/// Whether this thread is a child of another one.
pub fn is_started() -> bool {
    OWN.get().is_some()
}

/// A message to the thread that started this one. False: it is no such child.
pub fn tell_parent(kind: u8, bytes: &[u8]) -> bool {
    let Some(own) = OWN.get() else { return false };
    let owner = table().threads.get(&own.id).map(|thread| thread.owner);
    if let Some(owner) = owner {
        deliver(own.id, owner, |mailbox| {
            mailbox.messages.push((kind, bytes.to_vec()))
        });
    }
    true
}

/// The environment of this thread ends; its slot has been given back.
pub fn ended() {
    let Some(own) = OWN.take() else { return };
    let Some(thread) = table().threads.remove(&own.id) else {
        return;
    };
    let status = match (own.code, thread.asked) {
        (Some(code), _) => ExitStatus::Code(code),
        (None, Some(signal)) => ExitStatus::Signal(signal),
        (None, None) => {
            deliver(own.id, thread.owner, |mailbox| {
                mailbox.messages.push((OUT_OF_HEAP, Vec::new()))
            });
            ExitStatus::Code(1)
        }
    };
    tell_exit(own.id, thread.owner, status);
}
