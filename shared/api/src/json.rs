//! Bodies.

use std::fmt;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use domain::Error;
use http_body_util::{BodyExt as _, Limited};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use crate::error::ApiError;

/// The largest body that is read, in bytes, unless a route says otherwise.
pub const MAX_BODY: usize = 256 * 1024;
/// The largest import, in bytes: what a Lambda is handed has at most 6 MB (quotas of Lambda, synchronous invocation), and headers
/// are a part of it. Nothing larger is read by any route.
pub const MAX_IMPORT: usize = 5 * 1024 * 1024;

/// A JSON body of the wanted shape and of at most so many bytes; anything else is a 400 that names the place, or a 413.
#[derive(Debug)]
pub struct Valid<T, const MOST: usize = MAX_BODY>(pub T);

impl<T: DeserializeOwned, S: Send + Sync, const MOST: usize> FromRequest<S> for Valid<T, MOST> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let json = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(is_json);
        let bytes = read(request, MOST).await?;
        if !json && !bytes.is_empty() {
            let message = "The body must be JSON, with Content-Type: application/json.";
            return Err(Error::invalid("body_not_json", message).into());
        }
        parse(&bytes).map(Self).map_err(ApiError)
    }
}

/// A body as it was sent, when a form is as good as JSON. One that is too large is a 413.
pub struct Raw(pub Bytes);

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.0.len())
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        read(request, MAX_BODY).await.map(Self)
    }
}

fn is_json(value: &str) -> bool {
    let media = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    media == "application/json" || media.ends_with("+json")
}

async fn read(request: Request, most: usize) -> Result<Bytes, ApiError> {
    match Limited::new(request.into_body(), most).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => Err(Error::too_large(most).into()),
        Err(_) => Err(Error::invalid("body_incomplete", "The body did not arrive whole.").into()),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    // No body at all is an empty object: its missing fields are then named one by one.
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    // serde would read a list as an object by position.
    let object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if !object && serde_json::from_slice::<IgnoredAny>(bytes).is_ok() {
        return Err(Error::field("", "must be an object"));
    }
    if !object {
        return Err(Error::invalid("body_malformed", "The body is not JSON."));
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        // A `null` in place of a word is called a fault of the syntax too.
        let json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        if !json && (inner.is_syntax() || inner.is_eof()) {
            return Error::invalid("body_malformed", format!("The body is not JSON (line {}).", inner.line()));
        }
        shaped(&path, &inner.to_string())
    })?;
    reader.end().map_err(|_| Error::invalid("body_malformed", "The body has something after its JSON."))?;
    Ok(value)
}

/// A part of a body that is read by itself; what is wrong is named as it is for a whole body.
///
/// # Errors
/// [`Kind::Invalid`](domain::Kind::Invalid) naming the place.
pub fn shape<T: DeserializeOwned>(value: serde_json::Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        shaped(&path, &error.into_inner().to_string())
    })
}

/// Says in our words what serde says in its own, without repeating the value: it may be a
/// patient's.
fn shaped(path: &str, said: &str) -> Error {
    let named = |prefix: &str| said.strip_prefix(prefix).and_then(|rest| rest.split('`').next());
    let parent = path.rsplit_once('.').map_or("", |(parent, _)| parent);
    let join = |base: &str, name: &str| match base {
        "" | "." => name.to_owned(),
        base => format!("{base}.{name}"),
    };
    if let Some(name) = named("missing field `") {
        return Error::field(join(path, name), "is required");
    }
    if let Some(name) = named("unknown field `") {
        let path = if path.ends_with(name) { join(parent, name) } else { join(path, name) };
        return Error::field(path, "is not a field of this request");
    }
    if let Some(name) = named("duplicate field `") {
        return Error::field(join(path, name), "is given twice");
    }
    let path = if path == "." { "" } else { path };
    if let Some((_, expected)) = said.split_once(", expected ") {
        let expected = match expected.split(" at line ").next().unwrap_or(expected) {
            "u8" | "u16" | "u32" | "u64" | "i8" | "i16" | "i32" | "i64" => "a whole number within its range",
            expected => expected,
        };
        return Error::field(path, format!("must be {expected}"));
    }
    // What our own types say ("must be ...") passes; serde adds the place, which the path tells.
    let said = said.split(" at line ").next().unwrap_or(said);
    Error::field(path, if said.starts_with("must ") { said } else { "has a wrong value" })
}

/// Tells an absent field (`None`) from one that is `null` (`Some(None)`). Use with
/// `#[serde(default, deserialize_with = "nullable")]`.
pub fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// 201 with a body.
#[derive(Debug)]
pub struct Created<T>(pub T);

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, Json(self.0)).into_response()
    }
}

/// 204.
#[derive(Debug)]
pub struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Language, Phone};
    use test_case::test_case;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    #[expect(dead_code, reason = "only its parsing is tested")]
    struct Body {
        name: String,
        phone: Phone,
        #[serde(default)]
        preferred_language: Language,
        #[serde(default)]
        nested: Option<Vec<Nested>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its parsing is tested")]
    struct Nested {
        day: u8,
    }

    #[test_case(r"{}" => "name|is required"; "a missing field")]
    #[test_case(r#"{"name":"A","phone":"12"}"# => "phone|must be a phone number in international form, such as +15550100123"; "a rule of ours")]
    #[test_case(r#"{"name":7,"phone":"+15550100123"}"# => "name|must be a string"; "a wrong type")]
    #[test_case(r#"{"name":"A","phone":"+15550100123","x":1}"# => "x|is not a field of this request"; "an unknown field")]
    #[test_case(r#"{"name":"A","phone":"+15550100123","preferredLanguage":null}"# => "preferredLanguage|has a wrong value"; "null in place of a word")]
    #[test_case(r#"{"name":"A","name":"B"}"# => "name|is given twice"; "a field twice")]
    #[test_case(r#"{"name":"A","phone":"+15550100123","nested":[{"day":300}]}"# => "nested[0].day|must be a whole number within its range"; "a place deep inside")]
    #[test_case(r#"{"name":"A","phone":"+15550100123","nested":[{}]}"# => "nested[0].day|is required"; "a missing field deep inside")]
    #[test_case(r#"{"name":"A","phone":"+15550100123","nested":[{"day":1,"x":1}]}"# => "nested[0].x|is not a field of this request"; "an unknown field deep inside")]
    #[test_case(r#""text""# => "|must be an object"; "a text")]
    #[test_case(r#"["A", "+15550100123"]"# => "|must be an object"; "a list in the order of the fields")]
    fn what_is_wrong_is_named_where_it_is(body: &str) -> String {
        let error = parse::<Body>(body.as_bytes()).unwrap_err();
        assert_eq!(error.code, "validation_failed", "{error}");
        format!("{}|{}", error.fields[0].path, error.fields[0].message)
    }

    #[test_case("{"; "cut short")]
    #[test_case("[1,2"; "a list cut short")]
    #[test_case("not json"; "no json")]
    #[test_case(r#"{"name":"A","phone":"+15550100123"} x"#; "something after it")]
    #[test_case("\u{0}"; "a null byte")]
    fn what_is_not_json_is_said_so(body: &str) {
        assert_eq!(parse::<Body>(body.as_bytes()).unwrap_err().code, "body_malformed");
    }

    #[test]
    fn the_value_is_not_repeated() {
        let body = r#"{"name":{"secret":"Ada Byron"},"phone":"+15550100123","preferredLanguage":"Ada Byron"}"#;
        assert!(!parse::<Body>(body.as_bytes()).unwrap_err().to_string().contains("Ada"));
        let body = r#"{"name":"A","phone":"+15550100123","preferredLanguage":"Ada Byron"}"#;
        let error = parse::<Body>(body.as_bytes()).unwrap_err();
        assert!(!error.to_string().contains("Ada"), "{error}");
        assert_eq!(error.fields[0].path, "preferredLanguage");
    }
}
