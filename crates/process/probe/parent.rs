//! The parent's parts: processes that have children.

use std::sync::mpsc::{channel, Sender};
use std::time::Duration;

use multiproc_process::{Child, Core, Ended, Events, ExitStatus, Options, Request};

struct Report(Sender<(Child, Vec<u8>)>);

impl Events for Report {
    fn ready(&mut self, child: Child) {
        let _ = self.0.send((child, Vec::new()));
    }
    fn message(&mut self, child: Child, _: u8, bytes: &[u8]) {
        let _ = self.0.send((child, bytes.to_vec()));
    }
    fn exit(&mut self, child: Child, status: ExitStatus, _: Option<Ended>) {
        panic!("child {child:?} ended early: {status:?}");
    }
}

fn request(how: &str) -> Request {
    let exe = std::env::current_exe().expect("exe");
    // The arena of this process, or its standard input: the children do not look at it.
    let mut request = Request::new(exe, 0, 0, 0);
    request.args = vec![how.into()];
    request
}

/// Starts `count` children and returns their pids, and those of their children, when they have
/// come as far as `how` means: `slow-boot` is still booting.
fn start(core: &Core, how: &str, count: usize) -> Vec<u32> {
    (0..count)
        .map(|_| core.start(request(how)).expect("start").pid)
        .collect()
}

pub fn parent() {
    let how = std::env::args().nth(2).expect("how");
    let count: usize = std::env::args()
        .nth(3)
        .and_then(|n| n.parse().ok())
        .expect("count");
    let (sender, events) = channel();
    let core = Core::new(Options::default(), Report(sender));
    let (how, heir) = match how.strip_suffix("+heir") {
        Some(how) => (how, true),
        None => (how.as_str(), false),
    };
    for pid in start(&core, how, count) {
        println!("{pid}");
    }
    if how != "slow-boot" {
        for _ in 0..count {
            let (_, message) = events
                .recv_timeout(Duration::from_secs(20))
                .expect("a child");
            print!("{}", String::from_utf8_lossy(&message));
        }
    }
    if heir {
        // SAFETY: the new process calls only async-signal-safe functions.
        let heir = unsafe {
            let pid = libc::fork();
            if pid == 0 {
                libc::sleep(60);
                libc::_exit(0);
            }
            pid
        };
        println!("heir {heir}");
    }
    println!("ok");
    std::thread::sleep(Duration::from_secs(600));
}

/// Each descriptor that a start needs is missing once; the children that live are unhurt.
pub fn exhaust() {
    struct Quiet;
    impl Events for Quiet {
        fn message(&mut self, _: Child, _: u8, _: &[u8]) {}
        fn exit(&mut self, _: Child, _: ExitStatus, _: Option<Ended>) {}
    }
    let core = Core::new(Options::default(), Quiet);
    core.start(request("asleep")).expect("the first");
    let set_limit = |limit| {
        let limit = libc::rlimit {
            rlim_cur: limit,
            rlim_max: 1024,
        };
        // SAFETY: `limit` is readable.
        assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
    };
    let mut failed = 0;
    for limit in 3..40 {
        set_limit(limit);
        match core.start(request("asleep")) {
            Ok(_) => {}
            Err(error) => {
                // EINVAL: F_DUPFD above the limit.
                let code = error.code().expect("an error of the system");
                assert!(["EMFILE", "EINVAL"].contains(&code), "{error}");
                failed += 1;
            }
        }
    }
    assert!(failed > 0);
    set_limit(1024);
    core.start(request("asleep")).expect("the last");
    assert_eq!(core.kill_all(Duration::from_secs(20)), 0);
}

pub fn family() {
    let (sender, events) = channel();
    let core = Core::new(Options::default(), Report(sender));
    let control = core.attach().expect("attach");
    let mut pids = start(&core, "busy", 1);
    pids.extend(start(&core, "asleep", 2));
    for _ in 0..pids.len() {
        events
            .recv_timeout(Duration::from_secs(20))
            .expect("a grandchild");
    }
    let text: String = pids.iter().map(|pid| format!("{pid}\n")).collect();
    control.send(1, text.into_bytes()).expect("send");
    std::thread::sleep(Duration::from_secs(600));
}
