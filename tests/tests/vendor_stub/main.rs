//! The stub itself: if it counted wrong or fell ill in another way than it says, every other
//! promise would be tested against nothing.

mod ask;
mod control;
mod documents;
mod faults;
