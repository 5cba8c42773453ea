//! What a process is started with, and why one can't be.

#![cfg(target_os = "linux")]

mod common;

use common::{core, order, probe, runs, PATIENCE};
use multiproc_process::{Error, Request, Stdio};

fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text)
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_child_has_the_command_line_environment_and_descriptors_it_should() {
    let (core, record) = core();
    let mut request = probe("serve");
    request.args.push("an argument".into());
    request.env = vec![("ONLY".into(), "this = that".into())];
    request.tag = 99;
    request.stderr = Stdio::Null;
    let child = core.start(request).unwrap();
    assert_eq!(child.tag, 99);
    assert!(runs(child.pid));
    core.send(child.id, order::TELL, vec![], &[]).unwrap();
    let told = lines(&record.message(child.id, order::TELL));
    let of = |name: &str| -> Vec<&str> {
        told.iter()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .collect()
    };
    assert_eq!(
        of("arg")[1..],
        ["serve", "an argument", "--multiproc-child", "7", "42"]
    );
    assert_eq!(of("env"), ["ONLY=this = that"]);
    assert_eq!(of("slot"), ["7 42"]);
    assert_eq!(of("group"), ["inherited"]);
    assert_eq!(of("SigBlk"), ["0000000000000000"]);
    // Rust's runtime ignores SIGPIPE, signal 13; nothing else is ignored. What libc keeps for itself,
    // from 32 on, is not looked at.
    let ignored = u64::from_str_radix(of("SigIgn")[0], 16).unwrap();
    assert_eq!(ignored & 0x7fff_ffff, 1 << (13 - 1));
    for number in ["0", "1", "2"] {
        assert!(of("fd").contains(&&*format!("{number} kept /dev/null")));
    }
    // What is ours is closed on exec, so that nothing the child starts gets it: the arena at 3, what
    // is left in the place of the control socket at 4, and the socket itself. Others are there only
    // if this test was started with them.
    assert!(of("fd").iter().any(|fd| fd.starts_with("3 cloexec ")));
    assert!(of("fd").contains(&"4 cloexec /dev/null"));
    let sockets: Vec<_> = of("fd")
        .into_iter()
        .filter(|fd| fd.contains("socket:"))
        .collect();
    assert!(
        sockets.len() == 1 && sockets[0].contains(" cloexec "),
        "{sockets:?}"
    );
    for kept in of("fd").iter().filter(|fd| fd.contains(" kept ")) {
        let number: i32 = kept.split(' ').next().unwrap().parse().unwrap();
        // SAFETY: takes no pointers.
        let mine = unsafe { libc::fcntl(number, libc::F_GETFD) };
        assert_eq!(mine & libc::FD_CLOEXEC, 0, "{kept}");
    }
    assert_eq!(core.kill_all(PATIENCE), 0);
}

#[test]
fn a_child_may_have_a_process_group_of_its_own() {
    let (core, record) = core();
    let mut request = probe("serve");
    request.own_group = true;
    let child = core.start(request).unwrap();
    core.send(child.id, order::TELL, vec![], &[]).unwrap();
    let told = record.message(child.id, order::TELL);
    assert!(lines(&told).contains(&"group own".to_owned()));
    core.kill_all(PATIENCE);
}

#[test]
fn a_program_that_can_not_be_started_is_an_error_of_the_call() {
    let (core, _) = core();
    let code = |request: Request| core.start(request).unwrap_err().code().unwrap();
    assert_eq!(code(Request::new("/no/such/program", 0, 0, 0)), "ENOENT");
    assert_eq!(code(Request::new("/etc/passwd", 0, 0, 0)), "EACCES");
    assert_eq!(code(Request::new("/etc", 0, 0, 0)), "EACCES");
    let mut big = probe("serve");
    big.args = vec!["x".repeat(100_000).into(); 50];
    assert_eq!(code(big), "E2BIG");
    let message = core
        .start(Request::new("/no/such/program", 0, 0, 0))
        .unwrap_err()
        .to_string();
    assert!(message.contains("/no/such/program") && message.contains("ENOENT"));
    assert!(core.children().is_empty());
}

#[test]
fn a_bad_argument_is_named() {
    let (core, _) = core();
    let name_of = |request: Request| match core.start(request).unwrap_err() {
        Error::Argument { name, .. } => name,
        other => panic!("{other:?}"),
    };
    let with = |change: fn(&mut Request)| {
        let mut request = probe("serve");
        change(&mut request);
        name_of(request)
    };
    assert_eq!(with(|r| r.exec_path = "".into()), "exec_path");
    assert_eq!(with(|r| r.exec_path = "a\0b".into()), "exec_path");
    assert_eq!(with(|r| r.args = vec!["a\0b".into()]), "args");
    assert_eq!(with(|r| r.env = vec![("".into(), "".into())]), "env");
    assert_eq!(with(|r| r.env = vec![("a=b".into(), "".into())]), "env");
    assert_eq!(with(|r| r.env = vec![("a".into(), "\0".into())]), "env");
    assert_eq!(with(|r| r.arena = -1), "descriptor");
    assert_eq!(with(|r| r.stdout = Stdio::Fd(987)), "descriptor");
}

#[test]
fn only_the_end_of_a_command_line_identifies() {
    let identify = |line: &str| {
        multiproc_process::identity(line.split(' ').map(std::ffi::OsString::from))
            .map(|identity| (identity.slot, identity.generation))
    };
    assert_eq!(
        identify("node boot.js --multiproc-child 319 7"),
        Some((319, 7))
    );
    assert_eq!(identify("node boot.js --multiproc-child 319 7 more"), None);
    assert_eq!(identify("node boot.js --multiproc-child 319 -7"), None);
    assert_eq!(identify("node boot.js"), None);
    assert_eq!(identify("node"), None);
}

#[test]
fn who_is_no_child_can_not_attach() {
    use std::os::unix::process::CommandExt;
    // Descriptor 4 closed, a pipe, and a socket that the process made itself.
    let ways: [unsafe fn(); 3] = [
        // SAFETY: takes no pointers, or such as are valid.
        || unsafe {
            libc::close(4);
        },
        // SAFETY: takes no pointers, or such as are valid.
        || unsafe {
            let mut pair = [0; 2];
            libc::pipe(pair.as_mut_ptr());
            libc::dup2(pair[0], 4);
        },
        // SAFETY: takes no pointers, or such as are valid.
        || unsafe {
            let mut pair = [0; 2];
            libc::socketpair(libc::AF_UNIX, libc::SOCK_STREAM, 0, pair.as_mut_ptr());
            libc::dup2(pair[0], 4);
        },
    ];
    for way in ways {
        let mut command = std::process::Command::new(common::PROBE);
        command.arg("asleep");
        // SAFETY: only async-signal-safe functions are called.
        unsafe {
            command.pre_exec(move || {
                way();
                Ok(())
            })
        };
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(101));
        assert!(String::from_utf8_lossy(&output.stderr).contains("NotAChild"));
    }
}

#[test]
fn a_child_attaches_once() {
    let (core, record) = core();
    let child = core.start(probe("serve")).unwrap();
    core.send(child.id, order::TELL, vec![], &[]).unwrap();
    let told = lines(&record.message(child.id, order::TELL));
    assert!(told.contains(&"again AlreadyAttached".to_owned()));
    core.kill_all(PATIENCE);
}

#[test]
fn descriptors_that_have_run_out_are_an_error_of_the_call() {
    // In a process of its own, since the limit is the process's.
    let output = std::process::Command::new(common::PROBE)
        .arg("exhaust")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Memory of its own, and no memory of files.
#[test]
fn private_memory_is_told() {
    let me = std::process::id();
    let before = multiproc_process::private_memory(me).unwrap();
    let kept = std::hint::black_box(vec![1u8; 64 << 20]);
    let after = multiproc_process::private_memory(me).unwrap();
    assert!(
        after - before >= 60 << 20,
        "{before} {after} {}",
        kept.len()
    );
    assert_eq!(multiproc_process::private_memory(u32::MAX / 2), None);
}

#[test]
fn start_times_tell_processes_apart() {
    let mine = multiproc_process::start_time(std::process::id()).unwrap();
    assert_eq!(
        multiproc_process::start_time(std::process::id()),
        Some(mine)
    );
    assert!(multiproc_process::start_time(1).unwrap() <= mine);
    assert_eq!(multiproc_process::start_time(u32::MAX / 2), None);
    let (core, record) = core();
    let child = core.start(probe("serve")).unwrap();
    assert!(multiproc_process::start_time(child.pid).unwrap() >= mine);
    core.kill_all(PATIENCE);
    record.exit(child.id);
    assert_eq!(multiproc_process::start_time(child.pid), None);
}
