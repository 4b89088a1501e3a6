//! Reads a statement of PartiQL as far as to tell which row it writes. What cannot be told is an error: a guess could look for the row in a
//! database that does not have it.

use dynoxide::{AttributeValue, DynoxideError};

/// The table's key.
pub(super) const KEY: &str = "id";

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// In double quotes.
    Name(String),
    /// In single quotes.
    Text(String),
    /// The question mark of that place.
    Parameter(usize),
    Word(&'a str),
    Sign(char),
}

/// The key of the one row that a statement inserts or updates.
pub(super) fn key(statement: &str, parameters: &[AttributeValue]) -> Result<String, DynoxideError> {
    let tokens = tokens(statement).ok_or_else(|| unclear(statement))?;
    let values = match tokens.first() {
        Some(Token::Word(word)) if word.eq_ignore_ascii_case("INSERT") => inserted(after(&tokens, "VALUE")),
        Some(Token::Word(word)) if word.eq_ignore_ascii_case("UPDATE") => compared(after(&tokens, "WHERE")),
        _ => None,
    };
    let value = match values.as_deref() {
        Some([Token::Text(text)]) => Some(text.clone()),
        Some([Token::Parameter(place)]) => match parameters.get(*place) {
            Some(AttributeValue::S(text)) => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    value.ok_or_else(|| unclear(statement))
}

fn unclear(statement: &str) -> DynoxideError {
    DynoxideError::ValidationException(format!("no one row can be told that this writes: {statement}"))
}

/// What comes after the first of that word.
fn after<'t, 'a>(tokens: &'t [Token<'a>], word: &str) -> &'t [Token<'a>] {
    let is_word = |token: &Token<'_>| matches!(token, Token::Word(other) if other.eq_ignore_ascii_case(word));
    tokens.iter().position(is_word).and_then(|place| tokens.get(place + 1..)).unwrap_or_default()
}

/// What an inserted row has as its key; of the maps in it the outermost alone.
fn inserted<'a>(row: &[Token<'a>]) -> Option<Vec<Token<'a>>> {
    let (mut depth, mut values) = (0_usize, Vec::new());
    for (place, token) in row.iter().enumerate() {
        match token {
            Token::Sign('{' | '[' | '(' | '<') => depth += 1,
            Token::Sign('}' | ']' | ')' | '>') => depth = depth.checked_sub(1)?,
            Token::Text(name) if depth == 1 && name == KEY && row.get(place + 1) == Some(&Token::Sign(':')) => {
                values.push(row.get(place + 2)?.clone());
            }
            _ => {}
        }
    }
    (depth == 0).then_some(values)
}

/// What the key is compared with, where all conditions must hold.
fn compared<'a>(conditions: &[Token<'a>]) -> Option<Vec<Token<'a>>> {
    let is_other = |token: &Token<'_>| matches!(token, Token::Word(word) if !word.eq_ignore_ascii_case("AND"));
    if conditions.iter().any(is_other) {
        return None;
    }
    let values = conditions.split(|token| matches!(token, Token::Word(_))).filter_map(|condition| match condition {
        [Token::Name(name), Token::Sign('='), value] if name == KEY => Some(value.clone()),
        _ => None,
    });
    Some(values.collect())
}

/// `None` where a quote does not end.
fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let (mut tokens, mut rest, mut parameters) = (Vec::new(), text.trim_start(), 0);
    while let Some(first) = rest.chars().next() {
        let (token, length) = match first {
            '"' | '\'' => {
                let (inner, length) = quoted(rest, first)?;
                (if first == '"' { Token::Name(inner) } else { Token::Text(inner) }, length)
            }
            '?' => {
                parameters += 1;
                (Token::Parameter(parameters - 1), 1)
            }
            _ if is_of_word(first) => {
                let (word, _) = rest.split_at(rest.find(|next| !is_of_word(next)).unwrap_or(rest.len()));
                (Token::Word(word), word.len())
            }
            _ => (Token::Sign(first), first.len_utf8()),
        };
        tokens.push(token);
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

/// What stands in quotes, in which a quote is doubled, and where they end.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let (mut inner, mut characters) = (String::new(), text.char_indices().skip(1).peekable());
    while let Some((place, character)) = characters.next() {
        if character == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Some((inner, place + 1));
        }
        inner.push(character);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(statement: &str) -> Option<String> {
        let parameters = ["p0", "p1", "p2"].map(|text| AttributeValue::S(text.to_owned()));
        key(statement, &parameters).ok()
    }

    #[test]
    fn the_key_is_told_as_a_parameter_or_in_the_text() {
        for (statement, key) in [
            (r#"INSERT INTO "t" VALUE {'id': ?, 'status': ?}"#, "p0"),
            (r#"insert into "t" value {'status': ?, 'id': ?}"#, "p1"),
            (r#"INSERT INTO "t" VALUE {'a': {'id': 'x'}, 'b': 'who''s ?', 'id': 'it''s'}"#, "it's"),
            (r#"UPDATE "t" SET "status" = ? REMOVE "x" WHERE "id" = ? AND "owner" = ?"#, "p1"),
            (r#"UPDATE "t" SET "id?" = 'WHERE ?' WHERE "owner" = ? AND "id" = 'x'"#, "x"),
        ] {
            assert_eq!(key_of(statement).as_deref(), Some(key), "{statement}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_an_error() {
        for statement in [
            "",
            r#"SELECT * FROM "t" WHERE "id" = ?"#,
            r#"DELETE FROM "t" WHERE "id" = ?"#,
            r#"INSERT INTO "t" VALUE {'status': ?}"#,
            r#"INSERT INTO "t" VALUE {'a': {'id': ?}}"#,
            r#"INSERT INTO "t" VALUE {'id': ?, 'id': ?}"#,
            r#"INSERT INTO "t" VALUE {'id': 7}"#,
            r#"INSERT INTO "t" VALUE {'id': ?"#,
            r#"INSERT INTO "t" VALUE {'id': 'x}"#,
            r#"INSERT INTO "t" VALUE {'a': ?, 'b': ?, 'c': ?, 'id': ?}"#,
            r#"UPDATE "t" SET "id" = ?"#,
            r#"UPDATE "t" SET "a" = ? WHERE "owner" = ?"#,
            r#"UPDATE "t" SET "a" = ? WHERE "id" = ? AND "id" = ?"#,
            r#"UPDATE "t" SET "a" = ? WHERE "id" = ? OR "owner" = ?"#,
            r#"UPDATE "t" SET "a" = ? WHERE NOT "id" = ?"#,
            r#"UPDATE "t" SET "a" = ? WHERE "id" <> ?"#,
            r#"UPDATE "t" SET "a" = ? WHERE "id" IN [?, ?]"#,
        ] {
            assert_eq!(key_of(statement), None, "{statement}");
        }
        assert!(key(r#"INSERT INTO "t" VALUE {'id': ?}"#, &[AttributeValue::N("7".to_owned())]).is_err());
    }
}
