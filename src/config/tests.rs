//! What only the inside can tell: that `default.toml` and the reader know the same settings.
