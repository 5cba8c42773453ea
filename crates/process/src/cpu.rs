//! How many CPUs there are, and how many this process may use.

use std::fs;
use std::path::{Path, PathBuf};

use crate::os::{Os, Platform};

/// Logical CPUs of the machine that are online; at least 1.
pub fn cpu_count() -> usize {
    Platform::cpu_count()
}

/// CPUs that this process may use: those of its affinity mask, and no more than its cgroup's quota
/// allows, rounded up. At least 1.
///
/// `root` is `/`; tests give a folder with `proc/self/cgroup`, `proc/self/mountinfo` and the files
/// of cgroups.
pub fn available_cpu_count(root: &Path) -> usize {
    let allowed = Platform::affinity();
    let quota = quota(root).map_or(allowed, |cpus| cpus.ceil() as usize);
    allowed.min(quota).max(1)
}

/// The smallest quota of this process's cgroups and all their ancestors, in CPUs.
fn quota(root: &Path) -> Option<f64> {
    let memberships = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let mounts = fs::read_to_string(root.join("proc/self/mountinfo")).unwrap_or_default();
    memberships
        .lines()
        .filter_map(Membership::parse)
        .filter_map(|membership| membership.quota(root, &mounts))
        .min_by(f64::total_cmp)
}

/// Which of the two kinds of cgroups.
#[derive(Clone, Copy, PartialEq)]
enum Version {
    V1,
    V2,
}

/// A line of `/proc/self/cgroup` that may hold a CPU quota: `id:controllers:path`.
struct Membership<'a> {
    version: Version,
    path: &'a str,
}

impl<'a> Membership<'a> {
    fn parse(line: &'a str) -> Option<Membership<'a>> {
        let mut fields = line.splitn(3, ':');
        let (id, controllers, path) = (fields.next()?, fields.next()?, fields.next()?);
        let version = match (id, controllers) {
            ("0", "") => Version::V2,
            _ if controllers.split(',').any(|name| name == "cpu") => Version::V1,
            _ => return None,
        };
        Some(Membership { version, path })
    }

    /// The smallest quota from this group up to the top of what is mounted.
    fn quota(&self, root: &Path, mounts: &str) -> Option<f64> {
        let (top, mut group) = self.folders(root, mounts);
        let mut smallest: Option<f64> = None;
        loop {
            if let Some(cpus) = self.version.read_quota(&group) {
                smallest = Some(smallest.map_or(cpus, |other| other.min(cpus)));
            }
            if group == top || !group.pop() {
                return smallest;
            }
        }
    }

    /// The folder where the hierarchy is mounted, and that of this group in or below it.
    fn folders(&self, root: &Path, mounts: &str) -> (PathBuf, PathBuf) {
        let (mounted, at) = mounts
            .lines()
            .find_map(|line| self.version.mount(line))
            .unwrap_or_else(|| ("/".into(), self.version.usual_mount().into()));
        let top = root.join(at.trim_start_matches('/'));
        // In a container without a cgroup namespace the path is the host's, and what is mounted is
        // the container's own group. A path that is not below it can't be looked at: `/..` names a
        // group outside of the namespace.
        let below = match self.path.strip_prefix(mounted.trim_end_matches('/')) {
            Some(below) if below.is_empty() || below.starts_with('/') => below,
            _ => "",
        };
        let mut group = top.clone();
        for name in below.split('/').filter(|name| !name.is_empty()) {
            if name == ".." {
                return (top.clone(), top);
            }
            group.push(name);
        }
        (top, group)
    }
}

impl Version {
    fn usual_mount(self) -> &'static str {
        match self {
            Version::V1 => "/sys/fs/cgroup/cpu",
            Version::V2 => "/sys/fs/cgroup",
        }
    }

    /// What is mounted, and where, if a line of `/proc/self/mountinfo` is of this hierarchy:
    /// `id parent device mounted at options [optional].. - type source superoptions`.
    fn mount(self, line: &str) -> Option<(String, String)> {
        let (mount, file_system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let (mounted, at) = (mount.next()?, mount.next()?);
        let mut file_system = file_system.split(' ');
        let kind = file_system.next()?;
        let options = file_system.nth(1)?;
        let fits = match self {
            Version::V2 => kind == "cgroup2",
            Version::V1 => kind == "cgroup" && options.split(',').any(|option| option == "cpu"),
        };
        fits.then(|| (unescape(mounted), unescape(at)))
    }

    /// A group's own quota, in CPUs; `None` if it has none.
    fn read_quota(self, group: &Path) -> Option<f64> {
        let read = |name| fs::read_to_string(group.join(name)).ok();
        let (quota, period) = match self {
            Version::V2 => {
                let line = read("cpu.max")?;
                let (quota, period) = line.trim().split_once(' ')?;
                (quota.parse::<f64>().ok()?, period.parse::<f64>().ok()?)
            }
            Version::V1 => (
                read("cpu.cfs_quota_us")?.trim().parse().ok()?,
                read("cpu.cfs_period_us")?.trim().parse().ok()?,
            ),
        };
        (quota > 0.0 && period > 0.0).then_some(quota / period)
    }
}

/// Undoes mountinfo's `\040` for a space, and its like.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while i < bytes.len() {
        let code = bytes
            .get(i + 1..i + 4)
            .filter(|_| bytes[i] == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        plain.push(code.unwrap_or(bytes[i]));
        i += if code.is_some() { 4 } else { 1 };
    }
    String::from_utf8_lossy(&plain).into_owned()
}
