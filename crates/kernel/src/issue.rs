//! Why a function is refused, and where.

/// A place in one of the texts that a kernel is made of: the function itself, or a helper that it calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// Index of the text; 0 is the function itself.
    pub text: u16,
    /// In bytes.
    pub start: u32,
    /// In bytes.
    pub end: u32,
}

/// A refusal as the stages make it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub place: Place,
    pub message: String,
}

pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub fn new<T>(place: Place, message: impl Into<String>) -> Result<T> {
        Err(Self {
            place,
            message: message.into(),
        })
    }
}

/// A refusal as a user reads it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Issue {
    pub message: String,
    /// Name of the helper that it is in; `None` for the function itself.
    pub helper: Option<String>,
    /// From 1, in the text of that function.
    pub line: u32,
    /// From 1, in UTF-16 code units.
    pub column: u32,
    /// What stands there, at most [`SNIPPET`] characters of one line.
    pub snippet: String,
}

/// Longest snippet, in characters.
const SNIPPET: usize = 60;

impl Issue {
    /// `texts`: name and source of the function and its helpers, in the order of [`Place::text`].
    pub fn new(refusal: Refusal, texts: &[(String, String)]) -> Self {
        let Refusal { place, message } = refusal;
        let (name, text) = texts
            .get(place.text as usize)
            .map_or(("", ""), |(name, text)| (name, text));
        let start = floor_boundary(text, place.start as usize);
        let end = floor_boundary(text, place.end as usize).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let shown = text[start..end].lines().next().unwrap_or("");
        let mut snippet: String = shown.chars().take(SNIPPET).collect();
        if snippet.len() < shown.len() {
            snippet.push('…');
        }
        Self {
            message,
            helper: (place.text > 0).then(|| name.to_owned()),
            line: before.matches('\n').count() as u32 + 1,
            column: before[line_start..].encode_utf16().count() as u32 + 1,
            snippet,
        }
    }
}

/// The nearest character boundary at or before `at`.
fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod test {
    use super::*;

    fn issue(text: &str, start: u32, end: u32) -> Issue {
        let place = Place {
            text: 0,
            start,
            end,
        };
        let refusal = Refusal {
            place,
            message: "no".into(),
        };
        Issue::new(refusal, &[(String::new(), text.into())])
    }

    #[test]
    fn lines_and_columns_count_from_one() {
        let found = issue("(x) => {\n  return 'a';\n}", 18, 21);
        assert_eq!((found.line, found.column), (2, 10));
        assert_eq!(found.snippet, "'a'");
    }

    #[test]
    fn columns_count_utf16_units() {
        let found = issue("(𝒙, y) => 'a'", 13, 16);
        assert_eq!((found.line, found.column), (1, 12));
    }

    #[test]
    fn a_snippet_is_one_line_and_short() {
        assert_eq!(issue("ab\ncd", 0, 5).snippet, "ab");
        assert_eq!(
            issue(&"x".repeat(100), 0, 100).snippet.chars().count(),
            SNIPPET + 1
        );
        assert_eq!(issue("ab", 5, 9).snippet, "");
    }
}
