//! Operations of the OpenAPI document, and requests for them.

use std::fs;
use std::path::Path;

use axum::http::Method;
use serde_json::{Map, Value};

use crate::world::{Target, World};

/// An operation of the document.
pub(crate) struct Operation {
    pub id: String,
    pub method: Method,
    pub path: String,
    /// Whether somebody must be signed in.
    pub signed_in: bool,
    /// The body's schema.
    body: Option<Value>,
    /// Names and examples of the query parameters that must be there.
    query: Vec<(String, String)>,
    document: std::rc::Rc<Value>,
}

pub(crate) struct Request {
    pub method: Method,
    pub path: String,
    pub body: Option<String>,
}

impl Operation {
    /// All of them, in the order of the document; not what has no rules: the page and the document itself.
    pub(crate) fn all() -> Vec<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
        let document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let document = std::rc::Rc::new(document);
        let paths = document["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| -> Vec<Self> {
            let methods = item.as_object().unwrap().iter();
            methods.map(|(method, operation)| Self::new(path, method, operation, &document)).collect()
        };
        paths.iter().flat_map(of_path).collect()
    }

    fn new(path: &str, method: &str, operation: &Value, document: &std::rc::Rc<Value>) -> Self {
        let open =
            operation["security"].as_array().is_some_and(|all| all.iter().all(|one| *one == Value::Object(Map::new())));
        let parameters = operation["parameters"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let needed = parameters.iter().filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self {
            id: operation["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            signed_in: !open,
            body: operation["requestBody"]["content"]["application/json"].get("schema").cloned(),
            query: needed.map(|parameter| (text(&parameter["name"]), text(&parameter["example"]))).collect(),
            document: std::rc::Rc::clone(document),
        }
    }

    /// Whether the path or the body says what it is about.
    pub(crate) fn names_ids(&self) -> bool {
        self.path.contains('{') || self.body().is_some_and(|body| body.to_string().contains("Id"))
    }

    /// Whether it joins a patient or an organisation with a caregiver.
    pub(crate) fn names_two(&self) -> bool {
        let said = format!("{} {}", self.path, self.body().unwrap_or_default());
        said.contains("caregiverId") && (said.contains("patientId") || said.contains("orgId"))
    }

    /// Whether it is about a patient or what hangs on one.
    pub(crate) fn is_about_patients(&self) -> bool {
        ["patientId", "conversationId", "callId"].iter().any(|name| self.path.contains(name))
            || self.body().is_some_and(|body| body.get("patientId").is_some())
    }

    pub(crate) fn request(&self, world: &World, target: Target) -> Request {
        let ids = |name: &str| id(world, target, name);
        let mut path = String::new();
        for part in self.path.split_inclusive(['{', '}']) {
            match part.strip_suffix('}') {
                Some(name) => path.push_str(&ids(name).unwrap_or_else(|| "0".repeat(24))),
                None => path.push_str(part.trim_end_matches('{')),
            }
        }
        for (at, (name, value)) in self.query.iter().enumerate() {
            path.push_str(&format!("{}{name}={value}", if at == 0 { '?' } else { '&' }));
        }
        let mut body = self.body();
        if let Some(Value::Object(fields)) = &mut body {
            for (name, value) in fields.iter_mut() {
                match (ids(name), ids(name.trim_end_matches('s'))) {
                    (Some(id), _) => *value = id.into(),
                    (None, Some(id)) if value.is_array() => *value = vec![id].into(),
                    _ => {}
                }
            }
        }
        Request { method: self.method.clone(), path, body: body.map(|body| body.to_string()) }
    }

    /// A body of the schema's examples.
    fn body(&self) -> Option<Value> {
        self.body.as_ref().map(|schema| self.example(schema))
    }

    fn example(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.example(self.document.pointer(name.trim_start_matches('#')).unwrap());
        }
        if let Some(example) = schema.get("example") {
            return example.clone();
        }
        let Some(properties) = schema["properties"].as_object() else {
            let whole = schema["oneOf"].as_array().or_else(|| schema["anyOf"].as_array());
            return whole.and_then(|all| all.last()).map_or(Value::Null, |one| self.example(one));
        };
        let needed = schema["required"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        // What may be left out is sent too when it has an example, or a PATCH would say nothing.
        let said = properties.iter().filter(|(name, property)| {
            needed.iter().any(|needed| needed == name.as_str()) || property.get("example").is_some()
        });
        let fields: Map<_, _> = said.map(|(name, property)| (name.clone(), self.example(property))).collect();
        Value::Object(fields)
    }
}

/// The id that a parameter or a field of this name stands for.
fn id(world: &World, target: Target, name: &str) -> Option<String> {
    let side = world.side(target);
    let caregivers = world.side(if target == Target::Mixed { Target::Foreign } else { target });
    match name {
        "patientId" => Some(side.patient.id.to_string()),
        "caregiverId" => Some(caregivers.colleague.caregiver().id.to_string()),
        "orgId" => Some(side.org.to_string()),
        "callId" | "conversationId" => Some(side.call.to_string()),
        _ => None,
    }
}
