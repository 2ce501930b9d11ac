//! What goes in and comes out of an operation, in Rust.

use proc_macro2::TokenStream;
use quote::quote;
use svckit_model::Id;
use svckit_model::world::{Operation, Request, Response, Type};

use super::upload;
use crate::names::{OperationNames, ident};
use crate::scope::Scope;

/// An operation as seen from some module.
pub(super) struct Call<'a> {
    pub(super) s: Scope<'a>,
    pub(super) id: Id<Operation>,
    pub(super) operation: &'a Operation,
    pub(super) names: &'a OperationNames,
}

/// The method of the runtime that carries an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Unary,
    ServerStream,
    ClientStream,
    Bidi,
    Upload,
}

impl<'a> Call<'a> {
    pub(super) fn new(s: &Scope<'a>, id: Id<Operation>) -> Self {
        let operation = &s.world().operations[id];
        let names = &s.all.names.services[&operation.service].operations[&id];
        Self { s: *s, id, operation, names }
    }

    pub(super) fn way(&self) -> Way {
        let (out, upload) =
            (self.operation.streams_out(), upload::is_upload(self.s.world(), self.id));
        match &self.operation.request {
            Request::Stream(_) if out => Way::Bidi,
            Request::Stream(_) => Way::ClientStream,
            _ if upload => Way::Upload,
            _ if out => Way::ServerStream,
            _ => Way::Unary,
        }
    }

    /// The method's name in the runtime, on both sides.
    pub(super) fn method(&self) -> TokenStream {
        match self.way() {
            Way::Unary => quote!(unary),
            Way::ServerStream => quote!(server_stream),
            Way::ClientStream => quote!(client_stream),
            Way::Bidi => quote!(bidi),
            Way::Upload => quote!(upload),
        }
    }

    fn within(&self, name: &str) -> TokenStream {
        self.s.path(self.operation.info.package, Some(self.operation.service), name)
    }

    /// The path of the operation's descriptor.
    pub(super) fn descriptor(&self) -> TokenStream {
        self.within(&self.names.constant)
    }

    /// The path of the type of its errors.
    pub(super) fn error(&self) -> TokenStream {
        self.within(&self.names.error)
    }

    fn is_paged(&self) -> bool {
        matches!(self.operation.response, Response::Page(_))
    }

    /// Parameters: `request: T, page: PageRequest`.
    pub(super) fn params(&self) -> Vec<TokenStream> {
        let (s, svckit) = (&self.s, self.s.svckit());
        let mut params = match &self.operation.request {
            Request::Empty => Vec::new(),
            Request::Record(id) | Request::Params(id) => {
                let ty = s.record(*id);
                vec![quote!(request: #ty)]
            }
            Request::Value(ty) => {
                let ty = s.ty(ty);
                vec![quote!(value: #ty)]
            }
            Request::Stream(ty) => {
                let ty = s.ty(ty);
                vec![quote!(requests: #svckit::Streaming<#ty>)]
            }
        };
        params.extend(self.is_paged().then(|| quote!(page: #svckit::PageRequest)));
        params
    }

    /// The names of the parameters, as they are handed on.
    pub(super) fn args(&self) -> Vec<TokenStream> {
        let mut args = match &self.operation.request {
            Request::Empty => Vec::new(),
            Request::Record(_) | Request::Params(_) => vec![quote!(request)],
            Request::Value(_) => vec![quote!(value)],
            Request::Stream(ty) if is_record(ty) => vec![quote!(requests)],
            Request::Stream(_) => {
                let rt = self.s.rt();
                vec![quote!(#rt::values(requests))]
            }
        };
        args.extend(self.is_paged().then(|| quote!(page)));
        args
    }

    /// The message of the request: an expression of the client, and the pattern of the server.
    fn message(&self) -> TokenStream {
        let rt = self.s.rt();
        let (message, brief) = match &self.operation.request {
            Request::Empty => (quote!(#rt::Empty {}), false),
            Request::Record(_) | Request::Params(_) => (quote!(request), true),
            Request::Value(_) => (quote!(#rt::One { value }), false),
            Request::Stream(_) => (quote!(requests), true),
        };
        match (self.is_paged(), brief) {
            (false, _) => message,
            (true, true) => quote!(#rt::Paged { request, page }),
            (true, false) => quote!(#rt::Paged { request: #message, page }),
        }
    }

    /// What the client hands to the runtime.
    pub(super) fn sent(&self) -> TokenStream {
        let rt = self.s.rt();
        match (&self.operation.request, self.way()) {
            (Request::Stream(ty), _) if !is_record(ty) => quote!(#rt::ones(requests)),
            (_, Way::Unary | Way::ServerStream) => {
                let message = self.message();
                quote!(&#message)
            }
            _ => self.message(),
        }
    }

    /// What the server gets from the runtime, as a pattern.
    pub(super) fn received(&self) -> TokenStream {
        self.message()
    }

    /// What the method gives on success.
    pub(super) fn output(&self) -> TokenStream {
        let (s, svckit) = (&self.s, self.s.svckit());
        match &self.operation.response {
            Response::Empty | Response::Queued => quote!(()),
            Response::Value(ty) => s.ty(ty),
            Response::Optional(ty) => {
                let (option, ty) = (s.std("Option"), s.ty(ty));
                quote!(#option<#ty>)
            }
            Response::Page(ty) => {
                let ty = s.ty(ty);
                quote!(#svckit::Page<#ty>)
            }
            Response::Stream(ty) => {
                let ty = s.ty(ty);
                quote!(#svckit::Streaming<#ty>)
            }
        }
    }

    /// From the answer on the wire to what the client's method gives.
    pub(super) fn unwrapped(&self) -> Option<TokenStream> {
        let rt = self.s.rt();
        match &self.operation.response {
            Response::Empty | Response::Queued => Some(quote!(.map(|#rt::Empty {}| ()))),
            Response::Value(ty) if is_record(ty) => None,
            Response::Value(_) | Response::Optional(_) => {
                Some(quote!(.map(|#rt::One { value }| value)))
            }
            Response::Page(_) => None,
            Response::Stream(ty) if is_record(ty) => None,
            Response::Stream(_) => Some(quote!(.map(#rt::values))),
        }
    }

    /// From what the handler gives to the answer on the wire.
    pub(super) fn wrapped(&self) -> Option<TokenStream> {
        let rt = self.s.rt();
        match &self.operation.response {
            Response::Queued | Response::Page(_) => None,
            Response::Empty => Some(quote!(.map(|()| #rt::Empty {}))),
            Response::Value(ty) if is_record(ty) => None,
            Response::Value(_) | Response::Optional(_) => Some(quote!(.map(#rt::one))),
            Response::Stream(ty) if is_record(ty) => None,
            Response::Stream(_) => Some(quote!(.map(#rt::ones))),
        }
    }

    /// The method of a client, over the stub in `self`; `own` is the operation as this client has it, where that is not
    /// as the callee does.
    pub(super) fn client_method(&self, name: &str, own: Option<TokenStream>) -> TokenStream {
        let attributes = crate::docs::attributes(&self.operation.info);
        let (name, params, result) = (ident(name), self.params(), self.s.std("Result"));
        let (output, error) = (self.output(), self.error());
        let rt = self.s.rt();
        let (sent, unwrapped, method) = (self.sent(), self.unwrapped(), self.method());
        let descriptor = own.as_ref().map_or_else(|| self.descriptor(), |_| quote!(OWN));
        let own = own.map(|own| quote!(static OWN: #rt::Operation = #own;));
        quote! {
            #attributes
            pub async fn #name(&self, #(#params),*) -> #result<#output, #error> {
                #own
                self.stub.#method(&#descriptor, #sent).await #unwrapped
            }
        }
    }
}

/// Whether a type is a message of its own in a request or an answer, rather than field 1 of one.
pub(super) fn is_record(ty: &Type) -> bool {
    matches!(ty, Type::Record(_))
}
