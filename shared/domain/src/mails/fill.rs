//! Putting values into texts.

/// `text` with every `{key}` replaced by its value, in one pass: what a value holds is never looked at, so a name
/// in braces is only a name. Unknown keys stay as they are.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let known = after.split_once('}').and_then(|(key, tail)| {
            let (_, value) = values.iter().find(|(name, _)| *name == key)?;
            Some((value, tail))
        });
        if let Some((value, tail)) = known {
            filled.push_str(value);
            rest = tail;
        } else {
            filled.push('{');
            rest = after;
        }
    }
    filled.push_str(rest);
    filled
}

/// `value` on one line: a line break in a subject would begin another header. Marks that turn the direction of
/// writing go, because they can make a sentence around them read as another one.
pub(super) fn one_line(value: &str) -> String {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let kept = value.chars().filter(|c| !turns(*c)).map(|c| if c.is_control() { ' ' } else { c });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// At most `most` characters of `text`, the last of them an ellipsis when some are missing.
pub(super) fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::{fill, one_line, shortened};
    use test_case::test_case;

    #[test_case("{a} and {b}" => "{b} and 2"; "a value is not filled again")]
    #[test_case("{c} {a" => "{c} {a"; "what is no placeholder stays")]
    #[test_case("{{b}}" => "{2}"; "braces around a placeholder stay")]
    #[test_case("é{b}é" => "é2é"; "letters of several bytes")]
    fn filled(text: &str) -> String {
        fill(text, &[("a", "{b}"), ("b", "2")])
    }

    #[test_case("Ada\r\nBcc: all@example.org" => "Ada Bcc: all@example.org"; "line breaks")]
    #[test_case(" Ada\u{2028}\u{0}\tByron " => "Ada Byron"; "other breaks and controls")]
    #[test_case("Ada\u{202E}nimda" => "Adanimda"; "turned around")]
    #[test_case("नमस्\u{200D}ते" => "नमस्\u{200D}ते"; "a joiner belongs to the spelling")]
    fn on_one_line(value: &str) -> String {
        one_line(value)
    }

    #[test_case("Bianca", 6 => "Bianca"; "it fits")]
    #[test_case("Biancas", 6 => "Bianc…"; "it does not")]
    #[test_case("Ada Byron", 5 => "Ada…"; "no space before the ellipsis")]
    #[test_case("бьянка", 3 => "бь…"; "characters, not bytes")]
    fn short(text: &str, most: usize) -> String {
        shortened(text, most)
    }
}
