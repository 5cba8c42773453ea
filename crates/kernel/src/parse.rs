//! A function's text, as `Function.prototype.toString` gives it, to its syntax tree.

use crate::issue::{Place, Refusal, Result};
use oxc_allocator::Allocator;
use oxc_ast::ast::*;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::{SourceType, Span};

/// A longer text is refused, in bytes: the parser recurses, and its stack is of bounded size.
pub const LONGEST: usize = 64 * 1024;

/// Any of the forms of a function.
#[derive(Clone, Copy)]
pub enum FunctionNode<'a> {
    Arrow(&'a ArrowFunctionExpression<'a>),
    Function(&'a Function<'a>),
}

/// What a function consists of, whatever its form.
pub struct Parts<'a> {
    pub name: Option<&'a str>,
    pub params: &'a FormalParameters<'a>,
    pub body: &'a FunctionBody<'a>,
    /// The body is an expression, whose value is returned.
    pub expression: bool,
    pub refused: Option<&'static str>,
    pub span: Span,
}

impl<'a> FunctionNode<'a> {
    /// The function that an expression is.
    pub fn of(expression: &'a Expression<'a>) -> Option<Self> {
        match expression.get_inner_expression() {
            Expression::ArrowFunctionExpression(arrow) => Some(Self::Arrow(arrow)),
            Expression::FunctionExpression(function) => Some(Self::Function(function)),
            _ => None,
        }
    }

    /// The same for the same function of the source.
    pub fn identity(self) -> usize {
        match self {
            Self::Arrow(arrow) => std::ptr::from_ref(arrow) as usize,
            Self::Function(function) => std::ptr::from_ref(function) as usize,
        }
    }

    /// `None` for a function without a body.
    pub fn parts(self) -> Option<Parts<'a>> {
        Some(match self {
            Self::Arrow(arrow) => Parts {
                name: None,
                params: &arrow.params,
                body: &arrow.body,
                expression: arrow.expression,
                refused: arrow.r#async.then_some("an async function gives a Promise"),
                span: arrow.span,
            },
            Self::Function(function) => Parts {
                name: function.id.as_ref().map(|id| id.name.as_str()),
                params: &function.params,
                body: function.body.as_deref()?,
                expression: false,
                refused: if function.r#async {
                    Some("an async function gives a Promise")
                } else {
                    function
                        .generator
                        .then_some("a generator function gives an iterator")
                },
                span: function.span,
            },
        })
    }
}

/// Parses `text`. Spans in the tree are offsets into it plus what `offset` says.
pub fn parse<'a>(
    allocator: &'a Allocator,
    text: &str,
    index: u16,
) -> Result<(FunctionNode<'a>, u32)> {
    let whole = Place {
        text: index,
        start: 0,
        end: text.len() as u32,
    };
    if text.len() > LONGEST {
        return Refusal::new(whole, format!("its text is longer than {LONGEST} bytes"));
    }
    // A method's text is no expression, but a property of an object.
    let mut first = None;
    for (before, after) in [("(", "\n)"), ("({", "\n})")] {
        let wrapped = allocator.alloc_str(&format!("{before}{text}{after}"));
        let parser = Parser::new(allocator, wrapped, SourceType::mjs().with_module(false))
            .with_options(ParseOptions::default());
        match parser.parse_expression() {
            Ok(expression) => {
                let expression = allocator.alloc(expression);
                if let Some(function) = function_in(expression) {
                    return Ok((function, before.len() as u32));
                }
                if before.len() == 1 {
                    return Refusal::new(whole, not_a_function(expression));
                }
            }
            Err(errors) => {
                let message = errors
                    .first()
                    .map_or_else(String::new, |error| error.message.to_string());
                first.get_or_insert(message);
            }
        }
    }
    if text.contains("[native code]") {
        return Refusal::new(
            whole,
            "it is native code or a bound function, whose source can't be had",
        );
    }
    Refusal::new(
        whole,
        format!("it can't be parsed: {}", first.unwrap_or_default()),
    )
}

fn function_in<'a>(expression: &'a Expression<'a>) -> Option<FunctionNode<'a>> {
    match expression.get_inner_expression() {
        Expression::ObjectExpression(object) => match object.properties.as_slice() {
            [ObjectPropertyKind::ObjectProperty(property)] if property.method => {
                FunctionNode::of(&property.value)
            }
            _ => None,
        },
        _ => FunctionNode::of(expression),
    }
}

fn not_a_function(expression: &Expression) -> &'static str {
    match expression.get_inner_expression() {
        Expression::ClassExpression(_) => "it is a class",
        _ => "it is not a function",
    }
}
