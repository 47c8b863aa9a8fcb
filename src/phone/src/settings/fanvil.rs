//! Fanvil: `MAC.cfg`, elements of `<sysConf>` by module.

use super::flag;
use super::tree::Tree;
use crate::setup::Setup;
use crate::text::clean;
use model::Codec;
use model::site::{Lang, Transport};
use model::srtp::SrtpPolicy;

/// Kinds of a key beside the display.
const KEY_MEMORY: u8 = 1;
const KEY_LINE: u8 = 2;
/// How the phone fetches its file: HTTPS.
const FLASH_HTTPS: u8 = 5;
/// When: at each start and by interval.
const FLASH_REPEATEDLY: u8 = 2;

pub(super) fn render(setup: &Setup) -> String {
    let mut tree = Tree::new();
    tree.open("sysConf", &[]).leaf("Version", "2.0000000000");
    account(&mut tree, setup);
    display(&mut tree, setup);
    keys(&mut tree, setup);
    security(&mut tree, setup);
    tree.end()
}

fn account(tree: &mut Tree, setup: &Setup) {
    let transport = match setup.transport {
        Transport::Udp => 0,
        Transport::Tcp => 1,
        Transport::Tls => 3,
    };
    let srtp = match setup.srtp {
        SrtpPolicy::Forbid => 0,
        SrtpPolicy::Offer => 1,
        SrtpPolicy::Require => 2,
    };
    let label = clean(&setup.label);
    tree.open("sip", &[])
        .leaf("SIPPort", 5060)
        .open("line", &[("index", "1")])
        .leaf("PhoneNumber", &setup.account)
        .leaf("DisplayName", &label)
        .leaf("SipName", &setup.account)
        .leaf("RegisterAddr", setup.host)
        .leaf("RegisterPort", setup.port)
        .leaf("RegisterUser", &setup.account)
        .leaf("RegisterPswd", setup.password.reveal())
        .leaf("RegisterTTL", setup.register_s)
        .leaf("EnableReg", 1)
        .leaf("ProxyAddr", setup.host)
        .leaf("ProxyPort", setup.port)
        .leaf("ProxyUser", &setup.account)
        .leaf("ProxyPswd", setup.password.reveal())
        .leaf("Transport", transport)
        .leaf("DTMFMode", 1)
        .leaf("EnableRport", 1)
        .leaf("PRACK", 1)
        .leaf("SessionTimer", 1)
        .leaf("STimerExpires", setup.session_s)
        .leaf("MediaCrypto", srtp)
        .leaf("VoiceCodecMap", codecs(setup))
        .leaf("AutoAnswer", 0)
        // The lamp for messages, and what its key calls.
        .leaf("Subscribe", 1)
        .leaf("SubExpire", 3600)
        .leaf("MWINum", &setup.missed)
        .leaf("FeatureSync", flag(setup.agent))
        .leaf("SubCCStatus", flag(setup.agent))
        .close()
        .close();
    tree.open("call", &[])
        .open("port", &[("index", "1")])
        .leaf("EnableIntercom", flag(setup.auto_answer))
        .close()
        .close();
}

/// The site's codecs in its order and no other, which would only end in a refusal.
fn codecs(setup: &Setup) -> String {
    let name = |codec: &Codec| match codec {
        Codec::Pcma => "PCMA",
        Codec::Pcmu => "PCMU",
        Codec::G722 => "G722",
        Codec::Opus => "opus",
    };
    setup.codecs.as_slice().iter().map(name).collect::<Vec<_>>().join(",")
}

fn display(tree: &mut Tree, setup: &Setup) {
    let lang = match setup.lang {
        Lang::Zh => "cn",
        Lang::En => "en",
    };
    tree.open("phone", &[])
        .leaf("MenuPassword", setup.menu_password.reveal())
        .leaf("PushXMLIP", setup.host)
        .leaf("SIPNotifyXML", 1)
        .leaf("BlockXMLWhenCall", 0)
        .leaf("EnablePushXMLAuth", 1)
        .leaf("CallerDisplayType", 5)
        .open("display", &[])
        .leaf("DefaultLanguage", lang)
        .leaf("LCDTitle", clean(&setup.label))
        .close()
        .open("date", &[])
        .leaf("EnableSNTP", 1)
        .leaf("SNTPServer", setup.host)
        .leaf("SNTPTimeout", 60)
        // Quarters of an hour.
        .leaf("TimeZone", setup.offset_min / 15)
        .leaf("TimeZoneName", utc(setup.offset_min))
        .leaf("EnableDST", 0)
        .close()
        .close();
}

/// `UTC+8`, `UTC+5:30`.
fn utc(offset_min: i32) -> String {
    let sign = if offset_min < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset_min.abs() / 60, offset_min.abs() % 60);
    if minutes == 0 {
        format!("UTC{sign}{hours}")
    } else {
        format!("UTC{sign}{hours}:{minutes:02}")
    }
}

fn keys(tree: &mut Tree, setup: &Setup) {
    tree.open("dsskey", &[]).open("dssSide", &[("index", "1")]);
    let mut key = |index: usize, kind: u8, value: &str, title: &str| {
        tree.open("Fkey", &[("index", &index.to_string())])
            .leaf("Type", kind)
            .leaf("Value", value)
            .leaf("Title", title)
            .close();
    };
    key(1, KEY_LINE, "SIP1", &clean(&setup.account));
    for (index, one) in (2..).zip(&setup.keys) {
        // A lamp by the dialog package, and a new call when it is pressed.
        let value = format!("{}@1/ba", clean(&one.number));
        key(index, KEY_MEMORY, &value, &one.label);
    }
    tree.close().close();
}

fn security(tree: &mut Tree, setup: &Setup) {
    let password = setup.menu_password.reveal();
    tree.open("web", &[])
        // HTTPS alone.
        .leaf("WebServerType", 1)
        .leaf("HttpsWebPort", 443)
        .open("account", &[("index", "1")])
        .leaf("Name", "admin")
        .leaf("Password", password)
        .leaf("Level", 10)
        .close()
        .open("account", &[("index", "2")])
        .leaf("Name", "guest")
        .leaf("Password", password)
        .leaf("Level", 5)
        .close()
        .close()
        .open("cert", &[])
        .leaf("PermissionCertificate", 1)
        .leaf("CommonNameValidation", 1)
        .leaf("CertificateUrl", &setup.trust_url)
        .close()
        .open("ap", &[])
        .leaf("DefaultUsername", &setup.credential.user)
        .leaf("DefaultPassword", setup.credential.secret.reveal())
        .leaf("DownloadCommonConf", 0)
        .leaf("DownloadDeviceConf", 1)
        .leaf("FlashServerIP", &setup.url)
        .leaf("FlashFileName", "$mac.cfg")
        .leaf("FlashProtocol", FLASH_HTTPS)
        .leaf("FlashMode", FLASH_REPEATEDLY)
        .leaf("FlashInterval", 24)
        .open("pnp", &[])
        .leaf("PNPEnable", 0)
        .close()
        .open("opt", &[])
        .leaf("DHCPOption", 0)
        .close()
        .close();
}
