//! Where pictures are kept: S3.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, ServerSideEncryption};
use domain::pictures::PictureId;
use domain::{Error, Result};

/// The pictures that were [prepared](super::prepare), in a private bucket: `avatars/<id>`.
///
/// No failure names a picture, since its name is all that is needed to see it.
#[derive(Clone)]
pub struct Pictures {
    client: Client,
    bucket: String,
}

impl Pictures {
    /// Pictures in the configured bucket. No request is sent.
    pub fn new(aws: &SdkConfig, config: &config::Pictures) -> Self {
        // An emulator has no host name for each bucket.
        let path_style = aws.endpoint_url().is_some();
        let settings = aws_sdk_s3::config::Builder::from(aws).force_path_style(path_style).build();
        Self { client: Client::from_conf(settings), bucket: config.bucket.clone() }
    }

    /// Keeps a picture, which [`normalise`](super::normalise) made. Doing it twice changes nothing.
    ///
    /// # Errors
    /// [`Kind::Unavailable`](domain::Kind::Unavailable) when S3 does not take it; it may have taken it all the same.
    pub async fn put(&self, id: PictureId, jpeg: Vec<u8>) -> Result<()> {
        let put = self.client.put_object().bucket(&self.bucket).key(key(id)).content_type("image/jpeg");
        let put = put.server_side_encryption(ServerSideEncryption::Aes256).body(ByteStream::from(jpeg));
        put.send().await.map(drop).map_err(unavailable)
    }

    /// The picture as JPEG, or `None` when there is none of that name.
    ///
    /// S3 tells the two apart only to who may list the bucket (`s3:ListBucket`); others are refused what is not there.
    pub async fn get(&self, id: PictureId) -> Result<Option<Vec<u8>>> {
        match self.client.get_object().bucket(&self.bucket).key(key(id)).send().await {
            Ok(object) => match object.body.collect().await {
                Ok(body) => Ok(Some(body.to_vec())),
                Err(_) => Err(Error::unavailable("pictures", "the picture did not arrive whole")),
            },
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }

    /// Takes a picture away, if it is there.
    pub async fn remove(&self, id: PictureId) -> Result<()> {
        let remove = self.client.delete_object().bucket(&self.bucket).key(key(id));
        remove.send().await.map(drop).map_err(unavailable)
    }

    /// Makes the bucket on an emulator; in AWS the template does.
    pub async fn create_bucket(&self) -> Result<()> {
        // The oldest region is the one that must not be named.
        let region = self.client.config().region().map(AsRef::as_ref).filter(|region| *region != "us-east-1");
        let place = region.map(|region| {
            let place = BucketLocationConstraint::from(region);
            CreateBucketConfiguration::builder().location_constraint(place).build()
        });
        let create = self.client.create_bucket().bucket(&self.bucket).set_create_bucket_configuration(place);
        match create.send().await {
            Err(error) if error.code() == Some("BucketAlreadyOwnedByYou") => Ok(()),
            Err(error) => Err(unavailable(error)),
            Ok(_) => Ok(()),
        }
    }
}

fn key(id: PictureId) -> String {
    format!("avatars/{id}")
}

/// Only the code: the service's words repeat the key.
fn unavailable(error: impl ProvideErrorMetadata) -> Error {
    Error::unavailable("pictures", error.code().unwrap_or("no answer").to_owned())
}
