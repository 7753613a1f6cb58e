//! What a database needs before the first request.

use config::{Database, Env, or_exit};
use store::Store;

use crate::{Failure, console};

/// Creates every index that is missing in the database of `MONGODB_URI`. Doing it again changes
/// nothing.
pub(crate) async fn migrate() -> Result<(), Failure> {
    clients::tls::install();
    Store::new(or_exit(Database::from_env(&Env::of_process())), None).create_indexes().await?;
    console::note("every index is there");
    Ok(())
}
