//! Undoes the escapes of a JSON string, fast where they are plain ones.
//!
//! Most bodies are JSON, so that every quote in them is escaped: an escape stands every seven bytes or so. serde_json's own
//! way is made for strings with few of them and costs three times as much here.

/// How many bytes are looked at together.
const WORD: usize = size_of::<u64>();

/// The text of a JSON string's inside, which must be one that a parser took for valid. `None` where it holds a `\u`, for which
/// one needs to know about surrogates, or is no such string.
pub(super) fn plain(content: &str) -> Option<String> {
    // What is undone is never longer than what it was, so that all of it has room from the start.
    let mut text = vec![0; content.len()];
    let mut free = text.as_mut_slice();
    let mut rest = content.as_bytes();
    while let Some((word, after)) = rest.split_first_chunk::<WORD>() {
        // A word is copied whole; what is behind its first escape is overwritten.
        *free.first_chunk_mut()? = *word;
        let at = first_backslash(*word);
        if at == WORD {
            rest = after;
            free = free.get_mut(WORD..)?;
            continue;
        }
        *free.get_mut(at)? = letter(*rest.get(at + 1)?)?;
        rest = rest.get(at + 2..)?;
        free = free.get_mut(at + 1..)?;
    }
    while let Some((&byte, after)) = rest.split_first() {
        let (place, behind) = free.split_first_mut()?;
        (*place, rest) = match byte {
            b'\\' => after.split_first().and_then(|(&escape, after)| Some((letter(escape)?, after)))?,
            _ => (byte, after),
        };
        free = behind;
    }
    let unused = free.len();
    text.truncate(text.len() - unused);
    String::from_utf8(text).ok()
}

/// The place of the first backslash in these bytes; their number where there is none.
fn first_backslash(word: [u8; WORD]) -> usize {
    const ONES: u64 = u64::MAX / 0xff;
    let zero_where_found = u64::from_le_bytes(word) ^ (ONES * b'\\' as u64);
    // The lowest of the bits that this leaves is right, and the lowest is all that is asked for.
    let found = zero_where_found.wrapping_sub(ONES) & !zero_where_found & (ONES << 7);
    found.trailing_zeros() as usize / 8
}

/// What an escape of one letter stands for.
fn letter(escape: u8) -> Option<u8> {
    Some(match escape {
        b'"' | b'\\' | b'/' => escape,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_serde_json() {
        let parts =
            ["", "a", "0123456", "01234567", "ä", "\u{20ac}\u{1f980}", r#"\""#, r"\\", r"\n", r"\/", r"\b\f\r\t"];
        for a in parts {
            for b in parts {
                for c in parts {
                    for d in parts {
                        let content = [a, b, c, d].concat();
                        let expected: String = serde_json::from_str(&format!("\"{content}\"")).unwrap();
                        assert_eq!(plain(&content), Some(expected), "{content}");
                    }
                }
            }
        }
    }

    #[test]
    fn leaves_the_rest_to_serde_json() {
        for content in [r"\u00e4", r"01234567\ud83e\udd80", r"\x", r"\", r"0123456\", r"01234567\"] {
            assert_eq!(plain(content), None, "{content}");
        }
    }
}
