//! What a function uses of its surroundings that is no variable: `this`, `arguments`, `super`, `new.target`,
//! `import.meta`, a private name, a direct `eval`.

use oxc_ast::ast::*;
use oxc_ast_visit::{walk, Visit};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::ScopeFlags;

#[derive(Default)]
pub(crate) struct Outer {
    /// Where the `this` of its surroundings stands.
    pub this: Vec<Span>,
    pub super_: bool,
    pub new_target: bool,
    pub eval: bool,
    pub import_meta: Vec<Span>,
    /// `arguments` of an enclosing function.
    pub arguments: Vec<Span>,
    /// The first private name that no class inside of the function declares.
    pub private_name: Option<String>,

    /// How many functions with a `this` of their own are open; likewise class fields and static blocks.
    own_this: u32,
    /// How many methods, class fields and static blocks inside of the function are open: what `super` may stand in.
    own_super: u32,
    /// The private names that the open classes declare.
    private: Vec<Vec<String>>,
}

impl Outer {
    /// Looks at the function, arrow or class itself; a method's function has a `this` and a home object of its own,
    /// but its home object is outside of it.
    pub fn of_function(function: &Function<'_>) -> Self {
        let mut outer = Outer::default();
        outer.visit_function(function, ScopeFlags::Function);
        outer
    }

    pub fn of_expression(expression: &Expression<'_>) -> Self {
        let mut outer = Outer::default();
        outer.visit_expression(expression);
        outer
    }

    fn method(&mut self, visit: impl FnOnce(&mut Self)) {
        self.own_super += 1;
        visit(self);
        self.own_super -= 1;
    }

    /// A place where `this` and `super` are the class's or its instance's: field values, static blocks.
    fn member(&mut self, visit: impl FnOnce(&mut Self)) {
        self.own_this += 1;
        self.method(visit);
        self.own_this -= 1;
    }

    fn use_private(&mut self, name: &str) {
        if self.private_name.is_none() && !self.private.iter().flatten().any(|n| n == name) {
            self.private_name = Some(format!("#{name}"));
        }
    }
}

impl<'a> Visit<'a> for Outer {
    fn visit_function(&mut self, function: &Function<'a>, flags: ScopeFlags) {
        self.own_this += 1;
        walk::walk_function(self, function, flags);
        self.own_this -= 1;
    }

    fn visit_object_property(&mut self, property: &ObjectProperty<'a>) {
        if property.method || property.kind != PropertyKind::Init {
            self.visit_property_key(&property.key);
            self.method(|outer| outer.visit_expression(&property.value));
        } else {
            walk::walk_object_property(self, property);
        }
    }

    fn visit_class(&mut self, class: &Class<'a>) {
        if let Some(heritage) = &class.super_class {
            self.visit_expression(heritage);
        }
        let declared =
            class
                .body
                .body
                .iter()
                .filter_map(|element| match element.property_key()? {
                    PropertyKey::PrivateIdentifier(name) => Some(name.name.to_string()),
                    _ => None,
                });
        self.private.push(declared.collect());
        for element in &class.body.body {
            match element {
                ClassElement::MethodDefinition(m) => {
                    self.visit_property_key(&m.key);
                    self.method(|outer| outer.visit_function(&m.value, ScopeFlags::Function));
                }
                ClassElement::PropertyDefinition(p) => {
                    self.visit_property_key(&p.key);
                    if let Some(value) = &p.value {
                        self.member(|outer| outer.visit_expression(value));
                    }
                }
                ClassElement::AccessorProperty(p) => {
                    self.visit_property_key(&p.key);
                    if let Some(value) = &p.value {
                        self.member(|outer| outer.visit_expression(value));
                    }
                }
                ClassElement::StaticBlock(b) => {
                    self.member(|outer| walk::walk_static_block(outer, b));
                }
                ClassElement::TSIndexSignature(_) => {}
            }
        }
        self.private.pop();
    }

    fn visit_this_expression(&mut self, this: &ThisExpression) {
        if self.own_this == 0 {
            self.this.push(this.span);
        }
    }

    fn visit_super(&mut self, _: &Super) {
        self.super_ |= self.own_super == 0;
    }

    fn visit_identifier_reference(&mut self, identifier: &IdentifierReference<'a>) {
        if identifier.name == "arguments" && self.own_this == 0 {
            self.arguments.push(identifier.span);
        }
    }

    fn visit_meta_property(&mut self, meta: &MetaProperty<'a>) {
        if meta.meta.name == "import" {
            self.import_meta.push(meta.span());
        } else {
            self.new_target |= self.own_this == 0;
        }
    }

    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.eval |= matches!(call.callee.without_parentheses(), Expression::Identifier(i) if i.name == "eval");
        walk::walk_call_expression(self, call);
    }

    fn visit_private_field_expression(&mut self, field: &PrivateFieldExpression<'a>) {
        self.use_private(&field.field.name);
        walk::walk_private_field_expression(self, field);
    }

    fn visit_private_in_expression(&mut self, test: &PrivateInExpression<'a>) {
        self.use_private(&test.left.name);
        walk::walk_private_in_expression(self, test);
    }
}
