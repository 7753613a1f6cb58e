//! Where the cache is, and who signs in.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign};
use aws_sigv4::sign::v4;
use domain::{Error, Result};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};

/// How long a password made from a role is good (ElastiCache user guide, "Authenticating with IAM").
const PASSWORD: Duration = Duration::from_mins(15);

/// An address to connect to, and how long its password is good for new connections; for ever when
/// there is none that ends.
pub(super) struct Address {
    pub info: ConnectionInfo,
    pub good_for: Option<Duration>,
}

/// Where the cache is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to over TLS, with a certificate that is checked.
    pub tls: bool,
}

impl Address {
    /// Without who signs in.
    pub(super) fn endpoint(&self) -> Result<Endpoint> {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) => Ok(Endpoint { host: host.clone(), port: *port, tls: false }),
            ConnectionAddr::TcpTls { host, port, insecure, .. } => {
                Ok(Endpoint { host: host.clone(), port: *port, tls: !insecure })
            }
            _ => Err(Error::unavailable("cache address", "is none of a network")),
        }
    }
}

/// The configured address, or the primary endpoint of the named replication group: its address
/// changes when it is rebuilt, its name does not. ElastiCache is spoken to over TLS only.
pub(super) async fn of(config: &config::Cache, aws: &SdkConfig) -> Result<Address> {
    let (name, url, user) = match config {
        config::Cache::Url(url) => return Ok(Address { info: info(url.expose())?, good_for: None }),
        config::Cache::Named { name, url, user } => (name, url, user),
    };
    let info = match url {
        Some(url) => info(url.as_str())?,
        None => info(&look_up(name, aws).await?)?,
    };
    let Some(user) = user else { return Ok(Address { info, good_for: None }) };
    let password = password(name, user, aws).await?;
    let signed_in = RedisConnectionInfo::default().set_username(user).set_password(password);
    Ok(Address { info: info.set_redis_settings(signed_in), good_for: Some(PASSWORD) })
}

async fn look_up(name: &str, aws: &SdkConfig) -> Result<String> {
    let client = aws_sdk_elasticache::Client::new(aws);
    let answer = client.describe_replication_groups().replication_group_id(name).send().await;
    let groups = answer.map_err(|error| Error::unavailable("cache address", error.into_service_error()))?;
    let group = groups.replication_groups().first();
    let endpoint = group.and_then(|group| {
        let primary = group.node_groups().iter().find_map(|node| node.primary_endpoint());
        group.configuration_endpoint().or(primary)
    });
    let found = endpoint.and_then(|endpoint| Some((endpoint.address()?, endpoint.port()?)));
    let missing = || Error::unavailable("cache address", format!("{name} has no endpoint yet"));
    found.map(|(host, port)| format!("rediss://{host}:{port}")).ok_or_else(missing)
}

fn info(url: &str) -> Result<ConnectionInfo> {
    url.into_connection_info().map_err(|error| super::unavailable(&error))
}

/// A password for `user` of the replication group `name`, made from the credentials of this
/// process: the address of a `connect` request that is signed in its query, without its scheme
/// (ElastiCache user guide, "Authenticating with IAM").
async fn password(name: &str, user: &str, aws: &SdkConfig) -> Result<String> {
    let missing = |what: &'static str| Error::unavailable("cache password", what);
    let provider = aws.credentials_provider().ok_or_else(|| missing("no credentials"))?;
    let credentials = provider.provide_credentials().await.map_err(|_| missing("no credentials"))?;
    let region = aws.region().ok_or_else(|| missing("no region"))?;
    // The service's own rule: the name in lower case stands where a host would.
    let url = format!("http://{}/?Action=connect&User={user}", name.to_lowercase());
    signed(&url, credentials.into(), region.as_ref(), aws_now(aws)).map_err(|()| missing("cannot be signed"))
}

fn aws_now(aws: &SdkConfig) -> SystemTime {
    aws.time_source().map_or_else(|| SystemTime::UNIX_EPOCH, |source| source.now())
}

fn signed(
    url: &str,
    identity: aws_smithy_runtime_api::client::identity::Identity,
    region: &str,
    now: SystemTime,
) -> std::result::Result<String, ()> {
    let mut settings = SigningSettings::default();
    settings.expires_in = Some(PASSWORD);
    settings.signature_location = SignatureLocation::QueryParams;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("elasticache")
        .time(now)
        .settings(settings)
        .build()
        .map_err(drop)?;
    let request = SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(&[])).map_err(drop)?;
    let (instructions, _) = sign(request, &params.into()).map_err(drop)?.into_parts();
    let mut request = http::Request::builder().uri(url).body(()).map_err(drop)?;
    instructions.apply_to_request_http1x(&mut request);
    request.uri().to_string().strip_prefix("http://").map(str::to_owned).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials;

    #[test]
    fn a_password_is_the_signed_address_of_a_connect_request() {
        let credentials = Credentials::new("AKIDEXAMPLE", "secret", Some("session".into()), None, "test");
        let now = SystemTime::from("2015-08-30T12:36:00Z".parse::<jiff::Timestamp>().unwrap());
        let url = "http://bianca-cache/?Action=connect&User=bianca";
        let password = signed(url, credentials.into(), "eu-central-1", now).unwrap();
        assert!(password.starts_with("bianca-cache/?Action=connect&User=bianca&X-Amz-Algorithm=AWS4-HMAC-SHA256"));
        for part in [
            "X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Feu-central-1%2Felasticache%2Faws4_request",
            "X-Amz-Date=20150830T123600Z",
            "X-Amz-Expires=900",
            "X-Amz-SignedHeaders=host",
            "X-Amz-Security-Token=session",
            "X-Amz-Signature=",
        ] {
            assert!(password.contains(part), "{part} is not in {password}");
        }
    }
}
