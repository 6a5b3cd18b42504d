#include "app/weft/commands.h"
#include "app/weft/data_folder.h"
#include "app/weft/listener.h"
#include "app/weft/private_postgres.h"
#include "app/weft/ready_pipe.h"
#include "platform/crypto/crypto.h"
#include "platform/pg/conninfo.h"
#include "platform/pg/migrate.h"
#include "platform/proc/proc.h"
#include "platform/rt/loop.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weft::app {

namespace {

namespace fs = std::filesystem;

constexpr auto kInitTimeout = 2min;       // initdb on a slow disk
constexpr auto kRecoveryTimeout = 15min;  // replaying max_wal_size on a slow disk
constexpr auto kDrainChildren = 20s;      // api and worker finish or hand back what they do
constexpr auto kDatabaseStop = 30s;
constexpr int kDatabaseStartsMax = 3;  // before it was ever ready
/// Of api and worker, which are ready within a second: what they did is waiting for them.
constexpr proc::Backoff kProcessBackoff{.stable_after = Millis{3'000}};

constexpr int kSecretsFd = 3;
constexpr int kNotifyFd = 4;
constexpr int kListenFd = 5;
constexpr int kRunnerFd = 6;
constexpr int kGateFd = 7;
constexpr int kDatabaseDiskFd = 8;  // of the api: asked how full it is, nothing else can be done with it

std::string own_folder() {
    std::error_code ec;
    return fs::read_symlink("/proc/self/exe", ec).parent_path().string();
}

/// The installed place, else the source tree's when run from its build folder.
std::string find_web(const std::string& wanted) {
    std::error_code ec;
    if (!wanted.empty()) return fs::absolute(wanted, ec).lexically_normal().string();
    for (const char* place : {"/../share/weft/web", "/../../../web/dist"}) {
        auto folder = fs::weakly_canonical(own_folder() + place, ec);
        if (!ec && fs::exists(folder / "index.html", ec)) return folder.string();
    }
    return "";
}

/// What children may know of our environment, by name: a variable that somebody adds may hold a secret.
std::vector<std::string> child_environment(const Environment& environment) {
    std::vector<std::string> out;
    for (const auto& [name, value] : environment) {
        bool is_wanted = name == "PATH" || name == "TZ" || name.ends_with("SAN_OPTIONS");
        if (is_wanted) out.push_back(name + "=" + value);
    }
    return out;
}

/// Everything on one machine: the database, one api and one worker, kept running until told to stop.
class Server {
  public:
    Server(rt::Loop& loop, DataFolder& folder, ServeOptions options, const Environment& environment)
        : loop_(loop),
          folder_(folder),
          options_(std::move(options)),
          environment_(environment),
          changed_(loop),
          keeping_(loop),
          starting_(loop) {}

    rt::Task<int> run() {
        constexpr std::array kStop = {SIGINT, SIGTERM, SIGHUP};
        loop_.on_signals(kStop, [this](int) { on_stop_signal(); });
        starting_.spawn(start_or_complain());
        while (!is_stopping_) (void)co_await changed_.wait(rt::Deadline::in(1h));
        co_await starting_.close();
        co_await stop();
        co_return exit_code_;
    }

  private:
    using Kind = proc::Keeper::Event::Kind;

    rt::Task<void> start_or_complain() {
        auto started = co_await start(starting_.forever());
        if (!started && !is_stopping_) give_up(started.error());
    }

    rt::Task<Result<void>> start(rt::Deadline by) {
        CO_TRY(address_, parse_address(options_.process.listen));
        CO_TRY(listener_, listen_on(address_));
        CO_CHECK_OK(open_files());
        pg::Conninfo admin;
        if (auto url = get(environment_, "WEFT_DATABASE_URL"); !url.empty()) {
            CO_TRY(admin, pg::Conninfo::parse(url));
        } else {
            CO_CHECK_OK(co_await start_database(by));
            admin = postgres_->admin();
        }
        // Beside the database's own start: they confine themselves and wait at the gate.
        CO_CHECK_OK(start_processes(admin));
        if (postgres_) CO_CHECK_OK(co_await finish_database(by));
        CO_CHECK_OK(bring_up_to_date(admin));
        gate_.reset();
        forget_secrets();
        co_return Result<void>{};
    }

    /// What a restart of a child needs is in the sealed files, which are mapped nowhere.
    void forget_secrets() {
        keys_ = {};
        api_password_ = worker_password_ = Secret();
        if (postgres_) postgres_->forget_password();
    }

    Result<void> open_files() {
        executable_ = proc::Fd(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
        if (!executable_) return fail(Error::internal("cannot open /proc/self/exe"));
        // Absent, it is missed by who needs it, and named.
        runner_ = proc::Fd(::open((own_folder() + "/weft-runner").c_str(), O_PATH | O_CLOEXEC));
        TRY(ready_, ReadyPipe::make(loop_));
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Error::internal("pipe2"));
        at_gate_ = proc::Fd(ends[0]);
        gate_ = proc::Fd(ends[1]);
        auto on_message = [this](const JsonObject& message) { on_ready(message); };
        keeping_.spawn(ready_->read(on_message, keeping_.forever()));
        TRY(keys_.shared_key, folder_.key("shared"));
        TRY(keys_.vault_key, folder_.key("vault"));
        TRY(keys_.metrics_token, metrics_token(environment_));
        TRY(keys_.smtp_password, smtp_password(environment_));
        CHECK_OK(check_mail(options_.process));
        TRY(api_password_, folder_.password("api"));
        TRY(worker_password_, folder_.password("worker"));
        return {};
    }

    rt::Task<Result<void>> start_database(rt::Deadline by) {
        if (!fs::exists(folder_.at("postgres/PG_VERSION"))) say("Making a database in " + folder_.path());
        PrivatePostgres::Options options;
        options.programs = std::string(get(environment_, "WEFT_POSTGRES_BIN", options.programs));
        CO_TRY(
            postgres_, co_await PrivatePostgres::prepare(loop_, folder_, options, by.at_most(kInitTimeout))
        );
        auto prepare = [this](proc::Spec&) { return postgres_->clear_remains(); };
        // It comes back at once: the processes that use it wait and retry meanwhile.
        proc::Backoff backoff{.initial = Millis{50}, .max = Millis{1'000}};
        keep(database_, postgres_->server(), prepare, backoff);
        co_return Result<void>{};
    }

    rt::Task<Result<void>> finish_database(rt::Deadline by) {
        CO_CHECK_OK(co_await postgres_->wait_ready(*database_, by.at_most(kRecoveryTimeout)));
        is_database_ready_ = true;
        co_return co_await postgres_->ensure_database(by.at_most(kInitTimeout));
    }

    Result<void> bring_up_to_date(const pg::Conninfo& admin) {
        pg::MigrateOptions options{
            .url = std::string(admin.text().reveal()),
            .api_password = std::string(api_password_.reveal()),
            .worker_password = std::string(worker_password_.reveal()),
        };
        TRY(int applied, pg::migrate(options));
        if (applied > 0) say("Applied " + std::to_string(applied) + " migrations");
        return {};
    }

    Result<void> start_processes(const pg::Conninfo& admin) {
        TRY(proc::Spec api, api_spec(admin));
        TRY(proc::Spec worker, worker_spec(admin));
        for (int number = 0; number < options_.workers; ++number) {
            proc::Spec spec = worker;
            if (options_.workers > 1) spec.name += "-" + std::to_string(number + 1);
            spec.argv.push_back("--name=" + spec.name);
            spec.argv.push_back("--number=" + std::to_string(number));
            CHECK_OK(add_metrics(spec, number + 1));
            keep(workers_.emplace_back(), std::move(spec), nullptr, kProcessBackoff);
        }
        keep(api_, std::move(api), nullptr, kProcessBackoff);
        return {};
    }

    /// The part that api and worker have in common; `name` is the subcommand.
    proc::Spec own_spec(std::string name, const proc::Fd& secrets) const {
        proc::Spec spec;
        spec.name = name;
        spec.argv = {
            own_folder() + "/weft",
            std::move(name),
            "--secrets-fd=" + std::to_string(kSecretsFd),
            "--notify-fd=" + std::to_string(kNotifyFd),
            "--gate-fd=" + std::to_string(kGateFd),
        };
        spec.argv.push_back("--disk-low=" + std::to_string(options_.process.disk_low));
        spec.argv.push_back("--disk-full=" + std::to_string(options_.process.disk_full));
        for (const std::string& keep : options_.process.keep) spec.argv.push_back("--keep=" + keep);
        for (const std::string& quota : options_.process.quotas) spec.argv.push_back("--quota=" + quota);
        spec.argv.push_back("--files-gib=" + std::to_string(options_.process.files_gib));
        spec.fds = {{secrets.get(), kSecretsFd}, {ready_->write_fd(), kNotifyFd}, {at_gate_.get(), kGateFd}};
        // By descriptor: the api's user may not search the way here, and a restart runs the same version.
        spec.executable_fd = executable_.get();
        if (runner_) {
            spec.argv.push_back("--runner-fd=" + std::to_string(kRunnerFd));
            spec.fds.emplace_back(runner_.get(), kRunnerFd);
        }
        spec.environment = child_environment(environment_);
        return spec;
    }

    Result<proc::Spec> api_spec(const pg::Conninfo& admin) {
        ProcessSecrets secrets{
            .database_url = {},
            .shared_key = keys_.shared_key,
            .vault_key = {},
            .metrics_token = keys_.metrics_token
        };
        TRY(pg::Conninfo database, admin.for_login("weft_api", api_password_));
        secrets.database_url = database.text();
        TRY(api_secrets_, proc::sealed_file("secrets", pack_secrets(Plane::kApi, secrets).reveal()));
        proc::Spec spec = own_spec("api", api_secrets_);
        spec.identity = own_identity(Plane::kApi);
        CHECK_OK(folder_.share("blobs", spec.identity));
        see(spec, "--blobs=", spec.identity, {.source = folder_.at("blobs"), .target = "/mnt"});
        std::string web = find_web(options_.process.web);
        if (!web.empty()) {
            see(spec, "--web=", spec.identity, {.source = web, .target = "/srv", .read_only = true});
        }
        if (postgres_) {
            // Its user may not search the way there.
            database_folder_ =
                proc::Fd(::open(folder_.at("postgres").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
            spec.fds.emplace_back(database_folder_.get(), kDatabaseDiskFd);
            spec.argv.push_back("--disk=/proc/self/fd/" + std::to_string(kDatabaseDiskFd));
        }
        spec.argv.push_back("--listen=" + address_.text());
        spec.argv.push_back("--listen-fd=" + std::to_string(kListenFd));
        spec.fds.emplace_back(listener_.get(), kListenFd);
        if (!options_.process.public_url.empty()) {
            spec.argv.push_back("--public-url=" + options_.process.public_url);
        }
        if (!options_.process.smtp_url.empty())
            spec.argv.push_back("--smtp-url=" + options_.process.smtp_url);
        for (const std::string& proxy : options_.process.trusted_proxies) {
            spec.argv.push_back("--trusted-proxy=" + proxy);
        }
        for (const std::string& origin : options_.process.cors_origins) {
            spec.argv.push_back("--cors-origin=" + origin);
        }
        if (options_.process.has_insecure_cookies) spec.argv.push_back("--insecure-cookies");
        for (const auto& [name, rate] : options_.process.limits) {
            spec.argv.push_back("--limit-" + name + "=" + rate);
        }
        spec.argv.push_back("--bodies-mib=" + std::to_string(options_.process.bodies_mib));
        CHECK_OK(add_metrics(spec, 0));
        return spec;
    }

    /// The api's at the port that was named, the workers' at those after it; a free one each for port 0.
    Result<void> add_metrics(proc::Spec& spec, int after) const {
        if (options_.process.metrics_listen.empty()) return {};
        TRY(Address address, parse_address(options_.process.metrics_listen));
        if (address.port != 0) address.port = static_cast<std::uint16_t>(address.port + after);
        spec.argv.push_back("--metrics-listen=" + address.text());
        return {};
    }

    /// Adds the option with the path under which `who` finds a folder: its own, or the bind's target when
    /// they cannot search the way.
    static void see(
        proc::Spec& spec, std::string option, const std::optional<proc::Identity>& who, proc::BindMount bind
    ) {
        bool is_reachable = !who || proc::can_reach(*who, bind.source);
        option += is_reachable ? bind.source : spec.binds.emplace_back(std::move(bind)).target;
        spec.argv.push_back(std::move(option));
    }

    Result<proc::Spec> worker_spec(const pg::Conninfo& admin) {
        ProcessSecrets secrets{
            .database_url = {},
            .shared_key = keys_.shared_key,
            .vault_key = keys_.vault_key,
            .metrics_token = keys_.metrics_token,
            .smtp_password = keys_.smtp_password
        };
        TRY(pg::Conninfo database, admin.for_login("weft_worker", worker_password_));
        secrets.database_url = database.text();
        TRY(worker_secrets_, proc::sealed_file("secrets", pack_secrets(Plane::kWorker, secrets).reveal()));
        proc::Spec spec = own_spec("worker", worker_secrets_);
        // It starts as root, for the sandboxes' sake, and becomes its user by itself.
        see(spec, "--blobs=", own_identity(Plane::kWorker), {.source = folder_.at("blobs"), .target = "/mnt"}
        );
        for (const std::string& network : options_.process.egress_allow) {
            spec.argv.push_back("--egress-allow=" + network);
        }
        spec.argv.push_back(
            "--public-url=" +
            (options_.process.public_url.empty() ? "http://" + address_.text() : options_.process.public_url)
        );
        if (!options_.process.smtp_url.empty()) {
            spec.argv.push_back("--smtp-url=" + options_.process.smtp_url);
            spec.argv.push_back("--smtp-from=" + options_.process.smtp_from);
            spec.argv.insert(spec.argv.end(), {"--smtp-user", options_.process.smtp_user});
            if (!options_.process.smtp_ca.empty())
                spec.argv.push_back("--smtp-ca=" + options_.process.smtp_ca);
            if (options_.process.is_smtp_plain) spec.argv.push_back("--smtp-plain");
        }
        spec.argv.push_back("--lease-ms=" + std::to_string(options_.process.lease_ms));
        spec.argv.push_back("--runs-max=" + std::to_string(options_.process.runs_max));
        spec.argv.push_back("--code-cpu-max=" + std::to_string(options_.process.code_cpu_max));
        for (const std::string& tenant : options_.process.shared_tenants) {
            spec.argv.push_back("--shared-tenant=" + tenant);
        }
        spec.argv.push_back("--answers-mib=" + std::to_string(options_.process.answers_mib));
        if (postgres_) spec.argv.push_back("--disk=" + folder_.at("postgres"));
        spec.argv.push_back("--isolation-floor=" + options_.process.isolation_floor);
        return spec;
    }

    void keep(
        std::unique_ptr<proc::Keeper>& keeper,
        proc::Spec spec,
        proc::Keeper::Prepare prepare,
        proc::Backoff backoff
    ) {
        auto on_event = [this](const proc::Keeper::Event& event) { on_process(event); };
        keeper =
            std::make_unique<proc::Keeper>(loop_, std::move(spec), on_event, std::move(prepare), backoff);
        keeping_.spawn(keeper->run(keeping_.forever()));
    }

    void on_process(const proc::Keeper::Event& event) {
        std::string name(event.name);
        pids_[name] = event.kind == Kind::kStarted ? event.pid : 0;
        metrics_urls_.erase(name);  // a restarted process says anew where its own are
        write_state();
        if (event.kind == Kind::kStarted || is_stopping_) return;
        bool is_database = database_ && name == database_name();
        bool was_ready = is_database ? is_database_ready_ : ready_names_.contains(name);
        // By a signal somebody ended it; by an exit code it says that it cannot work here.
        if (!was_ready && !event.by_signal && ++failures_[name] >= (is_database ? kDatabaseStartsMax : 1)) {
            std::string where =
                is_database ? folder_.at("log/postgres.log") + " says why." : "The lines above say why.";
            return give_up(Error::unavailable(name + " could not start (" + event.text + "). " + where));
        }
        std::string when =
            event.retry_in == Millis{0} ? "at once" : "in " + std::to_string(event.retry_in.count()) + " ms";
        std::fprintf(
            stderr, "weft: %s: %s; starting it again %s\n", name.c_str(), event.text.c_str(), when.c_str()
        );
    }

    std::string database_name() const { return postgres_->server().name; }

    void on_ready(const JsonObject& message) {
        std::string from(text_or(message, "from"));
        // A restarted api has nothing new to say, unless it made a new claim link.
        bool is_first = ready_names_.insert(from).second;
        if (is_first || message.contains("claim_url")) say(ready_text(message));
        if (auto url = text_or(message, "url"); !url.empty()) url_ = url;
        if (auto url = text_or(message, "metrics_url"); !url.empty()) metrics_urls_[from] = url;
        write_state();
    }

    /// serve.json: for tools and tests that look for our processes. Nobody needs it after a crash.
    void write_state() {
        JsonObject processes;
        for (const auto& [name, pid] : pids_) processes[name] = pid;
        JsonObject ready;
        for (const auto& name : ready_names_) ready[name] = true;
        JsonObject metrics;
        for (const auto& [name, url] : metrics_urls_) metrics[name] = url;
        JsonObject state{{"pid", ::getpid()}, {"url", url_}, {"processes", processes}, {"ready", ready}};
        state["metrics"] = std::move(metrics);
        (void)folder_.write_briefly("serve.json", to_text(state) + "\n", 0600);
    }

    void say(std::string text) {
        if (text.empty()) return;
        if (text.back() != '\n') text += '\n';
        std::fputs(text.c_str(), stdout);
        std::fflush(stdout);
    }

    void give_up(const Error& error) {
        exit_code_ = complain(error);
        is_stopping_ = true;
        changed_.notify_all();
    }

    /// The first asks all to finish; the second, from somebody in a hurry, does not.
    void on_stop_signal() {
        if (is_stopping_) ::_exit(kExitFailed);
        say("Stopping");
        is_stopping_ = true;
        changed_.notify_all();
    }

    /// The database last: what drains still writes to it.
    rt::Task<void> stop() {
        rt::Scope draining(loop_);
        if (api_) draining.spawn(api_->stop(SIGTERM, kDrainChildren));
        for (auto& worker : workers_) draining.spawn(worker->stop(SIGTERM, kDrainChildren));
        co_await draining.join();
        if (database_) co_await database_->stop(SIGINT, kDatabaseStop);
        co_await keeping_.close();
        co_await draining.close();
        std::error_code ec;
        fs::remove(folder_.at("serve.json"), ec);
    }

    rt::Loop& loop_;
    DataFolder& folder_;
    ServeOptions options_;
    const Environment& environment_;
    rt::Signal changed_;

    Address address_;
    std::string url_;
    std::map<std::string, std::string> metrics_urls_;
    ProcessSecrets keys_;
    Secret api_password_;
    Secret worker_password_;
    proc::Fd executable_;
    proc::Fd runner_;
    proc::Fd listener_;
    proc::Fd at_gate_;  // where api and worker wait
    proc::Fd gate_;     // closed once they may use the database
    proc::Fd database_folder_;
    proc::Fd api_secrets_;
    proc::Fd worker_secrets_;
    std::unique_ptr<ReadyPipe> ready_;
    std::unique_ptr<PrivatePostgres> postgres_;
    std::unique_ptr<proc::Keeper> database_;
    std::unique_ptr<proc::Keeper> api_;
    std::vector<std::unique_ptr<proc::Keeper>> workers_;

    std::map<std::string, pid_t> pids_;
    std::map<std::string, int> failures_;
    std::set<std::string> ready_names_;
    bool is_database_ready_ = false;
    bool is_stopping_ = false;
    int exit_code_ = kExitOk;

    rt::Scope keeping_;   // the keepers and the pipe, until all have ended
    rt::Scope starting_;  // the way up, interrupted by a request to stop
};

}  // namespace

int serve(const ServeOptions& options, const Environment& environment) {
    if (auto hardened = crypto::harden_process(); !hardened) return complain(hardened.error());
    SystemRng rng;
    auto folder = DataFolder::open(options.data, rng);
    if (!folder) return complain(folder.error());
    rt::Loop loop;
    Server server(loop, *folder, options, environment);
    return loop.run_until_done(server.run());
}

}  // namespace weft::app
