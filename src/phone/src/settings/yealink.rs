//! Yealink: `MAC.cfg`, one setting a line.

use super::flag;
use super::lines::Lines;
use crate::setup::{LineKeyKind, Setup};
use model::Codec;
use model::site::{Lang, Transport};
use model::srtp::SrtpPolicy;

/// The first line, without which a phone refuses the file.
const HEAD: &str = "#!version:1.0.0.1";
/// Kinds of a line key.
const KEY_PARK: u8 = 10;
const KEY_LINE: u8 = 15;
const KEY_LAMP: u8 = 16;
const KEY_HOT_DESK: u8 = 34;
const KEY_ACD: u8 = 42;

pub(super) fn render(setup: &Setup) -> String {
    let mut lines = Lines::new(HEAD);
    account(&mut lines, setup);
    if setup.agent {
        agent(&mut lines, setup);
    }
    answering(&mut lines, setup);
    keys(&mut lines, setup);
    place(&mut lines, setup);
    security(&mut lines, setup);
    lines.end()
}

fn account(lines: &mut Lines, setup: &Setup) {
    let transport = match setup.transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
        Transport::Tls => 2,
    };
    let srtp = match setup.srtp {
        SrtpPolicy::Forbid => 0,
        SrtpPolicy::Offer => 1,
        SrtpPolicy::Require => 2,
    };
    lines
        .set("account.1.enable", 1)
        .text("account.1.label", &setup.label)
        .text("account.1.display_name", &setup.label)
        .text("account.1.user_name", &setup.account)
        .text("account.1.auth_name", &setup.account)
        .secret("account.1.password", &setup.password)
        .set("account.1.sip_server.1.address", setup.host)
        .set("account.1.sip_server.1.port", setup.port)
        .set("account.1.sip_server.1.transport_type", transport)
        .set("account.1.sip_server.1.expires", setup.register_s)
        .set("account.1.srtp_encryption", srtp)
        .set("account.1.session_timer.enable", 1)
        .set("account.1.session_timer.expires", setup.session_s)
        .set("account.1.session_timer.refresher", 0)
        .set("account.1.100rel_enable", 1)
        .set("account.1.cid_source", 1)
        .set("account.1.subscribe_mwi", 1)
        .text("voice_mail.number.1", &setup.missed)
        .set("account.1.dtmf.type", 1)
        .set("account.1.ptime", 20);
    codecs(lines, setup);
}

/// The site's codecs in its order and no other, which would only end in a refusal.
fn codecs(lines: &mut Lines, setup: &Setup) {
    let site = setup.codecs.as_slice();
    for (priority, codec) in (1..).zip(site) {
        lines
            .set(&format!("account.1.codec.{}.enable", name(*codec)), 1)
            .set(&format!("account.1.codec.{}.priority", name(*codec)), priority);
    }
    let others = Codec::ALL.into_iter().filter(|codec| !site.contains(codec)).map(name);
    for codec in others.chain(["g729"]) {
        lines.set(&format!("account.1.codec.{codec}.enable"), 0);
    }
}

fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Pcma => "pcma",
        Codec::Pcmu => "pcmu",
        Codec::G722 => "g722",
        Codec::Opus => "opus",
    }
}

/// Logging in and out, ready and not ready with a reason, on the phone's own keys.
fn agent(lines: &mut Lines, setup: &Setup) {
    lines
        .set("account.1.acd.enable", 1)
        .set("account.1.acd.available", 1)
        .set("account.1.acd.unavailable_reason_enable", 1)
        .set("account.1.subscribe_acd_expires", 3600)
        .set("account.1.call_center.call_info_enable", 1)
        .set("account.1.hoteling.enable", flag(setup.hot_desk))
        .set("bw.feature_key_sync", 1);
    for (index, (digit, word)) in (1..).zip(&setup.reasons) {
        lines
            .set(&format!("account.1.reason_code.{index}"), digit)
            .text(&format!("account.1.reason_code_name.{index}"), word);
    }
}

/// A headset's phone answers by itself when the box asks for it, and only then.
fn answering(lines: &mut Lines, setup: &Setup) {
    lines
        .set("account.1.auto_answer", 0)
        .set("features.intercom.allow", flag(setup.auto_answer))
        .set("features.intercom.mute", 0)
        .set("features.intercom.tone", 1)
        .set("features.intercom.barge", 0)
        .set("features.dnd.allow", 1)
        .set("features.pickup.blf_visual_enable", 1)
        .set("account.1.dialoginfo_callpickup", 1);
}

fn keys(lines: &mut Lines, setup: &Setup) {
    let mut next = 1;
    let mut key = |lines: &mut Lines, kind: u8, value: &str, label: &str| {
        let name = |part: &str| format!("linekey.{next}.{part}");
        lines.set(&name("type"), kind).set(&name("line"), 1);
        lines.text(&name("value"), value).text(&name("label"), label);
        next += 1;
    };
    key(lines, KEY_LINE, "", &setup.account);
    if setup.agent {
        key(lines, KEY_ACD, "", "ACD");
    }
    if setup.hot_desk {
        key(lines, KEY_HOT_DESK, "", if setup.lang == Lang::Zh { "签入" } else { "Sign in" });
    }
    for one in &setup.keys {
        let kind = match one.kind {
            LineKeyKind::Colleague => KEY_LAMP,
            LineKeyKind::Slot => KEY_PARK,
        };
        key(lines, kind, &one.number, &one.label);
    }
}

fn place(lines: &mut Lines, setup: &Setup) {
    let lang = match setup.lang {
        Lang::Zh => "Chinese_S",
        Lang::En => "English",
    };
    lines
        .set("lang.gui", lang)
        .set("lang.wui", lang)
        .set("local_time.ntp_server1", setup.host)
        .set("local_time.ntp_server2", "")
        .set("local_time.time_zone", zone(setup.offset_min))
        .set("local_time.summer_time", 0)
        .set("local_time.time_format", 1)
        .set("local_time.date_format", 2);
}

/// `+8`, `+5:30`, `-5`.
fn zone(offset_min: i32) -> String {
    let sign = if offset_min < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset_min.abs() / 60, offset_min.abs() % 60);
    if minutes == 0 { format!("{sign}{hours}") } else { format!("{sign}{hours}:{minutes:02}") }
}

fn security(lines: &mut Lines, setup: &Setup) {
    let password = setup.menu_password.reveal();
    lines
        .set("static.auto_provision.server.url", &setup.url)
        .set("static.auto_provision.server.username", &setup.credential.user)
        .secret("static.auto_provision.server.password", &setup.credential.secret)
        .set("static.auto_provision.power_on", 1)
        .set("static.auto_provision.repeat.enable", 1)
        .set("static.auto_provision.repeat.minutes", 1440)
        // Once it knows its box, it listens to nobody else on the network.
        .set("static.auto_provision.pnp_enable", 0)
        .set("static.auto_provision.dhcp_option.enable", 0)
        .set("static.trusted_certificates.url", &setup.trust_url)
        .set("static.security.trust_certificates", 1)
        .set("static.security.ca_cert", 2)
        .set("static.security.cn_validation", 1)
        .set("static.security.user_name.admin", "admin")
        .set("static.security.user_name.user", "user")
        .set("static.security.user_password", format!("admin:{password}"))
        .set("static.security.user_password", format!("user:{password}"))
        .set("static.wui.http_enable", 0)
        .set("static.wui.https_enable", 1)
        .set("sip.trust_ctrl", 1)
        .set("features.direct_ip_call_enable", 0)
        .set("features.action_uri_limit_ip", setup.host)
        .set("push_xml.server", setup.host)
        .set("push_xml.sip_notify", 1)
        .set("push_xml.block_in_calling", 0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_of_half_an_hour_is_written_with_its_minutes() {
        assert_eq!(zone(480), "+8");
        assert_eq!(zone(330), "+5:30");
        assert_eq!(zone(-210), "-3:30");
        assert_eq!(zone(0), "+0");
    }
}
