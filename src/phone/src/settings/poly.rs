//! Poly (UC Software): a master file that names the settings, and the settings as attributes.

use super::flag;
use super::tree::Tree;
use crate::setup::Setup;
use crate::text::clean;
use model::Codec;
use model::site::{Lang, Transport};
use model::srtp::SrtpPolicy;

/// The file a phone asks for first.
pub(super) fn master(setup: &Setup) -> String {
    let mut tree = Tree::new();
    let names = [
        ("APP_FILE_PATH", ""),
        ("CONFIG_FILES", &format!("{}-ringfence.cfg", setup.mac)),
        ("MISC_FILES", ""),
        ("LOG_FILE_DIRECTORY", ""),
        ("OVERRIDES_DIRECTORY", ""),
        ("CONTACTS_DIRECTORY", ""),
        ("LICENSE_DIRECTORY", ""),
        ("CALL_LISTS_DIRECTORY", ""),
    ];
    let names = names.map(|(name, value)| (name.to_owned(), value.to_owned()));
    tree.flat("APPLICATION", &names);
    tree.end()
}

/// Attributes in the order they were set.
#[derive(Default)]
struct Settings(Vec<(String, String)>);

impl Settings {
    fn set(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.0.push((name.to_owned(), value.to_string()));
        self
    }
    /// Sets a parameter of the device itself, which takes effect only beside its `.set`.
    fn device(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.set(&format!("{name}.set"), 1).set(name, value)
    }
}

pub(super) fn render(setup: &Setup) -> String {
    let mut settings = Settings::default();
    account(&mut settings, setup);
    sound(&mut settings, setup);
    agent(&mut settings, setup);
    keys(&mut settings, setup);
    place(&mut settings, setup);
    device(&mut settings, setup);
    let mut tree = Tree::new();
    tree.open("PHONE_CONFIG", &[]).flat("ALL", &settings.0);
    tree.end()
}

fn account(settings: &mut Settings, setup: &Setup) {
    let transport = match setup.transport {
        Transport::Udp => "UDPOnly",
        Transport::Tcp => "TCPOnly",
        Transport::Tls => "TLS",
    };
    let label = clean(&setup.label);
    settings
        .set("reg.1.address", &setup.account)
        .set("reg.1.auth.userId", &setup.account)
        .set("reg.1.auth.password", setup.password.reveal())
        .set("reg.1.displayName", &label)
        .set("reg.1.label", &label)
        .set("reg.1.server.1.address", setup.host)
        .set("reg.1.server.1.port", setup.port)
        .set("reg.1.server.1.transport", transport)
        .set("reg.1.server.1.expires", setup.register_s)
        .set("msg.bypassInstantMessage", 1)
        .set("msg.mwi.1.subscribe", &setup.account)
        .set("msg.mwi.1.callBackMode", "contact")
        .set("msg.mwi.1.callBack", &setup.missed)
        .set("voIpProt.SIP.keepalive.sessionTimers", 1)
        .set("voIpProt.SIP.specialEvent.checkSync.alwaysReboot", 0)
        .set("voIpProt.SIP.requestValidation.1.method", "source")
        .set("voIpProt.SIP.requestValidation.1.request", "INVITE");
}

fn sound(settings: &mut Settings, setup: &Setup) {
    // The site's codecs in its order and no other, which would only end in a refusal.
    for codec in Codec::ALL {
        let name = match codec {
            Codec::Pcma => "voice.codecPref.G711_A",
            Codec::Pcmu => "voice.codecPref.G711_Mu",
            Codec::G722 => "voice.codecPref.G722",
            Codec::Opus => "voice.codecPref.Opus",
        };
        let place = setup.codecs.as_slice().iter().position(|listed| *listed == codec);
        settings.set(name, place.map_or(0, |place| place + 1));
    }
    settings
        .set("voice.codecPref.G729_AB", 0)
        .set("sec.srtp.enable", flag(setup.srtp != SrtpPolicy::Forbid))
        .set("sec.srtp.offer", flag(setup.srtp != SrtpPolicy::Forbid))
        .set("sec.srtp.require", flag(setup.srtp == SrtpPolicy::Require))
        .set("sec.srtp.offer.HMAC_SHA1_80", 1)
        .set("sec.srtp.offer.HMAC_SHA1_32", 0);
    if setup.auto_answer {
        settings
            .set("voIpProt.SIP.alertInfo.1.value", "info=alert-autoanswer")
            .set("voIpProt.SIP.alertInfo.1.class", "autoAnswer");
    }
}

/// Logging in and out, ready and not ready with a reason, on the phone's own soft keys.
fn agent(settings: &mut Settings, setup: &Setup) {
    settings
        .set("feature.acdLoginLogout.enabled", flag(setup.agent))
        .set("feature.acdAgentAvailability.enabled", flag(setup.agent))
        .set("feature.callCenterStatus.enabled", flag(setup.agent))
        .set("feature.hoteling.enabled", flag(setup.hot_desk))
        .set("voIpProt.SIP.serverFeatureControl.dnd", flag(setup.agent))
        .set("voIpProt.SIP.serverFeatureControl.cf", flag(setup.agent));
    if setup.hot_desk {
        settings.set("hoteling.reg", 1);
    }
    if setup.agent {
        settings.set("acd.reg", 1).set("voIpProt.SIP.acd.signalingMethod", 1);
        for (index, (digit, word)) in (1..).zip(&setup.reasons) {
            settings
                .set(&format!("acd.{index}.unavailreason.active"), 1)
                .set(&format!("acd.{index}.unavailreason.codeValue"), digit)
                .set(&format!("acd.{index}.unavailreason.codeName"), clean(word));
        }
    }
}

fn keys(settings: &mut Settings, setup: &Setup) {
    if setup.keys.is_empty() {
        return;
    }
    settings.set("feature.busyLamp.enable", 1).set("attendant.reg", 1);
    for (index, one) in (1..).zip(&setup.keys) {
        let name = |part: &str| format!("attendant.resourceList.{index}.{part}");
        settings
            .set(&name("address"), clean(&one.number))
            .set(&name("label"), &one.label)
            .set(&name("type"), "normal");
    }
}

fn place(settings: &mut Settings, setup: &Setup) {
    let lang = match setup.lang {
        Lang::Zh => "Chinese_China",
        Lang::En => "English_United_States",
    };
    settings
        .set("lcl.ml.lang", lang)
        .set("tcpIpApp.sntp.address", setup.host)
        .set("tcpIpApp.sntp.address.overrideDHCP", 1)
        .set("tcpIpApp.sntp.gmtOffset", i64::from(setup.offset_min) * 60)
        .set("tcpIpApp.sntp.gmtOffset.overrideDHCP", 1)
        .set("tcpIpApp.sntp.daylightSavings.enable", 0);
}

fn device(settings: &mut Settings, setup: &Setup) {
    settings
        .set("device.set", 1)
        .device("device.prov.serverType", "HTTPS")
        .device("device.prov.serverName", &setup.url)
        .device("device.prov.user", &setup.credential.user)
        .device("device.prov.password", setup.credential.secret.reveal())
        // Static: DHCP moves the phone no more.
        .device("device.dhcp.bootSrvUseOpt", "Static")
        .device("device.prov.ztpEnabled", 0)
        .device("device.auth.localAdminPassword", setup.menu_password.reveal())
        .device("device.auth.localUserPassword", setup.menu_password.reveal())
        .device("device.sec.TLS.customCaCert1", &setup.trust_pem)
        .device("device.sec.TLS.prov.strictCertCommonNameValidation", 1)
        .set("prov.polling.enabled", 1)
        .set("prov.polling.mode", "abs")
        .set("prov.polling.time", "03:00")
        .set("sec.TLS.profileSelection.SIP", "PlatformProfile1")
        .set("sec.TLS.SIP.strictCertCommonNameValidation", 1)
        .set("httpd.cfg.secureTunnelEnabled", 1)
        .set("httpd.cfg.secureTunnelRequired", 1)
        .set("feature.urlDialing.enabled", 0)
        // Screens are pushed to nobody: the display name carries the pop.
        .set("apps.push.messageType", 0);
}
