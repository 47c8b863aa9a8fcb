//! Stories and invariants of calls out.
