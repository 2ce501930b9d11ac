//! The client of a service.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::Service;

use super::calls::Call;
use crate::docs;
use crate::scope::Scope;

/// `Client` with a method for each operation; nothing for a service without any.
pub(super) fn items(s: &Scope<'_>, id: Id<Service>) -> Vec<TokenStream> {
    let service = &s.world().services[id];
    if service.operations.is_empty() {
        return Vec::new();
    }
    let (rt, svckit, ok) = (s.rt(), s.svckit(), s.std("Ok"));
    let about = docs::docs(&format!("Calls {}; cheap to clone.", service.info.name));
    let methods = service.operations.iter().map(|op| {
        let call = Call::new(s, *op);
        call.client_method(&call.names.client_method, None)
    });
    vec![
        quote! {
            #about
            #[derive(Clone, Debug)]
            pub struct Client {
                stub: #rt::Stub,
            }
        },
        quote! {
            impl Client {
                /// A client by the deployment: within the process, or to where the configuration says.
                pub async fn connect(app: &#svckit::App) -> #svckit::Result<Self> {
                    #ok(Self { stub: app.stub(&DESCRIPTOR)? })
                }
                /// A client over a channel.
                #[must_use]
                pub fn new(channel: #svckit::Channel) -> Self {
                    Self { stub: #rt::Stub::new(channel) }
                }
                /// The same client with other options for each call.
                #[must_use]
                pub fn with(&self, options: #svckit::CallOptions) -> Self {
                    Self { stub: self.stub.with(options) }
                }
                #(#methods)*
            }
        },
    ]
}
