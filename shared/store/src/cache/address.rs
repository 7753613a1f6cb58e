//! Where the cache is.

use aws_config::SdkConfig;
use domain::{Error, Result, Secret};

/// The configured address, or the primary endpoint of the named replication group: its address
/// changes when it is rebuilt, its name does not. ElastiCache is spoken to over TLS only.
pub(super) async fn of(config: &config::Cache, aws: &SdkConfig) -> Result<Secret> {
    let name = match config {
        config::Cache::Url(url) => return Ok(url.clone()),
        config::Cache::Named(name) => name,
    };
    let client = aws_sdk_elasticache::Client::new(aws);
    let answer = client.describe_replication_groups().replication_group_id(name).send().await;
    let groups = answer.map_err(|error| Error::unavailable("cache address", error.into_service_error()))?;
    let group = groups.replication_groups().first();
    let endpoint = group.and_then(|group| {
        let primary = group.node_groups().iter().find_map(|node| node.primary_endpoint());
        group.configuration_endpoint().or(primary)
    });
    match endpoint.and_then(|endpoint| Some((endpoint.address()?, endpoint.port()?))) {
        Some((host, port)) => Ok(Secret::new(format!("rediss://{host}:{port}"))),
        None => Err(Error::unavailable("cache address", format!("{name} has no endpoint yet"))),
    }
}
