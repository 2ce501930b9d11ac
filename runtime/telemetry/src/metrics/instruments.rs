//! The instruments, one per metric of the table.

use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, UpDownCounter};

use super::names::{self, BOUNDS, Metric};

/// All that is counted.
pub(crate) struct Instruments {
    pub(crate) server_calls: Histogram<f64>,
    pub(crate) client_calls: Histogram<f64>,
    pub(crate) http_server: Histogram<f64>,
    pub(crate) http_client: Histogram<f64>,
    pub(crate) active: UpDownCounter<i64>,
    pub(crate) attempts: Histogram<f64>,
    pub(crate) retries: Counter<u64>,
    pub(crate) retries_refused: Counter<u64>,
    pub(crate) rejected: Counter<u64>,
    pub(crate) hedges: Counter<u64>,
    pub(crate) fallbacks: Counter<u64>,
    pub(crate) breakers_open: UpDownCounter<i64>,
    pub(crate) breaker_changes: Counter<u64>,
    pub(crate) picks: Counter<u64>,
    pub(crate) resolutions: Counter<u64>,
    pub(crate) endpoints: Gauge<u64>,
    pub(crate) endpoint_changes: Counter<u64>,
    pub(crate) replays: Counter<u64>,
    pub(crate) reloads: Counter<u64>,
    pub(crate) ejections: Counter<u64>,
    pub(crate) ejected: UpDownCounter<i64>,
    pub(crate) sent: Counter<u64>,
    pub(crate) send_duration: Histogram<f64>,
    pub(crate) consumed: Counter<u64>,
    pub(crate) process: Histogram<f64>,
    pub(crate) settled: Counter<u64>,
    pub(crate) redeliveries: Counter<u64>,
    pub(crate) delivery_lag: Histogram<f64>,
    pub(crate) waiting: Gauge<u64>,
    pub(crate) in_flight: Gauge<u64>,
    pub(crate) lag: Gauge<f64>,
    pub(crate) dead: Gauge<u64>,
    pub(crate) outbox_waiting: Gauge<u64>,
    pub(crate) outbox_lag: Gauge<f64>,
    pub(crate) outbox_stalled: Gauge<u64>,
    pub(crate) outbox_failures: Counter<u64>,
}

impl Instruments {
    pub(crate) fn new(meter: &Meter) -> Self {
        Self {
            server_calls: histogram(meter, names::SERVER_CALLS),
            client_calls: histogram(meter, names::CLIENT_CALLS),
            http_server: histogram(meter, names::HTTP_SERVER),
            http_client: histogram(meter, names::HTTP_CLIENT),
            active: up_down(meter, names::ACTIVE),
            attempts: histogram(meter, names::ATTEMPTS),
            retries: counter(meter, names::RETRIES),
            retries_refused: counter(meter, names::RETRIES_REFUSED),
            rejected: counter(meter, names::REJECTED),
            hedges: counter(meter, names::HEDGES),
            fallbacks: counter(meter, names::FALLBACKS),
            breakers_open: up_down(meter, names::BREAKERS_OPEN),
            breaker_changes: counter(meter, names::BREAKER_CHANGES),
            picks: counter(meter, names::PICKS),
            resolutions: counter(meter, names::RESOLUTIONS),
            endpoints: gauge(meter, names::ENDPOINTS),
            endpoint_changes: counter(meter, names::ENDPOINT_CHANGES),
            replays: counter(meter, names::REPLAYS),
            reloads: counter(meter, names::RELOADS),
            ejections: counter(meter, names::EJECTIONS),
            ejected: up_down(meter, names::EJECTED),
            sent: counter(meter, names::SENT),
            send_duration: histogram(meter, names::SEND_DURATION),
            consumed: counter(meter, names::CONSUMED),
            process: histogram(meter, names::PROCESS),
            settled: counter(meter, names::SETTLED),
            redeliveries: counter(meter, names::REDELIVERIES),
            delivery_lag: histogram(meter, names::DELIVERY_LAG),
            waiting: gauge(meter, names::WAITING),
            in_flight: gauge(meter, names::IN_FLIGHT),
            lag: seconds(meter, names::LAG),
            dead: gauge(meter, names::DEAD),
            outbox_waiting: gauge(meter, names::OUTBOX_WAITING),
            outbox_lag: seconds(meter, names::OUTBOX_LAG),
            outbox_stalled: gauge(meter, names::OUTBOX_STALLED),
            outbox_failures: counter(meter, names::OUTBOX_FAILURES),
        }
    }
}

fn histogram(meter: &Meter, metric: Metric) -> Histogram<f64> {
    let builder = meter.f64_histogram(metric.name).with_unit(metric.unit);
    builder.with_description(metric.about.trim()).with_boundaries(BOUNDS.to_vec()).build()
}

fn counter(meter: &Meter, metric: Metric) -> Counter<u64> {
    let builder = meter.u64_counter(metric.name).with_unit(metric.unit);
    builder.with_description(metric.about.trim()).build()
}

fn up_down(meter: &Meter, metric: Metric) -> UpDownCounter<i64> {
    let builder = meter.i64_up_down_counter(metric.name).with_unit(metric.unit);
    builder.with_description(metric.about.trim()).build()
}

fn gauge(meter: &Meter, metric: Metric) -> Gauge<u64> {
    let builder = meter.u64_gauge(metric.name).with_unit(metric.unit);
    builder.with_description(metric.about.trim()).build()
}

fn seconds(meter: &Meter, metric: Metric) -> Gauge<f64> {
    let builder = meter.f64_gauge(metric.name).with_unit(metric.unit);
    builder.with_description(metric.about.trim()).build()
}
