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
    /// Whether it takes a form with a file.
    pub takes_file: bool,
    /// The body's schema.
    body: Option<Value>,
    /// Names and examples of the query parameters that must be there.
    query: Vec<(String, String)>,
    /// The query parameter that says what it is about.
    about: Option<String>,
    document: std::rc::Rc<Value>,
}

pub(crate) struct Request {
    pub method: Method,
    pub path: String,
    pub body: Option<String>,
}

impl Operation {
    /// All of them, in the order of the document; not what has no rules: the page and the document itself. One that
    /// can be asked about an id in its query is there once more for each such parameter.
    pub(crate) fn all() -> Vec<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
        let document: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let document = std::rc::Rc::new(document);
        let paths = document["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| -> Vec<Self> {
            let methods = item.as_object().unwrap().iter();
            methods.flat_map(|(method, operation)| Self::variants(path, method, operation, &document)).collect()
        };
        paths.iter().flat_map(of_path).collect()
    }

    fn variants(path: &str, method: &str, operation: &Value, document: &std::rc::Rc<Value>) -> Vec<Self> {
        let parameters = operation["parameters"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let asked = parameters.iter().filter(|parameter| parameter["in"] == "query");
        let names = asked.filter_map(|parameter| parameter["name"].as_str()).filter(|name| asks_about(name).is_some());
        let with = |name: &str| {
            let whole = Self::new(path, method, operation, document);
            Self { id: format!("{}?{name}", whole.id), about: Some(name.to_owned()), ..whole }
        };
        std::iter::once(Self::new(path, method, operation, document)).chain(names.map(with)).collect()
    }

    fn new(path: &str, method: &str, operation: &Value, document: &std::rc::Rc<Value>) -> Self {
        let open =
            operation["security"].as_array().is_some_and(|all| all.iter().all(|one| *one == Value::Object(Map::new())));
        let parameters = operation["parameters"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        let needed = parameters.iter().filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Self {
            about: None,
            id: operation["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase().parse().unwrap(),
            // A language is nobody's: it is a part of the address.
            path: path.replace("{language}", "en"),
            signed_in: !open,
            takes_file: operation["requestBody"]["content"].get("multipart/form-data").is_some(),
            body: operation["requestBody"]["content"]["application/json"].get("schema").cloned(),
            query: needed.map(|parameter| (text(&parameter["name"]), text(&parameter["example"]))).collect(),
            document: std::rc::Rc::clone(document),
        }
    }

    /// The path, and what the query asks about.
    pub(crate) fn place(&self) -> String {
        self.about.as_ref().map_or_else(|| self.path.clone(), |name| format!("{}?{name}=", self.path))
    }

    /// Whether the query says what it is about: it may then just find nothing.
    pub(crate) const fn searches(&self) -> bool {
        self.about.is_some()
    }

    /// Whether the path, the query or the body says what it is about.
    pub(crate) fn names_ids(&self) -> bool {
        self.searches() || self.path.contains('{') || self.body().is_some_and(|body| body.to_string().contains("Id"))
    }

    /// Whether it joins a patient or an organisation with a caregiver.
    pub(crate) fn names_two(&self) -> bool {
        let said = format!("{} {}", self.path, self.body().unwrap_or_default());
        said.contains("caregiverId") && (said.contains("patientId") || said.contains("orgId"))
    }

    /// Whether it is about a patient or what hangs on one.
    pub(crate) fn is_about_patients(&self) -> bool {
        ["patientId", "conversationId", "callId", "scheduleId", "alertId"].iter().any(|name| self.path.contains(name))
            || self.body().is_some_and(|body| body.get("patientId").is_some() || body.get("relatedPatient").is_some())
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
        let about = self.about.iter().filter_map(|name| Some((name.clone(), ids(asks_about(name)?)?)));
        for (at, (name, value)) in self.query.iter().cloned().chain(about).enumerate() {
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
        if let Some(shown) = self.shown(schema) {
            return shown;
        }
        let schema = self.resolved(schema);
        let Some(properties) = schema["properties"].as_object() else { return Value::Null };
        let needed = schema["required"].as_array().map_or(&[] as &[Value], Vec::as_slice);
        // What may be left out is sent too when it has an example, or a PATCH would say nothing.
        let said = properties.iter().filter(|(name, property)| {
            needed.iter().any(|needed| needed == name.as_str()) || self.shown(property).is_some()
        });
        let fields: Map<_, _> = said.map(|(name, property)| (name.clone(), self.example(property))).collect();
        Value::Object(fields)
    }

    /// The example that a schema gives, by itself or by a word it allows.
    fn shown(&self, schema: &Value) -> Option<Value> {
        let schema = self.resolved(schema);
        [&schema["example"], &schema["examples"][0], &schema["enum"][0]]
            .into_iter()
            .find(|value| !value.is_null())
            .cloned()
    }

    /// What a schema refers to; of several the first.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        if schema.get("example").is_some() {
            return schema;
        }
        match (schema["$ref"].as_str(), schema["oneOf"].get(0).or_else(|| schema["anyOf"].get(0))) {
            (Some(name), _) => self.resolved(self.document.pointer(name.trim_start_matches('#')).unwrap()),
            (None, Some(first)) => self.resolved(first),
            (None, None) => schema,
        }
    }
}

/// The kind of id that a parameter of a query stands for.
fn asks_about(name: &str) -> Option<&'static str> {
    match name {
        "org" => Some("orgId"),
        "patient" | "about" => Some("patientId"),
        "actor" => Some("caregiverId"),
        _ => None,
    }
}

/// The id that a parameter or a field of this name stands for; an address of somebody nobody has heard of.
fn id(world: &World, target: Target, name: &str) -> Option<String> {
    let side = world.side(target);
    let caregivers = world.side(if target == Target::Mixed { Target::Foreign } else { target });
    match name {
        "email" => Some(format!("{target:?}.{}@care.example", world.home.org)),
        "patientId" | "patient" | "relatedPatient" => Some(side.patient.id.to_string()),
        "caregiverId" => Some(caregivers.colleague.caregiver().id.to_string()),
        "orgId" => Some(side.org.to_string()),
        "scheduleId" => Some(side.schedule.to_string()),
        "phraseId" => Some(side.phrase.to_string()),
        "alertId" => Some(side.alert.to_string()),
        "callId" | "conversationId" | "relatedConversation" => Some(side.call.to_string()),
        _ => None,
    }
}
