#include "control/auth/auth.h"

namespace weft::control {

using http::Method;

namespace {
constexpr std::size_t kPublicBytesMax = 8u << 10;  // strangers may make us keep no more
}  // namespace

void Auth::add_operations(Table& table) {
    table.add({
        .name = "auth.status",
        .method = Method::kGet,
        .path = "/auth/status",
        .summary = "Whether this installation has an owner, and who is signed in",
        .access = Access::publicly(),
        .handler = [this](Context& context, Json input) { return status(context, std::move(input)); },
    });
    table.add({
        .name = "auth.claim",
        .method = Method::kPost,
        .path = "/auth/claim",
        .summary = "Become the first owner with the token of the claim link",
        .input = R"({
            "required": ["token", "email", "name", "password", "tenant_name"],
            "properties": {
                "token": {"type": "string", "minLength": 1, "maxLength": 100},
                "email": {
                    "type": "string", "minLength": 3, "maxLength": 320, "pattern": "^[^@\\s]+@[^@\\s]+$"
                },
                "name": {"$ref": "#/definitions/name"},
                "password": {"type": "string", "minLength": 8, "maxLength": 128},
                "tenant_name": {"$ref": "#/definitions/name"}
            }})",
        .access = Access::publicly(),
        .mode = Mode::kOwn,
        .status = 201,
        .audit_action = "tenant.claim",
        .audit_object = "tenant",
        .body_bytes_max = kPublicBytesMax,
        .handler = [this](Context& context, Json input) { return claim(context, std::move(input)); },
    });
    table.add({
        .name = "auth.login",
        .method = Method::kPost,
        .path = "/auth/login",
        .summary = "Sign in; sets the session cookie",
        .input = R"({
            "required": ["email", "password"],
            "properties": {
                "email": {"type": "string", "minLength": 1, "maxLength": 320},
                "password": {"type": "string", "minLength": 1, "maxLength": 128},
                "tenant": {"type": "string", "minLength": 1, "maxLength": 63}
            }})",
        .access = Access::publicly(),
        .mode = Mode::kOwn,
        .audit_action = "session.create",
        .audit_object = "session",
        .body_bytes_max = kPublicBytesMax,
        .handler = [this](Context& context, Json input) { return login(context, std::move(input)); },
    });
    table.add({
        .name = "auth.logout",
        .method = Method::kPost,
        .path = "/auth/logout",
        .summary = "End the session",
        .access = Access::publicly(),
        .mode = Mode::kOwn,
        .status = 204,
        .audit_action = "session.delete",
        .audit_object = "session",
        .body_bytes_max = kPublicBytesMax,
        .handler = [this](Context& context, Json input) { return logout(context, std::move(input)); },
    });
    add_tokens(table);
}

void Auth::add_tokens(Table& table) {
    table.add({
        .name = "tokens.list",
        .method = Method::kGet,
        .path = "/tokens",
        .summary = "API tokens: one's own, or with token.manage everybody's",
        .input = R"({"properties": {
            "limit": {"$ref": "#/definitions/limit"}, "after": {"$ref": "#/definitions/after"}}})",
        .access = Access::member(),
        .handler = [this](Context& context, Json input) { return list_tokens(context, std::move(input)); },
    });
    table.add({
        .name = "tokens.create",
        .method = Method::kPost,
        .path = "/tokens",
        .summary = "Make an API token; the answer shows it once",
        .input = R"({
            "required": ["name", "role"],
            "properties": {
                "name": {"$ref": "#/definitions/name"},
                "role": {"enum": ["owner", "admin", "builder", "viewer"]},
                "scopes": {"type": "array", "minItems": 1, "maxItems": 50, "items": {"type": "string"}},
                "expires_in_days": {"type": "integer", "minimum": 1, "maximum": 365}
            }})",
        .access = Access::member(),
        .mode = Mode::kWrite,
        .replay = Replay::kYes,
        .shown_once = "token",
        .status = 201,
        .audit_action = "token.create",
        .audit_object = "api_token",
        .handler = [this](Context& context, Json input) { return create_token(context, std::move(input)); },
    });
    table.add({
        .name = "tokens.delete",
        .method = Method::kDelete,
        .path = "/tokens/{id}",
        .summary = "Revoke an API token at once",
        .access = Access::member(),
        .mode = Mode::kWrite,
        .status = 204,
        .audit_action = "token.delete",
        .audit_object = "api_token",
        .handler = [this](Context& context, Json input) { return delete_token(context, std::move(input)); },
    });
}

}  // namespace weft::control
