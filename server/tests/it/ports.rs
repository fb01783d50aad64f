//! Ports for servers that must be told theirs before they start.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

/// A port on which nothing listens. It lies below those that the system hands out by itself, so that no other test
/// of this process gets it meanwhile.
pub fn unused() -> u16 {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Another run on this machine begins elsewhere.
    let offset = std::process::id() % u32::from(COUNT);
    let offset = u16::try_from(offset).expect("it is less than COUNT");
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (offset + number) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
