//! Blocks: no two owners, no leak, whatever the order and whoever dies.

use crate::support::*;

#[test]
fn alloc_and_free() {
    for_every_kill("alloc_and_free", 1, |k| {
        let arena = arena();
        let work = |arena: &Arena, slot: Slot, times: u64| {
            let m = &arena.mem;
            let mut heap = Heap::new(arena, slot);
            for _ in 0..times {
                if let Ok(id) = heap.alloc(BLOCK, Kind::Raw) {
                    let word = m.w64(data(m, id));
                    assert_eq!(word.get(), 0, "not zeroed");
                    word.set(slot as u64 + 1);
                    assert!(is_alone(m, id, slot));
                    assert_eq!(word.get(), slot as u64 + 1, "two owners");
                    heap.release(id).unwrap();
                }
            }
        };
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || work(&a, A, 1)));
        let b = thread::spawn(move || work(&b, B, 1));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        assert!((0..2).all(|i| is_free(&arena.mem, block_id(i))), "leak");
        ended
    });
}

/// A and B hold the same block in different words; both let go at once.
#[test]
fn last_one_out_frees() {
    for_every_kill("last_one_out_frees", 2, |k| {
        let arena = arena();
        let id = block_id(0);
        make(&arena.mem, id, Kind::Raw, &[A, B]);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                block::drop_hold(&a.mem, id, A, A);
            })
        });
        let b = thread::spawn(move || {
            block::drop_hold(&b.mem, id, B, B);
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        if !ended {
            // B may have found A's bit still set
            repair(&arena);
        }
        assert!(is_free(&arena.mem, id), "leak");
        ended
    });
}

/// The hand-over X → Y that a reader of several words could miss: B, in the later word, hands to A, in the earlier one, and
/// lets go, while ROOT drops too and looks at the words one after the other.
#[test]
fn a_hand_over_is_not_overlooked() {
    check("a_hand_over_is_not_overlooked", 3, || {
        let arena = arena();
        let id = block_id(0);
        let m = &arena.mem;
        make(m, id, Kind::Raw, &[B, ROOT]);
        let (a, r) = (arena.clone(), arena.clone());
        let hands = thread::spawn(move || {
            block::hold(&a.mem, id, A);
            block::drop_hold(&a.mem, id, B, B);
        });
        let drops = thread::spawn(move || {
            block::drop_hold(&r.mem, id, ROOT, ROOT);
        });
        hands.join().unwrap();
        drops.join().unwrap();
        assert!(is_alone(m, id, A), "freed while it was held");
        block::drop_hold(m, id, A, A);
        assert!(is_free(m, id));
    });
}

/// The same with the receiver killed, and while the supervisor scans for garbage.
#[test]
fn a_hand_over_and_a_scan() {
    for_every_kill("a_hand_over_and_a_scan", 2, |k| {
        let arena = arena();
        let (id, ready) = (block_id(0), block_id(1));
        let m = &arena.mem;
        make(m, id, Kind::Raw, &[B]);
        make(m, ready, Kind::Raw, &[ROOT]);
        let (a, b) = (arena.clone(), arena.clone());
        let flag = data(m, ready);
        let a = thread::spawn(move || {
            mortal(k, || {
                block::hold(&a.mem, id, A);
                a.mem.w64(flag).set(1);
            })
        });
        let b = thread::spawn(move || {
            if b.mem.w64(flag).get() == 1 {
                block::drop_hold(&b.mem, id, B, B);
                true
            } else {
                false
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        if !b.join().unwrap() {
            assert!(block::is_held_by(m, id, B), "freed under B's hold");
            block::drop_hold(m, id, B, B);
        }
        if ended {
            assert!(is_alone(m, id, A));
        } else {
            assert!(is_free(m, id), "leak");
        }
        ended
    });
}
