//! Grandstream: `cfgMAC.xml`, items by name (GRP26xx, and GXP with firmware that knows names).

use super::tree::Tree;
use super::yes;
use crate::setup::{LineKeyKind, Setup};
use crate::text::clean;
use model::Codec;
use model::site::{Lang, Transport};
use model::srtp::SrtpPolicy;

/// How many codecs an account has places for.
const CODEC_PLACES: usize = 8;

pub(super) fn render(setup: &Setup) -> String {
    let mut tree = Tree::new();
    tree.open("gs_provision", &[("version", "1")])
        .leaf("mac", setup.mac)
        .open("config", &[("version", "2")]);
    account(&mut tree, setup);
    features(&mut tree, setup);
    keys(&mut tree, setup);
    place(&mut tree, setup);
    security(&mut tree, setup);
    tree.end()
}

fn account(tree: &mut Tree, setup: &Setup) {
    let transport = match setup.transport {
        Transport::Udp => "UDP",
        Transport::Tcp => "TCP",
        Transport::Tls => "Tls Or Tcp",
    };
    let srtp = match setup.srtp {
        SrtpPolicy::Forbid => "Disabled",
        SrtpPolicy::Offer => "EnabledButNotForced",
        SrtpPolicy::Require => "EnabledAndForced",
    };
    let server = std::net::SocketAddr::new(setup.host, setup.port);
    let label = clean(&setup.label);
    // What the message key calls.
    tree.leaf("P33", &setup.missed);
    tree.item("account.1.enable", "Yes")
        .item("account.1.name", &label)
        .item("account.1.sip.server.1.address", server)
        .item("account.1.sip.userid", &setup.account)
        .item("account.1.sip.subscriber.userid", &setup.account)
        .item("account.1.sip.subscriber.password", setup.password.reveal())
        .item("account.1.sip.subscriber.name", &label)
        .item("account.1.sip.registration", "Yes")
        .item("account.1.sip.registerExpiration", (setup.register_s / 60).max(1))
        .item("account.1.sip.transport", transport)
        .item("account.1.sip.uriSchemeWhenUsingTls", "sip")
        .item("account.1.sip.header.100rel", "Yes")
        .item("account.1.sip.subscribe.forMwi", "Yes")
        .item("account.1.sip.callerIdDisplay", "Auto")
        .item("account.1.sip.sessionTimer.enable", "Yes")
        .item("account.1.sip.sessionTimer.expiration", setup.session_s)
        .item("account.1.sip.sessionTimer.refresher.uacSpecify", "Omit")
        .item("account.1.sip.validate.incomingServer", "Yes")
        .item("account.1.sip.validate.certificationChain", yes(setup.transport.secure()))
        .item("account.1.audio.srtpMode", srtp)
        .item("account.1.audio.srtpKeyLength", "AES128And256Bit");
    codecs(tree, setup);
    tree.item("account.1.dtmf.sendInAudio", "No")
        .item("account.1.dtmf.sendInRtp", "Yes")
        .item("account.1.dtmf.sendInSip", "No");
}

/// The site's codecs in its order. What would stand in the places left is said again, so that no
/// other codec is offered, which would only end in a refusal.
fn codecs(tree: &mut Tree, setup: &Setup) {
    let site = setup.codecs.as_slice();
    for (place, codec) in (1..=CODEC_PLACES).zip(site.iter().cycle()) {
        let name = match codec {
            Codec::Pcma => "PCMA",
            Codec::Pcmu => "PCMU",
            Codec::G722 => "G.722",
            Codec::Opus => "OPUS",
        };
        tree.item(&format!("account.1.codec.choice.{place}"), name);
    }
}

fn features(tree: &mut Tree, setup: &Setup) {
    let special = if setup.agent { "Broadsoft" } else { "Standard" };
    tree.item("account.1.sip.specialFeature", special)
        .item("account.1.broadsoft.callCenter", yes(setup.agent))
        .item("account.1.broadsoft.callCenterStatus", yes(setup.agent))
        .item("account.1.broadsoft.hoteling", yes(setup.hot_desk))
        .item("account.1.sip.syncFeatureKey", yes(setup.agent))
        .item("account.1.call.autoAnswer", "No")
        .item("account.1.intercom.allowAutoAnswer", yes(setup.auto_answer))
        .item("account.1.intercom.playWarningToneForAutoAnswer", "Yes")
        // The box does do-not-disturb and forwards, not codes of the phone's own.
        .item("account.1.featureCodes.callFeatures", "No")
        .item("account.1.ring.ignoreSipAlertInfo", "No");
}

fn keys(tree: &mut Tree, setup: &Setup) {
    let mut key = |index: usize, mode: &str, value: &str, label: &str| {
        let name = |part: &str| format!("pks.vpk.{index}.{part}");
        tree.item(&name("keyMode"), mode)
            .item(&name("account"), 0)
            .item(&name("description"), label)
            .item(&name("value"), value);
    };
    key(1, "Line", "", &clean(&setup.account));
    for (index, one) in (2..).zip(&setup.keys) {
        let mode = match one.kind {
            LineKeyKind::Colleague => "BLF",
            LineKeyKind::Slot => "MonitoredCallPark",
        };
        key(index, mode, &clean(&one.number), &one.label);
    }
}

fn place(tree: &mut Tree, setup: &Setup) {
    let lang = match setup.lang {
        Lang::Zh => "zh",
        Lang::En => "en",
    };
    tree.leaf("P1362", lang)
        .item("dateTime.ntp.server.1", setup.host)
        .item("dateTime.override.dhcp.allowOption42", "No")
        .item("dateTime.override.dhcp.allowOption2", "No")
        .item("dateTime.timezone", "customize")
        .item("dateTime.timezone.custom", posix(setup.offset_min))
        .item("dateTime.format.time", "24Hour")
        .item("dateTime.format.date", "yyyy-mm-dd");
}

/// The offset as POSIX writes it, with the sign the other way round: `RF-8`.
fn posix(offset_min: i32) -> String {
    let sign = if offset_min > 0 { "-" } else { "+" };
    let (hours, minutes) = (offset_min.abs() / 60, offset_min.abs() % 60);
    if minutes == 0 {
        format!("LMT{sign}{hours}")
    } else {
        format!("LMT{sign}{hours}:{minutes:02}")
    }
}

fn security(tree: &mut Tree, setup: &Setup) {
    let password = setup.menu_password.reveal();
    let path = setup.url.strip_prefix("https://").unwrap_or(&setup.url);
    tree.item("users.admin.password", password)
        .item("users.user.password", password)
        .item("security.webaccessmode", "HTTPS")
        .item("security.ssh", "No")
        .item("security.minimum.TLS.version", "TLS_1_2")
        .item("security.validate.serverCertificate", "Yes")
        .leaf("P8433", &setup.trust_pem)
        // A check-sync is taken from the server the phone is registered with, unasked.
        .item("sip.notify.challenge", "No")
        .item("call.ipcall.enable", "No")
        .item("provisioning.config.protocol", "HTTPS")
        .item("provisioning.config.serverPath", path.trim_end_matches('/'))
        .item("provisioning.config.username", &setup.credential.user)
        .item("provisioning.config.password", setup.credential.secret.reveal())
        .item("provisioning.validateHostnameInCertificate", "Yes")
        .item("provisioning.auto.mode", "YesUpgradeHourOfDay")
        .item("provisioning.auto.hour", 3)
        .item("provisioning.3cxAutoProvision", "No")
        // Option 66 and PnP move the phone no more.
        .leaf("P145", 0)
        // The screen of who calls: fetched over HTTPS from the box alone.
        .leaf("P340", 3)
        .leaf("P341", path.trim_end_matches('/'))
        .item("tr069.enable", "No");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posix_counts_westward() {
        assert_eq!(posix(480), "LMT-8");
        assert_eq!(posix(-300), "LMT+5");
        assert_eq!(posix(330), "LMT-5:30");
        assert_eq!(posix(0), "LMT+0");
    }
}
