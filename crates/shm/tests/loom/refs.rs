//! References in messages: a block lives as long as a committed message names it, whoever dies.

use crate::support::*;

fn push_ref(m: &Mem, queue: Id, slot: Slot, id: Id) -> u64 {
    ring::push(m, queue, slot, &[id], 8, ring::Body::Inline(&[&[1; 8]])).unwrap()
}

fn pop_ref(m: &Mem, queue: Id, slot: Slot) -> Option<Id> {
    let mut refs = Vec::new();
    ring::pop(m, queue, slot, &mut [0; 8], 0, &mut refs, |id| {
        block::hold(m, id, slot)
    })
    .ok()?;
    refs.pop()
}

#[test]
fn sender_killed() {
    for_every_kill("sender_killed", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let named = block_id(0);
        make(m, named, Kind::Raw, &[A]);
        m.w64(data(m, named)).set(42);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                let pos = push_ref(&a.mem, queue, A, named);
                if ring::passed(&a.mem, queue, pos) {
                    block::drop_hold(&a.mem, named, A, A);
                } else {
                    // dies with the message on its way
                    fuse(0);
                    a.mem.w64(data(&a.mem, named)).set(0);
                }
            })
        });
        let b = thread::spawn(move || {
            let m = &b.mem;
            if let Some(id) = pop_ref(m, queue, B) {
                assert_eq!(block::phase(state_word(m, id).get()), block::LIVE);
                assert!(block::is_held_by(m, id, B));
                assert_eq!(m.w64(data(m, id)).get(), 42);
                block::drop_hold(m, id, B, B);
            }
        });
        let ended = a.join().unwrap();
        let mut supervisor = Repair::new(&arena);
        if !ended {
            supervisor.slot(A, 42);
        }
        b.join().unwrap();
        if let Some(id) = pop_ref(m, queue, ROOT) {
            assert!(!is_free(m, id), "freed while a message names it");
            assert_eq!(m.w64(data(m, id)).get(), 42);
            block::drop_hold(m, id, ROOT, ROOT);
        }
        supervisor.tidy();
        assert!(is_free(m, named), "leak");
        // where B is late A always dies with the message on its way; A has fewer writes than this
        ended || k > 16
    });
}

/// The taker of a reference is killed; the sender lives, and lets go when the head has passed.
#[test]
fn taker_killed() {
    for_every_kill("taker_killed", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let named = block_id(0);
        make(m, named, Kind::Raw, &[B]);
        let (a, b) = (arena.clone(), arena.clone());
        let pos = push_ref(m, queue, B, named);
        let a = thread::spawn(move || {
            mortal(k, || {
                if let Some(id) = pop_ref(&a.mem, queue, A) {
                    assert_eq!(block::phase(state_word(&a.mem, id).get()), block::LIVE);
                    block::drop_hold(&a.mem, id, A, A);
                }
            })
        });
        let b = thread::spawn(move || {
            if ring::passed(&b.mem, queue, pos) {
                block::drop_hold(&b.mem, named, B, B);
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        if let Some(id) = pop_ref(m, queue, ROOT) {
            assert!(!ended);
            assert_eq!(block::phase(state_word(m, id).get()), block::LIVE);
            block::drop_hold(m, id, ROOT, ROOT);
        }
        if block::is_held_by(m, named, B) {
            block::drop_hold(m, named, B, B);
        }
        assert!(is_free(m, named), "leak");
        ended
    });
}
