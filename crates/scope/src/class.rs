//! The members of a class, as far as making the class again from its text needs to know them.

use crate::function::constructor;
use crate::json::Object;
use oxc_ast::ast::*;
use oxc_span::{GetSpan, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElementKind {
    Method,
    Getter,
    Setter,
    Field,
    StaticBlock,
}

/// How a member is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// By its text alone, or by a well-known symbol: `a`, `'a'`, `1`, `['a']`, `[Symbol.iterator]`.
    Plain,
    /// By an expression that was run when the class was made.
    Computed,
    Private(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    pub kind: ElementKind,
    pub is_static: bool,
    pub key: Key,
    pub span: (u32, u32),
    /// The expression that names it, of a computed one.
    pub key_span: Option<(u32, u32)>,
    /// The value of a field.
    pub value: Option<(u32, u32)>,
    /// That value takes its name from the field, and making it runs nothing: `f = () => 1`.
    pub anonymous_function: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassInfo {
    /// Where the expression after `extends` stands; of `extends null` nothing.
    pub heritage: Option<(u32, u32)>,
    /// Between its braces.
    pub body: (u32, u32),
    /// Where the statements of its constructor begin.
    pub constructor: Option<u32>,
    pub elements: Vec<Element>,
    /// Something in it that its text and its values do not give back: a decorator, an accessor field.
    pub not_plain: Option<&'static str>,
}

impl ClassInfo {
    pub(crate) fn of(class: &Class<'_>, range: &impl Fn(Span) -> (u32, u32)) -> Self {
        let accessor =
            |element: &ClassElement<'_>| matches!(element, ClassElement::AccessorProperty(_));
        let mut not_plain = None;
        if class.body.body.iter().any(accessor) {
            not_plain = Some("an accessor field");
        }
        if !class.decorators.is_empty() || class.body.body.iter().any(ClassElement::has_decorator) {
            not_plain = Some("a decorator");
        }
        let (start, end) = range(class.body.span);
        ClassInfo {
            heritage: class
                .super_class
                .as_ref()
                .filter(|e| !e.is_null())
                .map(|e| range(e.span())),
            body: (start + 1, end - 1),
            constructor: constructor(class)
                .and_then(|f| f.body.as_ref())
                .map(|body| range(body.span).0 + 1),
            elements: class
                .body
                .body
                .iter()
                .filter_map(|e| Element::of(e, range))
                .collect(),
            not_plain,
        }
    }

    pub(crate) fn to_json(&self) -> String {
        let object = Object::new()
            .range("heritage", self.heritage)
            .range("body", Some(self.body));
        let object = match self.constructor {
            Some(at) => object.number("constructor", at),
            None => object.raw("constructor", "null"),
        };
        object
            .array("elements", &self.elements, Element::to_json)
            .optional_string("notPlain", self.not_plain)
            .end()
    }
}

impl Element {
    fn of(element: &ClassElement<'_>, range: &impl Fn(Span) -> (u32, u32)) -> Option<Self> {
        let (kind, is_static, value) = match element {
            ClassElement::StaticBlock(_) => (ElementKind::StaticBlock, true, None),
            ClassElement::PropertyDefinition(p) => {
                (ElementKind::Field, p.r#static, p.value.as_ref())
            }
            ClassElement::MethodDefinition(m) => match m.kind {
                MethodDefinitionKind::Constructor => return None,
                MethodDefinitionKind::Method => (ElementKind::Method, m.r#static, None),
                MethodDefinitionKind::Get => (ElementKind::Getter, m.r#static, None),
                MethodDefinitionKind::Set => (ElementKind::Setter, m.r#static, None),
            },
            _ => return None,
        };
        let key = match element.property_key() {
            Some(PropertyKey::PrivateIdentifier(name)) => Key::Private(name.name.to_string()),
            Some(key) if element.computed() && !is_constant(key) => Key::Computed,
            _ => Key::Plain,
        };
        let key_span = match (&key, element.property_key()) {
            (Key::Computed, Some(key)) => Some(range(key.span())),
            _ => None,
        };
        Some(Element {
            kind,
            is_static,
            key,
            key_span,
            span: range(element.span()),
            value: value.map(|v| range(v.span())),
            anonymous_function: value.is_some_and(|v| match v {
                Expression::ArrowFunctionExpression(_) => true,
                Expression::FunctionExpression(f) => f.id.is_none(),
                _ => false,
            }),
        })
    }

    fn to_json(&self) -> String {
        let kind = match self.kind {
            ElementKind::Method => "method",
            ElementKind::Getter => "getter",
            ElementKind::Setter => "setter",
            ElementKind::Field => "field",
            ElementKind::StaticBlock => "block",
        };
        let (key, name) = match &self.key {
            Key::Plain => ("plain", None),
            Key::Computed => ("computed", None),
            Key::Private(name) => ("private", Some(format!("#{name}"))),
        };
        Object::new()
            .string("kind", kind)
            .bool("static", self.is_static)
            .string("key", key)
            .optional_string("name", name.as_deref())
            .number("start", self.span.0)
            .number("end", self.span.1)
            .range("keyRange", self.key_span)
            .range("value", self.value)
            .bool("anonymousFunction", self.anonymous_function)
            .end()
    }
}

/// A computed key that is the same in every process.
fn is_constant(key: &PropertyKey<'_>) -> bool {
    match key {
        PropertyKey::StringLiteral(_) | PropertyKey::NumericLiteral(_) => true,
        PropertyKey::StaticMemberExpression(member) => {
            matches!(&member.object, Expression::Identifier(i) if i.name == "Symbol")
        }
        _ => false,
    }
}
