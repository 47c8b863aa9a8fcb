//! Which of the box's addresses faces whom, where it binds to every address.
//!
//! The routing table is asked, for each network it names: a datagram socket is connected to an
//! address in it, which sends nothing, and says which of our addresses would be the sender's. So a
//! phone on a second network is told the address it can reach, and not that of the default route.
//! The table is read at the start; a network that comes later is told after a restart.

use sip::Facing;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Most networks that are looked at: more have no box of this kind.
const NETWORKS_MAX: usize = 64;
/// Any port: nothing is sent.
const PORT: u16 = 9;

/// The address others at `to` reach the box at, as the routing table has it.
pub fn facing(to: IpAddr) -> Option<IpAddr> {
    let any = match to {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(SocketAddr::new(to, PORT)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified()).then_some(own)
}

/// The networks the box has routes to, the narrowest first, with the address it faces each with.
pub fn networks() -> Vec<Facing> {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let v4 = routes_v4(&read("/proc/net/route"));
    let v6 = routes_v6(&read("/proc/net/ipv6_route"));
    let own = |(net, bits)| Some(Facing { net, bits, own: facing(within(net, bits))? });
    let local = [(IpAddr::V4(Ipv4Addr::LOCALHOST), 8), (IpAddr::V6(Ipv6Addr::LOCALHOST), 128)];
    let all = local.into_iter().chain(v4).chain(v6).take(NETWORKS_MAX);
    let mut facing: Vec<Facing> = all.filter_map(own).collect();
    facing.sort_by_key(|facing| std::cmp::Reverse(facing.bits));
    facing
}

/// The numbers of the interfaces that have a network of IPv4, to hear multicast on each.
pub fn interfaces() -> Vec<u32> {
    let table = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    let mut names: Vec<&str> =
        table.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    names.sort_unstable();
    names.dedup();
    let index = |name: &str| {
        let path = format!("/sys/class/net/{name}/ifindex");
        std::fs::read_to_string(path).ok()?.trim().parse().ok()
    };
    names.into_iter().take(NETWORKS_MAX).filter_map(index).collect()
}

/// An address of a network that is not the network's own.
fn within(net: IpAddr, bits: u8) -> IpAddr {
    match net {
        IpAddr::V4(v4) if bits < 31 => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() | 1)),
        IpAddr::V6(v6) if bits < 127 => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() | 1)),
        host => host,
    }
}

/// Networks of `/proc/net/route`: interface, destination and gateway in base 16 with the last byte
/// first, …, the mask in the eighth place. The default route is none.
fn routes_v4(table: &str) -> Vec<(IpAddr, u8)> {
    let route = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| Some(u32::from_str_radix(fields.get(at)?, 16).ok()?.swap_bytes());
        let (net, mask) = (number(1)?, number(7)?);
        let bits = u8::try_from(mask.leading_ones()).ok().filter(|bits| *bits > 0)?;
        Some((IpAddr::V4(Ipv4Addr::from_bits(net)), bits))
    };
    table.lines().skip(1).filter_map(route).collect()
}

/// Networks of `/proc/net/ipv6_route`: destination and its bits in base 16. Neither the default
/// route nor multicast, nor link-local networks, of which every interface has the same.
fn routes_v6(table: &str) -> Vec<(IpAddr, u8)> {
    let route = |line: &str| {
        let mut fields = line.split_whitespace();
        let net = u128::from_str_radix(fields.next()?, 16).ok()?;
        let bits = u8::from_str_radix(fields.next()?, 16).ok().filter(|bits| *bits > 0)?;
        let net = Ipv6Addr::from_bits(net);
        let told = !net.is_multicast() && !net.is_unicast_link_local() && !net.is_loopback();
        told.then_some((IpAddr::V6(net), bits))
    };
    table.lines().filter_map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_from_the_kernels_table_without_the_default_route() {
        let table = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\n\
             eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
             eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
             eth1\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\nnonsense\n";
        let networks: Vec<String> =
            routes_v4(table).iter().map(|(net, bits)| format!("{net}/{bits}")).collect();
        assert_eq!(networks, ["192.168.1.0/24", "10.0.0.0/8"]);
        let table = "20010db8000000000000000000000000 40 00 00 00 00 00 00 00 eth0\n\
             fe800000000000000000000000000000 40 00 00 00 00 00 00 00 eth0\n\
             00000000000000000000000000000000 00 00 00 00 00 00 00 00 eth0\n";
        assert_eq!(routes_v6(table), [("2001:db8::".parse().unwrap(), 64)]);
    }

    #[test]
    fn whoever_asks_on_this_machine_is_faced_with_the_loopback() {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(facing(loopback), Some(loopback));
        let found = networks().into_iter().find(|facing| facing.has(loopback));
        assert_eq!(found.unwrap().own, loopback);
    }
}
