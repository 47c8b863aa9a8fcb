//! Numbers and times as joined parts of speech, in both languages.
