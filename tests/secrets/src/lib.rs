//! The services of `contracts/vault.svc`, which do as they are told: for the tests beside this.
svckit::include_contracts!();

use std::sync::{Arc, Mutex, PoisonError};

use self::secrets::vault::v1::{Card, Colour, Deed, Leaked, Means, bell, clerk, desk, vault};
use svckit::{Error, Principal, Result};

/// Serves all of it.
#[derive(Clone, Debug, Default)]
pub struct House {
    /// For whom events and queued commands were handled.
    pub heard: Arc<Mutex<Vec<String>>>,
    /// How often something was put down.
    pub put: Arc<Mutex<u32>>,
}

/// A card with this number, and everything else made of it.
#[must_use]
pub fn card(number: &str) -> Card {
    Card {
        number: number.to_owned(),
        holder: "Ann".to_owned(),
        labels: std::collections::BTreeMap::new(),
        colour: Colour::Red,
        born: None,
        notes: Vec::new(),
        in_it: None,
    }
}

/// What a handler was told to do with a number.
async fn deed(deed: Deed, number: &str) -> Result<Card, Option<Leaked>> {
    match deed {
        Deed::Fail => Err(Some(Leaked { number: number.to_owned(), count: 1 })),
        Deed::Fall => {
            // So does a task that it spawns.
            let card = number.to_owned();
            let fell: tokio::task::JoinHandle<()> =
                tokio::spawn(async move { panic!("nor here is there a card: {card}") });
            assert!(fell.await.is_err());
            panic!("no such card: {number}")
        }
        Deed::FallPlainly => panic!("no such card"),
        Deed::Dawdle => std::future::pending().await,
        Deed::BeAway | Deed::Deny => Err(None),
        _ => Ok(card(number)),
    }
}

/// A failure that has nothing to hide but its cause.
fn away(deed: Deed) -> Error {
    match deed {
        Deed::Deny => Error::permission_denied("not for you"),
        _ => Error::unavailable("away"),
    }
}

impl vault::Service for House {
    async fn store(
        &self,
        ctx: &mut vault::StoreContext,
        request: vault::StoreRequest,
    ) -> Result<Card, vault::StoreError> {
        // As a handler may do that traces what it is given.
        let within = tracing::info_span!("into the vault", ?request);
        within.in_scope(|| tracing::warn!(means = ?request.means, "it is put down"));
        let number = match request.means {
            Means::Card(card) => card.number,
            Means::Word(word) => word,
        };
        ctx.state::<Card>().put(&request.key, &card(&number)).await?;
        let done = deed(request.deed, &number).await;
        let card = done.map_err(|leaked| match leaked {
            Some(leaked) => vault::StoreError::from(leaked),
            None => away(request.deed).into(),
        })?;
        let id = ctx.new_id().to_string();
        ctx.emit_stored(vault::Stored { number, deed: Deed::Answer, id });
        Ok(card)
    }

    async fn find(
        &self,
        _: &mut vault::FindContext,
        request: vault::FindRequest,
    ) -> Result<Card, vault::FindError> {
        let done = deed(request.deed, &request.number).await;
        done.map_err(|leaked| match leaked {
            Some(leaked) => leaked.into(),
            None => away(request.deed).into(),
        })
    }

    async fn later(
        &self,
        _: &mut vault::LaterContext,
        request: vault::LaterRequest,
    ) -> Result<(), vault::LaterError> {
        let done = deed(request.deed, &request.number).await;
        done.map(drop).map_err(|leaked| match leaked {
            Some(leaked) => Error::failed_precondition(leaked.to_string()),
            None => away(request.deed),
        })
    }
}

impl clerk::Service for House {}

impl clerk::Subscriptions for House {
    async fn remember(&self, _: &mut clerk::RememberContext, event: vault::Stored) -> Result<()> {
        panic!("this event is too much for me: {}", event.number)
    }
}

impl House {
    fn hear(&self, what: &str, principal: Option<&Principal>, tenant: Option<&str>) {
        let who = principal.map(Principal::key).unwrap_or_default();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push(format!("{what} {who} {}", tenant.unwrap_or_default()));
    }
}

impl desk::Service for House {
    async fn put(&self, ctx: &mut desk::PutContext, request: desk::PutRequest) -> Result<String> {
        *self.put.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let id = ctx.new_id().to_string();
        ctx.emit_noted(desk::Noted { id });
        let who = ctx.principal().map(|who| who.subject.clone()).unwrap_or_default();
        ctx.send_file(desk::FileRequest { text: request.text })?;
        Ok(who)
    }

    async fn file(&self, ctx: &mut desk::FileContext, _: desk::FileRequest) -> Result<()> {
        self.hear("file", ctx.principal(), ctx.tenant());
        Ok(())
    }

    async fn seen(&self, _: &mut desk::SeenContext, request: desk::SeenRequest) -> Result<String> {
        Ok(request.id)
    }
}

impl bell::Service for House {}

impl bell::Subscriptions for House {
    async fn ring(&self, ctx: &mut bell::RingContext, event: desk::Noted) -> Result<()> {
        self.hear("ring", ctx.principal(), ctx.tenant());
        ctx.emit_rang(bell::Rang { id: event.id });
        Ok(())
    }

    async fn listen(&self, ctx: &mut bell::ListenContext, _: bell::Rang) -> Result<()> {
        self.hear("listen", ctx.principal(), ctx.tenant());
        Ok(())
    }
}
