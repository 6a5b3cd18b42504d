#include "app/weft/commands.h"
#include "control/server/server.h"
#include "data/ingress/hooks.h"
#include "data/ingress/ingress.h"
#include "platform/blob/blob.h"
#include "platform/crypto/crypto.h"
#include "platform/crypto/password.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/pg/pg.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "platform/telemetry/health.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"
#include "store/runs/payload.h"
#include "store/runs/runs.h"
#include "store/vault/vault.h"

#include <array>
#include <csignal>

namespace weft::app {

namespace {

constexpr int kPoolConnections = 8;
constexpr auto kDrain = 10s;
constexpr auto kDatabaseProbe = 1s;

/// Everything an api process is made of, in the order of construction: control plane and webhook ingress,
/// which know nothing of each other, meet here.
class ApiProcess {
  public:
    ApiProcess(const ProcessOptions& options, ProcessSecrets secrets, telemetry::Logger log)
        : options_(options), secrets_(std::move(secrets)), log_(std::move(log)), tasks_(loop_) {}

    Result<void> prepare() {
        TRY(address_, parse_address(options_.listen));
        TRY(shared_master_, crypto::make_key_wrapper(secrets_.shared_key));
        TRY(blobs_, blob::open_directory(options_.blobs));
        make_storage();
        make_ingress();
        TRY(api_, control::Api::make(api_parts(), api_options()));
        make_listener();
        return make_server();
    }

    rt::Task<Result<void>> run() {
        constexpr std::array kStop = {SIGINT, SIGTERM};
        rt::Signal told(loop_);
        loop_.on_signals(kStop, [&](int) {
            is_stopping_ = true;
            told.notify_all();
        });
        tasks_.spawn(watch_database());
        listener_->start();
        co_await announce();
        while (!is_stopping_) (void)co_await told.wait(rt::Deadline::in(1h));
        co_await stop();
        co_return Result<void>{};
    }

    rt::Loop& loop() { return loop_; }

  private:
    void make_storage() {
        std::string url(secrets_.database_url.reveal());
        pg::PoolOptions pool{.url = url, .application_name = "weft-api", .connections_max = kPoolConnections};
        pool_ = std::make_unique<pg::Pool>(loop_, std::move(pool));
        notifier_ = std::make_unique<pg::Notifier>(loop_, url);
        keys_ = std::make_unique<store::vault::TenantKeys>(
            *pool_, *shared_master_, clock_, store::vault::TenantKeys::Reader::kApi
        );
        codec_ = std::make_unique<store::runs::PayloadCodec>(*keys_, *blobs_, clock_, rng_);
        runs_ = std::make_unique<store::runs::Runs>(*pool_, *codec_);
    }

    void make_ingress() {
        ingest_ = std::make_unique<ingress::Ingest>(loop_, *pool_, *codec_, *notifier_, clock_, rng_);
        watch_ = std::make_unique<ingress::RunWatch>(loop_);
        hooks_ = std::make_unique<ingress::Hooks>(loop_, *ingest_, *pool_, *keys_, *runs_, *watch_, clock_);
    }

    rt::Task<Result<RunId>> start_run(control::StartRequest request, rt::Deadline by) {
        ingress::StartRun start{
            .tenant = request.tenant,
            .workflow = request.workflow,
            .version = request.version,
            .input = std::move(request.input),
            .trigger = std::move(request.trigger),
            .rerun_of = request.rerun_of,
        };
        CO_TRY(ingress::Started started, co_await ingest_->start_run(std::move(start), by));
        co_return started.run;
    }

    control::ApiParts api_parts() {
        return {
            .loop = loop_,
            .pool = *pool_,
            .clock = clock_,
            .rng = rng_,
            .hasher = hasher_,
            .shared_master = *shared_master_,
            .keys = *keys_,
            .runs = *runs_,
            .notify = [this](
                          std::string channel, std::string payload
                      ) { notifier_->notify(std::move(channel), std::move(payload)); },
            .start_run = [this](
                             control::StartRequest request, rt::Deadline by
                         ) { return start_run(std::move(request), std::move(by)); },
            .log = log_,
        };
    }

    control::ApiOptions api_options() const {
        return {.public_url = options_.public_url, .web_folder = options_.web};
    }

    void make_listener() {
        auto on_notify = [this](std::string_view channel, std::string_view payload) {
            if (channel == "weft_trigger") return hooks_->on_trigger_changed(payload);
            watch_->on_notify(payload);
            api_->on_run_notify(payload);
        };
        // What was notified while we were away is unknown: look anew.
        auto on_connected = [this] {
            hooks_->forget_all();
            api_->on_listening();
        };
        std::vector<std::string> channels{"weft_run", "weft_trigger"};
        std::string url(secrets_.database_url.reveal());
        listener_ = std::make_unique<pg::Listener>(
            loop_, std::move(url), std::move(channels), std::move(on_notify), std::move(on_connected)
        );
    }

    Result<void> make_server() {
        health_.add("database", [this] { return database_; });
        telemetry::add_routes(router_, metrics_, health_);
        hooks_->add_routes(router_);
        api_->mount(router_);
        http::ServerOptions options;
        auto requests = metrics_.counter("weft_http_requests_total", "Requests answered");
        options.on_access = [requests](const http::AccessRecord&) { requests.add(); };
        options.on_fault = [this](std::string what) { log_.error("a handler failed", {{"what", what}}); };
        server_ = std::make_unique<http::Server>(loop_, router_, clock_, rng_, std::move(options));
        if (options_.listen_fd >= 0) return server_->adopt_tcp(options_.listen_fd);
        TRY(address_.port, server_->listen_tcp(address_.host, address_.port));
        return {};
    }

    rt::Task<void> watch_database() {
        auto by = tasks_.forever();
        while (!by.is_over()) {
            database_ = co_await pool_->ping(by.at_most(5s));
            (void)co_await rt::sleep_for(kDatabaseProbe, by);
        }
    }

    /// Tells where we are, with the claim link while nobody owns the installation. The database may be coming
    /// up.
    rt::Task<void> announce() {
        std::string url = options_.public_url.empty() ? "http://" + address_.text() : options_.public_url;
        JsonObject message{{"from", options_.name}, {"url", url}};
        while (!is_stopping_) {
            auto link = co_await api_->ensure_claim_link(rt::Deadline::in(10s));
            if (!link) {
                log_.warn("the database does not answer yet", {{"detail", link.error().detail}});
                (void)co_await rt::sleep_for(200ms, rt::Deadline::in(1s));
                continue;
            }
            if (*link) message["claim_url"] = url + "/claim#token=" + std::string((*link)->reveal());
            report_ready(options_.notify_fd, message);
            co_return;
        }
    }

    rt::Task<void> stop() {
        co_await server_->stop(rt::Deadline::in(kDrain));
        co_await ingest_->close();
        co_await tasks_.close();
        co_await listener_->close();
        co_await notifier_->close();
        co_await pool_->close();
    }

    const ProcessOptions& options_;
    ProcessSecrets secrets_;
    telemetry::Logger log_;
    Address address_;
    rt::Loop loop_;
    rt::SystemClock clock_;
    SystemRng rng_;
    telemetry::Metrics metrics_;
    telemetry::Health health_;
    http::Router router_;
    crypto::PasswordHasher hasher_;
    std::unique_ptr<crypto::KeyWrapper> shared_master_;
    std::unique_ptr<blob::Store> blobs_;
    std::unique_ptr<pg::Pool> pool_;
    std::unique_ptr<pg::Notifier> notifier_;
    std::unique_ptr<store::vault::TenantKeys> keys_;
    std::unique_ptr<store::runs::PayloadCodec> codec_;
    std::unique_ptr<store::runs::Runs> runs_;
    std::unique_ptr<ingress::Ingest> ingest_;
    std::unique_ptr<ingress::RunWatch> watch_;
    std::unique_ptr<ingress::Hooks> hooks_;
    std::unique_ptr<control::Api> api_;
    std::unique_ptr<pg::Listener> listener_;
    std::unique_ptr<http::Server> server_;
    Result<void> database_ = fail(Error::unavailable("not asked yet"));
    bool is_stopping_ = false;
    rt::Scope tasks_;
};

}  // namespace

int api(const ProcessOptions& options, const Environment& environment) {
    if (auto ready = crypto::init(); !ready) return complain(ready.error());
    auto secrets = load_secrets(Plane::kApi, options, environment);
    if (!secrets) return complain(secrets.error());
    if (auto hardened = crypto::harden_process(); !hardened) return complain(hardened.error());

    telemetry::Logger log = telemetry::Logger().with({{"process", options.name}});
    ApiProcess process(options, std::move(*secrets), log);
    if (auto prepared = process.prepare(); !prepared) return complain(prepared.error());
    auto run = process.loop().run_until_done(process.run());
    return run ? kExitOk : complain(run.error());
}

}  // namespace weft::app
