//! Planted bugs. Each model must catch the ones that belong to it, or it proves nothing. Only under loom; the name is
//! taken from the environment variable `PLANT`. In every other build `planted` is the constant false.

#[cfg(not(loom))]
#[inline(always)]
pub(crate) const fn planted(_: &str) -> bool {
    false
}

#[cfg(loom)]
pub(crate) fn planted(name: &str) -> bool {
    use std::sync::OnceLock;
    static NAME: OnceLock<Option<String>> = OnceLock::new();
    NAME.get_or_init(|| std::env::var("PLANT").ok()).as_deref() == Some(name)
}
