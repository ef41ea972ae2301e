//! How many of a day's dishes could be read. One that cannot is left out, and that is told; but where most are
//! left out, what is left is no menu of that day: such a document is refused, and the last good copy serves.

use super::ParseError;

/// The dishes that a vendor states of a day, or of a whole document.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Legible {
    read: usize,
    lost: usize,
}

impl Legible {
    /// One more that could be read.
    pub(super) fn read(&mut self) {
        self.read += 1;
    }

    /// So many more that could not.
    pub(super) fn lose(&mut self, dishes: usize) {
        self.lost += dishes;
    }

    /// These as well.
    pub(super) fn join(&mut self, other: Self) {
        self.read += other.read;
        self.lost += other.lost;
    }

    /// How many were left out.
    ///
    /// # Errors
    /// [`ParseError::Unreadable`]: more than half of them.
    pub(super) fn skipped(self) -> Result<usize, ParseError> {
        let Self { read, lost } = self;
        if lost > read {
            Err(ParseError::Unreadable { lost, stated: read + lost })
        } else {
            Ok(lost)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_half_is_too_many() {
        for (read, lost, is_fit) in
            [(0, 0, true), (1, 0, true), (1, 1, true), (0, 1, false), (2, 3, false), (3, 3, true)]
        {
            let skipped = Legible { read, lost }.skipped();
            assert_eq!(skipped.ok(), is_fit.then_some(lost), "{lost} of {}", read + lost);
        }
        let mut both = Legible { read: 2, lost: 1 };
        both.join(Legible { read: 0, lost: 2 });
        let refused = both.skipped().map_err(|error| error.to_string());
        assert_eq!(refused, Err("3 of 5 dishes cannot be read".to_owned()));
    }
}
