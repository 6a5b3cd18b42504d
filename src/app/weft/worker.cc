#include "data/worker/worker.h"

#include "app/weft/commands.h"
#include "app/weft/database_metrics.h"
#include "app/weft/metrics_server.h"
#include "data/isolation/isolation.h"
#include "platform/blob/blob.h"
#include "platform/blob/streams.h"
#include "platform/crypto/crypto.h"
#include "platform/disk/disk.h"
#include "platform/http/client.h"
#include "platform/http/smtp.h"
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

#include <linux/capability.h>

#include <array>
#include <csignal>

namespace weft::app {

namespace {

constexpr int kPoolConnections =
    6;  // claims, heartbeats, journal, loads: each is one short statement at a time
constexpr auto kDrainMetrics = 1s;
constexpr auto kClockLook = 2s;  // between looks at the database's clock
constexpr auto kClockAnswer = 1s;

worker::Options worker_options(const ProcessOptions& options) {
    worker::Options out;
    out.runs_max = options.runs_max;
    out.held_max = std::max(out.held_max, 4 * options.runs_max);
    out.code_cpu_max = std::chrono::seconds(options.code_cpu_max);
    out.public_url = options.public_url;
    out.alerter.mail_from = options.smtp_from;
    out.shared_tenants = {options.shared_tenants.begin(), options.shared_tenants.end()};
    out.answer_bytes_max = static_cast<std::int64_t>(options.answers_mib) << 20;
    out.lease = Millis(options.lease_ms);
    out.heartbeat = out.lease / 3;
    out.reap_every = std::min(out.reap_every, out.lease / 2);
    return out;
}

/// Everything a worker process is made of, in the order of construction.
class WorkerProcess {
  public:
    WorkerProcess(const ProcessOptions& options, ProcessSecrets secrets, telemetry::Logger log)
        : options_(options), secrets_(std::move(secrets)), log_(std::move(log)) {}

    Result<void> prepare(std::unique_ptr<isolation::Zygote> zygote) {
        CHECK_OK(check_mail(options_));
        TRY(sandboxes_, isolation::make_sandbox_backend(loop_, std::move(zygote)));
        TRY(egress::Policy policy, egress::Policy::parse(options_.egress_allow));
        TRY(shared_master_, crypto::make_key_wrapper(secrets_.shared_key));
        TRY(vault_master_, crypto::make_key_wrapper(secrets_.vault_key));
        TRY(blobs_, blob::open_directory(options_.blobs));
        TRY(file_streams_, blob::open_streams(options_.blobs));
        TRY(auto file_options, options_of_files(options_));
        file_options.admit = [this] { return disks_->admit(); };
        file_options.metrics = &metrics_;
        std::string url(secrets_.database_url.reveal());
        pg::PoolOptions pool{
            .url = url,
            .application_name = "weft-worker",
            .connections_max = kPoolConnections,
            .options = pg::kPlannedOnce
        };
        pool_ = std::make_unique<pg::Pool>(loop_, std::move(pool));
        watch_pools({pool_.get()}, metrics_);
        client_ = std::make_unique<http::Client>(loop_);
        if (!options_.smtp_url.empty()) {
            smtp_ = std::make_unique<http::Smtp>(
                loop_,
                http::SmtpServer{
                    .url = options_.smtp_url,
                    .user = options_.smtp_user,
                    .password = secrets_.smtp_password,
                    .is_plain = options_.is_smtp_plain,
                    .ca_file = options_.smtp_ca
                }
            );
        }
        worker::Deps deps{
            .loop = loop_,
            .pool = *pool_,
            .url = std::move(url),
            .sandboxes = *sandboxes_,
            .shared_master = *shared_master_,
            .vault_master = *vault_master_,
            .client = *client_,
            .smtp = smtp_.get(),
            .blobs = *blobs_,
            .file_streams = *file_streams_,
            .file_options = std::move(file_options),
            .egress = std::move(policy),
            .clock = clock_,
            .rng = rng_,
            .log = log_,
            .metrics = metrics_,
            .options = worker_options(options_),
        };
        deps.options.blob_folder = options_.blobs;
        deps.options.presence_folder = options_.blobs + "/workers";
        TRY(deps.options.quotas, quotas_of(options_));
        TRY(deps.options.keep, store::retention::parse_policy(options_.keep));
        worker_ = std::make_unique<worker::Worker>(std::move(deps));
        watch_disks();
        if (options_.metrics_listen.empty()) return {};
        health_.add("queue", [this] { return worker_->ready(); });
        telemetry::watch_loop(loop_, metrics_);
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
        (void)co_await clock_.follow(*pool_, rt::Deadline::in(kClockAnswer));
        scope_.spawn(follow_clock());
        worker_->start();
        scope_.spawn(disks_->run(scope_.forever()));
        log_.info("worker started", {{"isolation", sandboxes_->health().text()}});
        JsonObject ready{{"from", options_.name}};
        if (metrics_server_) ready["metrics_url"] = metrics_server_->url();
        report_ready(options_.notify_fd, ready);
        while (!is_stopping_) (void)co_await told.wait(rt::Deadline::in(1h));
        co_await scope_.close();
        co_await worker_->stop();
        if (metrics_server_) co_await metrics_server_->stop(rt::Deadline::in(kDrainMetrics));
        co_await sandboxes_->close();
        co_await pool_->close();
    }

    rt::Loop& loop() { return loop_; }

  private:
    /// What is compared with the database's times is told by the database's clock.
    rt::Task<void> follow_clock() {
        while (co_await rt::sleep_for(kClockLook, scope_.forever())) {
            co_await query_time_.follow(clock_, local_clock_, *pool_, scope_.deadline(kClockAnswer));
        }
    }

    void watch_disks() {
        disk::Options options{
            .paths = options_.disks,
            .low = options_.disk_low / 100,
            .full = options_.disk_full / 100,
            .on_low = [this] { worker_->hurry_retention(); },
        };
        options.paths.push_back(options_.blobs);
        disks_ = std::make_unique<disk::Watch>(std::move(options), metrics_);
        health_.add("disk", [this] { return disks_->ready(); });
    }

    const ProcessOptions& options_;
    ProcessSecrets secrets_;
    telemetry::Logger log_;
    rt::Loop loop_;
    rt::SystemClock local_clock_;
    pg::ServerClock clock_{local_clock_};
    SystemRng rng_;
    telemetry::Metrics metrics_;
    QueryTime query_time_{metrics_};
    telemetry::Health health_;
    std::unique_ptr<isolation::Backend> sandboxes_;
    std::unique_ptr<crypto::KeyWrapper> shared_master_;
    std::unique_ptr<crypto::KeyWrapper> vault_master_;
    std::unique_ptr<blob::Store> blobs_;
    std::unique_ptr<blob::Streams> file_streams_;
    std::unique_ptr<pg::Pool> pool_;
    std::unique_ptr<http::Client> client_;
    std::unique_ptr<http::Smtp> smtp_;
    std::unique_ptr<worker::Worker> worker_;
    std::unique_ptr<disk::Watch> disks_;
    std::unique_ptr<MetricsServer> metrics_server_;
    bool is_stopping_ = false;
    rt::Scope scope_{loop_};
};

}  // namespace

int worker(const ProcessOptions& options, const Environment& environment) {
    // First of all, before a secret, a thread or a socket: what the zygote forks must never have seen one.
    proc::Fd runner(options.runner_fd);
    isolation::Options isolation{.runner_fd = runner.get(), .slots_max = options.runs_max};
    isolation.cpu_max = std::max<Millis>(isolation.cpu_max, 2 * std::chrono::seconds(options.code_cpu_max));
    isolation.uid_base += static_cast<std::uint32_t>(options.number * options.runs_max);
    if (options.isolation_floor == "process") isolation.floor = isolation::Tier::kProcess;
    if (options.isolation_floor == "full") isolation.floor = isolation::Tier::kFull;
    const auto who = own_identity(Plane::kWorker);
    if (who) {
        isolation.owner_uid = who->uid;
        isolation.owner_gid = who->gid;
    }
    auto zygote = isolation::Zygote::spawn(std::move(isolation));
    runner.reset();
    if (!zygote) return complain(zygote.error());
    if (auto ready = crypto::init(); !ready) return complain(ready.error());
    auto secrets = load_secrets(Plane::kWorker, options, environment);
    if (!secrets) return complain(secrets.error());
    // CAP_KILL alone, to end sandboxes, whose users are others (data/isolation/isolation.h, Zygote).
    auto given_up = proc::give_up_rights(who, {CAP_KILL});
    if (!given_up) return complain(given_up.error());
    if (auto hardened = crypto::harden_process(); !hardened) return complain(hardened.error());

    telemetry::Logger log = telemetry::Logger().with({{"process", options.name}});
    WorkerProcess process(options, std::move(*secrets), log);
    if (auto prepared = process.prepare(std::move(*zygote)); !prepared) give_up(prepared.error());
    auto restricted = proc::restrict_calls({.has_children = true});
    if (!restricted) give_up(restricted.error());
    wait_for_gate(options.gate_fd);
    process.loop().run_until_done(process.run());
    return kExitOk;
}

}  // namespace weft::app
