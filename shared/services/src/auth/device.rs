//! What a client calls itself, in words that its user knows.

/// Programs, the more particular first: every browser claims to be others as well.
const PROGRAMS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("okhttp", "Bianca"),
    ("Expo", "Bianca"),
    ("CFNetwork", "Bianca"),
    ("Safari", "Safari"),
];
/// Systems, the more particular first.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("okhttp", "Android"),
    ("CFNetwork", "iOS"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// `Firefox, Windows`; empty when nothing is recognised. Never what the client wrote itself: a
/// stranger chooses that, and it goes into a mail.
pub(crate) fn describe(agent: &str) -> String {
    let find =
        |names: &[(&str, &'static str)]| names.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    [find(PROGRAMS), find(SYSTEMS)].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn what_is_known_is_named_and_nothing_else_is_repeated() {
        for (agent, said) in [
            ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox, Windows"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari, iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36 Edg/126.0",
                "Edge, Windows",
            ),
            ("okhttp/4.9.2", "Bianca, Android"),
            ("click http://evil.example", ""),
            ("", ""),
        ] {
            assert_eq!(describe(agent), said);
        }
    }
}
