//! ivr
