use crate::ScopeError;
use oxc_span::SourceType;
use std::str::FromStr;

/// What a file is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Js,
    Jsx,
    Ts,
    Tsx,
}

impl Language {
    pub(crate) fn module(self) -> SourceType {
        match self {
            Language::Js => SourceType::mjs(),
            Language::Jsx => SourceType::jsx(),
            Language::Ts => SourceType::ts(),
            Language::Tsx => SourceType::tsx(),
        }
    }

    pub(crate) fn script(self) -> SourceType {
        self.module().with_script(true)
    }
}

impl FromStr for Language {
    type Err = ScopeError;

    fn from_str(name: &str) -> Result<Self, ScopeError> {
        match name {
            "js" => Ok(Language::Js),
            "jsx" => Ok(Language::Jsx),
            "ts" => Ok(Language::Ts),
            "tsx" => Ok(Language::Tsx),
            _ => Err(ScopeError::new(format!(
                "language must be 'js', 'jsx', 'ts' or 'tsx', got {name:?}"
            ))),
        }
    }
}
