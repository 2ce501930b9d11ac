//! Subscriptions and schedules: what the runtime is told of them, and in which form their handlers get an event.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::redelivery::Redelivery;
use svckit_model::timing::Times;
use svckit_model::world::{
    Backoff, CallUse, Delivery, Event, Policy, Schedule, Service, Subscription, When,
};

use super::emits::emits;
use super::traits::event_type;
use super::{Handler, Kind, upcasts};
use crate::docs;
use crate::literal;
use crate::names::ident;
use crate::records::{self, Heading};
use crate::scope::Scope;

/// The descriptors of a service's subscriptions and schedules.
pub(super) fn descriptors(s: &Scope<'_>, handlers: &[Handler<'_>]) -> Vec<TokenStream> {
    let descriptor = |handler: &Handler<'_>| match handler.kind {
        Kind::Operation(_) => None,
        Kind::Subscription(it) => Some(subscription(s, handler, it)),
        Kind::Schedule(it) => Some(schedule(s, handler, it)),
    };
    handlers.iter().filter_map(descriptor).collect()
}

fn subscription(s: &Scope<'_>, handler: &Handler<'_>, it: &Subscription) -> TokenStream {
    let (rt, title) = (s.rt(), &it.info.name);
    let (constant, event) = (ident(&handler.names.constant), event_constant(s, it.event));
    let delivery = guarantee(s, it.delivery);
    let dead = it.no_dead_letter.is_some().then(|| quote!(.without_dead_letters()));
    let timeout = timeout(s, it.policy, &it.calls);
    let again = Redelivery::of_subscription(s.world(), &s.all.timing, it);
    let again = again.map(|again| redelivery(s, &again));
    let emits = emits(s, &it.emits, &[]);
    let about = about(title);
    quote! {
        #about
        pub static #constant: #rt::SubscriptionDescriptor =
            #rt::SubscriptionDescriptor::new(SERVICE, #title, &#event) #delivery #dead #again #timeout #emits;
    }
}

fn schedule(s: &Scope<'_>, handler: &Handler<'_>, it: &Schedule) -> TokenStream {
    let (rt, title) = (s.rt(), &it.info.name);
    let constant = ident(&handler.names.constant);
    let when = match &it.when {
        When::Every(nanos) => {
            let every = literal::duration_at(&quote!(#rt), *nanos);
            quote!(Interval(#every))
        }
        When::Cron(line) => quote!(Cron(#line)),
    };
    let (timeout, emits) = (timeout(s, it.policy, &it.calls), emits(s, &it.emits, &[]));
    let about = about(title);
    quote! {
        #about
        pub static #constant: #rt::ScheduleDescriptor =
            #rt::ScheduleDescriptor::new(SERVICE, #title, #rt::Every::#when) #timeout #emits;
    }
}

fn about(title: &str) -> TokenStream {
    docs::docs(&format!("What the runtime knows of `{title}`."))
}

/// `.delivery(…)`; nothing for the default.
pub(super) fn guarantee(s: &Scope<'_>, delivery: Delivery) -> Option<TokenStream> {
    let rt = s.rt();
    let name = match delivery {
        Delivery::AtLeastOnce => return None,
        Delivery::AtMostOnce => quote!(AtMostOnce),
        Delivery::EffectivelyOnce => quote!(EffectivelyOnce),
    };
    Some(quote!(.delivery(#rt::Guarantee::#name)))
}

/// `.redelivery(…)`: how often a message is tried, and the pauses between; the numbers that rules judge.
pub(super) fn redelivery(s: &Scope<'_>, again: &Redelivery) -> TokenStream {
    let rt = s.rt();
    let attempts = literal::uint(again.deliveries.into());
    let growth = match again.pauses.backoff {
        Backoff::Exponential => quote!(exponential),
        Backoff::Linear => quote!(linear),
        Backoff::Constant => quote!(constant),
    };
    let base = literal::duration_at(&quote!(#rt), again.pauses.base);
    let cap = literal::duration_at(&quote!(#rt), again.pauses.cap);
    quote!(.redelivery(#attempts, #rt::Pauses::#growth(#base, #cap)))
}

/// `.timeout(…)`: the total of the handler's policy.
fn timeout(s: &Scope<'_>, policy: Id<Policy>, calls: &[CallUse]) -> TokenStream {
    let numbers = &s.world().policies[policy].numbers;
    let times = Times::of(numbers, s.all.timing.needs(s.world(), calls));
    let rt = s.rt();
    let total = literal::duration_at(&quote!(#rt), times.total);
    quote!(.timeout(#total))
}

/// The path of the descriptor of an event.
fn event_constant(s: &Scope<'_>, id: Id<Event>) -> TokenStream {
    let event = &s.world().events[id];
    let names = &s.all.names.services[&event.service];
    s.path(event.info.package, Some(event.service), &names.event_constants[&id])
}

/// The type in which a handler gets the event: all of it, or what it reads.
pub(super) fn handed(s: &Scope<'_>, it: &Subscription) -> TokenStream {
    match it.reads {
        None => event_type(s, it.event),
        Some(_) => {
            let view = ident(&s.all.names.services[&it.service].handlers[&it.info.name].view);
            quote!(#view)
        }
    }
}

/// The types of what handlers read of events.
pub(super) fn views(s: &Scope<'_>, service: &Service) -> (Vec<TokenStream>, Vec<String>) {
    let (mut items, mut named) = (Vec::new(), Vec::new());
    for it in service.subscriptions.iter().map(|id| &s.world().subscriptions[*id]) {
        let Some(reads) = &it.reads else { continue };
        let record = &s.world().records[s.world().events[it.event].payload];
        let fields: Vec<_> = reads.iter().filter_map(|i| record.fields.get(*i)).cloned().collect();
        let view = &s.all.names.services[&it.service].handlers[&it.info.name].view;
        let event = &s.world().events[it.event].info.name;
        let about = format!("What `{}` reads of `{event}`.", it.info.name);
        let name = ident(view);
        let heading = Heading { attributes: docs::docs(&about), name: &name, default: false };
        items.extend(records::of_fields(s, &heading, &records::wire_name(s, record), &fields));
        named.push(view.clone());
    }
    (items, named)
}

/// The route of a subscription.
pub(super) fn route(
    s: &Scope<'_>,
    all: &[&Handler<'_>],
    handler: &Handler<'_>,
    it: &Subscription,
) -> TokenStream {
    let (name, context) = (ident(&handler.names.method), ident(&handler.names.context));
    let constant = ident(&handler.names.constant);
    let call = quote!(|s, ctx, event| async move { S::#name(&s, &mut #context(ctx), event).await });
    let older = upcasts::readers(s, all, it);
    if older.is_empty() {
        quote!(.on(&#constant, #call))
    } else {
        quote!(.on_versions(&#constant, [#(#older),*], #call))
    }
}
