//! A ring as heap, supervisor and `inspect` see it: without its locks, or with those of the dead.

use super::pop::{find, Found};
use super::*;
#[cfg(not(loom))]
use crate::tag::Kind;

/// Whether the head has passed the record at `pos`.
pub fn passed(m: &Mem, queue: Id, pos: u64) -> bool {
    planted("pin lets go at once") || position(m.w64(base(m, queue) + HEAD).get()) > pos
}

/// (pushed, popped).
pub fn counts(m: &Mem, queue: Id) -> (u64, u64) {
    let at = base(m, queue);
    let popped = m.w64(at + CSEQ).get();
    (m.w64(at + PSEQ).get(), popped)
}

/// Supervisor: what the dead owner of a lock has frozen: (tail, head), each if its lock is the dead slot's.
pub(crate) fn frozen(m: &Mem, queue: Id, dead: Slot) -> (Option<u64>, Option<u64>) {
    let at = base(m, queue);
    let of = |lock: u64, word: u64| {
        (lock::owner(m, at + lock) == Some(dead)).then(|| position(m.w64(at + word).get()))
    };
    (of(PUSH_LOCK, TAIL), of(POP_LOCK, HEAD))
}

/// Supervisor: puts right what the dead owner of a lock left half done, then opens. Everything frozen has been judged.
pub(crate) fn settle(m: &Mem, queue: Id, dead: Slot) {
    let at = base(m, queue);
    let (push, pop) = frozen(m, queue, dead);
    for (died, count, commit) in [(push, PSEQ, TAIL), (pop, CSEQ, HEAD)] {
        let (number, word) = (m.w64(at + count).get(), m.w64(at + commit).get());
        if died.is_some() && number & 7 != word & 7 && !planted("numbers are not settled") {
            m.w64(at + count).set(number.wrapping_sub(1));
        }
    }
    if push.is_some() {
        if let Some(cap) = cap(m, queue) {
            let have = m.w64(at + COMMITTED).get();
            if have < cap && have.is_multiple_of(4096) && !cfg!(loom) {
                m.punch(at + DATA + have, cap - have);
            }
        }
    }
    lock::open(m, at + PUSH_LOCK, dead);
    lock::open(m, at + POP_LOCK, dead);
}

/// A committed record, seen from outside.
pub(crate) struct Seen {
    pub pos: u64,
    pub sender: Slot,
    pub refs: Vec<Id>,
    pub block: Option<Id>,
}

/// All committed records, without a lock: a record is good if the head had not passed it after it was read. What has been
/// passed meanwhile is left out. Ends at a record that makes no sense.
pub(crate) fn walk(m: &Mem, queue: Id, mut f: impl FnMut(Seen)) {
    let at = base(m, queue);
    let Some(cap) = cap(m, queue) else { return };
    let mut pos = position(m.w64(at + HEAD).get());
    let tail = position(m.w64(at + TAIL).get());
    while pos < tail {
        let found = find(m, queue, at, cap, pos, tail);
        let seen = match &found {
            Found::Record(r) => Some((
                Seen {
                    pos: r.pos,
                    sender: r.sender,
                    refs: (0..r.refs as u64)
                        .map(|i| Id(m.w64(r.body + i * 8).get()))
                        .collect(),
                    block: r.block,
                },
                r.next,
            )),
            _ => None,
        };
        crate::mem::fence();
        let head = position(m.w64(at + HEAD).get());
        if head > pos {
            pos = head;
            continue;
        }
        let Some((seen, next)) = seen else { return };
        f(seen);
        pos = next;
    }
}

/// The queue's block is being freed by `by`: the messages in it, which nobody can take any more, go too. May be done twice.
pub(crate) fn drain(m: &Mem, queue: Id, by: Slot) {
    let mut bodies = Vec::new();
    walk(m, queue, |seen| {
        bodies.extend(
            seen.block
                .map(|id| (id, tag::transit(seen.sender, queue), seen.pos)),
        )
    });
    for (id, tag, pos) in bodies {
        let state = state_word(m, id).get();
        if block::phase(state) == block::TRANSIT
            && tag::route(block::tag_word(m, id).get()) == tag
            && block::pos_word(m, id).get() == pos
        {
            block::seize(m, id, state, by);
        }
    }
}

/// Kind and id agree.
#[cfg(not(loom))]
pub(crate) fn check(m: &Mem, id: Id) -> Result<(), Error> {
    m.check(id)?;
    let found = block::kind_number(m, id);
    if found != Kind::Queue as u8 || cap(m, id).is_none() {
        return Err(Error::WrongKind {
            id: id.0,
            expected: Kind::Queue,
            found,
        });
    }
    Ok(())
}
