//! A network of a test's own: a namespace with the loopback and one more address, which nothing
//! outside the machine reaches.
//!
//! baresip names no loopback address in its session descriptions, so that it and the box it calls
//! need another. The demonstration's passwords are published: its box is never bound to an address
//! that the machine's own network reaches.

use std::net::Ipv4Addr;
use std::process::Command;

/// The address beside the loopback (RFC 5737: of documentation, nobody's).
pub const OWN: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// Tells a test of ours that it runs in its own network already.
const INSIDE: &str = "RINGFENCE_TEST_NETWORK";

const SETUP: &str = "set -e
    ip link set lo up
    ip link add box type veth peer name far
    ip addr add 192.0.2.10/24 dev box
    ip link set box up
    ip link set far up
    ip route add default dev box
    exec \"$@\"";

/// Runs a test once more in a network of its own and tells that it did; false within it. Users who
/// are not root get one with a user namespace.
///
/// # Panics
/// Where the test fails there, or this machine gives no such network.
pub fn apart<T>(_test: T) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return false;
    }
    let name = std::any::type_name::<T>().split_once("::").map_or("", |(_, name)| name);
    let own = std::env::current_exe().expect("a test knows its program");
    let user: &[&str] =
        if rustix::process::geteuid().is_root() { &[] } else { &["--map-root-user"] };
    let apart = |program: &mut Command| program.env(INSIDE, "1").status();
    let mut unshare = Command::new("unshare");
    unshare.args(user).args(["--net", "sh", "-c", SETUP, "sh"]);
    let made = apart(Command::new("unshare").args(unshare.get_args()).arg("true"));
    assert!(
        made.as_ref().is_ok_and(|status| status.success()),
        "baresip needs a network of its own, and none could be made ({made:?}): allow user \
         namespaces (sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 on Ubuntu, \
         kernel.unprivileged_userns_clone=1 on Debian), or run the test as root; a container wants \
         CAP_NET_ADMIN and CAP_SYS_ADMIN. unshare and ip are installed by scripts/setup test"
    );
    let status = apart(unshare.arg(own).args(["--exact", name, "--nocapture"]));
    assert!(status.is_ok_and(|status| status.success()), "{name} failed in its own network");
    true
}
