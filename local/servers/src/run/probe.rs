//! Does a server answer in its own protocol? Asked with bare sockets, so that this crate needs no client library.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::kind::Kind;

/// One question and its answer; a server that is still starting is asked again.
const PATIENCE: Duration = Duration::from_secs(2);
/// Answers are short; more than this is not one of our servers.
const LONGEST: u64 = 64 * 1024;

/// `{hello: 1, $db: "admin"}` as `OP_MSG` (`MongoDB` wire protocol): header of length, request id, response to, opcode
/// 2013; then flags, section kind 0 and the BSON document.
const HELLO: &[u8] = b"\x34\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0\
    \x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0";
/// The BSON element `ok: 1.0`.
const OK: &[u8] = b"\x01ok\0\0\0\0\0\0\0\xf0\x3f";
/// What a mail test asks moto for, too; it touches no AWS service.
const GET: &[u8] = b"GET /moto-api/data.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";

/// Whether the server answered within two seconds.
pub(super) async fn answers(kind: Kind, address: SocketAddr) -> bool {
    let exchange = async {
        match kind {
            Kind::Documents => documents(address).await,
            Kind::Cache => cache(address).await,
            Kind::Aws => aws(address).await,
        }
    };
    matches!(timeout(PATIENCE, exchange).await, Ok(Ok(true)))
}

async fn documents(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = ask(address, HELLO).await?;
    let length = u64::from(stream.read_u32_le().await?);
    if !(16..=LONGEST).contains(&length) {
        return Ok(false);
    }
    let mut body = Vec::new();
    stream.take(length - 4).read_to_end(&mut body).await?;
    Ok(body.windows(OK.len()).any(|window| window == OK))
}

async fn cache(address: SocketAddr) -> std::io::Result<bool> {
    let mut stream = ask(address, b"PING\r\n").await?;
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).await?;
    Ok(&answer == b"+PONG\r\n")
}

async fn aws(address: SocketAddr) -> std::io::Result<bool> {
    let mut answer = Vec::new();
    ask(address, GET).await?.take(LONGEST).read_to_end(&mut answer).await?;
    Ok(answer.starts_with(b"HTTP/1.") && answer.get(8..12) == Some(b" 200"))
}

async fn ask(address: SocketAddr, question: &[u8]) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(question).await?;
    Ok(stream)
}
