//! The event that makes a phone fetch its settings anew.

use model::site::Vendor;

/// The value of the `Event` header of a NOTIFY that asks a phone to look whether its settings
/// changed, without a restart in the middle of a call. Phones without the parameter ignore it.
pub const fn event(vendor: Vendor) -> &'static str {
    match vendor {
        Vendor::Yealink | Vendor::Fanvil | Vendor::Other => "check-sync;reboot=false",
        // Restarts only where files changed (`checkSync.alwaysReboot` is 0 in its settings).
        Vendor::Poly | Vendor::Grandstream => "check-sync",
        Vendor::Cisco => "check-sync",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vendor_is_asked_by_check_sync() {
        for vendor in [
            Vendor::Yealink,
            Vendor::Fanvil,
            Vendor::Grandstream,
            Vendor::Poly,
            Vendor::Cisco,
            Vendor::Other,
        ] {
            assert!(event(vendor).starts_with("check-sync"));
        }
    }
}
