//! What is heard of children, until the thread that owns them takes it. children.rs fills them from the core thread, threads.rs from
//! the threads that it watches; whoever puts something in rings the owner's bell.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, OnceLock};

use multiproc_process::ExitStatus;

use crate::tree;

/// One bit an owner: something was put into a mailbox of its since it last asked. It looks at all its children then.
static NEWS: [AtomicU64; 5] = [const { AtomicU64::new(0) }; 5];

fn news_of(owner: u32) -> (&'static AtomicU64, u64) {
    (&NEWS[(owner / 64) as usize % NEWS.len()], 1 << (owner % 64))
}

fn set_news(owner: u32) {
    let (word, bit) = news_of(owner);
    word.fetch_or(bit, SeqCst);
}

/// Whether any child of `owner` may have news; asking clears it.
pub fn has_news(owner: u32) -> bool {
    let (word, bit) = news_of(owner);
    word.load(SeqCst) & bit != 0 && word.fetch_and(!bit, SeqCst) & bit != 0
}

/// The owner of a mailbox whose thread has ended.
const NOBODY: u32 = u32::MAX;

/// What came from a child and was not taken yet.
#[derive(Default)]
pub struct Mailbox {
    owner: u32,
    pub ready: bool,
    pub messages: Vec<(u8, Vec<u8>)>,
    pub exit: Option<ExitStatus>,
    /// How it is ending; its exit comes later.
    pub dying: Option<ExitStatus>,
}

impl Mailbox {
    fn of(owner: u32) -> Mailbox {
        Mailbox {
            owner,
            ..Mailbox::default()
        }
    }

    fn is_empty(&self) -> bool {
        !self.ready && self.messages.is_empty() && self.exit.is_none() && self.dying.is_none()
    }
}

fn mailboxes() -> MutexGuard<'static, HashMap<u64, Mailbox>> {
    static BOXES: OnceLock<Mutex<HashMap<u64, Mailbox>>> = OnceLock::new();
    BOXES
        .get_or_init(Default::default)
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A mailbox for child `id` of `owner`.
pub fn open(id: u64, owner: u32) {
    mailboxes().entry(id).or_insert_with(|| Mailbox::of(owner));
}

/// Nobody will ask about child `id`.
pub fn close(id: u64) {
    mailboxes().remove(&id);
}

/// Puts something into the mailbox of child `id` and tells its owner: `owner`, unless another has it by now.
pub fn deliver(id: u64, owner: u32, put: impl FnOnce(&mut Mailbox)) {
    let owner = {
        let mut boxes = mailboxes();
        // The exit of a child that nobody asks about any more has no mailbox to go to, unless start() is still under way.
        let mailbox = boxes.entry(id).or_insert_with(|| Mailbox::of(owner));
        put(mailbox);
        if mailbox.owner == NOBODY {
            mailbox.messages.clear();
            if mailbox.exit.is_some() {
                boxes.remove(&id);
            }
            return;
        }
        set_news(mailbox.owner);
        mailbox.owner
    };
    tree::ring(owner);
}

/// All that is new from child `id`, whose mailbox is gone once it has exited. None where nothing is new.
pub fn take(id: u64) -> Option<Mailbox> {
    let mut boxes = mailboxes();
    let mailbox = boxes.get_mut(&id)?;
    if mailbox.is_empty() {
        return None;
    }
    let next = Mailbox::of(mailbox.owner);
    let taken = std::mem::replace(mailbox, next);
    if taken.exit.is_some() {
        boxes.remove(&id);
    }
    Some(taken)
}

/// Child `id` belongs to `owner` from now on, which looks at what was heard of it before.
pub fn hand_over(id: u64, owner: u32) {
    if let Some(mailbox) = mailboxes().get_mut(&id) {
        mailbox.owner = owner;
        set_news(owner);
    }
}

/// The thread of `owner` ends: what its children still say goes nowhere. Which they are.
pub fn orphan(owner: u32) -> Vec<u64> {
    let mut orphans = Vec::new();
    mailboxes().retain(|id, mailbox| {
        if mailbox.owner == owner {
            mailbox.owner = NOBODY;
            orphans.push(*id);
        }
        mailbox.owner != NOBODY || mailbox.exit.is_none()
    });
    orphans
}
