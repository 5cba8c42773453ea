use std::fmt;

/// A text that could not be parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeError {
    message: String,
}

impl ScopeError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        ScopeError {
            message: message.into(),
        }
    }
}

impl fmt::Display for ScopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ScopeError {}
