#include "control/graphql_api/graphql_api.h"

#include "base/fair_lru.h"
#include "control/graphql_api/detail/operations.h"
#include "control/graphql_api/detail/shown.h"
#include "control/graphql_api/detail/values.h"
#include "graphql/serve/serve.h"
#include "platform/http/router.h"

#include <algorithm>

namespace weft::control {

namespace {

constexpr auto kCredentialTimeout = std::chrono::seconds(5);
/// Different sets of scopes among the tokens in use, by tenant; each is a role of the engine, some hundred
/// bytes of mask.
constexpr std::size_t kScopedRolesMax = 256;
/// Of one tenant: a set that is new here costs a new model and everybody's plans.
constexpr rate::Rate kNewRoles{.per_second = 0.1, .burst = 8};

graphql::ModelOptions model_options() {
    return {
        .stringify_numeric = true,  // JavaScript loses digits of a bigint
        .limit_default = 100,
        .limit_max = 1'000,
    };
}

std::vector<shown::Role> base_roles() {
    std::vector<shown::Role> out;
    using enum tenancy::Role;
    for (const tenancy::Role role : {kOwner, kAdmin, kBuilder, kViewer}) {
        const auto permissions = tenancy::permissions_of(role);
        out.push_back({shown::role_name(role, permissions), permissions});
    }
    return out;
}

graphql::Failure to_failure(const Error& error) {
    const bool is_access = error.code == Code::kUnauthenticated || error.code == Code::kForbidden;
    const bool is_quota = error.code == Code::kLimit && error.retry == Retry::kBackoff;
    return {
        .message = error.user.empty() ? "internal error" : error.user,
        .code = is_access  ? "access-denied"
                : is_quota ? std::string(graphql::kRateLimitExceeded)
                           : std::string(name(error.code)),
    };
}

}  // namespace

struct GraphqlApi::Impl {
    explicit Impl(GraphqlApiParts given)
        : parts(given),
          engine(parts.env.loop, parts.env.pool, engine_options()),
          live(parts.env.loop, parts.env.pool, engine, {}),
          endpoint({parts.env.loop, engine, live, parts.leases, authenticator()}, endpoint_options()) {}

    graphql::EngineOptions engine_options() {
        graphql::EngineOptions options;
        options.principal = [](const graphql::Session& session) -> Result<pg::Principal> {
            const auto caller = std::static_pointer_cast<const shown::Caller>(session.host);
            if (caller == nullptr) return fail(Error::unauthenticated("Sign in, or send an API token"));
            return pg::Principal::tenant(caller->principal.identity.tenant_id);
        };
        options.actions = shown::resolvers(
            parts.env,
            parts.table,
            parts.executor,
            [this](std::string_view table, TenantId tenant, std::optional<Uuid> object) {
                announce(table, tenant, object);
            }
        );
        options.limits.cost = parts.cost;
        options.remotes = shown::value_resolvers(parts.runs);
        return options;
    }

    graphql::EndpointOptions endpoint_options() {
        graphql::EndpointOptions options;
        options.allows_get = true;
        options.page_path = "/graphql";
        options.page_header = "x-weft-csrf: 1";
        options.sign_in = "/login";
        options.site = parts.site;
        return options;
    }

    graphql::Authenticate authenticator() {
        return [this](
                   std::shared_ptr<const http::Handshake> handshake,
                   graphql::Presented presented,
                   http::Look look
               ) { return authenticate(std::move(handshake), std::move(presented), look); };
    }

    rt::Task<graphql::Outcome<graphql::Identified>> authenticate(
        std::shared_ptr<const http::Handshake> handshake, graphql::Presented presented, http::Look look
    ) {
        if (engine.model() == nullptr) {
            co_return graphql::failure("start-failed", "The API is waiting for its database; try again");
        }
        auto caller = std::make_shared<shown::Caller>();
        caller->ip = handshake->client();
        caller->request_id = RequestId::make(parts.env.clock.now(), parts.env.rng);
        auto principal = co_await parts.rest.identify(
            std::move(handshake),
            std::move(presented.authorization),
            look,
            rt::Deadline::in(kCredentialTimeout)
        );
        if (!principal) co_return std::unexpected(to_failure(principal.error()));
        if (!*principal) {
            co_return graphql::failure(
                "access-denied", "Sign in, or send `Authorization: Bearer <API token>`"
            );
        }
        caller->principal = std::move(**principal);
        http::Holder holder = caller->principal.holder();
        auto session = session_of(std::move(caller), look);
        if (!session) co_return std::unexpected(std::move(session).error());
        co_return graphql::Identified{.session = std::move(*session), .holder = std::move(holder)};
    }

    graphql::Outcome<graphql::Session> session_of(std::shared_ptr<shown::Caller> caller, http::Look look) {
        const Principal& principal = caller->principal;
        graphql::Session session;
        session.role = shown::role_name(principal.role, principal.permissions);
        shown::Role role{session.role, principal.permissions};
        auto has_role = ensure_role(principal.identity.tenant_id.text(), std::move(role));
        // A set that a stream's token has been narrowed to ends the stream, whether or not it is a role by
        // now.
        if (!has_role && look == http::Look::kEntry) return std::unexpected(std::move(has_role).error());
        session.variables["x-hasura-role"] = session.role;
        session.variables["x-hasura-tenant-id"] = principal.identity.tenant_id.text();
        session.variables["x-hasura-user-id"] = principal.identity.user_id.text();
        session.tenant = principal.identity.tenant_id.text();
        session.rate_key = session.tenant;
        session.expires_at = principal.expires_at;
        session.host = std::move(caller);
        return session;
    }

    /// A token with scopes sees what its permissions allow: its set becomes a role when it is first seen. A
    /// tenant with many sets pushes out its own, and waits between new ones.
    graphql::Outcome<> ensure_role(const std::string& tenant, shown::Role role) {
        const bool is_in_model = engine.model()->has_role(role.name);
        const std::string key = tenant + ' ' + role.name;
        if (is_in_model && (scoped.find(key) != nullptr || is_base(role.name))) return {};
        if (!is_in_model && !new_roles.take(tenant, kNewRoles, 1, parts.env.clock.steady()).is_allowed) {
            return graphql::failure(
                std::string(graphql::kRateLimitExceeded),
                "too many different sets of scopes among your tokens; give several tokens the same set, or "
                "wait"
            );
        }
        scoped.add(tenant, key, std::move(role));
        if (is_in_model || use_model(graphql::Catalog(engine.model()->catalog()))) return {};
        return graphql::failure("unexpected", "internal error");
    }

    static bool is_base(std::string_view name) { return !name.starts_with("scoped_"); }

    std::vector<shown::Role> roles() const {
        std::vector<shown::Role> out = base_roles();
        scoped.for_each([&out](const shown::Role& role) {
            if (std::ranges::find(out, role.name, &shown::Role::name) == out.end()) out.push_back(role);
        });
        return out;
    }

    Result<void> use_model(graphql::Catalog catalog) {
        const auto shown_to = roles();
        JsonObject document{
            {"version", 3},
            {"sources", shown::sources(shown_to)},
            {"actions", shown::actions(parts.table, shown_to)},
            {"custom_types", shown::custom_types(parts.table)},
        };
        TRY(auto metadata, graphql::metadata::parse(Json(std::move(document))));
        auto model = graphql::build_model(std::move(catalog), std::move(metadata), {}, model_options());
        if (!model->inconsistencies().empty()) {
            const auto& first = model->inconsistencies().front();
            return fail(Error::internal("graphql: " + first.name + ": " + first.reason));
        }
        engine.use(std::move(model));
        live.replan();
        return {};
    }

    /// To every api process, this one included: definitions change rarely, so a notification costs nothing
    /// that counts.
    void announce(std::string_view table, TenantId tenant, std::optional<Uuid> object) {
        parts.env.notify(store::notices::DefinitionChanged{std::string(table), tenant, object});
    }

    void publish(
        std::string_view table, std::string_view tenant, std::string_view column, std::string_view id
    ) {
        graphql::Change change{.table = {"weft", std::string(table)}, .values = {}};
        change.values.emplace_back(table == "tenant" ? "id" : "tenant_id", tenant);
        if (!id.empty()) change.values.emplace_back(column, id);
        live.publish(change);
    }

    GraphqlApiParts parts;
    FairLru<shown::Role> scoped{kScopedRolesMax};  // by tenant and role
    rate::Limiter new_roles{parts.env.rng, 1'024};
    graphql::Engine engine;
    graphql::Live live;
    graphql::Endpoint endpoint;
};

GraphqlApi::GraphqlApi(GraphqlApiParts parts) : impl_(std::make_unique<Impl>(parts)) {}
GraphqlApi::~GraphqlApi() = default;

void GraphqlApi::mount(http::Router& router) {
    impl_->endpoint.mount(router);
}

rt::Task<Result<void>> GraphqlApi::load(rt::Deadline by) {
    CO_TRY(auto catalog, co_await graphql::read_catalog(impl_->parts.env.pool, pg::Principal::login(), by));
    co_return impl_->use_model(std::move(catalog));
}

void GraphqlApi::hear(const store::notices::RunChanged& changed) {
    const std::string tenant = changed.tenant.text();
    const std::string run = changed.run.text();
    impl_->publish("workflow_run", tenant, "id", run);
    for (const std::string_view table :
         {"step_run", "run_event", "execution_log", "payload", "job", "dead_letter"}) {
        impl_->publish(table, tenant, "run_id", run);
    }
}

void GraphqlApi::hear(const store::notices::DefinitionChanged& changed) {
    const std::string tenant = changed.tenant.text();
    const std::string object = changed.object ? changed.object->text() : "";
    impl_->publish(changed.table, tenant, "id", object);
    if (changed.table == "workflow") {
        impl_->publish("workflow_draft", tenant, "workflow_id", object);
        impl_->publish("workflow_version", tenant, "workflow_id", object);
        impl_->publish("trigger", tenant, "workflow_id", object);
    }
    impl_->publish("audit_event", tenant, "", "");
}

void GraphqlApi::on_gap() {
    impl_->live.refresh_all();
}

GraphqlApi::Load GraphqlApi::load_now() const {
    const graphql::Engine::Stats stats = impl_->engine.stats();
    return {
        .answer_bytes = stats.answer_bytes, .answers_waiting = stats.answers_waiting, .notes = stats.notes
    };
}

rt::Task<void> GraphqlApi::close() {
    co_await impl_->endpoint.close();
    co_await impl_->live.close();
}

}  // namespace weft::control
