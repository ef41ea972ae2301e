//! What is refused before it is read: a document with more values than any menu has. Read, one takes up to
//! 170 times its text in memory, and eight mebibytes of them are let through.

use memchr::memchr_iter;

use super::ParseError;

/// Six times what the largest documents have that were ever sent, their pages' own scripts counted in: 7 700
/// objects in three days of a feed, and 24 600 commas in a page, one between each two values.
const MOST_OBJECTS: usize = 48_000;
const MOST_VALUES: usize = 150_000;

/// Whether the document can be a menu's, by what is counted in a pass over its bytes, in strings or not.
///
/// # Errors
/// [`ParseError::Shape`]: it has more values.
pub(super) fn fits(document: &str) -> Result<(), ParseError> {
    let count = |byte| memchr_iter(byte, document.as_bytes()).count();
    if count(b'{') > MOST_OBJECTS || count(b',') > MOST_VALUES {
        return Err(ParseError::Shape("more values than any menu has"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_has_so_many_values_and_no_more() {
        for (piece, most) in [("{}", MOST_OBJECTS), ("1,", MOST_VALUES)] {
            assert!(fits(&piece.repeat(most)).is_ok(), "{piece}");
            assert!(fits(&piece.repeat(most + 1)).is_err(), "{piece}");
        }
    }
}
