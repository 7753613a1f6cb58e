//! `GET /v1/emergency-phrases/statistics`.

use std::collections::BTreeMap;

use api::v1::SeverityWord;
use api::{Refusals, Result, SignedIn, ValidQuery, text};
use axum::Json;
use axum::extract::State;
use domain::emergencies::Severity;
use serde::{Deserialize, Serialize};
use services::phrases::Statistics;
use services::{Ctx, Front, phrases};
use utoipa::{IntoParams, ToSchema};

use super::{language, said};

/// Of which language.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OfLanguage {
    /// Only those of this language.
    #[param(pattern = "^(en|es|fr|de|zh|zh-cn|ja|pt|it|ru|ar|hi|ko)?$", example = "en")]
    language: Option<String>,
}

/// How many phrases there are, and which led to alerts.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "PhraseStatistics")]
pub(crate) struct StatisticsBody {
    /// All.
    total_phrases: u64,
    /// Those that are listened for.
    active_phrases: u64,
    /// Alerts that they led to.
    total_usage: u64,
    /// By the code of the language.
    by_language: BTreeMap<&'static str, u64>,
    /// By severity.
    by_severity: BTreeMap<&'static str, u64>,
    /// By category.
    by_category: BTreeMap<&'static str, u64>,
    /// Those that led to alerts, most of them first; at most ten.
    most_used: Vec<UsageBody>,
}

/// How often a phrase led to an alert.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(title = "PhraseUsage")]
pub(crate) struct UsageBody {
    /// Its words.
    phrase: String,
    /// Its language.
    #[schema(value_type = text::LanguageCode)]
    language: &'static str,
    /// Alerts that it led to.
    usage_count: u64,
    /// Its severity.
    severity: SeverityWord,
    /// Its category.
    #[schema(value_type = text::CategoryWord)]
    category: &'static str,
}

impl From<Statistics> for StatisticsBody {
    fn from(statistics: Statistics) -> Self {
        let word = |name: &'static str| Severity::parse(name).map_or(name, |of| SeverityWord::from(of).as_str());
        Self {
            total_phrases: statistics.total,
            active_phrases: statistics.active,
            total_usage: statistics.used,
            by_language: statistics.by_language,
            by_severity: statistics.by_severity.into_iter().map(|(name, count)| (word(name), count)).collect(),
            by_category: statistics.by_category,
            most_used: statistics
                .most_used
                .into_iter()
                .map(|phrase| UsageBody {
                    language: phrase.draft.language.code(),
                    usage_count: phrase.usage_count,
                    severity: phrase.draft.severity.into(),
                    category: phrase.draft.category.as_str(),
                    phrase: phrase.draft.phrase,
                })
                .collect(),
        }
    }
}

/// How many phrases the organisation has of which kind, and which led to alerts.
#[utoipa::path(get, path = "/v1/emergency-phrases/statistics", operation_id = "phrase_statistics", tag = "emergency phrases",
    params(OfLanguage),
    responses((status = 200, description = "The figures.", body = StatisticsBody), Refusals), security(("bearer" = [])))]
pub(crate) async fn phrase_statistics(
    SignedIn(caller): SignedIn,
    State(ctx): State<Front<Ctx>>,
    ValidQuery(query): ValidQuery<OfLanguage>,
) -> Result<Json<StatisticsBody>> {
    let wanted = said(query.language.as_deref()).map(language).transpose()?;
    Ok(Json(phrases::statistics(&ctx, &caller, wanted).await?.into()))
}
