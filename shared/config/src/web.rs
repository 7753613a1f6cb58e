//! The addresses that people and their browsers see.

use url::Url;

use crate::Stage;
use crate::env::{ConfigError, Env, Variable, wrong};

const PUBLIC_URL: Variable = Variable {
    name: "PUBLIC_URL",
    what: "Where clients reach this API; addresses of pictures begin with it.",
    must: "an http or https address",
    default: Some("http://127.0.0.1:8080"),
};
const APP_URL: Variable = Variable {
    name: "APP_URL",
    what: "The web app: links in mails point to it, and its pages may call the API.",
    must: "an http or https address",
    default: Some("http://127.0.0.1:8081"),
};
const ORIGINS: Variable = Variable {
    name: "CORS_ORIGINS",
    what: "Further sites whose pages may call the API.",
    must: "origins such as https://app.example, separated by commas",
    default: None,
};
const FUNCTION: Variable = Variable {
    name: "AWS_LAMBDA_FUNCTION_NAME",
    what: "Set by Lambda. Where it is, metrics are written to standard output for CloudWatch.",
    must: "a name",
    default: None,
};

pub(crate) const VARIABLES: &[Variable] = &[PUBLIC_URL, APP_URL, ORIGINS, FUNCTION];

/// The addresses that people and their browsers see.
#[derive(Clone, Debug)]
pub struct Web {
    /// `PUBLIC_URL`, default the local address.
    pub public_url: Url,
    /// `APP_URL`, default the local address.
    pub app_url: Url,
    /// The origins of `APP_URL` and `CORS_ORIGINS`; on a developer's machine also
    /// `http://localhost:8081`, as a browser may call the same place.
    pub origins: Vec<String>,
    /// Whether metrics are written: in Lambda.
    pub metrics: bool,
}

impl Web {
    /// Reads the section.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let app_url: Url = env.parse_where(&APP_URL, is_web)?;
        let mut origins = vec![app_url.origin().ascii_serialization()];
        if Stage::from_env(env)? == Stage::Local {
            origins.push("http://localhost:8081".to_owned());
        }
        for origin in env.set(&ORIGINS).unwrap_or_default().split(',').map(str::trim).filter(|o| !o.is_empty()) {
            // Written as a browser writes it, or it would never be the same.
            let same =
                origin.parse::<Url>().is_ok_and(|url| is_web(&url) && url.origin().ascii_serialization() == origin);
            // A star is a letter like any other to who parses addresses, and a pattern to who wrote it.
            if !same || origin.contains('*') {
                return Err(wrong(&ORIGINS));
            }
            origins.push(origin.to_owned());
        }
        let public_url = env.parse_where(&PUBLIC_URL, is_web)?;
        Ok(Self { public_url, app_url, origins, metrics: env.set(&FUNCTION).is_some() })
    }
}

fn is_web(url: &Url) -> bool {
    let named = url.host_str().is_some_and(|host| !host.contains('*'));
    matches!(url.scheme(), "http" | "https") && named
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    fn origins(value: &str) -> Option<Vec<String>> {
        let env = Env::default().with("STAGE", "prod").with("APP_URL", "https://app.example/start");
        Web::from_env(&env.with("CORS_ORIGINS", value)).ok().map(|web| web.origins)
    }

    #[test]
    fn the_app_and_what_is_named_may_call() {
        assert_eq!(origins(""), Some(vec!["https://app.example".into()]));
        let two = origins("https://staging.example, http://localhost:3000").unwrap();
        assert_eq!(two[1..], ["https://staging.example", "http://localhost:3000"]);
    }

    #[test_case("*"; "everybody")]
    #[test_case("null"; "a page without a site")]
    #[test_case("https://*.vercel.app"; "a pattern")]
    #[test_case("https://staging.example/"; "an address instead of an origin")]
    #[test_case("https://STAGING.example"; "not as a browser writes it")]
    #[test_case("ftp://staging.example"; "another scheme")]
    fn what_is_no_origin_stops_the_program(value: &str) {
        assert_eq!(origins(value), None);
    }
}
