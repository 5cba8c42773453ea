//! The event: whoever waits is woken, also by a pulse, and whoever dies.

use crate::support::*;
use std::time::Duration;

#[test]
fn set_wakes_event_loops() {
    for_every_kill("set_wakes_event_loops", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_primitive(m, Kind::Event);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || mortal(k, || event::set(&a.mem, at)));
        let b = thread::spawn(move || loop {
            let seen = bell::seen(&b.mem, B);
            if event::is_through_or_arm(&b.mem, at, B, 0) {
                return;
            }
            bell::sleep(&b.mem, B, seen, Duration::MAX);
        });
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
            event::set(m, at);
        }
        b.join().unwrap();
        ended
    });
}

/// Two wait, one blocked and one in its event loop; the flag is cleared before either may have looked.
#[test]
fn a_pulse_wakes_who_waits() {
    for_every_kill("a_pulse_wakes_who_waits", 2, |k| {
        let arena = arena();
        let m = &arena.mem;
        let at = make_primitive(m, Kind::Event);
        let (a, b) = (arena.clone(), arena.clone());
        let a = thread::spawn(move || {
            mortal(k, || {
                event::set(&a.mem, at);
                event::clear(&a.mem, at);
            })
        });
        let b = thread::spawn(move || assert!(event::wait(&b.mem, at, 0, None)));
        let ended = a.join().unwrap();
        if !ended {
            repair(&arena);
            event::set(m, at);
            event::clear(m, at);
        }
        b.join().unwrap();
        assert_eq!(event::is_set(m, at), false);
        ended
    });
}
