#include "control/api/api.h"
#include "core/calendar/calendar.h"

namespace weft::control {

bool Principal::is_same(const Principal& other) const {
    return identity.tenant_id == other.identity.tenant_id && identity.user_id == other.identity.user_id &&
           role == other.role && permissions == other.permissions;
}

http::Holder Principal::holder() const {
    http::Holder out{
        .tenant = identity.tenant_id.text(),
        .principal = identity.token_id ? identity.token_id->text() : identity.user_id.text(),
        .keys = {identity.user_id.text(), identity.tenant_id.text()},
    };
    if (identity.session_id) out.keys.push_back(identity.session_id->text());
    if (identity.token_id) out.keys.push_back(identity.token_id->text());
    return out;
}

store::Db Context::db() const {
    if (transaction != nullptr) return store::Db(*transaction);
    return store::Db(env->pool, tenant());
}

const Json* member_in(const Json& input, std::string_view member) {
    return input.is_object() ? input.get_object().if_contains(member) : nullptr;
}

std::string text_in(const Json& input, std::string_view member, std::string_view fallback) {
    return std::string(text_or(input.get_object(), member, fallback));
}

std::optional<Instant> maybe_time_in(const Json& input, std::string_view member) {
    const auto written = calendar::read(text_in(input, member));
    if (!written) return std::nullopt;
    const auto moment = calendar::moment_of(*written, calendar::Zone());
    return moment ? std::optional<Instant>(*moment) : std::nullopt;
}

std::optional<std::string> maybe_text_in(const Json& input, std::string_view member) {
    const Json* found = member_in(input, member);
    if (found == nullptr || !found->is_string()) return std::nullopt;
    return std::string(found->get_string());
}

std::optional<int> maybe_int_in(const Json& input, std::string_view member) {
    const Json* found = member_in(input, member);
    if (found == nullptr || !found->if_int64()) return std::nullopt;
    return static_cast<int>(*found->if_int64());
}

Result<store::PageRequest> page_in(const Json& input) {
    store::PageRequest page{
        .limit = maybe_int_in(input, "limit").value_or(limits::kPageSizeDefault), .after = {}
    };
    if (auto after = maybe_text_in(input, "after")) {
        page.after = Uuid::parse(*after);
        if (!page.after) return fail(Error::invalid("after must be the `next` of an earlier page", "after"));
    }
    return page;
}

JsonArray problems_json(const std::vector<Error>& problems) {
    JsonArray out;
    for (const Error& one : problems) out.push_back(JsonObject{{"field", one.field}, {"message", one.user}});
    return out;
}

Json time_json(Instant at) {
    return Json(rfc3339(at));
}

Json time_json(std::optional<Instant> at) {
    return at ? time_json(*at) : Json(nullptr);
}

}  // namespace weft::control
