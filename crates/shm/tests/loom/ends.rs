//! Ends: what was pushed is read, then the end of file; in transit, over kills, and when the ring is something else by now.

use crate::support::*;
use multiproc_shm::{end, joinable};
use std::time::Duration;

const NONCE: u64 = 0x9_0000;

/// An end in block 0 that closes the queue, held by these slots.
fn make_end(m: &Mem, queue: Id, holders: &[Slot]) -> Id {
    let id = block_id(0);
    make(m, id, Kind::End, holders);
    ring::init_pipe(m, queue, 0, NONCE);
    end::init(m, id, NONCE, [Some(queue), None]);
    id
}

/// Reads until the end of file; how many messages came.
fn read_all(m: &Mem, queue: Id, slot: Slot) -> u64 {
    let (mut buffer, mut got) = ([0; 8], 0);
    loop {
        match ring::pop(m, queue, slot, &mut buffer, 0, &mut Vec::new(), |_| ()) {
            Ok(_) => got += 1,
            Err(ring::Stop::Closed) => return got,
            Err(_) => (),
        }
        let seen = bell::seen(m, slot);
        bell::arm(m, data(m, queue) + ring::ARMED_POP, slot);
        if !ring::can_pop(m, queue) {
            bell::sleep(m, slot, seen, Duration::MAX);
        }
    }
}

/// A writes and lets go of its end, killed anywhere; B reads until the end of file.
#[test]
fn all_is_read_before_the_end_of_file() {
    for_every_kill("all_is_read_before_the_end_of_file", 1, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let end = make_end(m, queue, &[A]);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                push(&a.mem, queue, A, 7).unwrap();
                block::drop_hold(&a.mem, end, A, A);
            })
        });
        let b = thread::spawn(move || read_all(&b.mem, queue, B));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        let got = b.join().unwrap();
        assert_eq!(
            got,
            ring::counts(m, queue).0,
            "end of file before all was read"
        );
        assert!(!ended || got == 1);
        assert!(is_free(m, end), "leak");
        ended
    });
}

/// Two have the end: it is closed when both have let go, and not before.
#[test]
fn the_last_holder_closes() {
    for_every_kill("the_last_holder_closes", 3, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let end = make_end(m, queue, &[A, B]);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                block::drop_hold(&a.mem, end, A, A);
            })
        });
        let b = thread::spawn(move || {
            assert!(
                !ring::is_closed(&b.mem, queue),
                "closed while B has the end"
            );
            block::drop_hold(&b.mem, end, B, B);
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        assert!(
            ring::is_closed(m, queue),
            "nobody has the end, and it is open"
        );
        assert!(is_free(m, end), "leak");
        ended
    });
}

/// A sends its end away (through the very queue that it closes) and is killed anywhere; B takes it, if it is there, and closes it.
#[test]
fn an_end_in_transit_counts() {
    for_every_kill("an_end_in_transit_counts", 1, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let end = make_end(m, queue, &[A]);
        let (a, b) = (arena.clone(), arena.clone());
        let take = move |m: &Mem, slot: Slot| {
            let mut refs = Vec::new();
            let hold = |id| block::hold(m, id, slot);
            if ring::pop(m, queue, slot, &mut [0; 8], 0, &mut refs, hold).is_ok() {
                assert!(!ring::is_closed(m, queue), "closed while it was in transit");
                block::drop_hold(m, refs[0], slot, slot);
            }
        };
        let a = thread::spawn(move || {
            mortal(k, || {
                let body = ring::Body::Inline(&[&[1; 8]]);
                let pos = ring::push(&a.mem, queue, A, &[end], 8, body).unwrap();
                if ring::passed(&a.mem, queue, pos) {
                    block::drop_hold(&a.mem, end, A, A);
                } else {
                    // dies with its end on its way
                    fuse(0);
                    a.mem.w64(data(&a.mem, end)).set(0);
                }
            })
        });
        let b = thread::spawn(move || take(&b.mem, B));
        let ended = a.join().unwrap();
        let mut supervisor = Repair::new(&arena);
        if !ended {
            supervisor.slot(A, 42);
        }
        b.join().unwrap();
        take(m, ROOT);
        supervisor.tidy();
        assert!(
            ring::is_closed(m, queue),
            "nobody has the end, and it is open"
        );
        assert!(is_free(m, end), "leak");
        // where B is late A always dies with the message on its way; A has fewer writes than this
        ended || k > 16
    });
}

/// The supervisor frees the end as garbage while A, who dropped it, lets go of the ring, whose block then is somebody else's.
#[test]
fn a_ring_that_is_something_else_by_now_is_left_alone() {
    check(
        "a_ring_that_is_something_else_by_now_is_left_alone",
        5,
        || {
            let arena = arena();
            let m = &arena.mem;
            let queue = make_queue(m, 0, 0);
            let end = make_end(m, queue, &[A]);
            block::drop_hold(m, queue, B, B);
            block::drop_hold(m, queue, ROOT, ROOT);
            let (a, b) = (arena.clone(), arena.clone());
            let a = thread::spawn(move || {
                block::drop_hold(&a.mem, end, A, A);
                block::drop_hold(&a.mem, queue, A, A);
            });
            let b = thread::spawn(move || {
                let m = &b.mem;
                let taken = block::take(m, queue, B)?;
                let word = data(m, queue) + ring::CLOSED;
                // a swap, since loom does not order a plain store against another thread's compare-and-exchange
                m.w64(word).swap(0x50);
                block::made(m, queue, B, taken, (Kind::Queue as u64) << 56);
                Some(word)
            });
            block::free_garbage(m, end, ROOT);
            a.join().unwrap();
            if let Some(word) = b.join().unwrap() {
                assert_eq!(
                    m.w64(word).swap(0),
                    0x50,
                    "somebody else's memory was written"
                );
            }
            assert!(is_free(m, end), "leak");
        },
    );
}

/// B has sent its end away and waits for it to be taken, to let go of it. A takes it, killed anywhere.
#[test]
fn a_sender_hears_that_its_end_was_taken() {
    for_every_kill("a_sender_hears_that_its_end_was_taken", 1, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let end = make_end(m, queue, &[B]);
        let body = ring::Body::Inline(&[&[1; 8]]);
        let pos = ring::push(m, queue, B, &[end], 8, body).unwrap();
        let take = move |m: &Mem, slot: Slot| {
            let mut refs = Vec::new();
            let hold = |id| block::hold(m, id, slot);
            if ring::pop(m, queue, slot, &mut [0; 8], 0, &mut refs, hold).is_ok() {
                block::drop_hold(m, refs[0], slot, slot);
            }
        };
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || take(&a.mem, A)));
        let b = thread::spawn(move || {
            let m = &b.mem;
            loop {
                let seen = bell::seen(m, B);
                if ring::passed(m, queue, pos) {
                    block::drop_hold(m, end, B, B);
                    return;
                }
                bell::sleep(m, B, seen, Duration::MAX);
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
            take(m, ROOT);
        }
        b.join().unwrap();
        assert!(
            ring::is_closed(m, queue),
            "nobody has the end, and it is open"
        );
        ended
    });
}

// ---------------------------------------------------------------- reports of a joinable queue

/// A reports the last item, killed anywhere; B waits for all to be reported.
#[test]
fn a_joiner_hears_the_last_report() {
    for_every_kill("a_joiner_hears_the_last_report", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        push(m, queue, ROOT, 7).unwrap();
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || assert!(joinable::done(&a.mem, queue))));
        let b = thread::spawn(move || {
            let m = &b.mem;
            loop {
                let seen = bell::seen(m, B);
                if joinable::is_joined_or_arm(m, queue, B) {
                    return;
                }
                bell::sleep(m, B, seen, Duration::MAX);
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
            joinable::done(m, queue);
        }
        b.join().unwrap();
        assert_eq!(joinable::unfinished(m, queue), 0);
        assert!(!joinable::done(m, queue), "more reports than items");
        ended
    });
}

/// A puts, killed anywhere, while B reports: never more reports than committed items.
#[test]
fn reports_do_not_pass_what_was_put() {
    for_every_kill("reports_do_not_pass_what_was_put", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || push(&a.mem, queue, A, 7).map(drop).unwrap()));
        let b = thread::spawn(move || joinable::done(&b.mem, queue));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        let reported = b.join().unwrap() as u64;
        let put = ring::counts(m, queue).0;
        assert!(reported <= put, "{reported} reports of {put} items");
        assert_eq!(joinable::unfinished(m, queue), put - reported);
        ended
    });
}
