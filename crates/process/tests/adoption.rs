//! Spares, and what they are handed.

#![cfg(target_os = "linux")]

mod common;

use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use common::{core, order, probe, runs, PATIENCE};
use multiproc_process::{Adoption, Ended, Error, ExitStatus, Stdio};

/// An empty file that nobody else knows.
fn scratch() -> File {
    use std::os::fd::FromRawFd;
    // SAFETY: the name ends with a NUL; the descriptor is new and ours.
    unsafe {
        let fd = libc::memfd_create(c"scratch".as_ptr(), libc::MFD_CLOEXEC);
        assert!(fd >= 0);
        File::from_raw_fd(fd)
    }
}

fn content(file: &mut File) -> String {
    use std::io::Seek;
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_spare_is_handed_stdio_and_directory() {
    let (core, record) = core();
    let mut request = probe("serve");
    request.stderr = Stdio::Null;
    let spare = core.start(request).unwrap();
    record.ready(spare.id);
    let info = core.info(spare.id).unwrap();
    assert!(info.idle_since.unwrap() >= info.started);
    assert!(!info.adopted);

    let (mut out, mut err) = (scratch(), scratch());
    core.adopt(
        spare.id,
        Adoption {
            cwd: Some("/proc".into()),
            stdout: Some(Stdio::Fd(out.as_raw_fd())),
            stderr: Some(Stdio::Fd(err.as_raw_fd())),
            payload: b"work".to_vec(),
        },
    )
    .unwrap();
    assert_eq!(
        record.message(spare.id, 0),
        b"adopted work in /proc with None"
    );
    let info = core.info(spare.id).unwrap();
    assert!(info.idle_since.is_none() && info.adopted);
    core.send(spare.id, order::PRINT, b"words".to_vec(), &[])
        .unwrap();
    record.message(spare.id, order::PRINT);
    assert_eq!(
        (content(&mut out), content(&mut err)),
        ("words".into(), "words".into())
    );

    let again = core.adopt(spare.id, Adoption::default()).unwrap_err();
    assert!(matches!(again, Error::Argument { name: "child", .. }));
    core.kill_all(PATIENCE);
}

#[test]
fn a_directory_that_is_not_there_is_told_to_the_child() {
    let (core, record) = core();
    let mut request = probe("serve");
    request.adoption = Some(Adoption {
        cwd: Some("/no/such/place".into()),
        payload: b"work".to_vec(),
        ..Adoption::default()
    });
    let child = core.start(request).unwrap();
    let text = String::from_utf8(record.message(child.id, 0)).unwrap();
    assert!(
        text.starts_with("adopted work in ") && text.ends_with("with Some(2)"),
        "{text}"
    );
    core.kill_all(PATIENCE);
}

#[test]
fn a_cold_start_gets_a_large_payload_without_blocking_the_caller() {
    let (core, record) = core();
    // Boots for 300 ms, and then never reads beyond what its core thread takes.
    let slow = core.start(probe("slow-boot")).unwrap();
    let before = Instant::now();
    core.adopt(
        slow.id,
        Adoption {
            payload: vec![1; 30_000_000],
            ..Adoption::default()
        },
    )
    .unwrap();
    for _ in 0..1000 {
        core.send(slow.id, 1, vec![2; 1000], &[]).unwrap();
    }
    let sent = before.elapsed();
    assert!(core.info(slow.id).unwrap().idle_since.is_none());
    record.ready(slow.id);
    assert!(sent < before.elapsed(), "the sends waited for the boot");

    let mut request = probe("serve");
    request.adoption = Some(Adoption {
        payload: vec![b'x'; 10_000_000],
        ..Adoption::default()
    });
    let child = core.start(request).unwrap();
    assert!(record.message(child.id, 0).len() > 10_000_000);
    core.kill_all(PATIENCE);
}

#[test]
fn an_idle_spare_ends_by_itself_unless_it_is_adopted() {
    let (core, record) = core();
    let soon = || Some(Instant::now() + Duration::from_millis(1500));
    let mut request = probe("serve");
    request.kill_at = soon();
    let left = core.start(request.clone()).unwrap();
    request.kill_at = soon();
    let adopted = core.start(request.clone()).unwrap();
    core.adopt(adopted.id, Adoption::default()).unwrap();
    request.kill_at = None;
    let later = core.start(request.clone()).unwrap();
    core.kill_at(later.id, soon()).unwrap();
    request.kill_at = soon();
    let spared = core.start(request.clone()).unwrap();
    core.kill_at(spared.id, None).unwrap();
    request.kill_at = None;
    request.idle_limit = Some(Duration::from_millis(100));
    let idle = core.start(request).unwrap();
    record.ready(idle.id);

    for child in [left, later, idle] {
        assert_eq!(
            record.exit(child.id),
            (ExitStatus::Signal(9), Some(Ended::Deadline))
        );
        assert_eq!(
            core.adopt(child.id, Adoption::default()),
            Err(Error::Gone(child.id))
        );
    }
    std::thread::sleep(Duration::from_millis(200));
    assert!(runs(adopted.pid) && runs(spared.pid));
    core.kill_all(PATIENCE);
}

#[test]
fn an_adoption_and_a_deadline_never_both_win() {
    let (core, record) = core();
    let at = Instant::now() + Duration::from_millis(300);
    let spares: Vec<_> = (0..8)
        .map(|_| {
            let mut request = probe("serve");
            request.kill_at = Some(at);
            core.start(request).unwrap()
        })
        .collect();
    let mut adopted = 0;
    for (i, spare) in spares.iter().enumerate() {
        // Some before, some after, one about at the time.
        let when = at - Duration::from_millis(4) + Duration::from_millis(i as u64);
        std::thread::sleep(when.saturating_duration_since(Instant::now()));
        match core.adopt(spare.id, Adoption::default()) {
            Ok(()) => {
                record.message(spare.id, 0);
                assert!(runs(spare.pid));
                adopted += 1;
            }
            Err(Error::Gone(_)) => {
                assert_eq!(record.exit(spare.id).1, Some(Ended::Deadline));
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(core.children().len(), adopted);
    core.kill_all(PATIENCE);
}
