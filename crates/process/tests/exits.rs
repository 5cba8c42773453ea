//! Deaths are noticed, decoded and told once; signals reach their child and nobody else.

#![cfg(target_os = "linux")]

mod common;

use std::time::{Duration, Instant};

use common::{both_ways, core, core_with, order, probe, runs, Event, Record, PATIENCE};
use multiproc_process::{Child, Core, Ended, Error, Events, ExitStatus, Options, Signal};

fn start_serving(core: &Core, record: &Record) -> Child {
    let child = core.start(probe("serve")).unwrap();
    record.ready(child.id);
    child
}

#[test]
fn exit_codes_and_signals_are_decoded() {
    for options in both_ways() {
        let (core, record) = core_with(options);
        for code in [0u8, 1, 3, 255] {
            let child = start_serving(&core, &record);
            core.send(child.id, order::EXIT, vec![code], &[]).unwrap();
            let (status, ended) = record.exit(child.id);
            assert_eq!(status, ExitStatus::Code(code.into()));
            assert_eq!(status.exit_code(), Some(code.into()));
            assert_eq!(status.signal_name(), None);
            assert_eq!(ended, None);
        }
        for (number, name) in [
            (libc::SIGABRT, "SIGABRT"),
            (libc::SIGSEGV, "SIGSEGV"),
            (libc::SIGKILL, "SIGKILL"),
        ] {
            let child = start_serving(&core, &record);
            core.send(child.id, order::SIGNAL, vec![number as u8], &[])
                .unwrap();
            let (status, ended) = record.exit(child.id);
            assert_eq!(status.exit_code(), Some(-number));
            assert_eq!(status.signal_name(), Some(name));
            assert_eq!(ended, None);
        }
    }
}

#[test]
fn a_death_is_told_soon_whoever_caused_it() {
    for options in both_ways() {
        let (core, record) = core_with(options);
        let child = core.start(probe("busy")).unwrap();
        record.ready(child.id);
        let before = Instant::now();
        // SAFETY: takes no pointers; the child is not reaped, so the pid is its own.
        unsafe { libc::kill(child.pid as i32, libc::SIGKILL) };
        let (status, ended) = record.exit(child.id);
        assert!(before.elapsed() < Duration::from_secs(2));
        assert_eq!((status, ended), (ExitStatus::Signal(9), None));
    }
}

#[test]
fn signals_reach_their_child() {
    for options in both_ways() {
        let (core, record) = core_with(options);
        for signal in [
            Signal::Interrupt,
            Signal::Terminate,
            Signal::Kill,
            Signal::Other(libc::SIGUSR1),
        ] {
            let child = start_serving(&core, &record);
            core.signal(child.id, signal).unwrap();
            let (status, ended) = record.exit(child.id);
            assert!(matches!(status, ExitStatus::Signal(_)), "{status:?}");
            assert_eq!(ended, Some(Ended::Asked(signal)));
            assert_eq!(core.signal(child.id, signal), Err(Error::Gone(child.id)));
            assert!(core.info(child.id).is_none());
            assert_eq!(
                core.send(child.id, 1, vec![], &[]),
                Err(Error::Gone(child.id))
            );
        }
    }
}

#[test]
fn a_bad_signal_is_an_error_and_harms_nobody() {
    let (core, record) = core();
    let child = start_serving(&core, &record);
    let error = core.signal(child.id, Signal::Other(999)).unwrap_err();
    assert_eq!(error.code(), Some("EINVAL"));
    assert!(runs(child.pid));
    core.kill_all(PATIENCE);
    let (_, ended) = record.exit(child.id);
    assert_eq!(ended, Some(Ended::Asked(Signal::Kill)));
}

#[test]
fn an_exit_comes_once_and_after_all_messages() {
    const COUNT: u32 = 20_000;
    for options in both_ways() {
        let (core, record) = core_with(options);
        let child = start_serving(&core, &record);
        core.send(child.id, order::COUNT, COUNT.to_ne_bytes().to_vec(), &[])
            .unwrap();
        record.exit(child.id);
        assert!(core.wait(child.id, Some(PATIENCE)));
        let mut expected = vec![Event::Ready];
        expected.extend((0..COUNT).map(|i| Event::Message(order::COUNT, i.to_ne_bytes().to_vec())));
        expected.push(Event::Exit(ExitStatus::Code(0), None));
        assert!(record.of(child.id) == expected);
    }
}

#[test]
fn a_process_that_inherited_the_socket_does_not_delay_the_exit() {
    for options in both_ways() {
        let (core, record) = core_with(options);
        let child = start_serving(&core, &record);
        let before = Instant::now();
        core.send(child.id, order::LEAVE_HEIR, vec![], &[]).unwrap();
        assert_eq!(record.exit(child.id), (ExitStatus::Code(7), None));
        assert!(before.elapsed() < Duration::from_millis(2500));
    }
}

#[test]
fn wait_returns_when_the_exit_was_told() {
    let (core, record) = core();
    let child = start_serving(&core, &record);
    assert!(!core.wait(child.id, Some(Duration::from_millis(10))));
    core.signal(child.id, Signal::Kill).unwrap();
    assert!(core.wait(child.id, None));
    assert!(matches!(
        record.of(child.id).last(),
        Some(Event::Exit(ExitStatus::Signal(9), _))
    ));
    assert!(core.wait(child.id, Some(Duration::ZERO)));
}

#[test]
fn kill_all_leaves_nobody_and_shut_down_starts_nobody() {
    let (core, record) = core();
    let children: Vec<Child> = ["busy", "asleep", "slow-boot", "serve", "busy"]
        .map(|how| core.start(probe(how)).unwrap())
        .to_vec();
    assert_eq!(core.children(), children);
    assert_eq!(core.kill_all(PATIENCE), 0);
    for child in &children {
        assert_eq!(record.exit(child.id).0, ExitStatus::Signal(9));
        assert!(!runs(child.pid));
    }
    let child = core.start(probe("asleep")).unwrap();
    assert_eq!(core.shut_down(PATIENCE), 0);
    assert!(!runs(child.pid));
    assert_eq!(core.start(probe("asleep")), Err(Error::ShutDown));
}

#[test]
fn starts_that_race_with_shut_down_leave_nobody() {
    let (core, _) = core();
    let starters: Vec<_> = (0..4)
        .map(|_| {
            let core = core.clone();
            std::thread::spawn(move || {
                let mut started = Vec::new();
                while let Ok(child) = core.start(probe("asleep")) {
                    started.push(child.pid);
                }
                started
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(50));
    core.shut_down(PATIENCE);
    let pids: Vec<u32> = starters
        .into_iter()
        .flat_map(|starter| starter.join().unwrap())
        .collect();
    assert!(!pids.is_empty());
    common::eventually("all gone", || !pids.iter().any(|&pid| runs(pid)));
    assert_eq!(core.shut_down(PATIENCE), 0);
}

/// Does in its callbacks what a callback may and may not do.
struct Meddler {
    core: std::sync::Arc<std::sync::OnceLock<Core>>,
    seen: std::sync::mpsc::Sender<String>,
}

impl Events for Meddler {
    fn ready(&mut self, child: Child) {
        let core = self.core.get().unwrap();
        let refused = core.start(probe("serve"));
        let waited = core.wait(child.id, None);
        core.send(child.id, order::ECHO, b"hello".to_vec(), &[])
            .unwrap();
        self.seen.send(format!("{refused:?} {waited}")).unwrap();
    }
    fn message(&mut self, child: Child, _: u8, bytes: &[u8]) {
        assert_eq!(bytes, b"hello");
        let core = self.core.get().unwrap();
        core.signal(child.id, Signal::Kill).unwrap();
        panic!("a panic in a callback: this message is expected");
    }
    fn exit(&mut self, _: Child, status: ExitStatus, _: Option<Ended>) {
        self.seen.send(format!("{status:?}")).unwrap();
    }
}

#[test]
fn a_callback_may_call_what_does_not_wait_and_may_panic() {
    let slot = std::sync::Arc::new(std::sync::OnceLock::new());
    let (seen, events) = std::sync::mpsc::channel();
    let meddler = Meddler {
        core: slot.clone(),
        seen,
    };
    let core = Core::new(Options::default(), meddler);
    assert!(slot.set(core.clone()).is_ok());
    core.start(probe("serve")).unwrap();
    let first = events.recv_timeout(PATIENCE).unwrap();
    assert_eq!(first, "Err(OnCoreThread) false");
    assert_eq!(events.recv_timeout(PATIENCE).unwrap(), "Signal(9)");
}
