//! Pictures in S3.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the failure")]

use clients::Pictures;
use config::Env;
use domain::Kind;
use domain::pictures::PictureId;
use testkit::{Cable, house};

const HERE: &str = "00112233445566778899aabbccddeeff";
const ELSEWHERE: &str = "ffeeddccbbaa99887766554433221100";

fn id(text: &str) -> PictureId {
    text.parse().unwrap()
}

async fn pictures(env: &Env) -> Pictures {
    let aws = clients::aws::sdk_config(&config::Aws::from_env(env).unwrap()).await;
    Pictures::new(&aws, &config::Pictures::from_env(env).unwrap())
}

#[tokio::test]
async fn pictures_come_back_until_they_are_removed() {
    let env = house().env().with("PICTURES_BUCKET", "come-back");
    let pictures = pictures(&env).await;
    pictures.create_bucket().await.unwrap();
    pictures.create_bucket().await.unwrap();
    pictures.put(id(HERE), b"jpeg".to_vec()).await.unwrap();
    assert_eq!(pictures.get(id(HERE)).await.unwrap().unwrap(), b"jpeg");
    assert_eq!(pictures.get(id(ELSEWHERE)).await.unwrap(), None);

    let aws = clients::aws::sdk_config(&config::Aws::from_env(&env).unwrap()).await;
    let settings = aws_sdk_s3::config::Builder::from(&aws).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(settings);
    let object = s3.head_object().bucket("come-back").key(format!("avatars/{HERE}")).send().await.unwrap();
    assert_eq!(object.content_type(), Some("image/jpeg"));
    assert_eq!(object.server_side_encryption().unwrap().as_str(), "AES256");

    pictures.remove(id(HERE)).await.unwrap();
    pictures.remove(id(HERE)).await.unwrap();
    assert_eq!(pictures.get(id(HERE)).await.unwrap(), None);
}

#[tokio::test]
async fn pictures_can_be_kept_in_any_region() {
    let env = house().env().with("PICTURES_BUCKET", "in-frankfurt").with("AWS_REGION", "eu-central-1");
    let pictures = pictures(&env).await;
    pictures.create_bucket().await.unwrap();
    pictures.create_bucket().await.unwrap();
    pictures.put(id(HERE), b"jpeg".to_vec()).await.unwrap();
    assert!(pictures.get(id(HERE)).await.unwrap().is_some());
}

#[tokio::test]
async fn pictures_without_their_bucket_are_unavailable() {
    let pictures = pictures(&house().env().with("PICTURES_BUCKET", "never-made")).await;
    let error = pictures.get(id(HERE)).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert_eq!(error.cause().unwrap().to_string(), "pictures: NoSuchBucket");
    assert_eq!(pictures.put(id(HERE), Vec::new()).await.unwrap_err().kind, Kind::Unavailable);
}

#[tokio::test]
async fn pictures_behind_a_cut_cable_are_unavailable_and_not_named() {
    let env = house().env();
    let endpoint = config::Aws::from_env(&env).unwrap().endpoint.unwrap();
    let cable = Cable::to(endpoint.as_str()).await;
    let pictures = pictures(&env.with("AWS_ENDPOINT_URL", cable.through(endpoint.as_str()))).await;
    pictures.create_bucket().await.unwrap();
    pictures.put(id(HERE), b"jpeg".to_vec()).await.unwrap();
    cable.cut();
    let errors = [
        pictures.get(id(HERE)).await.unwrap_err(),
        pictures.put(id(HERE), b"jpeg".to_vec()).await.unwrap_err(),
        pictures.remove(id(HERE)).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind, Kind::Unavailable);
        let said = format!("{error} {error:?}");
        assert!(said.contains("pictures: no answer"), "{said}");
        assert!(!said.contains(HERE) && !said.contains("avatars"), "{said}");
    }
    cable.mend().await;
    assert!(pictures.get(id(HERE)).await.unwrap().is_some());
}
