//! Text that people typed.

/// On one line: control characters and white space become single spaces, none at either end.
pub fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether there is nothing to be seen in it.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_no_text() {
        assert_eq!(one_line(" Ada \u{19}\n Byron\t"), "Ada Byron");
        assert!(["", " \n", "\u{19}", "\u{85} \u{7f}"].into_iter().all(is_blank));
        assert!(!is_blank(" . "));
    }
}
