//! Takes the text of a function apart: what stands between brackets, and the words before its name.

/// Replaces what stands between brackets, from the outermost opening one to its closing one.
///
/// Brackets stay as they are after or around one of the texts in `kept`. Without a closing one, the
/// rest of the text counts.
pub(crate) fn collapse(
    text: &str,
    (open, close): (char, char),
    replacement: &str,
    kept: &[&str],
) -> String {
    let is_kept = |before: &str, inside: &str| {
        kept.iter().any(|kept| before.ends_with(kept) || inside.contains(kept))
    };
    let instead = |before, inside| if is_kept(before, inside) { inside } else { replacement };
    let mut collapsed = String::with_capacity(text.len());
    let mut depth = 0_usize;
    // Where the text begins that is neither copied nor replaced yet.
    let mut start = 0;
    for (at, c) in text.char_indices() {
        if c == open {
            if depth > 0 {
                depth += 1;
            } else if !is_kept(&text[..at], "") {
                collapsed.push_str(&text[start..at]);
                depth = 1;
                start = at;
            }
        } else if c == close && depth > 0 {
            depth -= 1;
            if depth == 0 {
                let end = at + c.len_utf8();
                collapsed.push_str(instead(&text[..at], &text[start..end]));
                start = end;
            }
        }
    }
    let rest = &text[start..];
    if depth > 0 {
        let last = text.char_indices().next_back().map_or(0, |(at, _)| at);
        collapsed.push_str(instead(&text[..last], rest));
    } else {
        collapsed.push_str(rest);
    }
    collapsed
}

/// Returns the last word of a function's text, which is its name with the arguments.
///
/// Words end at spaces outside of brackets. Arguments and labels such as `[clone .cold.1]` belong to
/// the name before them. `None` if there is no word.
pub(crate) fn without_return_type(text: &str) -> Option<&str> {
    let mut starts = vec![0];
    let mut open = Vec::new();
    for (at, c) in text.char_indices() {
        if let Some(close) = closing(c) {
            open.push(close);
        } else if open.last() == Some(&c) {
            open.pop();
        } else if c == ' ' && open.is_empty() {
            starts.push(at + 1);
        }
    }
    let mut end = text.len();
    if starts.last() == Some(&end) {
        starts.pop();
        end = end.saturating_sub(1);
    }
    let mut start = starts.pop()?;
    while text[start..end].starts_with('(') || text[start..end].starts_with("[clone") {
        let Some(before) = starts.pop() else { break };
        start = before;
    }
    Some(&text[start..end])
}

fn closing(open: char) -> Option<char> {
    match open {
        '(' => Some(')'),
        '{' => Some('}'),
        '[' => Some(']'),
        '<' => Some('>'),
        '`' => Some('\''),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_replaced_from_the_outermost_on() {
        let angles = |text, kept: &[&str]| collapse(text, ('<', '>'), "<T>", kept);
        assert_eq!(angles("a<b<c>, d>::e<f>", &[]), "a<T>::e<T>");
        assert_eq!(angles("<a as b>::c<d>", &[" as "]), "<a as b>::c<T>");
        assert_eq!(angles("keep<a>b<c>", &["keep"]), "keep<a>b<T>");
        assert_eq!(angles("a<b", &[]), "a<T>");
        assert_eq!(angles("a>b", &[]), "a>b");
        assert_eq!(angles("", &[]), "");
        assert_eq!(collapse("f(é)", ('(', ')'), "", &[]), "f");
    }

    #[test]
    fn the_last_word_is_the_name() {
        for (text, name) in [
            ("static void * a<b c>::d(e f)", Some("a<b c>::d(e f)")),
            ("int f (int a) [clone .cold.1]", Some("f (int a) [clone .cold.1]")),
            ("(a) (b)", Some("(a) (b)")),
            ("f ", Some("f")),
            ("f  ", Some("")),
            (" ", Some("")),
            ("", None),
            ("a `b c'::d", Some("`b c'::d")),
        ] {
            assert_eq!(without_return_type(text), name, "{text:?}");
        }
    }
}
