//! The header.

use axum::http::{HeaderMap, HeaderName};
use domain::{Error, Result};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The longest key.
const LONGEST: usize = 255;

/// The key, when there is one.
pub(super) fn of(headers: &HeaderMap) -> Result<Option<String>> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().ok().and_then(parse).filter(|_| values.next().is_none());
    let is_key = |key: &String| (1..=LONGEST).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    key.filter(is_key).map(Some).ok_or_else(|| {
        let message = "The Idempotency-Key must be given once, with 1 to 255 visible ASCII characters, such as a UUID.";
        Error::invalid("idempotency_key_invalid", message)
    })
}

/// A string of RFC 9651 (3.3.3), as the draft asks for, or the bare text that most clients send. `"abc"` and `abc`
/// are the same key.
fn parse(text: &str) -> Option<String> {
    let Some(quoted) = text.strip_prefix('"') else { return Some(text.to_owned()) };
    let mut key = String::new();
    let mut rest = quoted.chars();
    loop {
        match rest.next()? {
            '"' => return rest.next().is_none().then_some(key),
            '\\' => key.push(rest.next().filter(|escaped| matches!(escaped, '"' | '\\'))?),
            other => key.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use test_case::test_case;

    use super::*;

    fn key(value: &str) -> Option<String> {
        let headers = HeaderMap::from_iter([(IDEMPOTENCY_KEY, HeaderValue::from_str(value).unwrap())]);
        of(&headers).inspect_err(|error| assert_eq!(error.code, "idempotency_key_invalid")).ok().flatten()
    }

    #[test_case("8e03978e-40d5-43e8-bc93-6894a57f9324" => "8e03978e-40d5-43e8-bc93-6894a57f9324"; "a uuid")]
    #[test_case(r#""8e03978e""# => "8e03978e"; "quoted")]
    #[test_case(r#""a\"b\\c""# => r#"a"b\c"#; "quoted with escapes")]
    #[test_case(r#"a"b\c"# => r#"a"b\c"#; "bare with what would be escaped")]
    #[test_case(r#""a;b""# => "a;b"; "quoted with what would begin a parameter")]
    fn a_key_is_bare_or_quoted(value: &str) -> String {
        key(value).unwrap()
    }

    #[test_case(""; "empty")]
    #[test_case(r#""""#; "quoted and empty")]
    #[test_case(r#""abc"#; "not closed")]
    #[test_case(r#""abc\""#; "closed by what is escaped")]
    #[test_case(r#""a\bc""#; "an escape that is none")]
    #[test_case(r#""abc"x"#; "something behind it")]
    #[test_case(r#""abc";v=1"#; "a parameter")]
    #[test_case(r#""abc","abc""#; "two that a gateway joined")]
    #[test_case("a b"; "a space")]
    #[test_case(r#""a b""#; "a quoted space")]
    #[test_case("a\tb"; "a tab")]
    #[test_case("schlüssel"; "not ascii")]
    fn anything_else_is_no_key(value: &str) {
        assert_eq!(key(value), None);
    }

    #[test]
    fn a_key_has_at_most_255_characters_and_is_given_once() {
        assert_eq!(key(&"k".repeat(255)), Some("k".repeat(255)));
        assert_eq!(key(&format!("\"{}\"", "k".repeat(255))), Some("k".repeat(255)));
        assert_eq!(key(&"k".repeat(256)), None);
        let value = HeaderValue::from_static("abc");
        let twice = [(IDEMPOTENCY_KEY, value.clone()), (IDEMPOTENCY_KEY, value)];
        let mut headers = HeaderMap::new();
        for (name, value) in twice {
            headers.append(name, value);
        }
        assert!(of(&headers).is_err());
        assert!(of(&HeaderMap::new()).unwrap().is_none());
    }
}
