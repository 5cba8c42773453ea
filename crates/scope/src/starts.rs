//! Where the parts of a function's text begin: between these blanks and line breaks can be put in, or left out.

use crate::function::wrapped;
use crate::offsets::Offsets;
use crate::ScopeError;
use oxc_ast::AstKind;
use oxc_semantic::SemanticBuilder;
use oxc_span::GetSpan;

/// What [`starts`] finds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Starts {
    /// Where statements, expressions and names begin, each once, in order.
    pub nodes: Vec<u32>,
    /// Where comments end that go on to the end of their line.
    pub line_comments: Vec<u32>,
}

/// Finds them in the text of a function, a class or a method.
///
/// # Errors
/// As [`crate::free_variables`].
pub fn starts(source: &str) -> Result<Starts, ScopeError> {
    wrapped(source, |_, before, program| {
        let semantic = SemanticBuilder::new().build(program).semantic;
        let offsets = Offsets::new(source);
        let length = source.len() as u32;
        let at = |byte: u32| {
            byte.checked_sub(before)
                .filter(|byte| *byte <= length)
                .map(|byte| offsets.utf16(byte))
        };
        let mut nodes: Vec<u32> = semantic
            .nodes()
            .iter()
            // A part of a template is text.
            .filter(|node| {
                !matches!(
                    node.kind(),
                    AstKind::TemplateElement(_) | AstKind::JSXText(_)
                )
            })
            .filter_map(|node| at(node.kind().span().start))
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        let line_comments = program
            .comments
            .iter()
            .filter(|comment| comment.is_line())
            .filter_map(|comment| at(comment.span.end))
            .collect();
        Some(Starts {
            nodes,
            line_comments,
        })
    })
}

impl Starts {
    #[must_use]
    pub fn to_json(&self) -> String {
        let list = |items: &[u32]| {
            let texts: Vec<String> = items.iter().map(u32::to_string).collect();
            texts.join(",")
        };
        format!(
            "{{\"nodes\":[{}],\"lineComments\":[{}]}}",
            list(&self.nodes),
            list(&self.line_comments)
        )
    }
}
