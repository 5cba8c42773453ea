//! Queues: every message once, numbers exact, blocks in transit, waiting, closing.

use crate::support::*;
use std::time::Duration;

/// Numbers agree with what is in the ring, and nobody is inside.
fn assert_settled(m: &Mem, queue: Id, left: u64) {
    let (pushed, popped) = ring::counts(m, queue);
    assert_eq!(pushed - popped, left, "size is wrong");
    let at = data(m, queue);
    assert_eq!(lock::owner(m, at + ring::PUSH_LOCK), None);
    assert_eq!(lock::owner(m, at + ring::POP_LOCK), None);
}

#[test]
fn push_is_exact() {
    for_every_kill("push_is_exact", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                push(&a.mem, queue, A, 7).unwrap();
                push(&a.mem, queue, A, 8).unwrap();
            })
        });
        let b = thread::spawn(move || push(&b.mem, queue, B, 9).map(drop).unwrap());
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        let (pushed, _) = ring::counts(m, queue);
        let got: Vec<u64> = std::iter::from_fn(|| pop(m, queue, ROOT)).collect();
        assert_eq!(pushed, got.len() as u64, "{got:?}");
        assert_settled(m, queue, 0);
        assert_eq!(got.iter().filter(|v| **v == 9).count(), 1, "{got:?}");
        let of_a: Vec<u64> = got.into_iter().filter(|v| *v != 9).collect();
        assert!(
            [7, 8].starts_with(&of_a) && (!ended || of_a.len() == 2),
            "{of_a:?}"
        );
        ended
    });
}

#[test]
fn pop_is_exact() {
    for_every_kill("pop_is_exact", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        for value in [7, 8, 9] {
            push(m, queue, ROOT, value).unwrap();
        }
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            let mut got = None;
            let ended = mortal(k, || got = pop(&a.mem, queue, A));
            (ended, got)
        });
        let b = thread::spawn(move || pop(&b.mem, queue, B));
        let (ended, of_a) = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        let of_b = b.join().unwrap().expect("there was enough for both");
        let (pushed, popped) = ring::counts(m, queue);
        let rest: Vec<u64> = std::iter::from_fn(|| pop(m, queue, ROOT)).collect();
        assert_eq!(pushed - popped, rest.len() as u64, "size is wrong");
        assert_settled(m, queue, 0);
        let mut all: Vec<u64> = rest.iter().copied().chain(of_a).chain([of_b]).collect();
        all.sort_unstable();
        all.dedup();
        // what A had taken dies with it, and no more than that
        let lost = 3 - all.len();
        assert!(lost == 0 || !ended && lost == 1, "{all:?}");
        assert_eq!(rest.len() + of_a.iter().len() + 1 + lost, 3, "one twice");
        assert_eq!(rest.last(), Some(&9));
        ended
    });
}

/// The ring goes round: a pusher and a popper at the same time, with a PAD at the end of a lap.
#[test]
fn laps_do_not_mix() {
    for_every_kill("laps_do_not_mix", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 2, 0);
        for value in 0..3 {
            push(m, queue, ROOT, value).unwrap();
            if value < 2 {
                assert_eq!(pop(m, queue, ROOT), Some(value));
            }
        }
        // tail at 48 of 64, head at 32
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                let big: [u8; 16] = std::array::from_fn(|i| i as u8);
                ring::push(&a.mem, queue, A, &[], 16, ring::Body::Inline(&[&big])).unwrap();
            })
        });
        let b = thread::spawn(move || pop(&b.mem, queue, B));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        assert_eq!(b.join().unwrap(), Some(2));
        let mut buffer = [0; 16];
        match ring::pop(m, queue, ROOT, &mut buffer, 0, &mut Vec::new(), |_| ()) {
            Ok(popped) => {
                assert_eq!(popped.bytes, 16);
                assert!(
                    buffer.iter().enumerate().all(|(i, x)| *x == i as u8),
                    "{buffer:?}"
                );
            }
            Err(ring::Stop::Empty) => assert!(!ended),
            Err(stop) => panic!("{stop:?}"),
        }
        push(m, queue, ROOT, 77).unwrap();
        assert_eq!(pop(m, queue, ROOT), Some(77));
        assert_settled(m, queue, 0);
        ended
    });
}

/// A block changes hands through the queue; A sends and is killed anywhere, B takes and sends it on.
#[test]
fn move_sender_killed() {
    for_every_kill("move_sender_killed", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let body = block_id(0);
        make(m, body, Kind::Message, &[A]);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                a.mem.w64(data(&a.mem, body)).set(42);
                push_block(&a.mem, queue, A, body).unwrap();
            })
        });
        let b = thread::spawn(move || {
            let m = &b.mem;
            if let Some(id) = pop_block(m, queue, B) {
                assert_eq!(m.w64(data(m, id)).get(), 42);
                assert!(is_alone(m, id, B));
                push_block(m, queue, B, id).unwrap();
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        match pop_block(m, queue, ROOT) {
            Some(id) => {
                assert!(is_alone(m, id, ROOT));
                assert_eq!(m.w64(data(m, id)).get(), 42);
                block::drop_hold(m, id, ROOT, ROOT);
            }
            None => assert!(!ended),
        }
        assert!(is_free(m, body), "leak");
        assert_settled(m, queue, 0);
        ended
    });
}

/// A sends a block and lives; meanwhile the supervisor repairs after B's death and frees what it finds to be garbage.
#[test]
fn move_while_another_is_repaired() {
    check("move_while_another_is_repaired", 2, || {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let body = block_id(0);
        make(m, body, Kind::Message, &[A]);
        m.w64(data(m, body)).set(42);
        let a = arena.clone();
        let a = thread::spawn(move || {
            push_block(&a.mem, queue, A, body).unwrap();
            pop_block(&a.mem, queue, A).expect("it is there")
        });
        Repair::new(&arena).slot(B, 42);
        let id = a.join().unwrap();
        assert!(is_alone(m, id, A));
        assert_eq!(m.w64(data(m, id)).get(), 42);
        block::drop_hold(m, id, A, A);
        assert!(is_free(m, body));
    });
}

#[test]
fn move_taker_killed() {
    for_every_kill("move_taker_killed", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        for i in 0..2 {
            make(m, block_id(i), Kind::Message, &[ROOT]);
            m.w64(data(m, block_id(i))).set(i);
            push_block(m, queue, ROOT, block_id(i)).unwrap();
        }
        let take = move |m: &Mem, slot| {
            pop_block(m, queue, slot).map(|id| {
                assert!(is_alone(m, id, slot));
                assert_eq!(m.w64(data(m, id)).get(), id.as_u64() & 1);
                block::drop_hold(m, id, slot, slot);
            })
        };
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                take(&a.mem, A);
            })
        });
        let b = thread::spawn(move || take(&b.mem, B).expect("there was enough for both"));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        while take(m, ROOT).is_some() {}
        assert!(is_free(m, block_id(0)) && is_free(m, block_id(1)), "leak");
        assert_settled(m, queue, 0);
        ended
    });
}

/// The last holder drops a queue with a block in it, and is killed at that.
#[test]
fn dropped_queue_takes_its_messages_along() {
    for_every_kill("dropped_queue_takes_its_messages_along", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        make(m, block_id(0), Kind::Message, &[B]);
        push_block(m, queue, B, block_id(0)).unwrap();
        block::drop_hold(m, queue, ROOT, ROOT);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                block::drop_hold(&a.mem, queue, A, A);
            })
        });
        let b = thread::spawn(move || {
            block::drop_hold(&b.mem, queue, B, B);
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
        }
        b.join().unwrap();
        if !ended {
            repair(&arena);
        }
        assert!(is_free(m, queue) && is_free(m, block_id(0)), "leak");
        ended
    });
}

/// B sleeps until there is a message; A pushes it, or dies, and then ROOT does.
#[test]
fn consumer_sleeps_and_wakes() {
    for_every_kill("consumer_sleeps_and_wakes", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || push(&a.mem, queue, A, 7).map(drop).unwrap()));
        let b = thread::spawn(move || {
            let m = &b.mem;
            loop {
                if let Some(value) = pop(m, queue, B) {
                    return value;
                }
                let seen = bell::seen(m, B);
                bell::arm(m, data(m, queue) + ring::ARMED_POP, B);
                if !ring::can_pop(m, queue) {
                    bell::sleep(m, B, seen, Duration::MAX);
                }
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
            push(m, queue, ROOT, 8).unwrap();
        }
        assert!([7, 8].contains(&b.join().unwrap()));
        ended
    });
}

/// B waits for room in a queue of one; A takes the message and is killed anywhere.
#[test]
fn producer_sleeps_and_wakes() {
    for_every_kill("producer_sleeps_and_wakes", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 1, 0);
        push(m, queue, ROOT, 7).unwrap();
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || assert_eq!(pop(&a.mem, queue, A), Some(7))));
        let b = thread::spawn(move || {
            let m = &b.mem;
            while let Err(stop) = push(m, queue, B, 8) {
                assert!(matches!(stop, ring::Stop::Full));
                let seen = bell::seen(m, B);
                bell::arm(m, data(m, queue) + ring::ARMED_PUSH, B);
                if !ring::can_push(m, queue, B, 16) {
                    bell::sleep(m, B, seen, Duration::MAX);
                }
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
            // what A did not take, ROOT takes
            if ring::counts(m, queue).1 == 0 {
                assert_eq!(pop(m, queue, ROOT), Some(7));
            }
        }
        b.join().unwrap();
        assert_eq!(pop(m, queue, ROOT), Some(8));
        assert_settled(m, queue, 0);
        ended
    });
}

/// Two announced producers: A puts, closes, and is killed anywhere; ROOT has closed. B takes until the end.
#[test]
fn producers_end() {
    for_every_kill("producers_end", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 2);
        ring::close(m, queue, ROOT);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                push(&a.mem, queue, A, 7).unwrap();
                ring::close(&a.mem, queue, A);
            })
        });
        let b = thread::spawn(move || {
            let m = &b.mem;
            let (mut buffer, mut got) = ([0; 8], 0);
            loop {
                match ring::pop(m, queue, B, &mut buffer, 0, &mut Vec::new(), |_| ()) {
                    Ok(_) => got += 1,
                    Err(ring::Stop::Closed) => return got,
                    Err(_) => (),
                }
                let seen = bell::seen(m, B);
                bell::arm(m, data(m, queue) + ring::ARMED_POP, B);
                if !ring::can_pop(m, queue) {
                    bell::sleep(m, B, seen, Duration::MAX);
                }
            }
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
            // it had not put anything: the one that ends in its place
            let (pushed, _) = ring::counts(m, queue);
            if pushed == 0 && !ring::is_closed(m, queue) {
                ring::close(m, queue, ROOT);
                ring::close(m, queue, A);
            }
        }
        let got = b.join().unwrap();
        assert_eq!(got, ring::counts(m, queue).0, "closed before it was empty");
        assert!(!ended || got == 1);
        ended
    });
}

/// A close by one, while another is inside of a push: what the consumer finds after CLOSED is all.
#[test]
fn nothing_is_put_after_the_close() {
    check("nothing_is_put_after_the_close", 3, || {
        let arena = arena();
        let m = &arena.mem;
        let queue = make_queue(m, 0, 0);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || push(&a.mem, queue, A, 7).is_ok());
        let b = thread::spawn(move || ring::close(&b.mem, queue, B));
        let mut buffer = [0; 8];
        let mut got = 0;
        loop {
            match ring::pop(m, queue, ROOT, &mut buffer, 0, &mut Vec::new(), |_| ()) {
                Ok(_) => got += 1,
                Err(ring::Stop::Closed) => break,
                Err(_) => thread::yield_now(),
            }
        }
        let put = a.join().unwrap();
        b.join().unwrap();
        assert_eq!(got, put as u64);
    });
}
