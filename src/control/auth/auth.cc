#include "control/auth/auth.h"

#include "base/bytes.h"
#include "control/auth/detail/names.h"
#include "platform/http/address.h"
#include "store/audit/audit.h"

#include <algorithm>
#include <cctype>

namespace weft::control {

namespace tenants = store::tenants;
namespace vault = store::vault;

namespace {

constexpr rate::Rate kClaims{.per_second = 10.0 / 60, .burst = 10};  // of one address

Error bad_login() {
    return Error::unauthenticated("E-mail address or password is wrong");
}

Error too_many_attempts() {
    return Error::limit("Too many attempts; wait as long as Retry-After says");
}

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

JsonObject user_json(UserId id, const std::string& email, const std::string& name) {
    return JsonObject{{"id", id.text()}, {"email", email}, {"name", name}};
}

JsonObject tenant_json(TenantId id, const std::string& slug, const std::string& name) {
    return JsonObject{{"id", id.text()}, {"slug", slug}, {"name", name}};
}

store::audit::Event event_of(
    const Context& context, UserId actor, std::string action, std::string kind, Uuid object
) {
    return {
        .actor_kind = store::audit::ActorKind::kUser,
        .actor_id = actor.uuid(),
        .action = std::move(action),
        .object_kind = std::move(kind),
        .object_id = object,
        .detail = {},
        .request_id = context.request_id,
        .ip = context.ip,
    };
}

/// Rights now: of the membership, not above the token's role, narrowed by its scopes. Nothing when the stored
/// role or scopes are not known to this program: closed, not open.
std::optional<Principal> principal_of(tenants::Identity identity) {
    const auto member_role = tenancy::role_from(identity.role);
    if (!member_role) return std::nullopt;
    Principal principal{
        .identity = std::move(identity),
        .role = *member_role,
        .permissions = tenancy::permissions_of(*member_role),
    };
    if (!principal.identity.token_id) return principal;
    const auto token_role = tenancy::role_from(principal.identity.token_role);
    if (!token_role) return std::nullopt;
    const auto of_token = tenancy::permissions_of(*token_role);
    if (principal.permissions.contains(of_token)) principal.role = *token_role;
    principal.permissions = principal.permissions.intersect(of_token);
    if (principal.identity.scopes) {
        auto scopes = tenancy::parse_scopes(*principal.identity.scopes);
        if (!scopes) return std::nullopt;
        principal.permissions = principal.permissions.intersect(*scopes);
    }
    return principal;
}

}  // namespace

Auth::Auth(
    Environment& env, crypto::PasswordHasher& hasher, crypto::KeyWrapper& shared_master, Secret device_key
)
    : env_(env),
      hasher_(hasher),
      shared_master_(shared_master),
      logins_(env.clock, env.rng, std::move(device_key)),
      claims_(env.rng, 1'024) {}

rt::Task<Result<std::optional<Principal>>> Auth::authenticate(Credential credential, rt::Deadline by) {
    const std::string hash = crypto::sha256(credential.token.reveal());
    const bool is_session = credential.kind == Credential::Kind::kSession;
    Result<std::optional<tenants::Identity>> found = std::nullopt;
    if (is_session) {
        found = co_await tenants::find_session(env_.pool, hash, by);
    } else {
        found = co_await tenants::find_token(env_.pool, hash, by);
    }
    if (!found) co_return fail(std::move(found).error());
    if (!*found) co_return std::nullopt;
    if ((*found)->is_touch_due) {
        // Without this an active session would go idle; failing it is worth a log line, not the request.
        auto touched = co_await tenants::touch(env_.pool, **found, by);
        if (!touched) env_.log.warn("credential use not recorded", {{"detail", touched.error().detail}});
    }
    auto principal = principal_of(std::move(**found));
    if (principal && principal->identity.expires_in) {
        principal->expires_at = env_.clock.now() + *principal->identity.expires_in;
    }
    co_return principal;
}

rt::Task<Result<std::optional<Secret>>> Auth::ensure_claim_link(rt::Deadline by) {
    Secret token = crypto::make_token(env_.rng);
    const Uuid id = Uuid::v7(env_.clock.now(), env_.rng);
    CO_TRY(bool added, co_await tenants::add_claim_link(env_.pool, id, crypto::sha256(token.reveal()), by));
    if (!added) co_return std::nullopt;
    co_return std::optional<Secret>(std::move(token));
}

rt::Task<Result<Json>> Auth::status(Context& context, Json) {
    if (!context.principal) {
        CO_TRY(bool claimed, co_await tenants::any_user(env_.pool, context.deadline));
        co_return JsonObject{{"claimed", claimed}};
    }
    const Principal& principal = *context.principal;
    const auto& identity = principal.identity;
    JsonArray permissions;
    for (tenancy::Permission permission : principal.permissions.list()) {
        permissions.emplace_back(tenancy::name(permission));
    }
    co_return JsonObject{
        {"claimed", true},
        {"user", user_json(identity.user_id, identity.email, identity.user_name)},
        {"tenant", tenant_json(identity.tenant_id, identity.tenant_slug, identity.tenant_name)},
        {"role", tenancy::name(principal.role)},
        {"permissions", std::move(permissions)},
    };
}

rt::Task<Result<Json>> Auth::claim(Context& context, Json input) {
    const rt::Deadline by = context.deadline;
    const auto claims = claims_.take(http::address_key(context.ip), kClaims, 1, env_.clock.steady());
    if (!claims.is_allowed) {
        context.quota = {"claim", kClaims, claims};
        co_return fail(too_many_attempts());
    }
    tenants::Owner owner{
        .claim_hash = crypto::sha256(text_in(input, "token")),
        .tenant_id = TenantId::make(env_.clock.now(), env_.rng),
        .tenant_slug = detail::slug_of(text_in(input, "tenant_name")),
        .tenant_name = text_in(input, "tenant_name"),
        .user_id = UserId::make(env_.clock.now(), env_.rng),
        .email = lower(text_in(input, "email")),
        .user_name = text_in(input, "name"),
        .password_hash = "",
    };
    Secret password(text_in(input, "password"));
    CO_CHECK_OK(detail::check_password(password, owner.email));
    CO_TRY(bool claimed, co_await tenants::any_user(env_.pool, by));
    if (claimed) co_return fail(Error::conflict("This installation has an owner already; log in"));
    CO_TRY(owner.password_hash, co_await hasher_.hash(std::move(password)));

    Secret session = crypto::make_token(env_.rng);
    const auto session_id = SessionId::make(env_.clock.now(), env_.rng);
    pg::Batch finish;
    tenants::add_session(
        finish,
        {.tenant_id = owner.tenant_id,
         .id = session_id,
         .user_id = owner.user_id,
         .token_hash = crypto::sha256(session.reveal())}
    );
    auto event = event_of(context, owner.user_id, "tenant.claim", "tenant", owner.tenant_id.uuid());
    store::audit::append(finish, owner.tenant_id, event);
    auto made = co_await make_tenant(owner, std::move(finish), by);
    if (!made && tenants::is_bad_claim(made.error())) {
        co_return fail(
            Error::unauthenticated("The claim link is wrong, used or expired; restart Weft for a new one")
        );
    }
    if (!made) co_return fail(std::move(made).error());
    env_.notify(store::notices::TenantMade{owner.tenant_id});
    context.new_session = std::move(session);
    context.new_device = logins_.device_for(owner.email);
    co_return JsonObject{
        {"user", user_json(owner.user_id, owner.email, owner.user_name)},
        {"tenant", tenant_json(owner.tenant_id, owner.tenant_slug, owner.tenant_name)},
        {"role", "owner"},
    };
}

rt::Task<Result<void>> Auth::make_tenant(tenants::Owner owner, pg::Batch finish, rt::Deadline by) {
    pg::Batch batch;
    tenants::add_owner(batch, owner);
    for (vault::KeyClass key_class : {vault::KeyClass::kData, vault::KeyClass::kIngress}) {
        auto key = co_await vault::make_symmetric_key(
            owner.tenant_id, key_class, shared_master_, env_.clock, env_.rng, by
        );
        if (!key) co_return fail(std::move(key).error());
        vault::add_key(batch, *key);
    }
    for (const pg::Batch::Statement& statement : finish.statements()) {
        if (statement.become) batch.as(*statement.become);
        batch.add(statement.query, statement.params);
    }
    CO_CHECK_OK(co_await env_.pool.run(std::move(batch), by));
    co_return Result<void>();
}

rt::Task<Result<tenants::Login>> Auth::check_password(Context& context, std::string email, Secret password) {
    auto attempt = logins_.begin({.account = email, .client = context.ip, .device = context.device});
    if (!attempt) {
        context.quota = attempt.error();
        co_return fail(too_many_attempts());
    }
    CO_TRY(auto login, co_await tenants::find_login(env_.pool, email, context.deadline));
    if (!login) {
        CO_CHECK_OK(co_await hasher_.verify_absent(std::move(password)));
        attempt->failed();
        co_return fail(bad_login());
    }
    CO_TRY(bool is_right, co_await hasher_.verify(login->password_hash, std::move(password)));
    if (!is_right || login->is_disabled || login->memberships.empty()) {
        attempt->failed();
        co_return fail(bad_login());
    }
    context.new_device = logins_.device_for(email);
    co_return std::move(*login);
}

rt::Task<Result<Json>> Auth::login(Context& context, Json input) {
    const std::string email = lower(text_in(input, "email"));
    Secret password(text_in(input, "password"));
    CO_TRY(tenants::Login login, co_await check_password(context, email, std::move(password)));

    const auto wanted = maybe_text_in(input, "tenant");
    if (login.memberships.size() > 1 && !wanted) {
        JsonArray choices;
        for (const auto& each : login.memberships) {
            choices.push_back(tenant_json(each.tenant_id, each.slug, each.name));
        }
        context.problem["tenants"] = std::move(choices);
        co_return fail(Error::conflict("You belong to several tenants; name one").with_field("tenant"));
    }
    const auto membership = std::ranges::find_if(login.memberships, [&](const auto& each) {
        return !wanted || each.slug == *wanted;
    });
    if (membership == login.memberships.end()) co_return fail(bad_login());

    Secret session = crypto::make_token(env_.rng);
    const auto session_id = SessionId::make(env_.clock.now(), env_.rng);
    pg::Batch batch;
    if (context.principal && context.principal->identity.session_id) {
        const auto& old = context.principal->identity;
        tenants::drop_session(batch, old.tenant_id, *old.session_id);
    }
    tenants::add_session(
        batch,
        {.tenant_id = membership->tenant_id,
         .id = session_id,
         .user_id = login.user_id,
         .token_hash = crypto::sha256(session.reveal())}
    );
    auto event = event_of(context, login.user_id, "session.create", "session", session_id.uuid());
    store::audit::append(batch, membership->tenant_id, event);
    CO_CHECK_OK(co_await env_.pool.run(std::move(batch), context.deadline));
    context.new_session = std::move(session);
    co_return JsonObject{
        {"user", user_json(login.user_id, email, login.user_name)},
        {"tenant", tenant_json(membership->tenant_id, membership->slug, membership->name)},
        {"role", membership->role},
    };
}

rt::Task<Result<Json>> Auth::logout(Context& context, Json) {
    context.is_session_ended = true;
    if (!context.principal || !context.principal->identity.session_id) co_return Json(nullptr);
    const auto& identity = context.principal->identity;
    pg::Batch batch;
    tenants::drop_session(batch, identity.tenant_id, *identity.session_id);
    auto event =
        event_of(context, identity.user_id, "session.delete", "session", identity.session_id->uuid());
    store::audit::append(batch, identity.tenant_id, event);
    CO_CHECK_OK(co_await env_.pool.run(std::move(batch), context.deadline));
    co_return Json(nullptr);
}

}  // namespace weft::control
