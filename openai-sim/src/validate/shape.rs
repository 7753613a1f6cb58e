//! A small language for the shape of JSON, and the check of a value against it.
//!
//! The tables in the neighbouring files read like the provider's reference; this file is the only one that
//! knows how a mismatch is reported.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

type Checked = Result<(), Refusal>;

/// What a value must look like.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// `true` or `false`.
    Bool,
    /// Any string.
    Text,
    /// A string of at most so many characters.
    TextUpTo(usize),
    /// A whole number in a range, both ends included.
    Integer(i64, i64),
    /// A number in a range, both ends included.
    Number(f64, f64),
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// `null`, or the shape.
    Nullable(&'static Shape),
    /// An array of between so many and so many.
    List(&'static Shape, usize, usize),
    /// An object with these fields and no others.
    Object(&'static [Field]),
    /// An object whose `type` picks its other fields.
    Tagged(&'static [(&'static str, &'static [Field])]),
    /// The first of these whose kind of JSON it is.
    Either(&'static [Shape]),
    /// An object with any fields.
    Open,
    /// An object of at most so many strings, keys and values up to so many characters.
    Labels {
        /// Pairs.
        most: usize,
        /// Characters of a key.
        key: usize,
        /// Characters of a value.
        value: usize,
    },
}

/// A field of an object.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    name: &'static str,
    shape: Shape,
    required: bool,
}

/// A field that must be there.
pub const fn need(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: true }
}

/// A field that may be left out.
pub const fn may(name: &'static str, shape: Shape) -> Field {
    Field { name, shape, required: false }
}

/// Checks an object against its fields. Unknown names are reported first: they are the likelier mistake.
pub fn fields(object: &Map<String, Value>, fields: &[Field], path: &str, also: &[&str]) -> Checked {
    let known = |name: &str| also.contains(&name) || fields.iter().any(|field| field.name == name);
    if let Some(name) = object.keys().find(|name| !known(name)) {
        return Err(Refusal::unknown(&below(path, name)));
    }
    for field in fields {
        match object.get(field.name) {
            Some(value) => check(value, field.shape, &below(path, field.name))?,
            None if field.required => return Err(Refusal::missing(&below(path, field.name))),
            None => {}
        }
    }
    Ok(())
}

/// Checks a value at a path such as `session.audio.input`.
pub fn check(value: &Value, shape: Shape, path: &str) -> Checked {
    match shape {
        Shape::Bool => expect(value.is_boolean(), path, "a boolean"),
        Shape::Text => expect(value.is_string(), path, "a string"),
        Shape::TextUpTo(most) => {
            let fits = value.as_str().is_some_and(|text| text.chars().count() <= most);
            expect(fits, path, format_args!("a string of at most {most} characters"))
        }
        Shape::Integer(least, most) => integer(value, least, most, path),
        Shape::Number(least, most) => {
            let fits = value.as_f64().is_some_and(|number| (least..=most).contains(&number));
            expect(fits, path, format_args!("a number from {least} to {most}"))
        }
        Shape::OneOf(names) => {
            let fits = value.as_str().is_some_and(|name| names.contains(&name));
            expect(fits, path, format_args!("one of {}", quoted(names)))
        }
        Shape::Nullable(inner) => {
            if value.is_null() {
                Ok(())
            } else {
                check(value, *inner, path)
            }
        }
        Shape::List(of, least, most) => list(value, *of, least, most, path),
        Shape::Object(known) => fields(object(value, path)?, known, path, &[]),
        Shape::Tagged(variants) => tagged(value, variants, path),
        Shape::Either(shapes) => match shapes.iter().find(|shape| same_kind(value, **shape)) {
            Some(shape) => check(value, *shape, path),
            None => Err(Refusal::invalid(path, "another type")),
        },
        Shape::Open => object(value, path).map(|_| ()),
        Shape::Labels { most, key, value: longest } => labels(object(value, path)?, most, key, longest, path),
    }
}

fn expect(fits: bool, path: &str, what: impl std::fmt::Display) -> Checked {
    if fits { Ok(()) } else { Err(Refusal::invalid(path, what)) }
}

/// The value as an object, or the refusal that says it is none.
pub fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, Refusal> {
    value.as_object().ok_or_else(|| Refusal::invalid(path, "an object"))
}

fn integer(value: &Value, least: i64, most: i64, path: &str) -> Checked {
    match value.as_i64() {
        Some(number) if number < least => {
            let message = format!(
                "Invalid '{path}': integer below minimum value. Expected a value >= {least}, but got {number} instead."
            );
            Err(Refusal::new("integer_below_min_value", message).at(path))
        }
        number => expect(number.is_some_and(|n| n <= most), path, format_args!("an integer from {least} to {most}")),
    }
}

fn list(value: &Value, of: Shape, least: usize, most: usize, path: &str) -> Checked {
    let items = value.as_array().ok_or_else(|| Refusal::invalid(path, "an array"))?;
    if !(least..=most).contains(&items.len()) {
        return Err(Refusal::invalid(path, format_args!("an array of {least} to {most} elements")));
    }
    items.iter().enumerate().try_for_each(|(n, item)| check(item, of, &format!("{path}[{n}]")))
}

fn tagged(value: &Value, variants: &[(&str, &[Field])], path: &str) -> Checked {
    let object = object(value, path)?;
    let at = below(path, "type");
    let tag = object.get("type").ok_or_else(|| Refusal::missing(&at))?;
    let variant = variants.iter().find(|(name, _)| tag.as_str() == Some(name));
    let Some((_, known)) = variant else {
        let names: Vec<_> = variants.iter().map(|(name, _)| *name).collect();
        return Err(Refusal::invalid(&at, format_args!("one of {}", quoted(&names))));
    };
    fields(object, known, path, &["type"])
}

fn labels(object: &Map<String, Value>, most: usize, key: usize, longest: usize, path: &str) -> Checked {
    expect(object.len() <= most, path, format_args!("at most {most} pairs"))?;
    object.iter().try_for_each(|(name, value)| {
        expect(name.chars().count() <= key, path, format_args!("keys of at most {key} characters"))?;
        check(value, Shape::TextUpTo(longest), &below(path, name))
    })
}

fn same_kind(value: &Value, shape: Shape) -> bool {
    match shape {
        Shape::Bool => value.is_boolean(),
        Shape::Text | Shape::TextUpTo(_) | Shape::OneOf(_) => value.is_string(),
        Shape::Integer(..) | Shape::Number(..) => value.is_number(),
        Shape::Nullable(inner) => value.is_null() || same_kind(value, *inner),
        Shape::List(..) => value.is_array(),
        Shape::Object(_) | Shape::Tagged(_) | Shape::Open | Shape::Labels { .. } => value.is_object(),
        Shape::Either(shapes) => shapes.iter().any(|shape| same_kind(value, *shape)),
    }
}

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
}
