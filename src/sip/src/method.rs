//! The methods that we know, and their names on the wire.

use rsip::Method;

/// The methods with their names.
const METHODS: [(Method, &str); 14] = [
    (Method::Ack, "ACK"),
    (Method::Bye, "BYE"),
    (Method::Cancel, "CANCEL"),
    (Method::Info, "INFO"),
    (Method::Invite, "INVITE"),
    (Method::Message, "MESSAGE"),
    (Method::Notify, "NOTIFY"),
    (Method::Options, "OPTIONS"),
    (Method::PRack, "PRACK"),
    (Method::Publish, "PUBLISH"),
    (Method::Refer, "REFER"),
    (Method::Register, "REGISTER"),
    (Method::Subscribe, "SUBSCRIBE"),
    (Method::Update, "UPDATE"),
];

/// The method of a name, which counts by its case (RFC 3261 section 7.1).
pub fn method_named(name: &str) -> Option<Method> {
    METHODS.iter().find(|(_, known)| *known == name).map(|(method, _)| *method)
}

/// The name of a method.
pub fn method_name(method: Method) -> &'static str {
    METHODS.iter().find(|(known, _)| *known == method).map_or("", |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_method_has_the_name_it_is_found_by() {
        for method in Method::all() {
            assert_eq!(method_name(method), method.to_string());
            assert_eq!(method_named(method_name(method)), Some(method));
        }
        assert_eq!(method_named("invite"), None);
    }
}
