//! Who operates the platform.

use config::{Aws, Cache, Database, Env, or_exit};
use domain::Email;
use services::{SystemClock, SystemRandom, caregivers};
use store::Store;

use crate::{Failure, console};

/// Makes somebody a platform operator in the database of `MONGODB_URI`, or takes it back. Where the
/// cache can be reached (`CACHE_URL`) it ends their sign-ins at once, elsewhere within a minute.
pub(crate) async fn set(email: &Email, remove: bool) -> Result<(), Failure> {
    let env = Env::of_process();
    let cache = if env.has("CACHE_URL") || env.has("CACHE_NAME") {
        let aws = clients::aws::sdk_config(&or_exit(Aws::from_env(&env))).await;
        Some(store::Cache::new(or_exit(Cache::from_env(&env)), aws))
    } else {
        None
    };
    let store = Store::new(or_exit(Database::from_env(&env)), cache);
    let changed = caregivers::set_operator(&store, &SystemClock, &SystemRandom, email, !remove).await?;
    console::note(&format!("{} is {} now and has to sign in again", email.as_str(), changed.role.as_str()));
    Ok(())
}
