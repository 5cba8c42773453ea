//! The napi binding: converts, and nothing more.
