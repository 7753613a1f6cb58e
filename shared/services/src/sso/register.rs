//! A new organisation of somebody who came from a provider.

use domain::caregivers::{Caregiver, Credentials, Name};
use domain::{Email, Origin, Result};
use store::mongo::Tokens;

use super::prove::Proven;
use crate::auth::begin::begin_first;
use crate::auth::register::{first_admin, first_org, founding};
use crate::auth::{Entry, guard};
use crate::{AccountCtx, Front};

/// Letters of a person's name that go into that of their organisation, which has 100 in all.
const LONGEST: usize = 80;

/// Registers an organisation and its administrator and signs them in. Their address is verified by
/// the provider; they have no password.
///
/// # Errors
/// `email_taken` when somebody was faster.
pub(super) async fn register(
    ctx: &Front<AccountCtx>,
    proven: &Proven,
    email: &Email,
    origin: &Origin,
) -> Result<Entry> {
    let name = name_of(proven.identity.name.as_deref(), email);
    let short: String = name.as_str().chars().take(LONGEST).collect();
    let org = first_org(ctx, format!("{}'s Organization", short.trim_end()), email, None);
    let admin = first_admin(ctx, &org, name, email.clone());
    let caregiver = Caregiver { email_verified: true, ..admin };
    let credentials = Credentials {
        sso: Some(proven.identity.link()),
        places: vec![guard::place(ctx, origin)],
        ..Credentials::default()
    };
    let mut writes = founding(ctx, &org, &caregiver, &credentials, origin)?;
    writes.push(Tokens::spend(&proven.nonce));
    let login = begin_first(ctx, org, caregiver, &credentials, origin, writes).await?;
    Ok(Entry::SignedIn(Box::new(login)))
}

/// What they are called there, or what their address begins with when that is no name.
fn name_of(name: Option<&str>, email: &Email) -> Name {
    let local = email.as_str().split('@').next();
    let mut names = [name, local, Some("Caregiver")].into_iter().flatten().filter_map(|name| name.parse().ok());
    names.next().expect("the last one is a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(said: Option<&str>, email: &str) -> String {
        name_of(said, &email.parse().unwrap()).into()
    }

    #[test]
    fn a_name_is_theirs_or_their_addresss_and_never_an_advertisement() {
        assert_eq!(name(Some("Nora Weiss"), "nora@example.org"), "Nora Weiss");
        assert_eq!(name(None, "nora@example.org"), "nora");
        assert_eq!(name(Some("<b>Win</b> www.evil.example"), "nora@example.org"), "nora");
        assert_eq!(name(None, "www.x@example.org"), "Caregiver");
    }
}
