//! Quotas of cgroups, in made-up file systems.

#![cfg(target_os = "linux")]

use std::fs;
use std::path::{Path, PathBuf};

use multiproc_process::{available_cpu_count, cpu_count};

/// A folder that stands for `/`, removed at the end.
struct Root(PathBuf);

impl Root {
    fn new(name: &str, files: &[(&str, &str)]) -> Root {
        let root = std::env::temp_dir().join(format!("process-cpu-{}-{name}", std::process::id()));
        for (path, content) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        Root(root)
    }

    fn count(&self) -> usize {
        available_cpu_count(&self.0)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const V2: &str = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup rw\n";
const V1: &str =
    "33 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct\n";

/// What is counted where no quota applies: the affinity mask.
fn unlimited() -> usize {
    available_cpu_count(Path::new("/no/such/root"))
}

#[test]
fn the_machine_has_cpus() {
    assert!((1..=cpu_count()).contains(&unlimited()));
    assert!((1..=unlimited()).contains(&available_cpu_count(Path::new("/"))));
}

#[test]
fn the_affinity_mask_counts() {
    let counted = std::thread::spawn(|| {
        // SAFETY: the set is zeroed before it is filled, and of the size that is given; it holds
        // for this thread only.
        unsafe {
            let mut set: libc::cpu_set_t = std::mem::zeroed();
            libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), &mut set);
            let first = (0..libc::CPU_SETSIZE as usize)
                .find(|&cpu| libc::CPU_ISSET(cpu, &set))
                .unwrap();
            libc::CPU_ZERO(&mut set);
            libc::CPU_SET(first, &mut set);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &set);
        }
        unlimited()
    });
    assert_eq!(counted.join().unwrap(), 1);
}

#[test]
fn no_quota_is_no_limit() {
    let root = Root::new(
        "max",
        &[
            ("proc/self/cgroup", "0::/a\n"),
            ("proc/self/mountinfo", V2),
            ("sys/fs/cgroup/a/cpu.max", "max 100000\n"),
        ],
    );
    assert_eq!(root.count(), unlimited());
    let root = Root::new(
        "minus",
        &[
            ("proc/self/cgroup", "4:cpu,cpuacct:/a\n0::/\n"),
            ("proc/self/mountinfo", V1),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"),
        ],
    );
    assert_eq!(root.count(), unlimited());
}

#[test]
fn a_quota_is_rounded_up() {
    for (quota, cpus) in [
        ("1000", 1),
        ("100000", 1),
        ("100001", 2),
        ("99999999", usize::MAX),
    ] {
        let root = Root::new(
            &format!("round-{quota}"),
            &[
                ("proc/self/cgroup", "0::/a\n"),
                ("proc/self/mountinfo", V2),
                ("sys/fs/cgroup/a/cpu.max", &format!("{quota} 100000\n")),
            ],
        );
        assert_eq!(root.count(), unlimited().min(cpus), "{quota}");
    }
}

#[test]
fn an_ancestors_smaller_quota_counts() {
    let root = Root::new(
        "nested",
        &[
            ("proc/self/cgroup", "0::/a/b/c\n"),
            ("proc/self/mountinfo", V2),
            ("sys/fs/cgroup/a/cpu.max", "50000 100000\n"),
            ("sys/fs/cgroup/a/b/c/cpu.max", "900000 100000\n"),
        ],
    );
    assert_eq!(root.count(), 1);
}

#[test]
fn version_1_is_found_by_its_mount() {
    let root = Root::new(
        "v1",
        &[
            ("proc/self/cgroup", "5:cpuset:/x\n4:cpu,cpuacct:/a/b\n"),
            ("proc/self/mountinfo", V1),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_quota_us", "70000\n"),
            ("sys/fs/cgroup/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n"),
        ],
    );
    assert_eq!(root.count(), 1);
}

#[test]
fn a_container_that_sees_the_hosts_path_finds_its_group() {
    let mounts = "33 32 0:30 /docker/abc /sys/fs/my\\040cgroup rw - cgroup cgroup rw,cpu,cpuacct\n";
    let root = Root::new(
        "docker",
        &[
            ("proc/self/cgroup", "4:cpu,cpuacct:/docker/abc\n"),
            ("proc/self/mountinfo", mounts),
            ("sys/fs/my cgroup/cpu.cfs_quota_us", "70000\n"),
            ("sys/fs/my cgroup/cpu.cfs_period_us", "100000\n"),
        ],
    );
    assert_eq!(root.count(), 1);
}

#[test]
fn without_mountinfo_the_usual_places_are_looked_at() {
    let root = Root::new(
        "usual",
        &[
            ("proc/self/cgroup", "0::/a\n"),
            ("sys/fs/cgroup/a/cpu.max", "50000 100000\n"),
        ],
    );
    assert_eq!(root.count(), 1);
}

#[test]
fn nonsense_is_no_limit() {
    let root = Root::new(
        "nonsense",
        &[
            ("proc/self/cgroup", "0::/../a\nhm\n4:cpu\n:::\n"),
            ("proc/self/mountinfo", "what - ever\n - \n\n"),
            ("sys/fs/cgroup/a/cpu.max", "50000 100000\n"),
            ("sys/fs/cgroup/cpu.max", "0 0\n"),
        ],
    );
    assert_eq!(root.count(), unlimited());
}
