#include "data/worker/worker.h"

#include "data/alerter/alerter.h"
#include "data/broker/broker.h"
#include "data/broker/logins.h"
#include "data/dispatch/dispatch.h"
#include "data/dispatch/retention.h"
#include "data/dispatch/slots.h"
#include "data/engine/engine.h"
#include "data/follower/follower.h"
#include "data/poller/poller.h"
#include "store/notices/notices.h"
#include "store/runs/journal.h"
#include "store/vault/circuits.h"
#include "store/vault/keys.h"
#include "store/vault/uses.h"

namespace weft::worker {

namespace {

constexpr auto kKeysEvery = std::chrono::seconds(1);
constexpr auto kTellEvery = std::chrono::seconds(1);
constexpr auto kPartitionsEvery = std::chrono::hours(1);

engine::Options engine_options(const Options& options) {
    engine::Options out;
    out.journal_lag = options.journal_lag;
    out.slot_patience = options.slot_patience;
    out.crashes_max = options.crashes_max;
    out.code_cpu_max = options.code_cpu_max;
    out.shared_tenants = options.shared_tenants;
    out.public_url = options.public_url;
    return out;
}

poller::Options poller_options(const Options& options) {
    poller::Options out = options.poller;
    out.backlog_max = options.quotas.due_runs;
    return out;
}

alerter::Options alerter_options(const Options& options) {
    alerter::Options out = options.alerter;
    out.public_url = options.public_url;
    return out;
}

}  // namespace

/// Declared in the order of use: what comes later borrows from what comes before, and stops first.
struct Worker::Impl {
    explicit Impl(Deps given)
        : deps(std::move(given)),
          id(WorkerId::make(deps.clock.now(), deps.rng)),
          keys(deps.pool, deps.shared_master, deps.clock, store::vault::TenantKeys::Reader::kWorker),
          vault(deps.pool, deps.vault_master, deps.clock, deps.rng),
          codec(keys, deps.blobs, deps.clock, deps.rng),
          notifier(deps.loop, deps.url),
          journal(deps.loop, deps.pool, store::notices::tell_through(notifier)),
          answers(deps.loop, deps.options.answer_bytes_max, deps.options.tenant_share),
          requests(deps.loop, deps.options.answer_bytes_max, deps.options.tenant_share),
          egress(deps.client, deps.egress, &answers),
          notices(deps.metrics, deps.log, deps.clock, deps.rng, "weft_odd_answers_total"),
          uses(deps.pool, deps.clock, tell_connections()),
          circuits(deps.pool, vault, deps.clock, deps.rng, tell_circuits()),
          files(deps.pool, keys, deps.file_streams, deps.clock, deps.rng, deps.file_options),
          imap(deps.loop, {.ca_file = deps.options.ca_file}),
          broker({vault, egress, deps.clock, deps.metrics, &notices, &uses, &files, &circuits}),
          logins({deps.loop, vault, egress, uses, imap, deps.options.ca_file}),
          slots(
              {deps.options.runs_max, deps.options.held_max, deps.options.tenant_share},
              deps.metrics,
              [this] { dispatcher.on_free(); }
          ),
          waiting(
              deps.pool,
              deps.clock,
              store::quotas::refusals(deps.metrics, "waiting_runs"),
              {.most = deps.options.quotas.waiting_runs}
          ),
          engine(
              {deps.loop,
               deps.pool,
               codec,
               journal,
               deps.sandboxes,
               broker,
               deps.clock,
               deps.rng,
               deps.log,
               deps.metrics,
               &requests,
               &slots,
               &files,
               &waiting},
              engine_options(deps.options)
          ),
          poller(
              {deps.loop,
               deps.pool,
               codec,
               keys,
               deps.sandboxes,
               broker,
               logins,
               &files,
               store::notices::tell_through(notifier),
               deps.clock,
               deps.rng,
               deps.metrics,
               deps.log,
               poller_options(deps.options)}
          ),
          follower(
              {deps.loop,
               deps.pool,
               codec,
               keys,
               store::notices::tell_through(notifier),
               deps.clock,
               deps.rng,
               deps.metrics,
               deps.log,
               {.backlog_max = deps.options.quotas.due_runs, .public_url = deps.options.public_url}}
          ),
          alerter(
              {deps.loop,
               deps.pool,
               vault,
               egress,
               deps.smtp,
               deps.clock,
               deps.rng,
               deps.metrics,
               deps.log,
               alerter_options(deps.options)}
          ),
          presence(announce()),
          dispatcher(
              {deps.loop,
               deps.pool,
               engine,
               slots,
               deps.clock,
               deps.log,
               deps.metrics,
               id,
               deps.options,
               presence ? &*presence : nullptr}
          ),
          listener(
              deps.loop,
              deps.url,
              hears().channels(),
              [this](std::string_view channel, std::string_view payload) { ears.hear(channel, payload); },
              [this] { on_connected(); }
          ),
          retention(
              {deps.loop,
               deps.pool,
               deps.log,
               deps.metrics,
               deps.options.keep,
               deps.options.retire_every,
               deps.options.blob_folder,
               &deps.file_streams}
          ),
          keys_wanted(deps.loop),
          scope(deps.loop, [this](std::string what) { deps.log.error("task failed", {{"detail", what}}); }) {}

    /// Before the first claim. Without it all works, but our end would be noticed by our leases only.
    std::optional<proc::Presence> announce() const {
        if (deps.options.presence_folder.empty()) return std::nullopt;
        auto mine = proc::Presence::announce(deps.options.presence_folder, id.text());
        if (mine) return *std::move(mine);
        deps.log.warn("this worker cannot prove its end", {{"detail", mine.error().user}});
        return std::nullopt;
    }

    store::notices::Ears& hears() {
        ears.on<store::notices::JobsQueued>([this](const auto&) { dispatcher.wake(); });
        ears.on<store::notices::CancelAsked>([this](const auto&) {
            dispatcher.look_for_cancels();
            dispatcher.wake();  // one that waited is due now
        });
        ears.on<store::notices::ConnectionChanged>(
            [this](const auto& changed) {
                vault.forget(changed.connection);
                poller.forget(changed.connection);
            },
            [this] {
                vault.forget_all();
                poller.forget(std::nullopt);
            }
        );
        ears.on<store::notices::TriggerChanged>(
            [this](const auto&) { poller.wake(); }, [this] { poller.wake(); }
        );
        ears.on<store::notices::TenantMade>([this](const auto&) { keys_wanted.notify_all(); });
        return ears;
    }
    /// To those who watch it in GraphQL.
    store::vault::Uses::Changed tell_connections() {
        return [tell = store::notices::tell_through(notifier)](TenantId tenant, ConnectionId connection) {
            tell(store::notices::DefinitionChanged{"connection", tenant, connection.uuid()});
        };
    }
    /// To all workers, ours among them, and to those who watch.
    store::vault::Circuits::Changed tell_circuits() {
        return [tell = store::notices::tell_through(notifier)](TenantId tenant, ConnectionId connection) {
            tell(store::notices::ConnectionChanged{connection});
            tell(store::notices::DefinitionChanged{"connection", tenant, connection.uuid()});
        };
    }
    void on_connected() {
        vault.forget_all();  // a change may have been told while nobody listened
        keys_wanted.notify_all();
        dispatcher.wake();
        poller.wake();
    }

    /// The tenants' vault keys are made here, because only here their private halves may be seen.
    rt::Task<void> make_keys() {
        while (!scope.is_cancelled()) {
            auto made = co_await vault.ensure_keys(scope.deadline(10s));
            if (made && *made > 0) deps.log.info("vault keys made", {{"count", *made}});
            if (!made && !scope.is_cancelled()) {
                deps.log.warn("vault keys not made", {{"detail", made.error().detail}});
            }
            (void)co_await keys_wanted.wait(scope.deadline(kKeysEvery));
        }
    }

    rt::Task<void> make_partitions() {
        while (!scope.is_cancelled()) {
            auto made = co_await store::runs::ensure_partitions(deps.pool, scope.deadline(30s));
            if (!made && !scope.is_cancelled()) {
                deps.log.warn("partitions not made", {{"detail", made.error().detail}});
            }
            const Steady::duration pause = made ? Steady::duration(kPartitionsEvery) : Steady::duration(5s);
            (void)co_await rt::sleep_for(pause, scope.forever());
        }
    }

    /// What the sandboxes count, as metrics: counters grow by what is new.
    void watch_sandboxes() {
        constexpr const char* kSandboxes =
            "Sandboxes: made ready for a run, with one, and kept for the next of its version";
        auto ready = deps.metrics.gauge("weft_sandboxes", kSandboxes, {{"state", "ready"}});
        auto busy = deps.metrics.gauge("weft_sandboxes", kSandboxes, {{"state", "busy"}});
        auto kept = deps.metrics.gauge("weft_sandboxes", kSandboxes, {{"state", "kept"}});
        auto reuses = deps.metrics.counter(
            "weft_sandbox_reuses_total", "Sandboxes given to runs that had served another run, in shared mode"
        );
        auto starts = deps.metrics.counter("weft_sandbox_starts_total", "Sandboxes given to runs");
        deps.metrics.on_collect([this, ready, busy, kept, starts, reuses] {
            const isolation::Health now = deps.sandboxes.health();
            ready.set(now.ready);
            busy.set(now.busy);
            kept.set(now.kept);
            reuses.add(static_cast<double>(now.reused - told.reused));
            starts.add(static_cast<double>(now.started - told.started));
            for (const auto& [reason, count] : now.kills) {
                deps.metrics
                    .counter(
                        "weft_sandbox_kills_total",
                        "Sandboxes that ended before their run gave them back",
                        {{"reason", std::string(name(reason))}}
                    )
                    .add(static_cast<double>(count - told.kills[reason]));
            }
            told = now;
        });
    }

    rt::Task<void> write_uses() {
        using Which = store::vault::Uses::Which;
        while (co_await rt::sleep_for(kTellEvery, scope.forever())) {
            auto written = co_await uses.write(Which::kDue, scope.deadline(10s));
            if (!written && !scope.is_cancelled()) {
                deps.log.warn("uses of connections not written", {{"detail", written.error().detail}});
            }
        }
    }

    rt::Task<void> tell_answers() {
        auto bytes = deps.metrics.gauge(
            "weft_call_bytes", "Memory charged for calls under way: their requests and answers"
        );
        do bytes.set(static_cast<double>(answers.held() + requests.held()));
        while (co_await rt::sleep_for(kTellEvery, scope.forever()));
    }

    Deps deps;
    isolation::Health told;  // of the sandboxes, with the last exposition
    WorkerId id;
    store::vault::TenantKeys keys;
    store::vault::Vault vault;
    store::runs::PayloadCodec codec;
    pg::Notifier notifier;
    store::runs::JournalWriter journal;
    rt::Budget answers;
    rt::Budget requests;
    egress::Egress egress;
    telemetry::Notices notices;
    store::vault::Uses uses;
    store::vault::Circuits circuits;
    store::files::Files files;
    http::Imap imap;
    broker::Broker broker;
    broker::Logins logins;
    dispatch::Slots slots;
    store::quotas::WaitingRuns waiting;
    engine::Engine engine;
    poller::Poller poller;
    follower::Follower follower;
    alerter::Alerter alerter;
    std::optional<proc::Presence> presence;
    dispatch::Dispatcher dispatcher;
    store::notices::Ears ears;
    pg::Listener listener;
    dispatch::Retention retention;
    rt::Signal keys_wanted;
    rt::Scope scope;
};

Worker::Worker(Deps deps) : impl_(std::make_unique<Impl>(std::move(deps))) {}
Worker::~Worker() = default;

void Worker::start() {
    impl_->listener.start();
    impl_->watch_sandboxes();
    impl_->scope.spawn(impl_->make_keys());
    impl_->scope.spawn(impl_->make_partitions());
    impl_->scope.spawn(impl_->tell_answers());
    impl_->scope.spawn(impl_->write_uses());
    impl_->scope.spawn(impl_->retention.run(impl_->scope.forever()));
    impl_->dispatcher.start();
    impl_->poller.start();
    impl_->follower.start();
    impl_->alerter.start();
}

rt::Task<void> Worker::stop() {
    co_await impl_->alerter.close();
    co_await impl_->follower.close();
    co_await impl_->poller.close();
    co_await impl_->dispatcher.stop();
    co_await impl_->scope.close();
    (void)co_await impl_->uses.write(store::vault::Uses::Which::kAll, rt::Deadline::in(5s));
    co_await impl_->journal.close();
    co_await impl_->listener.close();
    co_await impl_->notifier.close();
}

void Worker::hurry_retention() {
    impl_->retention.hurry();
}

Result<void> Worker::ready() const {
    return impl_->dispatcher.ready();
}

Stats Worker::stats() const {
    return {impl_->dispatcher.stats(), impl_->journal.stats().flushes};
}

}  // namespace weft::worker
