#include "control/server/server.h"

#include "control/api/entrance.h"
#include "control/auth/auth.h"
#include "control/catalog/catalog.h"
#include "control/files/files.h"
#include "control/graphql_api/graphql_api.h"
#include "control/quotas/quotas.h"
#include "control/triggers/triggers.h"
#include "control/ui/ui.h"
#include "control/usage/usage.h"
#include "control/waits/waits.h"
#include "control/workflows/workflows.h"

#include <algorithm>

namespace weft::control {

namespace {

http::SiteRule site_of(const ApiOptions& options) {
    return {
        .public_url = options.public_url,
        .listed_origins = options.cors_origins,
        .trusted_proxies = options.trusted_proxies,
    };
}

}  // namespace

struct Api::Impl {
    Impl(ApiParts& parts, const ApiOptions& options)
        : env{
              .loop = parts.loop,
              .pool = parts.pool,
              .clock = parts.clock,
              .rng = parts.rng,
              .keys = parts.keys,
              .notify = std::move(parts.notify),
              .log = parts.log,
              .request_key = parts.request_key,
              .quotas = options.quotas,
              .over_triggers = options.over_triggers,
          },
          auth(env, parts.hasher, parts.shared_master, parts.device_key),
          catalog(env, parts.checker),
          connections(env),
          workflows(env, parts.checker, parts.start_run),
          triggers(env, parts.checker, options.public_url),
          runs(env, parts.runs, std::move(parts.start_run)),
          waits(env, parts.codec, parts.files),
          files(env, parts.files),
          alerts(env, options.alerts),
          usage(env),
          quotas(env),
          leases(parts.loop, parts.clock, options.leases),
          live(env, leases, options.live),
          executor(env),
          entrance(
              env,
              [this](Credential credential, rt::Deadline by) {
                  return auth.authenticate(std::move(credential), std::move(by));
              },
              options.strangers,
              options.rates
          ),
          rest(
              env,
              table,
              executor,
              entrance,
              {.site = site_of(options), .has_plain_cookies = options.has_plain_cookies}
          ) {
        auth.add_operations(table);
        catalog.add_operations(table);
        connections.add_operations(table);
        workflows.add_operations(table);
        triggers.add_operations(table);
        runs.add_operations(table);
        waits.add_operations(table);
        files.add_operations(table);
        alerts.add_operations(table);
        usage.add_operations(table);
        quotas.add_operations(table);
        live.add_operations(table);
        table.add({
            .name = "openapi",
            .method = http::Method::kGet,
            .path = "/openapi.json",
            .summary = "This document",
            .access = Access::publicly(),
            .raw = [this](Context&, Json) { return describe(); },
        });
        document = openapi(table, {options.version, rest.session_cookie()});
        // Last: it makes an action of every operation.
        graphql = std::make_unique<GraphqlApi>(GraphqlApiParts{
            .env = env,
            .table = table,
            .executor = executor,
            .rest = rest,
            .runs = parts.runs,
            .site = site_of(options),
            .leases = leases,
            .cost = options.rates.cost
        });
    }

    rt::Task<Result<http::Response>> describe() { co_return http::Response::json(200, document); }

    Environment env;
    Auth auth;
    Catalog catalog;
    Connections connections;
    Workflows workflows;
    Triggers triggers;
    Runs runs;
    Waits waits;
    Files files;
    Alerts alerts;
    Usage usage;
    Quotas quotas;
    http::Leases leases;
    Live live;
    Table table;
    Executor executor;
    Entrance entrance;
    Rest rest;
    std::string document;
    std::unique_ptr<Ui> ui;
    std::unique_ptr<GraphqlApi> graphql;
};

Result<std::unique_ptr<Api>> Api::make(ApiParts parts, ApiOptions options) {
    while (options.public_url.ends_with('/')) options.public_url.pop_back();
    auto impl = std::make_unique<Impl>(parts, options);
    CHECK_OK(impl->table.check());
    if (!options.web_folder.empty()) {
        TRY(impl->ui, Ui::load(options.web_folder));
    }
    return std::unique_ptr<Api>(new Api(std::move(impl)));
}

Api::Api(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Api::~Api() = default;

void Api::mount(http::Router& router) {
    impl_->rest.mount(router);
    impl_->graphql->mount(router);
    if (impl_->ui != nullptr) impl_->ui->mount(router);
}

rt::Task<Result<std::optional<Secret>>> Api::ensure_claim_link(rt::Deadline by) {
    return impl_->auth.ensure_claim_link(std::move(by));
}

rt::Task<Result<void>> Api::load_graphql(rt::Deadline by) {
    return impl_->graphql->load(std::move(by));
}

void Api::listen(store::notices::Ears& ears) {
    Impl& impl = *impl_;
    ears.on<store::notices::RunChanged>([&impl](const auto& changed) {
        impl.live.hear(changed);
        impl.graphql->hear(changed);
    });
    ears.on<store::notices::DefinitionChanged>([&impl](const auto& changed) { impl.graphql->hear(changed); });
    ears.on<store::notices::CredentialChanged>(
        [&impl](const auto& changed) { impl.leases.wake(changed.holder.text()); },
        [&impl] { impl.leases.wake_all(); }
    );
}

void Api::on_listening() {
    impl_->leases.wake_all();
    impl_->live.on_gap();
    impl_->graphql->on_gap();
}

std::size_t Api::graphql_answer_bytes() const {
    return impl_->graphql->load_now().answer_bytes;
}
std::size_t Api::graphql_answers_waiting() const {
    return impl_->graphql->load_now().answers_waiting;
}
std::uint64_t Api::graphql_notes() const {
    return impl_->graphql->load_now().notes;
}

rt::Task<void> Api::close() {
    co_await impl_->graphql->close();
    co_await impl_->leases.close();
}

const Table& Api::table() const {
    return impl_->table;
}

Live& Api::live() {
    return impl_->live;
}

http::Leases& Api::leases() {
    return impl_->leases;
}

}  // namespace weft::control
