//! This process in its tree: the arena, the core, the control socket. One of each a process, whatever the number of
//! threads and of copies of the JavaScript modules.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, OnceLock};

use multiproc_process::{Control, RawHandle, ARENA_FD};
use multiproc_shm::{Arena, ArenaOptions, Slot, Supervisor};

use crate::children::core;
use crate::error::{coded, process_error, shm_error, Result};

/// The root's main thread.
pub const ROOT_SLOT: Slot = 0;

/// A process that belongs to a tree.
pub struct Tree {
    pub arena: &'static Arena,
    /// The slot of this process's main thread.
    pub main_slot: Slot,
    pub root: bool,
    control: Option<Control>,
    /// Lives as long as the root does.
    _supervisor: Option<Supervisor>,
}

static TREE: OnceLock<Tree> = OnceLock::new();
static JOINING: Mutex<()> = Mutex::new(());

/// The tree that this process has joined.
pub fn joined() -> Option<&'static Tree> {
    TREE.get()
}

/// The tree; a process that nobody attached becomes the root of a new one.
pub fn tree() -> Result<&'static Tree> {
    join(|| {
        let arena: &'static Arena = Box::leak(Box::new(
            Arena::create(&ArenaOptions::default()).map_err(shm_error)?,
        ));
        let supervisor = Supervisor::start(arena).map_err(shm_error)?;
        Ok(Tree {
            arena,
            main_slot: ROOT_SLOT,
            root: true,
            control: None,
            _supervisor: Some(supervisor),
        })
    })
}

/// Makes this process the child that it was started as.
pub fn attach(slot: Slot, generation: u32) -> Result<&'static Tree> {
    join(|| {
        let control = core().attach().map_err(process_error)?;
        // SAFETY: the starter put the arena there, attach() has just checked that this is its child, and nobody else uses it.
        let arena_fd = unsafe { OwnedFd::from_raw_fd(ARENA_FD) };
        let arena: &'static Arena =
            Box::leak(Box::new(Arena::attach(arena_fd).map_err(shm_error)?));
        arena.enter(slot, generation, "").map_err(shm_error)?;
        Ok(Tree {
            arena,
            main_slot: slot,
            root: false,
            control: Some(control),
            _supervisor: None,
        })
    })
}

fn join(make: impl FnOnce() -> Result<Tree>) -> Result<&'static Tree> {
    if let Some(tree) = TREE.get() {
        return Ok(tree);
    }
    let _joining = JOINING.lock().unwrap_or_else(|e| e.into_inner());
    if TREE.get().is_none() {
        let tree = make()?;
        let _ = TREE.set(tree);
    }
    TREE.get()
        .ok_or_else(|| coded("ERR_PROCESS", "the tree could not be joined"))
}

/// The control socket to the parent. Only a started child has one.
pub fn control() -> Result<&'static Control> {
    TREE.get()
        .and_then(|tree| tree.control.as_ref())
        .ok_or_else(|| coded("ERR_PROCESS", "this process was not started by multiproc"))
}

/// Rings a thread's bell; nothing before this process has joined.
pub fn ring(slot: Slot) {
    if let Some(tree) = TREE.get() {
        tree.arena.ring(slot);
    }
}

pub fn arena_fd() -> Result<RawHandle> {
    Ok(tree()?.arena.fd().as_raw_fd())
}
