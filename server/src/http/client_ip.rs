//! The address of the client: the right-most hop that is not trusted.
//!
//! Every proxy appends the address it received the request from, so only what trusted proxies appended counts. The left
//! end of `X-Forwarded-For` is set by the client and could be used to evade rate limits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::{Extensions, HeaderMap};
use ipnet::IpNet;

/// Parses a network in CIDR notation, or a single address. Returns `None` for other text.
pub fn network(text: &str) -> Option<IpNet> {
    let one = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(|_| one()).ok()
}

/// Returns the client's address, or 0.0.0.0 if the socket is unknown (only in tests).
pub fn client_ip(headers: &HeaderMap, extensions: &Extensions, trusted: &[IpNet]) -> IpAddr {
    let peer = extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| {
            info.0.ip().to_canonical()
        });
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
    if !is_trusted(peer) {
        return peer;
    }
    let mut client = peer;
    // Lossily: a byte that a client sends must not hide the hop that a trusted proxy appended to the same line.
    let lines: Vec<_> = headers
        .get_all("x-forwarded-for")
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let hops: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    for hop in hops.iter().rev() {
        // An unreadable hop ends the search: the last readable hop is the client.
        let Some(ip) = address(hop) else { break };
        client = ip;
        if !is_trusted(ip) {
            break;
        }
    }
    client
}

/// Returns the address to count for limits: a client with IPv6 usually controls a whole /64.
pub fn address_block(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => IpAddr::V6(Ipv6Addr::from(u128::from(six) & (u128::MAX << 64))),
        },
    }
}

/// Parses a hop. Some proxies append the port.
fn address(hop: &str) -> Option<IpAddr> {
    let ip = hop
        .parse()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip()));
    ip.map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let headers = forwarded
            .iter()
            .map(|value| {
                (
                    http::HeaderName::from_static("x-forwarded-for"),
                    value.parse().unwrap(),
                )
            })
            .collect();
        let trusted: Vec<IpNet> = trusted.iter().map(|text| network(text).unwrap()).collect();
        client_ip(&headers, &extensions, &trusted).to_string()
    }

    #[test]
    fn an_unreadable_byte_of_the_client_does_not_hide_the_hop_of_the_proxy() {
        let mut extensions = Extensions::new();
        extensions.insert(ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 1))));
        let mut headers = HeaderMap::new();
        let line = http::HeaderValue::from_bytes(b"\xff, 203.0.113.9").unwrap();
        headers.insert("x-forwarded-for", line);
        let trusted = [network("10.0.0.0/8").unwrap()];
        let client = client_ip(&headers, &extensions, &trusted);
        assert_eq!(client.to_string(), "203.0.113.9");
    }

    #[test]
    fn all_addresses_of_a_64_are_one_and_a_mapped_one_is_what_it_maps() {
        let address_block = |text: &str| address_block(text.parse().unwrap());
        assert_eq!(
            address_block("2001:db8:1:2::1"),
            address_block("2001:db8:1:2:ffff::9")
        );
        assert_ne!(
            address_block("2001:db8:1:2::1"),
            address_block("2001:db8:1:3::1")
        );
        assert_eq!(
            address_block("::ffff:192.0.2.1"),
            address_block("192.0.2.1")
        );
    }

    #[test]
    fn without_trusted_proxies_the_header_means_nothing() {
        assert_eq!(seen("192.0.2.1", &["203.0.113.9"], &[]), "192.0.2.1");
    }

    #[test]
    fn the_right_most_untrusted_hop_is_the_client_however_much_stands_left_of_it() {
        assert_eq!(
            seen("10.0.0.1", &["1.1.1.1, 203.0.113.9"], &["10.0.0.0/8"]),
            "203.0.113.9"
        );
        assert_eq!(
            seen(
                "10.0.0.1",
                &["1.1.1.1", "203.0.113.9, 10.9.9.9"],
                &["10.0.0.0/8"]
            ),
            "203.0.113.9"
        );
        assert_eq!(
            seen("10.0.0.1", &["203.0.113.9:4711"], &["10.0.0.0/8"]),
            "203.0.113.9"
        );
        assert_eq!(
            seen("10.0.0.1", &["203.0.113.9, nonsense"], &["10.0.0.0/8"]),
            "10.0.0.1"
        );
        assert_eq!(seen("10.0.0.1", &[], &["10.0.0.0/8"]), "10.0.0.1");
    }

    #[test]
    fn networks_of_both_families_contain_what_they_say() {
        let contains = |net: &str, ip: &str| {
            let ip: IpAddr = ip.parse().unwrap();
            network(net).unwrap().contains(&ip)
        };
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("10.9.9.9/8", "10.0.0.1"));
        assert!(contains("0.0.0.0/0", "11.0.0.1"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("2001:db8::/32", "2001:db8:1::1"));
        assert!(contains("192.0.2.1", "192.0.2.1"));
        assert!(!contains("192.0.2.1", "192.0.2.2"));
        assert!(!contains("::1", "::2"));
        for wrong in [
            "10.0.0.0/33",
            "2001:db8::/129",
            "10.0.0.0/",
            "10.0.0",
            "localhost",
            "",
        ] {
            assert_eq!(network(wrong), None, "{wrong}");
        }
    }
}
