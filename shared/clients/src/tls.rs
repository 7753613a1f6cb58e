//! TLS.

/// Chooses the cryptography of every TLS connection this program opens. Called once in `main`;
/// calling it again changes nothing. `ring` is used because it builds without a C++ compiler.
pub fn install() {
    // An error means that it is installed already.
    drop(rustls::crypto::ring::default_provider().install_default());
}
