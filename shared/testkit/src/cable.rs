//! A cable to a server, that can be cut and mended.

use std::net::SocketAddr;
use std::sync::Mutex;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use url::Url;

/// A proxy in front of a server. While it is cut, connections break and new ones are refused.
pub struct Cable {
    near: SocketAddr,
    far: String,
    cut: Mutex<Option<CancellationToken>>,
}

impl Cable {
    /// A whole cable to the server at `url`.
    pub async fn to(url: &str) -> Self {
        let far = Url::parse(url).unwrap();
        let far = format!("{}:{}", far.host_str().unwrap(), far.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = listener.local_addr().unwrap();
        let cable = Self { near, far, cut: Mutex::new(None) };
        cable.carry(listener);
        cable
    }

    /// The same address through the cable.
    pub fn through(&self, url: &str) -> String {
        let mut url = Url::parse(url).unwrap();
        url.set_port(Some(self.near.port())).unwrap();
        url.to_string()
    }

    /// Breaks every connection and refuses new ones.
    pub fn cut(&self) {
        if let Some(token) = self.cut.lock().unwrap().take() {
            token.cancel();
        }
    }

    /// Takes connections again.
    pub async fn mend(&self) {
        let listener = loop {
            match TcpListener::bind(self.near).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        };
        self.carry(listener);
    }

    fn carry(&self, listener: TcpListener) {
        let token = CancellationToken::new();
        *self.cut.lock().unwrap() = Some(token.clone());
        let far = self.far.clone();
        tokio::spawn(token.clone().run_until_cancelled_owned(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (far, token) = (far.clone(), token.clone());
                tokio::spawn(token.run_until_cancelled_owned(async move {
                    if let Ok(mut far) = TcpStream::connect(far).await {
                        // Either side may hang up; that is not the cable's affair.
                        copy_bidirectional(&mut near, &mut far).await.ok();
                    }
                }));
            }
        }));
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.cut();
    }
}
