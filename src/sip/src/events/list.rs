//! Lists: the lamps of a phone's keys in one subscription (RFC 4662).
//!
//! ```text
//! multipart/related
//! |- application/rlmi+xml          which resources, where the body of each is
//! |- application/dialog-info+xml   the first one's state
//! '- ...
//! ```
//!
//! The first NOTIFY and that of each refresh hold every resource, the others what changed since.
//! Each resource's own document is always a full one, so that none depends on another before it.

use super::content::Source;
use super::dialog_info::Told;
use super::directory::user_of;
use super::package::{Package, RLMI};
use super::xml::escape;
use model::feature::Watched;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// What one subscriber was told of a list.
#[derive(Clone, Debug, Default)]
pub struct ToldList {
    version: u32,
    told: BTreeMap<Watched, Told>,
}

/// A body in several parts, with the header that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub content_type: String,
    pub body: Vec<u8>,
}

impl ToldList {
    /// Writes the next NOTIFY's body for the list at `uri`: of all of its resources, or of what
    /// changed.
    pub fn next(
        &mut self,
        source: Source<'_>,
        uri: &str,
        list: &[Watched],
        changed: Option<&BTreeSet<Watched>>,
    ) -> Related {
        let Source { board, directory, by, .. } = source;
        self.told.retain(|watched, _| list.contains(watched));
        let full = changed.is_none();
        let (host, version) = (board.host(), self.version);
        let mut rlmi = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
             <list xmlns=\"urn:ietf:params:xml:ns:rlmi\" uri=\"{}\" version=\"{version}\" \
             fullState=\"{full}\">\r\n",
            escape(uri)
        );
        let mut parts = String::new();
        // The boundary must not stand in a part; a part's lines never begin with two hyphens.
        let boundary = format!("b{version}");
        for (place, watched) in list.iter().enumerate() {
            if changed.is_some_and(|changed| !changed.contains(watched)) {
                continue;
            }
            let user = user_of(watched);
            let cid = format!("{place}.{version}@{host}");
            let _ = write!(
                rlmi,
                "<resource uri=\"{}\"><name>{}</name>\
                 <instance id=\"{}\" state=\"active\" cid=\"{cid}\"/></resource>\r\n",
                escape(&board.address(user)),
                escape(directory.name_of(watched)),
                escape(user)
            );
            let named = directory.named(board, by, watched);
            let told = self.told.entry(watched.clone()).or_default();
            let body = told.next(board, watched, named, true);
            part(&mut parts, &boundary, &cid, Package::Dialog.content_type(), &body);
        }
        rlmi.push_str("</list>\r\n");
        let start = format!("list.{version}@{host}");
        let mut body = String::new();
        part(&mut body, &boundary, &start, RLMI, &rlmi);
        body.push_str(&parts);
        let _ = write!(body, "--{boundary}--\r\n");
        self.version = self.version.wrapping_add(1);
        Related {
            content_type: format!(
                "multipart/related;type=\"{RLMI}\";start=\"<{start}>\";boundary=\"{boundary}\""
            ),
            body: body.into_bytes(),
        }
    }
}

/// Writes documents of one kind as a `multipart/mixed` body.
pub fn mixed(format: &str, documents: &[String]) -> Related {
    let mut body = String::new();
    for document in documents {
        let _ = write!(body, "--part\r\nContent-Type: {format}\r\n\r\n{document}\r\n");
    }
    body.push_str("--part--\r\n");
    Related {
        content_type: "multipart/mixed;boundary=\"part\"".to_owned(),
        body: body.into_bytes(),
    }
}

fn part(out: &mut String, boundary: &str, cid: &str, format: &str, body: &str) {
    let _ = write!(
        out,
        "--{boundary}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{cid}>\r\n\
         Content-Type: {format};charset=\"UTF-8\"\r\n\r\n{body}\r\n"
    );
}

#[cfg(test)]
mod tests {
    use super::super::board::Board;
    use super::super::directory::Directory;
    use super::*;
    use model::PhoneId;
    use model::feature::Lamp;

    fn phone(name: &str) -> Watched {
        Watched::Phone(PhoneId::new(name))
    }

    fn text(told: &mut ToldList, board: &Board, changed: Option<&[&str]>) -> String {
        let list = [phone("8002"), phone("8003")];
        let changed = changed.map(|names| names.iter().map(|name| phone(name)).collect());
        let (directory, phones, by) = (&Directory::default(), &BTreeSet::new(), &"8001".into());
        let source = Source { board, directory, phones, by };
        let related = told.next(source, "sip:blf-8001@box.example", &list, changed.as_ref());
        let start = related.content_type.split('"').nth(3).unwrap().to_owned();
        let body = String::from_utf8(related.body).unwrap();
        assert!(body.contains(&format!("Content-ID: {start}")), "{start} is there");
        body
    }

    #[test]
    fn rfc_4662_5_2_the_first_is_full_and_the_next_names_what_changed() {
        let mut board = Board::new("box.example", "192.0.2.1:5060".parse().unwrap());
        let mut told = ToldList::default();
        let first = text(&mut told, &board, None);
        assert!(first.contains("version=\"0\" fullState=\"true\""), "{first}");
        assert_eq!(first.matches("<resource ").count(), 2);
        assert_eq!(first.matches("<dialog-info ").count(), 2);
        board.set_lamp(phone("8003"), Lamp::Ringing { caller: "110".into() });
        let second = text(&mut told, &board, Some(&["8003"]));
        assert!(second.contains("version=\"1\" fullState=\"false\""), "{second}");
        assert_eq!(second.matches("<resource ").count(), 1);
        assert!(second.contains("<resource uri=\"sip:8003@box.example\">"), "{second}");
        let lamp = "version=\"1\" state=\"full\" entity=\"sip:8003@box.example\"";
        assert!(second.contains(lamp), "each resource counts for itself: {second}");
    }

    #[test]
    fn rfc_4662_5_5_each_resource_names_the_part_that_holds_its_state() {
        let board = Board::new("box.example", "192.0.2.1:5060".parse().unwrap());
        let body = text(&mut ToldList::default(), &board, None);
        for cid in ["0.0@box.example", "1.0@box.example"] {
            assert!(body.contains(&format!("cid=\"{cid}\"")), "{cid}");
            assert!(body.contains(&format!("Content-ID: <{cid}>")), "{cid}");
        }
        assert!(body.ends_with("--b0--\r\n"));
        assert_eq!(body.matches("--b0\r\n").count(), 3, "the list and its two resources");
    }

    #[test]
    fn several_documents_are_one_body() {
        let related = mixed("a/b", &["<one/>".to_owned(), "<two/>".to_owned()]);
        let body = String::from_utf8(related.body).unwrap();
        assert_eq!(body.matches("Content-Type: a/b").count(), 2);
        assert!(body.ends_with("<two/>\r\n--part--\r\n"), "{body}");
    }
}
