//! What the endpoint counted since its start, for the console.

use model::PhoneId;
use std::collections::BTreeMap;

/// Failures of accounts that were never configured count under this name together.
pub const UNKNOWN_ACCOUNT: &str = "unknown";

/// Counts since the start; they only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub datagrams_in: u64,
    pub datagrams_out: u64,
    /// Datagrams that were no SIP message and got no answer.
    pub malformed: u64,
    /// Requests and responses we sent again by a timer.
    pub retransmitted: u64,
    /// Requests and responses that came again and were absorbed by their transaction.
    pub absorbed: u64,
    pub calls_in: u64,
    pub calls_out: u64,
    pub challenged: u64,
    /// Refused with 503 or dropped because a limit of `Limits` was reached.
    pub limited: u64,
    /// New calls refused with 503 since there was more to do than could be done.
    pub calls_shed: u64,
    /// Phones' addresses, nonces and kept ACKs that gave way to newer ones at their maximum.
    pub shed: u64,
    /// Connections closed because a limit of `FlowLimits` was reached.
    pub flows_shed: u64,
    /// Phones rung by another of their connections, since one failed (RFC 5626).
    pub flows_failed_over: u64,
    /// Addresses of phones that said nothing to an INVITE.
    pub phones_silent: u64,
    /// Phones and trunks refused, since the certificate of their connection is another's.
    pub wrong_certificates: u64,
    /// Calls refused since they would have been in clear where encryption is required.
    pub refused_clear: u64,
    /// Calls refused since their sound would have to go between IPv4 and IPv6.
    pub refused_family: u64,
    /// Refused because the box drains.
    pub drained: u64,
    /// Requests of ours that nobody answered (Timers B and F).
    pub timed_out: u64,
    /// Answers of ours that nobody acknowledged in 64*T1.
    pub unacknowledged: u64,
    /// Calls hung up since nobody refreshed their session in time (RFC 4028).
    pub sessions_expired: u64,
    /// Second answers of a fork, acknowledged and hung up.
    pub forks_hung_up: u64,
    /// 491 sent or received.
    pub glares: u64,
    /// Keys sent by INFO, and keys that were not since too many waited or the peer refused them.
    pub keys_sent: u64,
    pub keys_lost: u64,
    /// Subscriptions granted; not their refreshes.
    pub subscribed: u64,
    pub notified: u64,
    /// Subscriptions that ended because their NOTIFY was refused or not answered.
    pub notify_failed: u64,
    /// NOTIFYs that nobody subscribed to: check-sync and screens.
    pub pushed: u64,
    /// What phones' own keys asked for.
    pub wishes: u64,
    /// Wrong PINs of agents who wanted to sit down at a phone.
    pub wrong_pins: u64,
    /// Messages of banned sources, passed over.
    pub banned: u64,
    /// Passwords not judged, since their source gave too many wrong ones.
    pub unjudged: u64,
    /// Requests of strangers that came too fast, passed over.
    pub too_fast: u64,
    /// Requests within a call from elsewhere than its party is, or in clear where it is over TLS.
    pub intruders: u64,
    /// Wrong passwords by account; accounts we do not have count as `UNKNOWN_ACCOUNT`.
    pub failures: BTreeMap<PhoneId, u64>,
}
