//! What runs although no code names it: members that a framework calls, types that it finds by scanning an assembly.
//!
//! Reach is decided by names (`graph`), so these are stated as mentions: a member that a framework calls is mentioned by
//! its type, a type that is found by scanning is mentioned by its file. Knowledge about .NET's public libraries.

use super::ir::{Call, Function, Type, Unit};
use crate::lang::Lang;
use seam_facts::SmolStr;

/// Interfaces whose implementations are registered by scanning, with the members that are called.
const SCANNED: &[&str] = &[
    "IRequestHandler",
    "INotificationHandler",
    "IStreamRequestHandler",
    "ICommandHandler",
    "IQueryHandler",
    "IEventHandler",
    "IDomainEventHandler",
    "IIntegrationEventHandler",
    "IDistributedEventHandler",
    "ILocalEventHandler",
    "IConsumer",
    "IHandleMessages",
    "IAmStartedByMessages",
    "ICapSubscribe",
    "IJobConsumer",
];

/// Types that are registered by name and then called by the framework.
const CALLED: &[&str] = &[
    "IPipelineBehavior",
    "IStreamPipelineBehavior",
    "IRequestPreProcessor",
    "IRequestPostProcessor",
    "IHostedService",
    "BackgroundService",
    "IMiddleware",
    "DelegatingHandler",
    "SaveChangesInterceptor",
    "ISaveChangesInterceptor",
    "IFilter",
    "IActionFilter",
    "IAsyncActionFilter",
    "IJob",
    "AuthenticationHandler",
    // Modules that others depend on by attribute, or that a container is given.
    "AbpModule",
    "Module",
];

/// The members of those types that a framework calls.
const MEMBERS: &[&str] = &[
    "Handle",
    "HandleAsync",
    "HandleEventAsync",
    "HandleAuthenticateAsync",
    "Consume",
    "Process",
    "Execute",
    "ExecuteAsync",
    "StartAsync",
    "Invoke",
    "InvokeAsync",
    "Send",
    "SendAsync",
    "SavingChanges",
    "SavingChangesAsync",
    "SavedChanges",
    "SavedChangesAsync",
    "OnActionExecuting",
    "OnActionExecuted",
    "OnActionExecutionAsync",
    "PreConfigureServices",
    "PreConfigureServicesAsync",
    "ConfigureServices",
    "ConfigureServicesAsync",
    "PostConfigureServices",
    "PostConfigureServicesAsync",
    "OnPreApplicationInitialization",
    "OnPreApplicationInitializationAsync",
    "OnApplicationInitialization",
    "OnApplicationInitializationAsync",
    "OnPostApplicationInitialization",
    "OnPostApplicationInitializationAsync",
    "Load",
];

/// Members of `ty` that a framework calls once the type is used.
pub(super) fn called(unit: &Unit, ty: &Type) -> Vec<SmolStr> {
    if unit.lang != Lang::CSharp || ty.interface || !of(ty, SCANNED) && !of(ty, CALLED) {
        return Vec::new();
    }
    let members = unit.functions.iter().filter(|f| f.owner == ty.name && MEMBERS.contains(&f.name.as_str()));
    members.map(|f| f.name.clone()).collect()
}

/// Whether a framework finds `ty` by itself.
pub(super) fn scanned(unit: &Unit, ty: &Type) -> bool {
    unit.lang == Lang::CSharp && !ty.interface && of(ty, SCANNED)
}

fn of(ty: &Type, list: &[&str]) -> bool {
    ty.supers.iter().any(|s| list.contains(&s.as_str()))
}

/// A function that sets up health checks names what others use; that is no use of it.
pub(super) fn only_checks(unit: &Unit, function: &Function) -> bool {
    let name = function.name.to_ascii_lowercase();
    unit.lang == Lang::CSharp && (name.ends_with("healthcheck") || name.ends_with("healthchecks"))
}

/// The member that reflection asks for by text: `GetMethod("Subscribe")`.
pub(super) fn reflected(call: &Call) -> Option<&SmolStr> {
    matches!(call.name(), "GetMethod" | "getMethod" | "getDeclaredMethod").then(|| call.arg(0)?.as_str()).flatten()
}
