#include "control/api/family.h"
#include "control/auth/auth.h"

namespace weft::control {

namespace {

constexpr std::size_t kPublicBytesMax = 8u << 10;  // strangers may make us keep no more

constexpr std::string_view kUser = R"(
    id id
    email text = owner@example.com
    name text = Olga Owner)";

constexpr std::string_view kTenant = R"(
    id id
    slug text = example
    name text = Example)";

constexpr std::string_view kStatus = R"(
    claimed bool
    user* user
    tenant* tenant
    role* owner|admin|builder|viewer
    permissions* [text])";

constexpr std::string_view kSession = R"(
    user user
    tenant tenant
    role owner|admin|builder|viewer)";

constexpr std::string_view kToken = R"(
    id id
    name text = Deploy script
    hint text = weft_AbCd
    role owner|admin|builder|viewer = builder
    scopes [text]? = ["run.start", "run.read"]
    created_by id
    created_at time
    last_used_at time?
    expires_at time
    token* text = weft_...)";

constexpr std::string_view kClaim = R"({
    "required": ["token", "email", "name", "password", "tenant_name"],
    "properties": {
        "token": {"type": "string", "minLength": 1, "maxLength": 100, "examples": ["of-the-claim-link"]},
        "email": {
            "type": "string", "minLength": 3, "maxLength": 320, "pattern": "^[^@\\s]+@[^@\\s]+$",
            "examples": ["owner@example.com"]
        },
        "name": {"$ref": "#/definitions/name"},
        "password": {"type": "string", "minLength": 8, "maxLength": 128, "examples": ["a long pass phrase"]},
        "tenant_name": {"$ref": "#/definitions/name"}
    }})";

constexpr std::string_view kLogin = R"({
    "required": ["email", "password"],
    "properties": {
        "email": {"type": "string", "minLength": 1, "maxLength": 320, "examples": ["owner@example.com"]},
        "password": {"type": "string", "minLength": 1, "maxLength": 128, "examples": ["a long pass phrase"]},
        "tenant": {"type": "string", "minLength": 1, "maxLength": 63, "examples": ["example"]}
    }})";

constexpr std::string_view kNewToken = R"({
    "required": ["name", "role"],
    "properties": {
        "name": {"$ref": "#/definitions/name"},
        "role": {"type": "string", "enum": ["owner", "admin", "builder", "viewer"]},
        "scopes": {
            "type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string"},
            "examples": [["run.start", "run.read"]]
        },
        "expires_in_days": {"type": "integer", "minimum": 1, "maximum": 365}
    }})";

/// Of strangers: they commit elsewhere, with an audit row of their own.
Operation of_strangers(Operation operation) {
    operation.mode = Mode::kOwn;
    operation.body_bytes_max = kPublicBytesMax;
    return operation;
}

}  // namespace

void Auth::add_operations(Table& table) {
    const Access anybody = Access::publicly();
    table.define("user", kUser);
    table.define("tenant", kTenant);
    table.define("auth_status", kStatus);
    table.define("session", kSession);
    table.add(shows(
        {"auth.status",
         "/auth/status",
         "Whether this installation has an owner, and who is signed in",
         anybody,
         "auth_status"},
        bind(this, &Auth::status)
    ));
    Operation claim = of_strangers(commands(
        {"auth.claim",
         "/auth/claim",
         "Become the first owner with the token of the claim link",
         anybody,
         "session",
         kClaim},
        bind(this, &Auth::claim)
    ));
    claim.status = 201;
    table.add(std::move(claim));
    table.add(of_strangers(commands(
        {"auth.login", "/auth/login", "Sign in; sets the session cookie", anybody, "session", kLogin},
        bind(this, &Auth::login)
    )));
    Operation logout = of_strangers(
        commands({"auth.logout", "/auth/logout", "End the session", anybody}, bind(this, &Auth::logout))
    );
    logout.status = 204;
    table.add(std::move(logout));
    add_tokens(table);
}

void Auth::add_tokens(Table& table) {
    const Access member = Access::member();
    table.define("token", kToken);
    table.add(lists(
        {"tokens.list", "/tokens", "API tokens: one's own, or with token.manage everybody's", member, "token"
        },
        bind(this, &Auth::list_tokens)
    ));
    Operation create = creates(
        {.name = "tokens.create",
         .path = "/tokens",
         .summary = "Make an API token; the answer shows it once",
         .access = member,
         .answer = "token",
         .input = kNewToken,
         .object = "api_token"},
        bind(this, &Auth::create_token)
    );
    create.shown_once = "token";
    table.add(std::move(create));
    table.add(deletes(
        {.name = "tokens.delete",
         .path = "/tokens/{id}",
         .summary = "Revoke an API token at once",
         .access = member,
         .object = "api_token"},
        bind(this, &Auth::delete_token)
    ));
}

}  // namespace weft::control
