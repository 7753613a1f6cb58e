//! Forms with a picture.

use std::fmt;

use axum::body::Bytes;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::StatusCode;
use domain::Error;
use domain::pictures::MAX_PICTURE;
use utoipa::ToSchema;

use crate::error::ApiError;

/// The largest form that is read, in bytes: a picture and what stands around it.
pub const MAX_UPLOAD: usize = MAX_PICTURE + 64 * 1024;
/// The field that holds the picture.
const PICTURE: &str = "avatar";
/// The most other fields that are passed over.
const OTHERS: usize = 16;

/// The picture in a `multipart/form-data`, in its field `avatar`. What kind of picture it is, or whether it is one, is
/// not judged here; what the client says of it is not believed.
///
/// Other fields are passed over, but another file is refused. Anything else that is wrong is a 400
/// (`picture_missing`, `upload_malformed`), or a 413 as soon as too much has arrived.
pub struct Upload(pub Bytes);

/// The form that [`Upload`] reads, for the documentation of an endpoint.
#[derive(Debug, ToSchema)]
pub struct UploadForm {
    /// A PNG, JPEG or WebP file of at most 4 MB.
    #[schema(value_type = String, format = Binary)]
    pub avatar: (),
}

/// A picture shows a person.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({} bytes)", self.0.len())
    }
}

impl<S: Send + Sync> FromRequest<S> for Upload {
    type Rejection = ApiError;

    async fn from_request(mut request: Request, state: &S) -> Result<Self, ApiError> {
        DefaultBodyLimit::max(MAX_UPLOAD).apply(&mut request);
        let mut form = Multipart::from_request(request, state).await.map_err(|_| malformed(NO_FORM))?;
        let mut picture = None;
        let mut others = 0;
        while let Some(field) = form.next_field().await.map_err(refused)? {
            let named = field.name() == Some(PICTURE);
            // A browser sends an empty name for a file that was not chosen.
            let file = field.file_name().is_some_and(|name| !name.is_empty());
            match (named, file) {
                (true, _) if picture.is_none() => picture = Some(read(field).await?),
                (true, _) | (false, true) => return Err(malformed("The form must hold one file only.")),
                (false, false) if others < OTHERS => others += 1,
                (false, false) => return Err(malformed("The form has too many fields.")),
            }
        }
        match picture {
            Some(picture) if !picture.is_empty() => Ok(Self(picture)),
            _ => Err(Error::invalid("picture_missing", "The form must hold a picture in its field avatar.").into()),
        }
    }
}

const NO_FORM: &str = "The body must be a form with a file, with Content-Type: multipart/form-data.";

async fn read(mut field: Field<'_>) -> Result<Bytes, ApiError> {
    let mut picture = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(refused)? {
        if picture.len() + chunk.len() > MAX_PICTURE {
            return Err(Error::too_large(MAX_PICTURE).into());
        }
        picture.extend_from_slice(&chunk);
    }
    Ok(picture.into())
}

fn malformed(message: &'static str) -> ApiError {
    Error::invalid("upload_malformed", message).into()
}

fn refused(error: MultipartError) -> ApiError {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Error::too_large(MAX_UPLOAD).into(),
        _ => malformed("The form is not well-formed, or it did not arrive whole."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::Router;
    use axum::body::Body;
    use axum::http::Method;
    use axum::http::header::CONTENT_TYPE;
    use axum::routing::post;
    use domain::Random;
    use http_body_util::BodyExt as _;
    use serde_json::Value;
    use test_case::test_case;
    use tower::ServiceExt as _;

    use crate::json::{MAX_BODY, MAX_IMPORT, Valid};
    use crate::layers::{Manners, with_manners};

    const FORM: &str = "multipart/form-data; boundary=XX";

    struct Zeros;
    impl Random for Zeros {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn app() -> Router {
        let upload = async |Upload(picture): Upload| picture.len().to_string();
        let json = async |Valid(body): Valid<Value>| body.to_string().len().to_string();
        let router = Router::new().route("/upload", post(upload)).route("/json", post(json));
        with_manners(
            router,
            Manners::open("test", Arc::new(Zeros), &config::Web::from_env(&config::Env::default()).unwrap()),
        )
    }

    /// What is answered: a number of bytes, or the status and code of an error.
    async fn answer(path: &str, kind: &str, length: Option<usize>, body: Body) -> String {
        let mut request = Request::builder().method(Method::POST).uri(path).header(CONTENT_TYPE, kind);
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        let response = app().oneshot(request.body(body).unwrap()).await.unwrap();
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        if status.is_success() {
            return String::from_utf8(bytes.to_vec()).unwrap();
        }
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        format!("{} {}", status.as_u16(), body["error"].as_str().unwrap())
    }

    /// A form of fields, each a name, a file name and a value.
    fn form(fields: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
        let mut form = Vec::new();
        for (name, file, value) in fields {
            let file = file.map(|file| format!("; filename=\"{file}\"\r\nContent-Type: text/html")).unwrap_or_default();
            let head = format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
            form.extend([head.as_bytes(), value, b"\r\n"].concat());
        }
        form.extend(b"--XX--\r\n");
        form
    }

    async fn uploaded(fields: &[(&str, Option<&str>, &[u8])]) -> String {
        let form = form(fields);
        answer("/upload", FORM, Some(form.len()), form.into()).await
    }

    #[test_case(&[("avatar", Some("a.png"), b"12345")] => "5"; "a picture")]
    #[test_case(&[("avatar", None, b"12345")] => "5"; "without a name of a file")]
    #[test_case(&[("name", None, b"Ada"), ("avatar", Some("a"), b"12"), ("x", None, b"")] => "2"; "among other fields")]
    #[test_case(&[("avatar", Some("a"), b"12"), ("other", Some(""), b"")] => "2"; "beside a file that was not chosen")]
    #[test_case(&[("avatar", Some(""), b"")] => "400 picture_missing"; "no file chosen")]
    #[test_case(&[("name", None, b"Ada")] => "400 picture_missing"; "only other fields")]
    #[test_case(&[] => "400 picture_missing"; "no field")]
    #[test_case(&[("avatar", Some("a"), b"12"), ("avatar", Some("b"), b"12")] => "400 upload_malformed"; "twice")]
    #[test_case(&[("avatar", Some("a"), b"12"), ("file", Some("b"), b"12")] => "400 upload_malformed"; "another file")]
    #[test_case(&[("x", None, &b"1"[..]); 16] => "400 picture_missing"; "many fields")]
    #[test_case(&[("x", None, &b"1"[..]); 17] => "400 upload_malformed"; "too many fields")]
    #[tokio::test]
    async fn the_one_picture_is_found(fields: &[(&str, Option<&str>, &[u8])]) -> String {
        uploaded(fields).await
    }

    #[test_case("application/json", "{}"; "json")]
    #[test_case("multipart/form-data", "--XX--"; "no boundary")]
    #[test_case("multipart/mixed; boundary=XX", "--XX--"; "another kind")]
    #[test_case(FORM, ""; "empty")]
    #[test_case(FORM, "hello"; "no form")]
    #[test_case(FORM, "--XX\r\nContent-Disposition: form-data; name=\"avatar\"\r\n\r\n123"; "cut short")]
    #[tokio::test]
    async fn what_is_no_form_is_refused(kind: &str, body: &str) {
        let body = Body::from(body.to_owned());
        assert_eq!(answer("/upload", kind, None, body).await, "400 upload_malformed");
    }

    #[tokio::test]
    async fn a_picture_may_have_four_megabytes_and_not_more() {
        let most = vec![0; MAX_PICTURE];
        assert_eq!(uploaded(&[("avatar", Some("a"), &most)]).await, MAX_PICTURE.to_string());
        let more = vec![0; MAX_PICTURE + 1];
        assert_eq!(uploaded(&[("avatar", Some("a"), &more)]).await, "413 body_too_large");
    }

    #[test_case("avatar"; "a picture")]
    #[test_case("other"; "what is passed over")]
    #[tokio::test]
    async fn what_never_ends_is_refused_as_soon_as_it_is_too_much(name: &str) {
        let (head, chunk) = (form(&[(name, None, b"")]), Bytes::from(vec![b'x'; 64 * 1024]));
        let head = Bytes::copy_from_slice(&head[..head.len() - b"\r\n--XX--\r\n".len()]);
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        let endless = std::iter::once(head).chain(std::iter::repeat(chunk)).map(move |bytes| {
            counted.fetch_add(bytes.len(), Ordering::Relaxed);
            Ok::<_, Infallible>(bytes)
        });
        let body = Body::from_stream(futures_util::stream::iter(endless));
        assert_eq!(answer("/upload", FORM, None, body).await, "413 body_too_large");
        assert!(sent.load(Ordering::Relaxed) <= MAX_UPLOAD + 2 * 64 * 1024);
    }

    #[test_case("/json", "application/json", MAX_BODY + 1 => "413 body_too_large"; "json as before")]
    #[test_case("/json", "text/plain", MAX_BODY + 1 => "413 body_too_large"; "anything else as before")]
    #[test_case("/json", FORM, MAX_BODY + 1 => "413 body_too_large"; "no form lifts the limit of json")]
    #[test_case("/upload", FORM, MAX_UPLOAD + 1 => "413 body_too_large"; "a form has its own")]
    #[test_case("/upload", FORM, MAX_IMPORT + 1 => "413 body_too_large"; "too large for every route")]
    #[tokio::test]
    async fn a_body_that_says_it_is_too_large_is_refused(path: &str, kind: &str, length: usize) -> String {
        answer(path, kind, Some(length), vec![b' '; length].into()).await
    }

    #[tokio::test]
    async fn json_may_have_256_kb() {
        let body = [b"{}", &vec![b' '; MAX_BODY - 2][..]].concat();
        assert_eq!(answer("/json", "application/json", Some(MAX_BODY), body.into()).await, "2");
    }

    #[test]
    fn an_upload_is_not_printed() {
        assert_eq!(format!("{:?}", Upload(Bytes::from_static(b"face"))), "Upload(4 bytes)");
    }
}
