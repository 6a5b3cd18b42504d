#include "control/auth/auth.h"

namespace weft::control {

namespace tenants = store::tenants;

namespace {

constexpr std::size_t kHintBytes =
    9;  // "weft_" and four characters: enough to recognise, nothing to guess from

Json token_json(const tenants::ApiToken& token) {
    Json scopes(nullptr);
    if (token.scopes) {
        JsonArray list;
        for (const std::string& scope : *token.scopes) list.emplace_back(scope);
        scopes = std::move(list);
    }
    return JsonObject{
        {"id", token.id.text()},
        {"name", token.name},
        {"hint", token.hint},
        {"role", token.role},
        {"scopes", std::move(scopes)},
        {"created_by", token.created_by.text()},
        {"created_at", time_json(token.created_at)},
        {"last_used_at", time_json(token.last_used_at)},
        {"expires_at", time_json(token.expires_at)},
    };
}

std::optional<std::vector<std::string>> scopes_in(const Json& input) {
    const Json* scopes = member_in(input, "scopes");
    if (scopes == nullptr || !scopes->is_array()) return std::nullopt;
    std::vector<std::string> out;
    for (const Json& scope : scopes->get_array()) out.emplace_back(scope.get_string());
    return out;
}

/// One's own tokens need no permission; those of others do.
std::optional<UserId> whose(const Context& context) {
    if (context.principal->permissions.has(tenancy::Permission::kTokenManage)) return std::nullopt;
    return context.user();
}

}  // namespace

rt::Task<Result<Json>> Auth::list_tokens(Context& context, Json input) {
    CO_TRY(auto page, page_in(input));
    CO_TRY(auto tokens, co_await tenants::list_tokens(context.db(), whose(context), page, context.deadline));
    co_return page_json(tokens, token_json);
}

rt::Task<Result<Json>> Auth::create_token(Context& context, Json input) {
    const Principal& principal = *context.principal;
    if (principal.identity.token_id) {
        co_return fail(Error::forbidden("A token cannot make tokens: sign in for that"));
    }
    const auto role = *tenancy::role_from(text_in(input, "role"));
    const auto scopes = scopes_in(input);
    std::optional<tenancy::Permissions> narrowed;
    if (scopes) {
        CO_TRY(narrowed, tenancy::parse_scopes(*scopes));
    }
    if (!principal.permissions.contains(tenancy::effective(role, narrowed))) {
        co_return fail(Error::forbidden("A token cannot have more rights than you have").with_field("role"));
    }
    Secret token = crypto::make_token(env_.rng);
    tenants::NewApiToken row{
        .tenant_id = context.tenant(),
        .id = ApiTokenId::make(env_.clock.now(), env_.rng),
        .name = text_in(input, "name"),
        .role = text_in(input, "role"),
        .scopes = scopes,
        .token_hash = crypto::sha256(token.reveal()),
        .hint = std::string(token.reveal().substr(0, kHintBytes)),
        .created_by = context.user(),
        .expires_in_days = maybe_int_in(input, "expires_in_days").value_or(90),
    };
    context.object = row.id.uuid();
    context.audit_detail["role"] = row.role;
    CO_TRY(auto made, co_await tenants::add_token(context.db(), std::move(row), context.deadline));
    Json answer = token_json(made);
    answer.get_object()["token"] = token.reveal();
    co_return answer;
}

rt::Task<Result<Json>> Auth::delete_token(Context& context, Json input) {
    const auto id = id_in<ApiTokenId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await tenants::revoke_token(context.db(), whose(context), id, context.deadline));
    co_return Json(nullptr);
}

}  // namespace weft::control
