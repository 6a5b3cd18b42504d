#include "control/api/api.h"
#include "platform/http/router.h"

#include <algorithm>
#include <charconv>

namespace weft::control {

namespace {

constexpr std::string_view kPrefix = "/api/v1";
constexpr std::string_view kSecureCookie = "__Host-weft_session";
constexpr std::string_view kPlainCookie = "weft_session";
constexpr std::string_view kSessionSeconds =
    "604800";  // the absolute 7 days; the server ends it earlier when idle

bool equal_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

std::optional<std::string> cookie(const http::Request& request, std::string_view name) {
    for (const auto& [header, value] : request.headers) {
        if (!equal_without_case(header, "cookie")) continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const auto end = rest.find(';');
            const std::string_view pair = trim(rest.substr(0, end));
            const auto equals = pair.find('=');
            if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
                return std::string(pair.substr(equals + 1));
            }
            rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
        }
    }
    return std::nullopt;
}

/// Paths and queries are percent-decoded bytes; everything behind this point is UTF-8.
bool is_utf8(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto lead = static_cast<unsigned char>(text[i]);
        const std::size_t more = lead < 0x80                   ? 0
                                 : lead >= 0xC2 && lead < 0xE0 ? 1
                                 : (lead & 0xF0) == 0xE0       ? 2
                                                               : 3;
        if (lead >= 0x80 && (lead < 0xC2 || lead > 0xF4)) return false;
        if (i + more >= text.size() && more > 0) return false;
        std::uint32_t point = more == 0   ? lead
                              : more == 1 ? lead & 0x1F
                              : more == 2 ? lead & 0x0F
                                          : lead & 0x07;
        for (std::size_t k = 1; k <= more; ++k) {
            const auto next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xC0) != 0x80) return false;
            point = point << 6 | (next & 0x3F);
        }
        const bool is_overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
        if (is_overlong || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) return false;
        i += more + 1;
    }
    return true;
}

/// A path or query value as its schema's type wants it; what does not convert stays text, and the schema says
/// why.
Json typed(const Table::Entry& entry, std::string_view name, std::string_view value) {
    const Json* schema = entry.input_schema.at("properties").get_object().if_contains(name);
    const bool is_limit = schema != nullptr && text_or(schema->get_object(), "$ref") == "#/definitions/limit";
    if (schema != nullptr && (is_limit || text_or(schema->get_object(), "type") == "integer")) {
        std::int64_t number = 0;
        auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (ec == std::errc() && end == value.data() + value.size()) return Json(number);
    }
    return Json(value);
}

Result<void> put(JsonObject& input, std::string_view name, Json value) {
    if (input.contains(name)) return fail(Error::invalid("is given twice", std::string(name)));
    input[name] = std::move(value);
    return {};
}

/// Path, query and body members as one object.
Result<Json> read_input(const Table::Entry& entry, const http::Request& request) {
    JsonObject input;
    if (!request.body.empty()) {
        const std::string_view type = request.headers.get("content-type");
        if (!equal_without_case(trim(type.substr(0, type.find(';'))), "application/json")) {
            return fail(Error::invalid("content-type must be application/json", "content-type"));
        }
        TRY(Json body,
            parse_json(request.body, {.bytes_max = entry.operation.body_bytes_max, .depth_max = 64}));
        if (!body.is_object()) return fail(Error::invalid("The body must be a JSON object"));
        input = std::move(body.get_object());
    }
    for (const http::Fields* fields : {&request.params, &request.target.query}) {
        for (const auto& [name, value] : *fields) {
            if (!is_utf8(name) || !is_utf8(value)) return fail(Error::invalid("The address must be UTF-8"));
            CHECK_OK(put(input, name, typed(entry, name, value)));
        }
    }
    return Json(std::move(input));
}

Error missing_csrf_header() {
    return Error::forbidden("A change with a session cookie needs the header x-weft-csrf: 1");
}

http::Response problem_of(const Error& error, const Context& context) {
    http::Response response = http::problem(error, context.request_id);
    if (!context.problem.empty()) {
        if (auto body = parse_json(response.body); body && body->is_object()) {
            for (const auto& [name, value] : context.problem) body->get_object()[name] = value;
            response.body = to_text(*body);
        }
    }
    if (error.code == Code::kUnauthenticated)
        response.headers.add("www-authenticate", "Bearer realm=\"weft\"");
    return response;
}

}  // namespace

Rest::Rest(
    Environment& env, const Table& table, Executor& executor, Authenticate authenticate, RestOptions options
)
    : env_(env),
      table_(table),
      executor_(executor),
      authenticate_(std::move(authenticate)),
      options_(std::move(options)) {}

void Rest::mount(http::Router& router) {
    for (const auto& entry : table_.entries()) {
        const Operation& operation = entry->operation;
        const bool has_body =
            operation.method != http::Method::kGet && operation.method != http::Method::kDelete;
        http::RouteOptions options{
            .body_bytes_max = has_body ? operation.body_bytes_max : 0,
            .timeout = operation.timeout,
        };
        router.add(
            operation.method,
            std::string(kPrefix) + std::string(operation.path),
            [this, &found = *entry](http::Request request) { return serve(found, std::move(request)); },
            options
        );
    }
}

rt::Task<Result<http::Response>> Rest::serve(const Table::Entry& entry, http::Request request) {
    Context context;
    context.env = &env_;
    context.request_id = request.id;
    context.ip = client_ip(request);
    context.deadline = request.deadline;
    auto response = co_await answer(entry, context, request, Json());
    if (!response) response = problem_of(response.error(), context);
    response->headers.set("cache-control", "no-store");
    response->headers.set("x-content-type-options", "nosniff");
    set_cookie(*response, request, context);
    co_return std::move(*response);
}

rt::Task<Result<http::Response>> Rest::answer(
    const Table::Entry& entry, Context& context, const http::Request& request, Json input
) {
    const Operation& operation = entry.operation;
    CO_TRY(auto credential, credential_of(request));
    const bool by_cookie = credential && credential->kind == Credential::Kind::kSession;
    CO_CHECK_OK(check_site(request, operation, by_cookie));
    if (credential) {
        context.reauthenticate = [this, again = *credential](rt::Deadline by) {
            return authenticate_(again, std::move(by));
        };
        auto principal = co_await authenticate_(std::move(*credential), context.deadline);
        if (!principal) co_return fail(std::move(principal).error());
        context.principal = std::move(*principal);
    }
    // Before the body is looked at: a stranger learns nothing from our validation.
    CO_CHECK_OK(executor_.authorize(entry, context));
    if (const auto key = request.headers.find("idempotency-key")) context.idempotency_key = std::string(*key);
    CO_TRY(input, read_input(entry, request));
    if (operation.raw) {
        CO_CHECK_OK(executor_.validate(entry, input));
        co_return co_await operation.raw(context, std::move(input));
    }
    CO_TRY(auto answer, co_await executor_.run(entry, context, std::move(input)));
    http::Response response = answer.status == 204
                                  ? http::Response::empty(204)
                                  : http::Response::json(answer.status, std::move(answer.body));
    if (answer.is_replay) response.headers.add("idempotency-replayed", "true");
    co_return response;
}

bool Rest::is_trusted(const std::string& peer) const {
    return std::ranges::find(options_.trusted_proxies, peer) != options_.trusted_proxies.end();
}

bool Rest::is_secure(const http::Request& request) const {
    return is_trusted(request.peer) && request.headers.get("x-forwarded-proto") == "https";
}

std::string Rest::client_ip(const http::Request& request) const {
    if (!is_trusted(request.peer)) return request.peer;
    // The last entry is the one our proxy added; those before it are the client's word.
    const std::string_view chain = request.headers.get("x-forwarded-for");
    const std::string_view last = trim(chain.substr(chain.find_last_of(',') + 1));
    return last.empty() || last.size() > 45 ? request.peer : std::string(last);
}

Result<void> Rest::check_origin(const http::Request& request) const {
    const Error refused = Error::forbidden("This request came from another site");
    if (auto site = request.headers.find("sec-fetch-site");
        site && *site != "same-origin" && *site != "none") {
        return fail(refused);
    }
    if (auto origin = request.headers.find("origin")) {
        const auto scheme_end = origin->find("://");
        if (scheme_end == std::string_view::npos) return fail(refused);
        const bool is_public_url =
            !options_.public_url.empty() && equal_without_case(*origin, options_.public_url);
        const bool is_host = equal_without_case(origin->substr(scheme_end + 3), request.headers.get("host"));
        if (!is_public_url && !is_host) return fail(refused);
    }
    return {};
}

Result<void> Rest::check_site(const http::Request& request, const Operation& operation, bool by_cookie)
    const {
    if (operation.method == http::Method::kGet) return {};
    // A bearer token is not sent by a browser on its own, so where it came from does not matter.
    if (!by_cookie && !operation.access.is_public()) return {};
    CHECK_OK(check_origin(request));
    if (by_cookie && request.headers.get("x-weft-csrf") != "1") return fail(missing_csrf_header());
    return {};
}

rt::Task<Result<std::optional<Principal>>> Rest::identify(http::Request head, Intent intent) {
    CO_TRY(auto credential, credential_of(head));
    if (!credential) co_return std::nullopt;
    const bool by_cookie = credential->kind == Credential::Kind::kSession;
    if (by_cookie && intent != Intent::kRead) CO_CHECK_OK(check_origin(head));
    // A page can't set a header on a socket; there the browser's Origin is the word that counts.
    if (by_cookie && intent == Intent::kSocket && !head.headers.find("origin")) {
        co_return fail(Error::forbidden("A socket with a session cookie needs an Origin"));
    }
    if (by_cookie && intent == Intent::kChange && head.headers.get("x-weft-csrf") != "1") {
        co_return fail(missing_csrf_header());
    }
    co_return co_await authenticate_(std::move(*credential), head.deadline);
}

Result<std::optional<Credential>> Rest::credential_of(const http::Request& request) const {
    if (request.headers.count("authorization") > 1)
        return fail(Error::unauthenticated("One credential, please"));
    if (auto header = request.headers.find("authorization")) {
        constexpr std::string_view kBearer = "bearer ";
        if (header->size() <= kBearer.size() ||
            !equal_without_case(header->substr(0, kBearer.size()), kBearer)) {
            return fail(Error::unauthenticated("Send the API token as `Authorization: Bearer weft_...`"));
        }
        Secret token{std::string(trim(header->substr(kBearer.size())))};
        return std::optional<Credential>(Credential{Credential::Kind::kToken, std::move(token)});
    }
    if (auto value = cookie(request, is_secure(request) ? kSecureCookie : kPlainCookie)) {
        return std::optional<Credential>(Credential{Credential::Kind::kSession, Secret(std::move(*value))});
    }
    return std::nullopt;
}

void Rest::set_cookie(http::Response& response, const http::Request& request, const Context& context) const {
    if (!context.new_session && !context.is_session_ended) return;
    const bool secure = is_secure(request);
    std::string value(secure ? kSecureCookie : kPlainCookie);
    value += '=';
    if (context.new_session) value += context.new_session->reveal();
    value += "; Path=/; HttpOnly; SameSite=Lax; Max-Age=";
    value += context.new_session ? kSessionSeconds : "0";
    if (secure) value += "; Secure";
    response.headers.add("set-cookie", std::move(value));
}

}  // namespace weft::control
