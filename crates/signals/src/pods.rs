//! Which service an instance belongs to, where only the instance is named.
//!
//! Invariant: only what a platform itself puts behind a name is taken off. Source: Kubernetes names pods of a Deployment
//! `NAME-HASH-SUFFIX` and of a DaemonSet `NAME-SUFFIX` with letters of `bcdfghjklmnpqrstvwxz2456789`
//! (`k8s.io/apimachinery/pkg/util/rand`), those of a StatefulSet `NAME-0`; Compose names containers `NAME-1` or `NAME_1`.

/// The service's name in an instance's.
pub fn service(instance: &str) -> &str {
    let Some((front, last)) = instance.rsplit_once('-') else {
        return match instance.rsplit_once('_') {
            Some((front, last)) if number(last) && !front.is_empty() => front,
            _ => instance,
        };
    };
    if front.is_empty() {
        return instance;
    }
    if number(last) {
        return front;
    }
    if !(last.len() == 5 && safe(last)) {
        return instance;
    }
    match front.rsplit_once('-') {
        Some((name, hash)) if !name.is_empty() && (6..=10).contains(&hash.len()) && safe(hash) && digit(hash) => name,
        _ if digit(last) => front,
        _ => instance,
    }
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit())
}

fn digit(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

fn safe(text: &str) -> bool {
    text.bytes().all(|b| b"bcdfghjklmnpqrstvwxz2456789".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_off_what_platforms_add_and_nothing_else() {
        for (instance, name) in [
            ("cart-service-64469b5b48-25zj6", "cart-service"),
            ("shop-front-5477b965f-2chkr", "shop-front"),
            ("redis-0", "redis"),
            ("shop_cart_1", "shop_cart"),
            ("node-exporter-x2b5z", "node-exporter"),
            ("orders-service", "orders-service"),
            ("checkout", "checkout"),
            ("stock2-7d4b-qq", "stock2-7d4b-qq"),
        ] {
            assert_eq!(service(instance), name);
        }
    }
}
