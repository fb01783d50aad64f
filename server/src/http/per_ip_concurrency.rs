//! Limits the concurrent requests per address, so that a client with endless requests cannot block all others.
//!
//! Counts requests in progress. The token buckets limit how often a client sends requests.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
};

/// The divisor of the total that gives the limit per address.
pub const SHARE_PER_ADDRESS: usize = 4;

/// The number of requests in progress per address.
#[derive(Debug, Clone)]
pub struct PerIpConcurrency {
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

/// One request in progress. Released on drop.
#[derive(Debug)]
pub struct ConcurrencyPermit {
    concurrency: PerIpConcurrency,
    address: IpAddr,
}

impl PerIpConcurrency {
    /// Returns a counter with `most` places per address.
    pub fn new(most: usize) -> Self {
        Self {
            taken: Arc::default(),
            most: most.max(1),
        }
    }

    /// Takes a place, or returns `None` if the address has reached its limit.
    pub fn take(&self, address: IpAddr) -> Option<ConcurrencyPermit> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(address).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(ConcurrencyPermit {
            concurrency: self.clone(),
            address,
        })
    }
}

impl Drop for ConcurrencyPermit {
    fn drop(&mut self) {
        let taken = &self.concurrency.taken;
        let mut taken = taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.address);
            }
        }
    }
}

/// Returns the address to count: a client with IPv6 usually controls a whole /64.
pub fn address_block(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => match six.to_ipv4_mapped() {
            Some(four) => IpAddr::V4(four),
            None => IpAddr::V6(Ipv6Addr::from(u128::from(six) & (u128::MAX << 64))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_its_own_places_only_and_gets_them_back() {
        let concurrency = PerIpConcurrency::new(2);
        let (one, other): (IpAddr, IpAddr) =
            ("192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let first = concurrency.take(one).unwrap();
        let _second = concurrency.take(one).unwrap();
        assert!(concurrency.take(one).is_none());
        assert!(concurrency.take(other).is_some());
        drop(first);
        assert!(concurrency.take(one).is_some());
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
}
