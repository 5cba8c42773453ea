//! 500 children come and go, and leave nothing. Alone in its file: it counts the whole process.

#![cfg(target_os = "linux")]

mod common;

use std::time::Duration;

use common::{both_ways, core_with, order, probe, PATIENCE};
use multiproc_process::{Adoption, ExitStatus, Request};

const CYCLES: usize = 500;

/// Open descriptors, threads, and children, dead or alive.
fn census() -> (usize, usize, usize) {
    let count = |path: &str| std::fs::read_dir(path).unwrap().count();
    let children = std::fs::read_dir("/proc/self/task")
        .unwrap()
        .flatten()
        .filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok())
        .map(|pids| pids.split_whitespace().count())
        .sum();
    (count("/proc/self/fd"), count("/proc/self/task"), children)
}

#[test]
fn nothing_is_left_of_500_children() {
    for options in both_ways() {
        let (core, record) = core_with(options);
        // The core thread and its descriptors belong to the process.
        let first = core.start(probe("serve")).unwrap();
        core.kill_all(PATIENCE);
        record.exit(first.id);
        let before = census();
        assert_eq!(before.2, 0);
        for round in 0..CYCLES / 10 {
            let children: Vec<_> = (0..10)
                .map(|i| {
                    let mut request = probe("serve");
                    if i % 2 == 0 {
                        request.adoption = Some(Adoption {
                            payload: vec![0; i * 100_000],
                            stdout: Some(multiproc_process::Stdio::Inherit),
                            ..Adoption::default()
                        });
                    }
                    core.start(request).unwrap()
                })
                .collect();
            for (i, child) in children.iter().enumerate() {
                if i % 3 == 0 {
                    // Killed while it boots, with its messages on the way.
                    core.signal(child.id, multiproc_process::Signal::Kill)
                        .unwrap();
                } else {
                    core.send(child.id, order::WRITE, vec![], &[0, 0, 0])
                        .unwrap();
                    core.send(child.id, order::EXIT, vec![round as u8], &[])
                        .unwrap();
                }
            }
            for (i, child) in children.iter().enumerate() {
                let (status, _) = record.exit(child.id);
                if i % 3 == 0 {
                    assert_eq!(status, ExitStatus::Signal(9));
                } else {
                    assert_eq!(status, ExitStatus::Code(round as i32));
                }
                assert!(core.wait(child.id, Some(Duration::from_secs(1))));
            }
            // Starts that fail leave nothing either.
            core.start(Request::new("/no/such/program", 0, 0, 0))
                .unwrap_err();
        }
        assert_eq!(census(), before);
    }
}
