#include "app/weft/commands.h"
#include "app/weft/metadata_file.h"
#include "graphql/serve/serve.h"
#include "platform/crypto/crypto.h"
#include "platform/http/client.h"
#include "platform/http/router.h"
#include "platform/http/server.h"
#include "platform/http/site.h"
#include "platform/pg/pg.h"
#include "platform/proc/rights.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"
#include "platform/telemetry/log.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <memory>

namespace weft::app {

namespace {

using namespace std::chrono_literals;

constexpr auto kDrainGraphql = 5s;   // requests in flight when told to stop
constexpr auto kReload = 60s;        // for the catalog of a large database
constexpr auto kRetryFirst = 100ms;  // while the database is away at the start
constexpr auto kRetryMax = 2s;
constexpr auto kRetryFor = 60s;
constexpr int kIndexWarningsMax = 50;  // logged; a schema that needs more has been told enough

/// What answers are made of must not depend on how the server or the login is set up.
constexpr std::string_view kSettings =
    "-c intervalstyle=postgres -c extra_float_digits=1 -c standard_conforming_strings=on -c bytea_output=hex "
    "-c lc_monetary=C";

std::string session_options(std::chrono::milliseconds statement_timeout) {
    return std::string(kSettings) + " -c statement_timeout=" + std::to_string(statement_timeout.count());
}

/// "app.tenant=x-hasura-tenant-id"
Result<std::vector<std::pair<std::string, std::string>>> read_settings(const std::vector<std::string>& texts
) {
    std::vector<std::pair<std::string, std::string>> out;
    for (const std::string& text : texts) {
        const auto equals = text.find('=');
        if (equals == text.npos || equals == 0 || equals + 1 == text.size()) {
            return fail(Error::invalid(
                "\"" + text +
                "\" is not a session setting. Write NAME=VARIABLE, e.g. app.tenant=x-hasura-tenant-id."
            ));
        }
        std::string variable = text.substr(equals + 1);
        for (char& c : variable) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        out.emplace_back(text.substr(0, equals), std::move(variable));
    }
    return out;
}

/// Everything a `weft graphql` process is made of, in the order of construction.
class GraphqlProcess {
  public:
    GraphqlProcess(const GraphqlOptions& options, Environment environment, telemetry::Logger log)
        : options_(options), environment_(std::move(environment)), log_(std::move(log)) {}

    /// Everything that may be wrong is looked at before anything is made that must be closed.
    Result<void> prepare() {
        TRY(address_, parse_address(options_.listen));
        TRY(site_.listed_origins, parse_origins(options_.cors_origins));
        site_.trusted_proxies = options_.trusted_proxies;
        TRY(rates_, parse_limits(options_.limits));
        strangers_ = std::make_unique<http::Strangers>(clock_, rng_, rates_.at("address"));
        const http::CallerRates callers{.principal = rates_.at("principal"), .tenant = {}};
        turnstile_ = std::make_unique<http::Turnstile>(clock_, rng_, strangers_.get(), callers);
        // Without a secret everybody is the administrator: a page whose name was made to mean this machine
        // must not be.
        site_.needs_address = options_.admin_secret.empty();
        if (!options_.metadata.empty()) {
            TRY(Json document, read_metadata_file(options_.metadata));
            TRY(metadata_, graphql::metadata::parse(document));
        }
        graphql::HasuraAuthOptions auth{
            .admin_secret = options_.admin_secret,
            .unauthorized_role = options_.unauthorized_role,
            .jwt_secret = options_.jwt_secret,
            .turnstile = turnstile_.get(),
        };
        TRY(graphql::Authenticate authenticate, graphql::make_hasura_auth(std::move(auth)));
        TRY(graphql::EngineOptions engine, engine_options());
        const auto timeout =
            std::chrono::duration_cast<std::chrono::milliseconds>(engine.limits.statement_timeout);
        pg::PoolOptions pool{
            .url = options_.database_url,
            .application_name = "weft-graphql",
            .connections_max = options_.connections,
            .search_path = "",
            .options = session_options(timeout),
        };
        pool_ = std::make_unique<pg::Pool>(loop_, std::move(pool));
        client_ = std::make_unique<http::Client>(loop_);
        engine.client = client_.get();
        engine.on_change = [this](
                               const graphql::Plan& plan,
                               const graphql::Variables& variables,
                               const graphql::Session& session
                           ) { live_->publish(plan, variables, session); };
        engine_ = std::make_unique<graphql::Engine>(loop_, *pool_, std::move(engine));
        graphql::LiveOptions live;
        live.on_replan = [this] {
            if (replication_) replication_->follow(followed_tables());
        };
        live_ = std::make_unique<graphql::Live>(loop_, *pool_, *engine_, std::move(live));
        prepare_routes(std::move(authenticate));
        return {};
    }

    rt::Task<int> run() {
        constexpr std::array kStop = {SIGINT, SIGTERM};
        rt::Signal told(loop_);
        loop_.on_signals(kStop, [&](int) {
            is_stopping_ = true;
            told.notify_all();
        });
        scope_.spawn(start(told));
        while (!is_stopping_) (void)co_await told.wait(rt::Deadline::in(1h));
        // Sockets first: the server's drain would wait for them.
        co_await endpoint_->close();
        co_await leases_.close();
        co_await server_->stop(rt::Deadline::in(kDrainGraphql));
        co_await scope_.close();
        co_await engine_->close();
        if (replication_) co_await replication_->close();
        co_await live_->close();
        co_await pool_->close();
        co_return exit_code_;
    }

    rt::Loop& loop() { return loop_; }

  private:
    Result<graphql::EngineOptions> engine_options() {
        graphql::EngineOptions out;
        TRY(out.session_settings, read_settings(options_.session_settings));
        out.is_lenient = options_.is_lenient;
        out.limits.allow_list_only = options_.has_allow_list;
        out.limits.cost = rates_.at("cost");
        for (const auto& [name, value] : environment_) out.environment.emplace(name, value);
        return out;
    }

    void prepare_routes(graphql::Authenticate authenticate) {
        graphql::EndpointOptions endpoint;
        endpoint.site = site_;
        graphql::EndpointParts parts{loop_, *engine_, *live_, leases_, authenticate};
        endpoint_ = std::make_unique<graphql::Endpoint>(std::move(parts), std::move(endpoint));
        endpoint_->mount(router_);
        const graphql::ModelOptions model{
            .stringify_numeric = options_.stringify_numeric,
            .infers_function_permissions = options_.infers_function_permissions,
        };
        metadata_api_ = std::make_unique<graphql::MetadataApi>(
            loop_, *pool_, *engine_, *live_, authenticate, model, site_
        );
        metadata_api_->mount(router_);
        router_.add(http::Method::kGet, "/", &to_page);
        http::ServerOptions server;
        server.trusted_proxies = options_.trusted_proxies;
        server.bodies = body_limits(options_.bodies_mib);
        server.on_fault = [this](std::string what) { log_.error("a handler failed", {{"what", what}}); };
        server_ = std::make_unique<http::Server>(loop_, router_, clock_, rng_, std::move(server));
    }

    static rt::Task<Result<http::Response>> to_page(http::Request) {
        http::Response out = http::Response::empty(302);
        out.headers.add("location", "/v1/graphql");
        co_return out;
    }

    /// Waits for the database, makes the schema, listens, says so.
    rt::Task<void> start(rt::Signal& told) {
        auto ready = co_await load();
        if (ready) ready = listen();
        if (ready || is_stopping_) co_return;
        exit_code_ = complain(ready.error());
        is_stopping_ = true;
        told.notify_all();
    }

    rt::Task<Result<void>> load() {
        const rt::Deadline by = scope_.deadline(kRetryFor);
        Steady::duration pause = kRetryFirst;
        for (;;) {
            auto answers = co_await pool_->ping(by.at_most(5s));
            if (answers) break;
            if (by.is_over()) co_return fail(std::move(answers).error());
            log_.warn("waiting for the database", {{"reason", answers.error().detail}});
            if (!co_await rt::sleep_for(pause, by)) co_return fail(std::move(answers).error());
            pause = std::min<Steady::duration>(2 * pause, kRetryMax);
        }
        auto replaced = co_await metadata_api_->replace(std::move(metadata_), true, scope_.deadline(kReload));
        if (!replaced) {
            co_return fail(Error::unavailable(
                "The schema could not be made: " + replaced.error().message,
                to_text(replaced.error().internal)
            ));
        }
        tell_findings();
        engine_->start_actions();
        start_replication();
        co_return Result<void>();
    }

    void tell_findings() {
        const auto model = engine_->model();
        for (const auto& one : model->inconsistencies()) {
            log_.warn("the metadata do not fit the database", {{"object", one.name}, {"reason", one.reason}});
        }
        int left = kIndexWarningsMax;
        for (const auto& one : model->index_warnings()) {
            std::string columns;
            for (const std::string& column : one.columns) columns += (columns.empty() ? "" : ", ") + column;
            if (left-- <= 0) break;
            log_.warn(
                "an index is missing: reads of this relationship are slow",
                {{"table", one.table.text()}, {"columns", columns}}
            );
        }
    }

    std::vector<graphql::QualifiedName> followed_tables() const {
        using Kind = graphql::CatalogTable::Kind;
        std::vector<graphql::QualifiedName> out;
        for (const auto& table : engine_->model()->tables()) {
            const Kind kind = table.catalog->kind;
            if (kind == Kind::kTable || kind == Kind::kPartitioned) out.push_back(table.catalog->name);
        }
        return out;
    }

    void start_replication() {
        if (!options_.has_replication) return;
        graphql::ReplicationOptions options{
            .url = options_.database_url,
            .slot = "weft_graphql_" + std::to_string(::getpid()),  // each process follows the log itself
            .tables = followed_tables(),
        };
        // Nothing is missed while the log is followed: then idle subscriptions cost no query at all.
        options.on_state = [this](bool is_following) {
            log_.info(is_following ? "following the database's log" : "not following the database's log");
            live_->set_safety_poll(
                is_following ? Steady::duration::zero() : graphql::LiveOptions().safety_poll
            );
        };
        options.on_trouble = [this](std::string what) { log_.warn("replication", {{"reason", what}}); };
        replication_ = std::make_unique<graphql::ReplicationReader>(
            loop_,
            std::move(options),
            [this](const graphql::Change& change) { live_->publish(change); },
            [this] { live_->refresh_all(); }
        );
        replication_->start();
    }

    Result<void> listen() {
        TRY(address_.port, server_->listen_tcp(address_.host, address_.port));
        Address shown = address_;
        if (shown.host == "0.0.0.0") shown.host = "127.0.0.1";
        const std::string line = "Weft GraphQL is at http://" + shown.text() + "\n";
        // Shorter than PIPE_BUF, hence written whole; when nobody listens any more there is nobody to tell.
        (void)!::write(STDOUT_FILENO, line.data(), line.size());
        return {};
    }

    const GraphqlOptions& options_;
    Environment environment_;
    telemetry::Logger log_;
    Address address_;
    http::SiteRule site_;
    graphql::metadata::Metadata metadata_;
    rt::Loop loop_;
    rt::SystemClock clock_;
    SystemRng rng_;
    std::map<std::string, rate::Rate> rates_;
    std::unique_ptr<http::Strangers> strangers_;
    std::unique_ptr<http::Turnstile> turnstile_;
    http::Leases leases_{loop_, clock_};
    http::Router router_;
    std::unique_ptr<pg::Pool> pool_;
    std::unique_ptr<http::Client> client_;
    std::unique_ptr<graphql::Engine> engine_;
    std::unique_ptr<graphql::Live> live_;
    std::unique_ptr<graphql::Endpoint> endpoint_;
    std::unique_ptr<graphql::MetadataApi> metadata_api_;
    std::unique_ptr<graphql::ReplicationReader> replication_;
    std::unique_ptr<http::Server> server_;
    int exit_code_ = kExitOk;
    bool is_stopping_ = false;
    rt::Scope scope_{loop_};
};

}  // namespace

int graphql(const GraphqlOptions& options, const Environment& environment) {
    if (auto ready = crypto::init(); !ready) return complain(ready.error());
    if (options.database_url.empty()) {
        return complain(
            Error::invalid("No database is named. Use --database-url, or set WEFT_GRAPHQL_DATABASE_URL.")
        );
    }
    telemetry::Logger log = telemetry::Logger().with({{"process", "graphql"}});
    GraphqlProcess process(options, environment, log);
    if (auto prepared = process.prepare(); !prepared) give_up(prepared.error());
    // A user of its own is for whoever starts it to choose; the rest is as for an api.
    if (auto hardened = crypto::harden_process(); !hardened) return complain(hardened.error());
    if (auto given_up = proc::give_up_rights(std::nullopt); !given_up) return complain(given_up.error());
    if (auto restricted = proc::restrict_calls({}); !restricted) return complain(restricted.error());
    return process.loop().run_until_done(process.run());
}

}  // namespace weft::app
