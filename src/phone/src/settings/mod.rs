//! Settings files of each vendor, by the names under which a phone asks for them.
//!
//! | vendor | file | form |
//! |---|---|---|
//! | Yealink | `MAC.cfg` | lines `name = value` under `#!version:1.0.0.1` |
//! | Fanvil | `MAC.cfg` | `<sysConf>` |
//! | Grandstream | `cfgMAC.xml` | `<gs_provision>` |
//! | Poly | `MAC.cfg`, which names `MAC-ringfence.cfg` | attributes of `<PHONE_CONFIG>` |

mod fanvil;
mod grandstream;
mod lines;
mod poly;
mod tree;
mod yealink;

use crate::mac::Mac;
use crate::setup::Setup;
use model::site::Vendor;
use std::fmt;

/// A file as it is served. It holds passwords: `Debug` shows its name alone.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub content_type: &'static str,
    pub body: String,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {} bytes)", self.name, self.body.len())
    }
}

const PLAIN: &str = "text/plain; charset=utf-8";
const XML: &str = "application/xml; charset=utf-8";

/// The names a device of this vendor asks for and gets.
pub fn files(vendor: Vendor, mac: Mac) -> Vec<String> {
    match vendor {
        Vendor::Yealink | Vendor::Fanvil => vec![format!("{mac}.cfg")],
        Vendor::Grandstream => vec![format!("cfg{mac}.xml")],
        Vendor::Poly => vec![format!("{mac}.cfg"), format!("{mac}-ringfence.cfg")],
        Vendor::Cisco | Vendor::Other => Vec::new(),
    }
}

/// Reads which device a file's name is about, whatever vendor names files so.
pub fn whose(name: &str) -> Option<Mac> {
    let stem = name
        .strip_suffix("-ringfence.cfg")
        .or_else(|| name.strip_suffix(".cfg"))
        .or_else(|| name.strip_prefix("cfg").and_then(|rest| rest.strip_suffix(".xml")))?;
    // Only as the files are named, so that one file has one name.
    (stem.len() == 12).then(|| Mac::parse(stem))?
}

/// Makes the file of that name, if it is one of this device's.
pub fn render(setup: &Setup, name: &str) -> Option<File> {
    let file = |content_type, body| File { name: name.to_owned(), content_type, body };
    let wanted = name.to_ascii_lowercase();
    if !files(setup.vendor, setup.mac).contains(&wanted) {
        return None;
    }
    Some(match setup.vendor {
        Vendor::Yealink => file(PLAIN, yealink::render(setup)),
        Vendor::Fanvil => file(XML, fanvil::render(setup)),
        Vendor::Grandstream => file(XML, grandstream::render(setup)),
        Vendor::Poly if wanted.ends_with("-ringfence.cfg") => file(XML, poly::render(setup)),
        Vendor::Poly => file(XML, poly::master(setup)),
        Vendor::Cisco | Vendor::Other => return None,
    })
}

/// `1` or `0`.
fn flag(set: bool) -> &'static str {
    if set { "1" } else { "0" }
}

/// `Yes` or `No`.
fn yes(set: bool) -> &'static str {
    if set { "Yes" } else { "No" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_says_whose_it_is_and_nothing_else_does() {
        let mac = Mac::parse("001565aabbcc");
        for name in ["001565aabbcc.cfg", "001565AABBCC.cfg", "cfg001565aabbcc.xml"] {
            assert_eq!(whose(name), mac, "{name}");
        }
        assert_eq!(whose("001565aabbcc-ringfence.cfg"), mac);
        for name in [
            "",
            ".cfg",
            "../001565aabbcc.cfg",
            "001565aabbcc",
            "00:15:65:aa:bb:cc.cfg",
            "y000000000028.cf",
            "cfg001565aabbcc",
            "001565aabbcc.cfg/",
            "ca.pem",
        ] {
            assert_eq!(whose(name), None, "{name}");
        }
    }
}
