//! This thread as a member of the tree: its slot and what it holds.
//!
//! State lives here per thread, not in JavaScript modules: module registries of test runners, and two copies of the
//! package, find the same member.

use std::cell::RefCell;
use std::time::Duration;

use multiproc_shm::{code, Arena, Heap, Id, Kind, Slot};
use napi::bindgen_prelude::Uint8Array;
use napi::{sys, Env};
use napi_derive::napi;

use crate::bell;
use crate::children;
use crate::error::{coded, napi_error, shm_error, Result};
use crate::{named, threads, tree};

/// A member: one JavaScript thread.
pub struct Member {
    pub slot: Slot,
    pub heap: Heap<'static>,
    /// Refs of the item that was taken from a queue last,
    pub taken: Vec<Id>,
    /// and where it lies, if there is more to it than bytes in a buffer.
    pub body: Body,
}

/// Where an item lies: `bytes` bytes, in a block from `at` on, or in the buffer.
#[derive(Default)]
pub struct Body {
    pub block: Option<Id>,
    pub at: u64,
    pub bytes: usize,
}

impl Member {
    fn new(tree: &'static tree::Tree, slot: Slot) -> Member {
        Member {
            slot,
            heap: Heap::new(tree.arena, slot),
            taken: Vec::new(),
            body: Body::default(),
        }
    }
}

thread_local! {
    static MEMBER: RefCell<Option<Member>> = const { RefCell::new(None) };
}

/// Whether this is the first thread of its process.
pub fn is_main_thread() -> bool {
    // SAFETY: neither call has a precondition.
    unsafe { libc::syscall(libc::SYS_gettid) as libc::pid_t == libc::getpid() }
}

/// Runs `f` with this thread's member. Joins the tree at the first call.
///
/// # Errors
/// Those of joining: no memory, too many processes, a foreign arena.
pub fn with<R>(f: impl FnOnce(&'static Arena, &mut Member) -> Result<R>) -> Result<R> {
    MEMBER.with(|cell| {
        let mut member = cell
            .try_borrow_mut()
            .map_err(|_| coded("ERR_REENTRANT", "a native call inside another one"))?;
        let tree = tree::tree()?;
        if member.is_none() {
            *member = Some(enter(tree)?);
        }
        match member.as_mut() {
            Some(member) => f(tree.arena, member),
            None => Err(coded("ERR_PROCESS", "this thread has left the tree")),
        }
    })
}

fn enter(tree: &'static tree::Tree) -> Result<Member> {
    let slot = if is_main_thread() {
        tree.main_slot
    } else {
        let (slot, generation) = tree.arena.claim(tree.main_slot).map_err(shm_error)?;
        tree.arena.enter(slot, generation, "").map_err(shm_error)?;
        slot
    };
    Ok(Member::new(tree, slot))
}

/// Makes this thread, which has not joined, the member with a slot that was claimed for it.
pub fn enter_claimed(env: Env, slot: Slot, generation: u32) -> Result<()> {
    let tree = tree::tree()?;
    MEMBER.with(|cell| {
        let mut member = cell
            .try_borrow_mut()
            .map_err(|_| coded("ERR_REENTRANT", "a native call inside another one"))?;
        if member.is_some() {
            return Err(coded(
                "ERR_PROCESS",
                "a module that is loaded into every thread beforehand uses shared objects as it is loaded",
            ));
        }
        tree.arena.enter(slot, generation, "").map_err(shm_error)?;
        *member = Some(Member::new(tree, slot));
        Ok(())
    })?;
    register_leave(env)
}

/// This thread ends: what it holds is given back, its children end. The main thread's slot goes with its process.
unsafe extern "C" fn leave(_: *mut std::ffi::c_void) {
    let member = MEMBER.with(|cell| cell.try_borrow_mut().ok().and_then(|mut m| m.take()));
    if let (Some(member), Some(tree), false) = (member, tree::joined(), is_main_thread()) {
        let slot = member.slot;
        drop(member);
        children::end_of(slot);
        named::ended(slot);
        tree.arena.leave(slot);
    }
    threads::ended();
}

/// What join() tells.
#[napi(object)]
pub struct Membership {
    pub slot: u32,
    /// 32 hexadecimal digits.
    pub tree: String,
    pub root: bool,
}

/// Joins the tree as this thread. Idempotent.
#[napi(catch_unwind)]
pub fn join(env: Env) -> Result<Membership> {
    let slot = with(|_, member| Ok(member.slot))?;
    register_leave(env)?;
    let tree = tree::tree()?;
    Ok(Membership {
        slot,
        tree: tree.arena.tree_hex(),
        root: tree.root,
    })
}

fn register_leave(env: Env) -> Result<()> {
    thread_local! { static REGISTERED: std::cell::Cell<bool> = const { std::cell::Cell::new(false) }; }
    if REGISTERED.replace(true) {
        return Ok(());
    }
    // SAFETY: `env` is the environment of this call; `leave` takes no data.
    let status =
        unsafe { sys::napi_add_env_cleanup_hook(env.raw(), Some(leave), std::ptr::null_mut()) };
    if status == sys::Status::napi_ok {
        Ok(())
    } else {
        Err(napi_error(status, "add_env_cleanup_hook"))
    }
}

/// Makes this process the child that it was started as. The boot script's first call.
#[napi(catch_unwind)]
pub fn attach(slot: u32, generation: u32) -> Result<()> {
    tree::attach(slot, generation).map(|tree| {
        tree.arena.hold_liveness(slot, generation);
    })
}

/// Whether this process was started by another one of its tree.
#[napi(catch_unwind)]
pub fn is_child() -> bool {
    threads::is_started() || tree::joined().is_some_and(|tree| !tree.root)
}

/// Ends this process, with what C code has printed written, and nothing else done.
#[napi]
pub fn exit_now(code: i32) {
    // SAFETY: fflush(NULL) writes the buffers of all open streams; _exit takes no pointers and does not return.
    unsafe {
        libc::fflush(std::ptr::null_mut());
        libc::_exit(code);
    }
}

/// What `inspect` calls this thread; cut at 64 bytes.
#[napi(catch_unwind)]
pub fn set_name(name: String) -> Result<()> {
    with(|arena, m| {
        arena.set_slot_name(m.slot, &name);
        Ok(())
    })
}

/// This thread ends as it meant to: permits that it has taken stay taken, and no barrier misses it.
#[napi(catch_unwind)]
pub fn set_orderly() -> Result<()> {
    with(|arena, m| {
        arena.set_orderly(m.slot);
        Ok(())
    })
}

/// A block id from JavaScript: any number; each use checks it.
pub fn id(raw: f64) -> Id {
    Id::from_u64(raw as u64)
}

/// Milliseconds from JavaScript; negative: no limit.
pub fn limit(milliseconds: f64) -> Option<Duration> {
    (milliseconds >= 0.0).then(|| Duration::from_secs_f64(milliseconds.min(1e12) / 1e3))
}

// ---------------------------------------------------------------- blocks

fn kind_of(kind: u32) -> Kind {
    match kind {
        3 => Kind::Queue,
        4 => Kind::Channel,
        1 => Kind::Message,
        _ => Kind::Other,
    }
}

/// A zeroed block, held by this thread with count 1.
#[napi(catch_unwind)]
pub fn alloc(bytes: f64, kind: u32) -> Result<f64> {
    with(|_, m| {
        m.heap
            .alloc(bytes as u64, kind_of(kind))
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// A block with whatever was in it before, held by this thread with count 1.
#[napi(catch_unwind)]
pub fn alloc_raw(bytes: f64, kind: u32) -> Result<f64> {
    with(|_, m| {
        m.heap
            .alloc_raw(bytes as u64, kind_of(kind))
            .map(|id| id.as_u64() as f64)
            .map_err(shm_error)
    })
}

/// One more count of a block that somebody holds for the duration of the call.
#[napi(catch_unwind)]
pub fn retain(block: f64) -> Result<()> {
    with(|_, m| m.heap.retain(id(block)).map_err(shm_error))
}

/// One count of a block that the parent holds in this thread's name.
#[napi(catch_unwind)]
pub fn adopt(block: f64) -> Result<()> {
    with(|_, m| m.heap.adopt(id(block)).map_err(shm_error))
}

/// Gives one count back, unless this thread has left the tree: then it holds nothing any more.
pub fn release_if_joined(block: Id) {
    let _ = MEMBER.try_with(|cell| {
        if let Some(member) = cell
            .try_borrow_mut()
            .ok()
            .as_deref_mut()
            .and_then(Option::as_mut)
        {
            let _ = member.heap.release(block);
        }
    });
}

/// Lets go of what was only kept for a reason that has passed: messages that were taken meanwhile.
pub fn tidy_if_joined() {
    let _ = MEMBER.try_with(|cell| {
        if let Some(member) = cell
            .try_borrow_mut()
            .ok()
            .as_deref_mut()
            .and_then(Option::as_mut)
        {
            if member.heap.pinned() > 0 {
                member.heap.tidy();
            }
        }
    });
}

/// Holds a block in the name of a child that does not run yet.
#[napi(catch_unwind)]
pub fn pre_hold(block: f64, slot: u32) -> Result<()> {
    with(|_, m| m.heap.pre_hold(id(block), slot).map_err(shm_error))
}

/// Where a block's bytes begin, from the start of the arena.
#[napi(catch_unwind)]
pub fn locate(block: f64) -> Result<f64> {
    with(|arena, _| {
        arena
            .range(id(block))
            .map(|(offset, _)| offset as f64)
            .map_err(shm_error)
    })
}

// ---------------------------------------------------------------- compiled code

/// Keeps what V8 has compiled of the core for those that start later. False: it is kept already, or this process is not
/// the tree's first, so that others may outlive it.
#[napi(catch_unwind)]
pub fn code_keep(bytes: &[u8]) -> Result<bool> {
    if !tree::tree()?.root || !is_main_thread() {
        return Ok(false);
    }
    with(|_, m| code::keep(&mut m.heap, bytes).map_err(shm_error))
}

/// What is kept of it.
#[napi(catch_unwind)]
pub fn code_kept() -> Result<Option<Uint8Array>> {
    with(|arena, _| Ok(code::kept(arena).map(Uint8Array::from)))
}

/// The counter of this thread's bell.
#[napi(catch_unwind)]
pub fn bell_seen() -> Result<u32> {
    with(|arena, m| Ok(arena.bell_seen(m.slot)))
}

/// Sleeps until the bell's counter is not `seen` any more, at most so many milliseconds (cut at 200).
#[napi(catch_unwind)]
pub fn bell_sleep(seen: u32, milliseconds: f64) -> Result<bool> {
    with(|arena, m| Ok(arena.sleep(m.slot, seen, limit(milliseconds).unwrap_or(bell::SLICE))))
}
