//! A lending library: one contract (`contracts/library.svc`), and this page of Rust.
svckit::include_contracts!();

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use library::v1::{catalogue::*, desk::*, *};
use svckit::{App, Page, PageRequest, Result, Streaming, Uuid};
use tokio::sync::broadcast::{Receiver, Sender};

/// Keeps the books, and lends them.
#[derive(Clone)]
struct Library {
    books: Arc<Mutex<BTreeMap<Isbn, Book>>>,
    loans: Arc<Mutex<Vec<Loan>>>,
    lent: Sender<Loan>,
}

fn open<T>(shelf: &Mutex<T>) -> MutexGuard<'_, T> {
    shelf.lock().unwrap_or_else(PoisonError::into_inner)
}

impl catalogue::Service for Library {
    async fn add(&self, _: &mut AddContext, book: Book) -> Result<Book> {
        open(&self.books).insert(book.isbn.clone(), book.clone());
        Ok(book)
    }

    async fn import(&self, _: &mut ImportContext, mut all: Streaming<Book>) -> Result<Imported> {
        let mut done = Imported { added: 0, replaced: 0 };
        while let Some(book) = all.message().await? {
            let known = open(&self.books).insert(book.isbn.clone(), book).is_some();
            *(if known { &mut done.replaced } else { &mut done.added }) += 1;
        }
        Ok(done)
    }

    async fn get_book(&self, _: &mut GetBookContext, isbn: Isbn) -> Result<Book, GetBookError> {
        let found = open(&self.books).get(&isbn).cloned();
        found.ok_or(BookNotFound { isbn }.into())
    }

    async fn all(&self, _: &mut AllContext, r: AllRequest, p: PageRequest) -> Result<Page<Book>> {
        let wanted = |b: &&Book| r.author.as_ref().is_none_or(|a| b.authors.contains(a));
        Ok(p.cut(open(&self.books).values().filter(wanted).cloned(), |b| b.isbn.to_string()))
    }

    async fn find(&self, _: &mut FindContext, isbns: Streaming<Isbn>) -> Result<Streaming<Found>> {
        let books = Arc::clone(&self.books);
        let find = move |isbn| open(&books).get(&isbn).cloned().ok_or(isbn);
        Ok(isbns.map_each(move |isbn| find(isbn).map_or_else(Found::Unknown, Found::Book)))
    }
}

impl desk::Service for Library {
    async fn borrow(&self, ctx: &mut BorrowContext, r: BorrowRequest) -> Result<Loan, BorrowError> {
        let book = ctx.catalogue().get_book(r.isbn).await?;
        let (mut loans, id) = (open(&self.loans), LoanId::new(r.request_id));
        if let Some(loan) = loans.iter().find(|loan| loan.id == id) {
            return Ok(loan.clone()); // asked twice, lent once
        }
        let out = loans.iter().filter(|loan| loan.book.isbn == book.isbn);
        if out.clone().count() >= book.copies as usize {
            let expected = out.map(|loan| loan.due).min().unwrap_or_default();
            return Err(AllLent { isbn: book.isbn, expected }.into());
        }
        let due = ctx.now() + Duration::from_secs(28 * 24 * 3600);
        let loan = Loan { id, book, reader: r.reader, due };
        loans.push(loan.clone());
        self.lent.send(loan.clone()).ok(); // an error where nobody watches
        Ok(loan)
    }

    async fn watch_loans(&self, _: &mut WatchLoansContext) -> Result<Streaming<Loan>> {
        let next = async |mut lent: Receiver<_>| Some((lent.recv().await.ok()?, lent));
        Ok(Streaming::from_stream(futures_util::stream::unfold(self.lent.subscribe(), next)))
    }
}

/// Uses the library as a program elsewhere would.
async fn visit(app: &App, isbn: &str) -> Result<(), Box<dyn std::error::Error>> {
    let (books, desk) = (catalogue::Client::connect(app).await?, desk::Client::connect(app).await?);
    let (isbn, title, authors) = (Isbn::new(isbn)?, "Emma".into(), vec!["Jane Austen".into()]);
    let (copies, condition, shelf) = (1, Condition::Good, None);
    let book = Book { isbn: isbn.clone(), title, authors, copies, condition, shelf };
    println!("  added:     {:?}", books.add(book.clone()).await?.title);
    let odd = Book { title: String::new(), copies: 99, ..book };
    for rule in books.add(odd).await.expect_err("the contract forbids it").violations() {
        println!("  refused:   {} {}", rule.path, rule.message);
    }
    let mut watched = desk.watch_loans().await?;
    for isbn in [isbn.clone(), isbn, Isbn::new("9780000000002")?] {
        let (request_id, reader) = (Uuid::new_v4(), ReaderId::new("ada-1")?);
        match desk.borrow(BorrowRequest { request_id, isbn, reader }).await {
            Ok(loan) => println!("  lent:      {loan:?}"),
            Err(BorrowError::AllLent(e)) => println!("  all lent:  {} to {}", e.isbn, e.expected),
            Err(BorrowError::BookNotFound(e)) => println!("  not found: {}", e.isbn),
            Err(BorrowError::Other(e)) => return Err(e.into()),
        }
    }
    println!("  watched:   {:?}", watched.message().await?.map(|loan| loan.due));
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let library = Library { books: Arc::default(), loans: Arc::default(), lent: Sender::new(16) };
    let (catalogue, desk) = (catalogue::server(library.clone()), desk::server(library));
    let app = App::from_env()?.serve(catalogue).serve(desk);
    if std::env::args().any(|arg| arg == "serve") {
        return Ok(app.run().await?); // at SVCKIT_LISTEN, until Ctrl-C
    }
    let here = app.listen("127.0.0.1:0").start().await?;
    println!("in process");
    visit(&here, "9780141439587").await?;
    let url = here.url().unwrap_or_default();
    println!("over gRPC, at {url}");
    let far = App::local().endpoint("library.v1.Catalogue", &url).endpoint("library.v1.Desk", &url);
    visit(&far, "9780141439518").await?;
    here.shutdown().await;
    Ok(())
}
