#include "app/weft/api_metrics.h"
#include "app/weft/commands.h"
#include "app/weft/database_metrics.h"
#include "app/weft/listener.h"
#include "app/weft/metrics_server.h"
#include "app/weft/runs_pool.h"
#include "control/scripts/scripts.h"
#include "control/server/server.h"
#include "data/ingress/callbacks.h"
#include "data/ingress/forms.h"
#include "data/ingress/hooks.h"
#include "data/ingress/ingress.h"
#include "data/scheduler/scheduler.h"
#include "platform/blob/blob.h"
#include "platform/blob/streams.h"
#include "platform/crypto/crypto.h"
#include "platform/crypto/password.h"
#include "platform/disk/disk.h"
#include "platform/http/quota.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/pg/pg.h"
#include "platform/pg/server_clock.h"
#include "platform/proc/rights.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "platform/telemetry/health.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/files/files.h"
#include "store/notices/notices.h"
#include "store/runs/payload.h"
#include "store/runs/runs.h"
#include "store/vault/keys.h"

#include <array>
#include <csignal>
#include <map>
#include <utility>

namespace weft::app {

namespace {

constexpr int kPoolConnections = 8;  // short statements of people and programs
constexpr int kIngestConnections =
    4;  // a batch of events at a time, what is due, and what is asked beside it
constexpr std::uint32_t kCheckerUid = 199'999;  // downwards by number; sandboxes of runs count upwards
constexpr auto kDrain = 10s;  // requests in flight; a synchronous webhook may lose its answer, not its run
// Looks whether the database answers: a silent one is found out, and who waits for it told, within 2 s.
constexpr auto kDatabaseLook = 250ms;   // between them
constexpr auto kDatabaseAnswer = 1s;    // longer is silence; a quiet machine takes less than 1 ms
constexpr auto kDatabaseRetry = 250ms;  // before the first answer
/// Of runs' values that are being read or on their way out, in REST and in answers to webhooks. GraphQL's
/// answers have a budget of their own of the same size.
constexpr std::int64_t kValuesBytes = 128 << 20;
constexpr auto kCatalogRead = 10s;  // GraphQL's look at the tables; some 20 ms on a quiet machine

/// Everything an api process is made of, in the order of construction.
class ApiProcess {
  public:
    ApiProcess(
        const ProcessOptions& options,
        ProcessSecrets secrets,
        std::unique_ptr<control::scripts::Checker> checker,
        telemetry::Logger log
    )
        : options_(options),
          secrets_(std::move(secrets)),
          checker_(std::move(checker)),
          log_(std::move(log)) {}

    Result<void> prepare() {
        TRY(address_, parse_address(options_.listen));
        TRY(cors_origins_, parse_origins(options_.cors_origins));
        TRY(shared_master_, crypto::make_key_wrapper(secrets_.shared_key));
        TRY(blobs_, blob::open_directory(options_.blobs));
        TRY(file_streams_, blob::open_streams(options_.blobs));
        TRY(file_options_, options_of_files(options_));
        TRY(quotas_, quotas_of(options_));
        TRY(rates_, parse_limits(options_.limits));
        strangers_ = std::make_unique<http::Strangers>(clock_, rng_, rates_.at("address"));
        prepare_stores();
        watch_disks();
        prepare_ingress();
        prepare_scheduler();
        TRY(api_, make_api());
        prepare_ears();
        metrics_.on_collect([this] { streams_.update(api_->leases().stats()); });
        metrics_.on_collect([this] { scripts_.update(checker_->stats()); });
        api_->mount(router_);
        hooks_->add_routes(router_);
        callbacks_->add_routes(router_);
        forms_->add_routes(router_);
        auto callers = metrics_.gauge("weft_sync_callers_waiting", "Callers that wait for a run's answer");
        metrics_.on_collect([this, callers] { callers.set(static_cast<double>(hooks_->stats().waiting)); });
        health_.add("database", [this] { return database_; });
        telemetry::watch_loop(loop_, metrics_);
        add_telemetry();
        count_answers();
        measure();
        CHECK_OK(listen());
        if (options_.metrics_listen.empty()) return {};
        TRY(metrics_server_,
            MetricsServer::start(
                loop_, clock_, rng_, metrics_, health_, options_.metrics_listen, secrets_.metrics_token
            ));
        return {};
    }

    rt::Task<void> run() {
        constexpr std::array kStop = {SIGINT, SIGTERM};
        rt::Signal told(loop_);
        loop_.on_signals(kStop, [&](int) {
            is_stopping_ = true;
            told.notify_all();
        });
        scope_.spawn(watch_database());
        listener_->start();
        scheduler_->start();
        scope_.spawn(announce());
        scope_.spawn(watch_ingest_pool());
        scope_.spawn(disks_->run(scope_.forever()));
        while (!is_stopping_) (void)co_await told.wait(rt::Deadline::in(1h));
        co_await api_->close();  // sockets would keep the server waiting
        co_await server_->stop(rt::Deadline::in(kDrain));
        if (metrics_server_) co_await metrics_server_->stop(rt::Deadline::in(kDrain));
        co_await scheduler_->close();
        co_await ingest_->close();
        co_await refusals_->close(rt::Deadline::in(kDrain));
        co_await scope_.close();
        co_await listener_->close();
        co_await notifier_->close();
        co_await pool_->close();
        co_await ingest_pool_->close();
        co_await runs_pool_->close();
    }

    rt::Loop& loop() { return loop_; }

  private:
    void watch_disks() {
        disk::Options options{
            .paths = options_.disks, .low = options_.disk_low / 100, .full = options_.disk_full / 100
        };
        options.paths.push_back(options_.blobs);
        disks_ = std::make_unique<disk::Watch>(std::move(options), metrics_);
        health_.add("disk", [this] { return disks_->ready(); });
    }

    void count_answers() {
        const auto bytes =
            metrics_.gauge("weft_graphql_answer_bytes", "Large GraphQL answers in memory, in bytes");
        const auto waiting =
            metrics_.gauge("weft_graphql_answers_waiting", "GraphQL requests that wait for room in memory");
        const auto values = metrics_.gauge(
            "weft_value_bytes", "Memory for values of runs that REST and webhooks read, in bytes"
        );
        const auto values_waiting =
            metrics_.gauge("weft_values_waiting", "Requests that wait for room for values of runs");
        auto notes = metrics_.counter(
            "weft_graphql_limited_answers_total",
            "GraphQL answers with a list that ended at the server's limit"
        );
        metrics_.on_collect(
            [this, bytes, waiting, values, values_waiting, notes, told = std::uint64_t{0}] mutable {
                const std::uint64_t now = api_->graphql_notes();
                notes.add(static_cast<double>(now - std::exchange(told, now)));
                values.set(static_cast<double>(values_.held()));
                values_waiting.set(static_cast<double>(values_.waiting()));
                bytes.set(static_cast<double>(api_->graphql_answer_bytes()));
                waiting.set(static_cast<double>(api_->graphql_answers_waiting()));
            }
        );
    }

    void prepare_stores() {
        std::string url(secrets_.database_url.reveal());
        pg::PoolOptions pool{.url = url, .application_name = "weft-api", .connections_max = kPoolConnections};
        pool_ = std::make_unique<pg::Pool>(loop_, std::move(pool));
        pg::PoolOptions ingest{
            .url = url,
            .application_name = "weft-ingest",
            .connections_max = kIngestConnections,
            .options = pg::kPlannedOnce
        };
        ingest_pool_ = std::make_unique<pg::Pool>(loop_, std::move(ingest));
        runs_pool_ = make_runs_pool(loop_, url);
        watch_pools({pool_.get(), ingest_pool_.get(), runs_pool_.get()}, metrics_);
        notifier_ = std::make_unique<pg::Notifier>(loop_, url);
        using Keys = store::vault::TenantKeys;
        keys_ = std::make_unique<Keys>(*pool_, *shared_master_, clock_, Keys::Reader::kApi);
        codec_ = std::make_unique<store::runs::PayloadCodec>(*keys_, *blobs_, clock_, rng_);
        runs_ = std::make_unique<store::runs::Runs>(*runs_pool_, *codec_, values_);
        file_options_.admit = [this] { return disks_->admit(); };
        file_options_.metrics = &metrics_;
        files_ = std::make_unique<store::files::Files>(
            *pool_, *keys_, *file_streams_, clock_, rng_, std::move(file_options_)
        );
    }

    /// Where people come in, metrics need a token: without one they are not there.
    void add_telemetry() {
        telemetry::add_health_routes(router_, health_);
        if (!secrets_.metrics_token.empty()) {
            telemetry::add_metrics_route(router_, metrics_, health_, secrets_.metrics_token);
        }
        auto bytes = metrics_.gauge("weft_http_body_bytes", "Of request bodies under way");
        auto refused =
            metrics_.gauge("weft_http_bodies_refused", "Over a limit on request bodies, since the start");
        metrics_.on_collect([this, bytes, refused] {
            const http::ServerStats stats = server_->stats();
            bytes.set(static_cast<double>(stats.body_bytes));
            refused.set(static_cast<double>(stats.refused_bodies));
        });
    }

    void prepare_ingress() {
        ingress::Options options;
        options.admit = [this] { return disks_->admit(); };
        options.files = files_.get();
        options.keys = keys_.get();
        options.backlog_max = quotas_.due_runs;
        options.over_quota = store::quotas::refusals(metrics_, "due_runs");
        options.captured = metrics_.counter("weft_samples_captured_total", "Events kept as samples");
        auto tell = store::notices::tell_through(*notifier_);
        ingest_ = std::make_unique<ingress::Ingest>(
            loop_, *ingest_pool_, *codec_, std::move(tell), clock_, rng_, std::move(options)
        );
        ingress::HookOptions hooks;
        hooks.public_url = options_.public_url;
        hooks.events = rates_.at("trigger");
        hooks.bytes = rates_.at("trigger-bytes");
        hooks.strangers = strangers_.get();
        hooks.notices = &deliveries_;
        hooks.files = files_.get();
        refusals_ = std::make_unique<ingress::Refusals>(loop_, *pool_, clock_, metrics_);
        hooks.refusals = refusals_.get();
        hooks_ = std::make_unique<ingress::Hooks>(
            loop_, *ingest_, *pool_, *keys_, *runs_, watch_, clock_, rng_, hooks
        );
        callbacks_ = std::make_unique<ingress::Callbacks>(ingress::Callbacks::Needs{
            .pool = *pool_,
            .codec = *codec_,
            .tell = store::notices::tell_through(*notifier_),
            .clock = clock_,
            .strangers = strangers_.get(),
            .files = files_.get(),
        });
        ingress::FormOptions forms{
            .of_form = rates_.at("form"),
            .of_address = rates_.at("form-address"),
            .strangers = strangers_.get(),
            .refusals = refusals_.get(),
            .files = files_.get(),
        };
        forms_ = std::make_unique<ingress::Forms>(loop_, *ingest_, *pool_, clock_, rng_, metrics_, forms);
    }

    void prepare_scheduler() {
        scheduler_ = std::make_unique<scheduler::Scheduler>(scheduler::Needs{
            .loop = loop_,
            .pool = *ingest_pool_,
            .codec = *codec_,
            .tell = store::notices::tell_through(*notifier_),
            .clock = clock_,
            .rng = rng_,
            .metrics = metrics_,
            .log = log_,
            .may_start = [this](TenantId tenant) { return ingest_->may_start(tenant); },
        });
    }

    void prepare_ears() {
        ears_.on<store::notices::RunChanged>([this](const auto& changed) { watch_.hear(changed); });
        const auto forget_all = [this] {
            hooks_->forget_all();
            forms_->forget_all();
        };
        const auto forget = [this](const auto& changed) {
            hooks_->forget(changed.trigger);
            forms_->forget(changed.trigger);
        };
        ears_.on<store::notices::TriggerChanged>(forget, forget_all);
        const auto wake = [this] { scheduler_->wake(); };
        ears_.on<store::notices::TriggerChanged>([wake](const auto&) { wake(); }, wake);
        api_->listen(ears_);
        auto on_connected = [this, forget_all] {
            forget_all();
            scheduler_->wake();
            api_->on_listening();
        };
        auto hear = [this](std::string_view channel, std::string_view line) { ears_.hear(channel, line); };
        listener_ = std::make_unique<pg::Listener>(
            loop_, std::string(secrets_.database_url.reveal()), ears_.channels(), hear, on_connected
        );
    }

    Result<std::unique_ptr<control::Api>> make_api() {
        auto start_run = [this](control::StartRequest request, rt::Deadline by) {
            return start(std::move(request), std::move(by));
        };
        control::ApiParts parts{
            .loop = loop_,
            .pool = *pool_,
            .clock = clock_,
            .rng = rng_,
            .hasher = hasher_,
            .shared_master = *shared_master_,
            .device_key = Secret(crypto::hmac_sha256(secrets_.shared_key.reveal(), "weft device cookies 1")),
            .request_key = Secret(crypto::hmac_sha256(secrets_.shared_key.reveal(), "weft requests 1")),
            .keys = *keys_,
            .runs = *runs_,
            .codec = *codec_,
            .files = *files_,
            .notify = store::notices::tell_through(*notifier_),
            .start_run = std::move(start_run),
            .log = log_,
            .checker = *checker_,
        };
        control::ApiOptions options{
            .public_url = options_.public_url,
            .trusted_proxies = options_.trusted_proxies,
            .cors_origins = cors_origins_,
            .web_folder = options_.web
        };
        options.alerts.has_mail = !options_.smtp_url.empty();
        options.rates = {
            .principal = rates_.at("principal"), .tenant = rates_.at("tenant"), .cost = rates_.at("cost")
        };
        options.quotas = quotas_;
        options.over_triggers = store::quotas::refusals(metrics_, "triggers");
        options.strangers = strangers_.get();
        options.has_plain_cookies = options_.has_insecure_cookies;
        return control::Api::make(std::move(parts), std::move(options));
    }

    /// The one place where the control plane reaches the data plane's batcher.
    rt::Task<Result<control::StartedRun>> start(control::StartRequest request, rt::Deadline by) {
        ingress::StartRun start{
            .tenant = request.tenant,
            .id = request.id,
            .workflow = request.workflow,
            .version = request.version,
            .input = std::move(request.input),
            .trigger = std::move(request.trigger),
            .refused_for = request.refused_for,
            .rerun_of = request.rerun_of,
            .is_redrive = request.is_redrive,
            .kept = std::move(request.kept),
            .once = std::move(request.once),
        };
        CO_TRY(ingress::Started started, co_await ingest_->start_run(std::move(start), std::move(by)));
        co_return control::StartedRun{.run = started.run, .is_repeat = started.is_duplicate};
    }
    Result<void> listen() {
        http::ServerOptions options;
        options.trusted_proxies = options_.trusted_proxies;
        options.bodies = body_limits(options_.bodies_mib);
        options.on_access = [this](const http::AccessRecord& record) { requests_.add(record); };
        options.on_fault = [this](std::string what) { log_.error("a handler failed", {{"what", what}}); };
        server_ = std::make_unique<http::Server>(loop_, router_, clock_, rng_, std::move(options));
        return server_->adopt_tcp(options_.listen_fd);
    }

    void measure() {
        auto open = metrics_.gauge("weft_http_connections", "Connections that are open");
        const std::string_view refused_help = "Connections refused with 503, by what there was none left of";
        auto refused = [&](std::string_view why) {
            return metrics_.gauge(
                "weft_http_connections_refused", refused_help, {{"lack", std::string(why)}}
            );
        };
        auto ahead = metrics_.gauge(
            "weft_clock_ahead_seconds",
            "How far this machine's clock is ahead of the database's; ids use the latter"
        );
        auto update = [this, open, ahead, room = refused("room"), descriptors = refused("descriptors")] {
            const http::ServerStats stats = server_->stats();
            open.set(static_cast<double>(stats.connections));
            room.set(static_cast<double>(stats.refused_connections));
            descriptors.set(static_cast<double>(stats.refused_for_descriptors));
            ahead.set(std::chrono::duration<double>(clock_.local_ahead()).count());
        };
        metrics_.on_collect(std::move(update));
    }

    std::string url() const {
        if (!options_.public_url.empty()) return options_.public_url;
        Address shown = address_;
        if (shown.host == "0.0.0.0" || shown.host == "::") shown.host = "127.0.0.1";
        return "http://" + shown.text();
    }

    /// Waits for the database, then says where we are and, while nobody owns the installation, how to claim
    /// it.
    rt::Task<void> announce() {
        JsonObject message{{"from", options_.name}, {"url", url()}};
        if (metrics_server_) message["metrics_url"] = metrics_server_->url();
        for (;;) {
            auto claim = co_await api_->ensure_claim_link(scope_.deadline(5s));
            if (claim) {
                if (*claim) message["claim_url"] = url() + "/claim#token=" + std::string((*claim)->reveal());
                break;
            }
            log_.warn("waiting for the database", {{"reason", claim.error().user}});
            if (!(co_await rt::sleep_for(kDatabaseRetry, scope_.forever()))) co_return;
        }
        auto loaded = co_await api_->load_graphql(scope_.deadline(kCatalogRead));
        if (!loaded) log_.error("GraphQL is not available", {{"reason", loaded.error().detail}});
        database_ = {};
        report_ready(options_.notify_fd, message);
        log_.info("api started", {{"url", url()}});
    }

    rt::Task<void> watch_database() {
        do {
            database_ = co_await pool_->ping(scope_.deadline(kDatabaseAnswer));
            if (!database_) continue;
            co_await query_time_.follow(clock_, local_clock_, *pool_, scope_.deadline(kDatabaseAnswer));
        } while (co_await rt::sleep_for(kDatabaseLook, scope_.forever()));
    }

    /// So that nobody waits for an answer of a server that gives none.
    rt::Task<void> watch_ingest_pool() {
        do (void)co_await ingest_pool_->ping(scope_.deadline(kDatabaseAnswer));
        while (co_await rt::sleep_for(kDatabaseLook, scope_.forever()));
    }

    const ProcessOptions& options_;
    ProcessSecrets secrets_;
    std::unique_ptr<control::scripts::Checker> checker_;
    telemetry::Logger log_;
    Address address_;
    std::vector<std::string> cors_origins_;
    rt::Loop loop_;
    rt::SystemClock local_clock_;
    pg::ServerClock clock_{local_clock_};
    SystemRng rng_;
    telemetry::Metrics metrics_;
    QueryTime query_time_{metrics_};
    RequestMetrics requests_{metrics_};
    StreamMetrics streams_{metrics_};
    ScriptMetrics scripts_{metrics_};
    telemetry::Health health_;
    http::Router router_;
    crypto::PasswordHasher hasher_;
    std::map<std::string, rate::Rate> rates_;
    std::unique_ptr<http::Strangers> strangers_;
    std::unique_ptr<crypto::KeyWrapper> shared_master_;
    std::unique_ptr<blob::Store> blobs_;
    std::unique_ptr<blob::Streams> file_streams_;
    store::files::Options file_options_;
    store::quotas::Defaults quotas_;
    std::unique_ptr<disk::Watch> disks_;
    std::unique_ptr<pg::Pool> pool_;
    std::unique_ptr<pg::Pool> ingest_pool_, runs_pool_;  // of ingest_ and of runs_ alone
    std::unique_ptr<pg::Notifier> notifier_;
    std::unique_ptr<store::vault::TenantKeys> keys_;
    std::unique_ptr<store::runs::PayloadCodec> codec_;
    rt::Budget values_{loop_, kValuesBytes};
    std::unique_ptr<store::runs::Runs> runs_;
    std::unique_ptr<store::files::Files> files_;
    ingress::RunWatch watch_{loop_};
    std::unique_ptr<ingress::Ingest> ingest_;
    std::unique_ptr<scheduler::Scheduler> scheduler_;
    telemetry::Notices deliveries_{metrics_, log_, clock_, rng_, "weft_odd_deliveries_total"};
    std::unique_ptr<ingress::Refusals> refusals_;
    std::unique_ptr<ingress::Hooks> hooks_;
    std::unique_ptr<ingress::Callbacks> callbacks_;
    std::unique_ptr<ingress::Forms> forms_;
    std::unique_ptr<control::Api> api_;
    store::notices::Ears ears_;
    std::unique_ptr<pg::Listener> listener_;
    std::unique_ptr<http::Server> server_;
    std::unique_ptr<MetricsServer> metrics_server_;
    Result<void> database_ = fail(Error::unavailable("The database has not answered yet."));
    bool is_stopping_ = false;
    rt::Scope scope_{loop_};
};

}  // namespace

namespace {

/// While we may still listen on any port.
Result<void> listen_unless_given(ProcessOptions& options) {
    if (options.listen_fd >= 0) return {};
    TRY(Address address, parse_address(options.listen));
    TRY(proc::Fd listener, listen_on(address));
    options.listen = address.text();
    options.listen_fd = listener.release();
    return {};
}

}  // namespace

int api(const ProcessOptions& given, const Environment& environment) {
    ProcessOptions options = given;
    // First of all: what it starts must never have seen a secret, a thread or a socket.
    proc::Fd runner(options.runner_fd);
    auto checker = control::scripts::Checker::start({
        .runner_fd = runner.get(),
        .has_weakest = true,
        .uid = kCheckerUid - static_cast<std::uint32_t>(options.number),
    });
    runner.reset();
    if (auto ready = crypto::init(); !ready) return complain(ready.error());
    auto secrets = load_secrets(Plane::kApi, options, environment);
    if (!secrets) return complain(secrets.error());
    if (auto listening = listen_unless_given(options); !listening) return complain(listening.error());
    auto given_up = proc::give_up_rights(own_identity(Plane::kApi));
    if (!given_up) return complain(given_up.error());
    if (auto hardened = crypto::harden_process(); !hardened) return complain(hardened.error());

    telemetry::Logger log = telemetry::Logger().with({{"process", options.name}});
    if (!checker) log.warn("JavaScript is not checked before it runs", {{"reason", checker.error().user}});
    auto held = checker ? *std::move(checker) : control::scripts::Checker::absent();
    ApiProcess process(options, std::move(*secrets), std::move(held), log);
    if (auto prepared = process.prepare(); !prepared) give_up(prepared.error());
    if (auto restricted = proc::restrict_calls({}); !restricted) return complain(restricted.error());
    wait_for_gate(options.gate_fd);
    process.loop().run_until_done(process.run());
    return kExitOk;
}

}  // namespace weft::app
