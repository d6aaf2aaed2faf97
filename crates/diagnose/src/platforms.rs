//! What names say that public platforms give: which things nobody waits for, and what stands behind an address.
//!
//! Invariant: only names that a platform itself makes are known here, each with its source; no system's own names.

use std::collections::BTreeSet;

/// Whether a node of this name takes work and answers before it is done.
///
/// Sources: types and names of nodes in AWS X-Ray's service graph (`AWS::SQS::Queue`, `AWS::SNS`, `AWS::StepFunctions::StateMachine`);
/// a standard workflow is started by `StartExecution`, which answers at once (AWS Step Functions Developer Guide).
pub fn is_asynchronous(name: &str) -> bool {
    [
        "AWS::SQS",
        "AWS::SNS",
        "AWS::StepFunctions",
        "AWS::Kinesis",
        "AWS::Events",
        "SimpleNotificationService",
        "SimpleQueueService",
        "StepFunctions",
        "EventBridge",
        "Microsoft.ServiceBus",
        "Microsoft.EventHub",
        "pubsub.googleapis.com",
    ]
    .iter()
    .any(|known| name.contains(known))
}

/// The service behind a load balancer's address.
///
/// Source: CloudFormation names a load balancer by the first letters of the stack and of the resource
/// (`STACK-RESOU-HASH.REGION.elb.amazonaws.com`), so that the second part begins a word of the service's name.
pub fn behind(address: &str, names: &BTreeSet<String>) -> Option<String> {
    if !address.contains(".elb.") {
        return None;
    }
    let begins = address.split('.').next()?.split('-').nth(1)?.to_lowercase();
    if begins.len() < 4 {
        return None;
    }
    // X-Ray draws callers that it cannot see as `NAME_client`: they stand before a service, not behind an address.
    let mut fit =
        names.iter().filter(|n| !n.contains(".elb.") && !n.ends_with("_client") && n.to_lowercase().contains(&begins));
    let first = fit.next()?;
    fit.next().is_none().then(|| first.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_balancer_leads_to_the_only_service_that_begins_so() {
        let names: BTreeSet<String> =
            ["CartService", "orders", "x_client", "shop-carts-1a2b.eu-west-1.elb.amazonaws.com"]
                .iter()
                .map(|s| s.to_string())
                .collect();
        assert_eq!(behind("shop-carts-1a2b.eu-west-1.elb.amazonaws.com", &names).as_deref(), Some("CartService"));
        assert_eq!(behind("shop-pay-1a2b.eu-west-1.elb.amazonaws.com", &names), None);
        assert_eq!(behind("cart.example.org", &names), None);
        assert!(is_asynchronous("jobs_AWS::SQS::Queue"));
        assert!(!is_asynchronous("cart_AWS::ECS::Fargate"));
    }
}
