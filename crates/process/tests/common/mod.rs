//! What the tests share: a record of events, and requests for the probe.

#![allow(dead_code)] // each test file uses some of it

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use multiproc_process::{Child, ChildId, Core, Ended, Events, ExitStatus, Options, Request};

/// Longer than anything here takes; a test that comes near it has found a hang.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub const PROBE: &str = env!("CARGO_BIN_EXE_process-probe");

/// Messages that `process-probe serve` obeys; see its `child.rs`.
pub mod order {
    pub const ECHO: u8 = 1;
    pub const EXIT: u8 = 2;
    pub const SIGNAL: u8 = 3;
    pub const PRINT: u8 = 4;
    pub const COUNT: u8 = 5;
    pub const WRITE: u8 = 6;
    pub const SPIN: u8 = 7;
    pub const HANG_UP: u8 = 8;
    pub const RAW: u8 = 9;
    pub const TELL: u8 = 10;
    pub const LEAVE_HEIR: u8 = 11;
    pub const PAUSE: u8 = 12;
}

#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Ready,
    Message(u8, Vec<u8>),
    Exit(ExitStatus, Option<Ended>),
}

#[derive(Default)]
struct Log {
    events: Mutex<Vec<(Child, Event)>>,
    grown: Condvar,
}

/// Everything that happened, in order.
#[derive(Clone, Default)]
pub struct Record(Arc<Log>);

impl Record {
    fn add(&self, child: Child, event: Event) {
        self.0.events.lock().unwrap().push((child, event));
        self.0.grown.notify_all();
    }

    /// What happened to a child so far.
    pub fn of(&self, id: ChildId) -> Vec<Event> {
        let all = self.0.events.lock().unwrap();
        all.iter()
            .filter(|(child, _)| child.id == id)
            .map(|(_, event)| event.clone())
            .collect()
    }

    /// Waits for the first event of a child that `pick` takes.
    pub fn wait<T>(&self, id: ChildId, pick: impl Fn(&Event) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut all = self.0.events.lock().unwrap();
        loop {
            let found = all
                .iter()
                .filter(|(child, _)| child.id == id)
                .find_map(|(_, event)| pick(event));
            if let Some(found) = found {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "waited in vain; seen: {all:?}");
            all = self.0.grown.wait_timeout(all, left).unwrap().0;
        }
    }

    pub fn ready(&self, id: ChildId) {
        self.wait(id, |event| (*event == Event::Ready).then_some(()))
    }

    /// The first message of that kind.
    pub fn message(&self, id: ChildId, kind: u8) -> Vec<u8> {
        self.wait(id, |event| match event {
            Event::Message(k, bytes) if *k == kind => Some(bytes.clone()),
            _ => None,
        })
    }

    pub fn exit(&self, id: ChildId) -> (ExitStatus, Option<Ended>) {
        self.wait(id, |event| match event {
            Event::Exit(status, ended) => Some((*status, *ended)),
            _ => None,
        })
    }
}

impl Events for Record {
    fn ready(&mut self, child: Child) {
        self.add(child, Event::Ready);
    }
    fn message(&mut self, child: Child, kind: u8, bytes: &[u8]) {
        self.add(child, Event::Message(kind, bytes.to_vec()));
    }
    fn exit(&mut self, child: Child, status: ExitStatus, ended: Option<Ended>) {
        self.add(child, Event::Exit(status, ended));
    }
}

pub fn core() -> (Core, Record) {
    core_with(Options::default())
}

pub fn core_with(options: Options) -> (Core, Record) {
    let record = Record::default();
    (Core::new(options, record.clone()), record)
}

/// With and without pidfd.
pub fn both_ways() -> [Options; 2] {
    [true, false].map(|pidfd| Options {
        pidfd,
        ..Options::default()
    })
}

/// The probe, doing `how`. Descriptor 0 stands in for an arena.
pub fn probe(how: &str) -> Request {
    let mut request = Request::new(PROBE, 0, 7, 42);
    request.args = vec![how.into()];
    // So that a probe that fails says why.
    request.stderr = multiproc_process::Stdio::Inherit;
    request
}

/// Waits until `condition` holds.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a process runs: not dead, and not merely waiting to be reaped.
pub fn runs(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = stat.rsplit(')').next().unwrap_or("").trim_start();
    !state.starts_with('Z') && !state.starts_with('X')
}
