//! A day on which the shop is killed again and again, at moments of chance, while customers order.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use shop::audit::Books;
use shop::{drive, house};

use crate::Result;
use crate::options::Options;

/// The shop lives at least and at most that long before it is killed.
const LIFE: (u64, u64) = (30, 700);

/// Kills the shop so many times, then compares its books.
pub(crate) async fn crash(options: &Options) -> Result<ExitCode> {
    let temporary = tempfile::tempdir()?;
    let data = options.data.as_deref().unwrap_or(temporary.path());
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let (url, address) = (format!("http://127.0.0.1:{port}"), format!("127.0.0.1:{port}"));
    println!(
        "The shop at {url}, durable in {}, is killed {} times.",
        data.display(),
        options.times
    );
    let mut shop = Shop::open(data, &address)?;
    let app = house::all_at(&url);
    drive::restock(&app, options.orders, options.seed).await?;
    let plan = drive::plan(options.orders, options.seed);
    let started = Instant::now();
    let (mut kills, mut placed) = (0, 0);
    let mut chance = options.seed | 1;
    while kills < options.times || placed < plan.len() {
        // Customers come in groups, so that there are some for each life of the shop.
        let share = plan.len().div_ceil(options.times.max(1)).max(1);
        let next = (placed + share).min(plan.len());
        let come = drive::place(&app, &plan[placed..next], false);
        if kills < options.times {
            let (done, killed) = tokio::join!(come, shop.killed_after(life(&mut chance), &address));
            done?;
            killed?;
            kills += 1;
        } else {
            come.await?;
        }
        placed = next;
    }
    let start = drive::pieces_at_start(options.orders);
    let report = Books::settled(&app).await?.audit(&plan, &start);
    drop(shop);
    println!("\n{report}\n{kills:>6} times killed in {} s", started.elapsed().as_secs());
    Ok(crate::reckon(report.faults.is_empty()))
}

/// How long the shop lives this time.
fn life(chance: &mut u64) -> Duration {
    *chance ^= *chance << 13;
    *chance ^= *chance >> 7;
    *chance ^= *chance << 17;
    Duration::from_millis(LIFE.0 + *chance % (LIFE.1 - LIFE.0))
}

/// The process of the shop.
struct Shop {
    data: std::path::PathBuf,
    child: Child,
}

impl Shop {
    fn open(data: &Path, address: &str) -> Result<Self> {
        Ok(Self { data: data.to_owned(), child: start(data, address)? })
    }

    /// Kills it after a while, without a warning, and opens it again.
    async fn killed_after(&mut self, life: Duration, address: &str) -> Result<()> {
        tokio::time::sleep(life).await;
        self.child.kill()?;
        self.child.wait()?;
        self.child = start(&self.data, address)?;
        Ok(())
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn start(data: &Path, address: &str) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["serve", "all", "--listen", address, "--data"]).arg(data);
    // What the killed one says of its end is of no use.
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}
