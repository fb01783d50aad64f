//! Ports for servers that need their port number before they start.

use std::{
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU16, Ordering},
};

/// Returns a port on which nothing listens. It is below the range from which the system assigns ports, so that no other
/// test of this process gets it in the meantime.
pub fn unused() -> u16 {
    const FIRST: u16 = 10_000;
    const COUNT: u16 = 20_000;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Another run on this machine starts with another port.
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
