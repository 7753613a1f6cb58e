//! What texts in requests must look like, for the API's description. The rules themselves are the
//! domain's; a test holds the two together. Name them as `value_type` of a field:
//!
//! ```ignore
//! #[schema(value_type = Option<text::PhoneNumber>)]
//! phone: Option<Phone>,
//! ```

use std::borrow::Cow;

use domain::Language;
use domain::alerts::{Audience, Importance, Topic};
use domain::caregivers::Provider;
use domain::patients::Patience;
use domain::phrases::Category;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// No letter that is none: control characters but those that count as white space, `<` and `>`.
const NAME: &str = "^[^<>\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u0084\\u0086-\\u009f]*\
    [^<>\\s\\u0000-\\u001f\\u007f-\\u009f][^<>\\u0000-\\u0008\\u000e-\\u001f\\u007f-\\u0084\\u0086-\\u009f]*$";
/// Something that can be read.
const FILLED: &str = "[^\\s\\u0000-\\u001f\\u007f-\\u009f]";
/// What stands in an attribute of a page without harm.
const LINK: &str = "^(https?://[^\\s<>\"\\u0000-\\u001f\\u007f-\\u009f]+)?$";

macro_rules! texts {
    ($($(#[doc = $doc:literal])+ $name:ident = $build:expr;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let built: ObjectBuilder = $build;
                let about = concat!($($doc),+).trim();
                Object::from(built.schema_type(Type::String).description(Some(about))).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

texts! {
    /// An id: 24 hexadecimal digits.
    ObjectId = object().pattern(Some("^[0-9a-fA-F]{24}$")).examples(["65000000de30000000000301"]);
    /// A telephone number in international form. Spaces, dots, hyphens and brackets may stand in it, and a number of
    /// ten digits counts as North American; this is how it is written best.
    PhoneNumber = object().pattern(Some("^\\+[1-9][0-9]{7,14}$")).examples(["+15550100123"]);
    /// An e-mail address.
    EmailAddress = known(KnownFormat::Email).max_length(Some(254)).examples(["nora@care.example"]);
    /// A name: one line, without `<` or `>` and without a web address.
    PersonName = object().min_length(Some(1)).max_length(Some(100)).pattern(Some(NAME)).examples(["Nora van Dam"]);
    /// A password to be set: at least 8 characters with a letter and a digit, at most 256 bytes, and hard to guess.
    NewPassword = known(KnownFormat::Password).min_length(Some(8)).max_length(Some(256))
        .examples(["tulips in the rain 7"]);
    /// A patient's name, of which something must be left when spaces and control characters are taken out.
    PatientName = object().min_length(Some(1)).max_length(Some(200)).pattern(Some(FILLED)).examples(["Ada Byron"]);
    /// The code of a language.
    LanguageCode = object().enum_values(Some(Language::ALL.map(Language::code))).examples(["en"]);
    /// The code of a language; `zh-cn` is `zh`.
    PhraseLanguage = object().enum_values(Some(LANGUAGES)).examples(["en"]);
    /// What an alert says.
    AlertMessage = object().min_length(Some(1)).max_length(Some(1000)).pattern(Some(FILLED)).examples(["Please bring Ada her glasses."]);
    /// How much an alert matters.
    ImportanceWord = object().enum_values(Some(Importance::ALL.map(Importance::as_str))).examples(["medium"]);
    /// What an alert is about.
    TopicWord = object().enum_values(Some(Topic::ALL.map(Topic::as_str))).examples(["patient"]);
    /// Who sees an alert.
    AudienceWord = object().enum_values(Some(Audience::ALL.map(Audience::as_str))).examples(["assignedCaregivers"]);
    /// What raised an alert.
    CreatorWord = object().enum_values(Some(["Patient", "Caregiver", "Schedule"])).examples(["Patient"]);
    /// What happened.
    AlertKindWord = object().enum_values(Some(KINDS)).examples(["emergency"]);
    /// Who is told of an alert.
    RungWord = object().enum_values(Some(["assigned", "on_call", "admins"])).examples(["assigned"]);
    /// How somebody is told.
    ChannelWord = object().enum_values(Some(["mail", "sms"])).examples(["mail"]);
    /// What became of a message.
    DeliveryWord = object().enum_values(Some(["accepted", "refused"])).examples(["accepted"]);
    /// An instant.
    Instant = known(KnownFormat::DateTime).examples(["2027-01-31T08:00:00Z"]);
    /// What kind of emergency a phrase is about.
    CategoryWord = object().enum_values(Some(Category::ALL.map(Category::as_str))).examples(["Medical"]);
    /// What a phrase is called: its words.
    PhraseWords = object().min_length(Some(1)).max_length(Some(200)).pattern(Some(FILLED)).examples(["my clock has stopped"]);
    /// A regular expression.
    Expression = object().min_length(Some(1)).max_length(Some(500)).examples(["my (clock|ticker) (has )?stopped"]);
    /// A word to find something again by.
    Tag = object().min_length(Some(1)).max_length(Some(50)).pattern(Some(FILLED)).examples(["heart"]);
    /// How long Bianca waits for an answer.
    PatienceWord = object().enum_values(Some(Patience::ALL.map(Patience::as_str))).examples(["patient"]);
    /// How a call came out.
    OutcomeWord = object().enum_values(Some(OUTCOMES)).examples(["answered"]);
    /// The colours of the app.
    ThemeWord = object().enum_values(Some(["healthcare", "colorblind"])).examples(["healthcare"]);
    /// A provider of accounts.
    ProviderWord = object().enum_values(Some(Provider::ALL.map(Provider::as_str))).examples(["google"]);
    /// An address of the web, or nothing.
    WebLink = object().max_length(Some(2048)).pattern(Some(LINK)).examples(["https://care.example/logo.png"]);
    /// How often.
    FrequencyWord = object().enum_values(Some(["daily", "weekly", "monthly"])).examples(["weekly"]);
    /// A time of day.
    ClockTime = object().pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$")).examples(["09:30"]);
    /// A day of the calendar.
    CalendarDay = known(KnownFormat::Date).examples(["2026-12-24"]);
    /// An IANA time zone.
    ZoneName = object().min_length(Some(1)).max_length(Some(64)).examples(["Europe/Berlin"]);
    /// Keys of a telephone, with `,` for a pause.
    Keys = object().min_length(Some(1)).max_length(Some(16)).pattern(Some("^,*[0-9*#][0-9*#,]*$"))
        .examples([",,204"]);
}

/// The words of [`domain::alerts::AlertKind`].
const KINDS: [&str; 6] = ["emergency", "help_key", "asked", "call_failed", "call_missed", "written"];

/// The codes of languages, as the existing app names them.
const LANGUAGES: [&str; 13] = ["en", "es", "fr", "de", "zh", "zh-cn", "ja", "pt", "it", "ru", "ar", "hi", "ko"];

/// The words of [`domain::calls::Outcome`].
const OUTCOMES: [&str; 5] = ["answered", "no_answer", "busy", "failed", "voicemail"];

fn object() -> ObjectBuilder {
    ObjectBuilder::new()
}

fn known(format: KnownFormat) -> ObjectBuilder {
    object().format(Some(SchemaFormat::KnownFormat(format)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::calls::Outcome;
    use domain::caregivers::{Name, Theme};
    use domain::patients::Extension;
    use domain::{Email, Phone};
    use serde::de::DeserializeOwned;
    use serde_json::Value;

    /// What the description says of `S`, word by word: its examples and the values it may have.
    fn said<S: PartialSchema>() -> Vec<Value> {
        let schema = serde_json::to_value(S::schema()).unwrap();
        let list = |name: &str| schema[name].as_array().cloned().unwrap_or_default();
        assert!(!list("examples").is_empty(), "{schema}");
        list("examples").into_iter().chain(list("enum")).collect()
    }

    fn is_taken<S: PartialSchema, T: DeserializeOwned>() {
        for value in said::<S>() {
            assert!(serde_json::from_value::<T>(value.clone()).is_ok(), "{value}");
        }
    }

    #[test]
    fn what_is_said_is_taken() {
        is_taken::<ObjectId, domain::PatientId>();
        is_taken::<PhoneNumber, Phone>();
        is_taken::<EmailAddress, Email>();
        is_taken::<PersonName, Name>();
        is_taken::<LanguageCode, Language>();
        is_taken::<PatienceWord, Patience>();
        is_taken::<OutcomeWord, Outcome>();
        is_taken::<ThemeWord, Theme>();
        is_taken::<Keys, Extension>();
        is_taken::<ProviderWord, Provider>();
        is_taken::<WebLink, domain::orgs::WebAddress>();
        is_taken::<ZoneName, domain::Zone>();
    }

    #[test]
    fn the_description_is_that_of_the_type() {
        let schema = serde_json::to_value(PhoneNumber::schema()).unwrap();
        assert!(
            schema["description"].as_str().unwrap().starts_with("A telephone number in international form. Spaces")
        );
        assert_eq!(PhoneNumber::name(), "PhoneNumber");
    }
}
