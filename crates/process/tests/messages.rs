//! Messages both ways, and what happens to a child that does not keep to the form.

#![cfg(target_os = "linux")]

mod common;

use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use common::{both_ways, core, core_with, order, probe, Event, PATIENCE};
use multiproc_process::{Ended, Error, ExitStatus, Options};

#[test]
fn messages_of_all_sizes_come_back_in_order() {
    let (core, record) = core();
    let child = core.start(probe("serve")).unwrap();
    let sizes = [
        0, 1, 7, 8, 9, 16_375, 16_376, 16_377, 300_000, 1, 40_000_000, 3, 0,
    ];
    for (i, size) in sizes.iter().enumerate() {
        core.send(child.id, order::ECHO, vec![i as u8; *size], &[])
            .unwrap();
    }
    // A message of a second kind marks the end.
    core.send(child.id, order::PRINT, vec![], &[]).unwrap();
    record.message(child.id, order::PRINT);
    let echoed: Vec<Event> = record.of(child.id)[1..=sizes.len()].to_vec();
    for (i, event) in echoed.iter().enumerate() {
        let Event::Message(order::ECHO, bytes) = event else {
            panic!("message {i}")
        };
        assert_eq!(bytes.len(), sizes[i]);
        assert!(bytes.iter().all(|&byte| byte == i as u8));
    }
    core.kill_all(PATIENCE);
}

#[test]
fn many_senders_do_not_mix_their_messages() {
    let (core, record) = core();
    let child = core.start(probe("serve")).unwrap();
    std::thread::scope(|scope| {
        for sender in 0..4u8 {
            let core = &core;
            scope.spawn(move || {
                for i in 0..300usize {
                    let size = 1 + (i * 977) % 9000;
                    core.send(child.id, order::ECHO, vec![sender; size], &[])
                        .unwrap();
                }
            });
        }
    });
    core.send(child.id, order::PRINT, vec![], &[]).unwrap();
    record.message(child.id, order::PRINT);
    let mut next = [0usize; 4];
    for event in record.of(child.id) {
        if let Event::Message(order::ECHO, bytes) = event {
            let sender = bytes[0];
            assert!(bytes.iter().all(|&byte| byte == sender));
            let i = &mut next[sender as usize];
            assert_eq!(bytes.len(), 1 + (*i * 977) % 9000);
            *i += 1;
        }
    }
    assert_eq!(next, [300; 4]);
    core.kill_all(PATIENCE);
}

#[test]
fn descriptors_travel_with_their_message() {
    let (core, record) = core();
    let child = core.start(probe("serve")).unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    // A backlog before them, so that they are written in a later turn by the core thread.
    core.send(child.id, order::PAUSE, vec![100], &[]).unwrap();
    for _ in 0..20 {
        core.send(child.id, order::ECHO, vec![0; 100_000], &[])
            .unwrap();
    }
    // One that is written in many parts, with a descriptor that must go once only: the next message
    // would get it otherwise.
    let other = std::fs::File::open("/dev/null").unwrap();
    core.send(
        child.id,
        order::ECHO,
        vec![0; 3_000_000],
        &[other.as_raw_fd()],
    )
    .unwrap();
    for word in ["one ", "two ", "three"] {
        let fds = [writer.as_raw_fd(); 2];
        core.send(child.id, order::WRITE, word.into(), &fds)
            .unwrap();
    }
    drop(writer);
    core.send(child.id, order::EXIT, vec![0], &[]).unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "one one two two threethree");
    record.exit(child.id);
}

#[test]
fn bad_arguments_are_named() {
    let limit = 1000;
    let (core, record) = core_with(Options {
        max_frame: limit,
        ..Options::default()
    });
    let child = core.start(probe("serve")).unwrap();
    let name_of = |kind, size, fds: &[i32]| match core.send(child.id, kind, vec![0; size], fds) {
        Err(Error::Argument { name, .. }) => name,
        other => panic!("{other:?}"),
    };
    assert_eq!(name_of(240, 0, &[]), "kind");
    assert_eq!(name_of(1, limit + 1, &[]), "bytes");
    assert_eq!(name_of(1, 0, &[0; 17]), "fds");
    assert_eq!(name_of(1, 0, &[-1]), "descriptor");
    core.send(child.id, order::ECHO, vec![0; limit], &[])
        .unwrap();
    assert_eq!(record.message(child.id, order::ECHO).len(), limit);
    core.kill_all(PATIENCE);
}

/// A frame's header as a child would write it.
fn header(length: u32, kind: u8, handles: u8, rest: [u8; 2]) -> Vec<u8> {
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend([kind, handles, rest[0], rest[1]]);
    bytes
}

#[test]
fn a_child_that_sends_no_frames_is_ended() {
    let garbage = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        header(u32::MAX, 1, 0, [0, 0]),
        header((1 << 30) + 1, 1, 0, [0, 0]),
        header(0, 1, 1, [0, 0]),
        header(0, 1, 0, [0, 1]),
        header(0, 240, 0, [0, 0]),
        header(0, 255, 0, [0, 0]),
    ];
    for options in both_ways() {
        let (core, record) = core_with(options);
        for bytes in &garbage {
            let child = core.start(probe("serve")).unwrap();
            record.ready(child.id);
            // Good frames before are delivered.
            core.send(child.id, order::ECHO, b"good".to_vec(), &[])
                .unwrap();
            core.send(child.id, order::RAW, bytes.clone(), &[]).unwrap();
            assert_eq!(
                record.exit(child.id),
                (ExitStatus::Signal(9), Some(Ended::BadFrame)),
                "{bytes:?}"
            );
            assert_eq!(record.message(child.id, order::ECHO), b"good");
        }
    }
}

#[test]
fn a_frame_cut_short_by_death_is_dropped() {
    let (core, record) = core();
    let child = core.start(probe("serve")).unwrap();
    record.ready(child.id);
    core.send(child.id, order::RAW, header(1000, 1, 0, [0, 0]), &[])
        .unwrap();
    std::thread::sleep(Duration::from_millis(50));
    core.kill_all(PATIENCE);
    assert_eq!(record.of(child.id).len(), 2);
}

#[test]
fn a_child_that_closes_its_socket_is_ended() {
    for options in both_ways() {
        let (core, record) = core_with(options);
        let child = core.start(probe("serve")).unwrap();
        record.ready(child.id);
        core.send(child.id, order::HANG_UP, vec![], &[]).unwrap();
        assert_eq!(
            record.exit(child.id),
            (ExitStatus::Signal(9), Some(Ended::ClosedSocket))
        );
    }
}

#[test]
fn a_child_that_reads_nothing_hinders_nobody() {
    let (core, record) = core();
    let stopped = core.start(probe("serve")).unwrap();
    record.ready(stopped.id);
    core.signal(stopped.id, multiproc_process::Signal::Other(libc::SIGSTOP))
        .unwrap();
    let before = Instant::now();
    for _ in 0..100 {
        core.send(stopped.id, order::ECHO, vec![0; 100_000], &[])
            .unwrap();
    }
    let other = core.start(probe("serve")).unwrap();
    core.send(other.id, order::ECHO, vec![1], &[]).unwrap();
    record.message(other.id, order::ECHO);
    assert!(before.elapsed() < Duration::from_secs(5));
    core.signal(stopped.id, multiproc_process::Signal::Other(libc::SIGCONT))
        .unwrap();
    core.send(stopped.id, order::EXIT, vec![0], &[]).unwrap();
    assert_eq!(record.exit(stopped.id).0, ExitStatus::Code(0));
    core.kill_all(PATIENCE);
}
