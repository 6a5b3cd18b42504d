#include "base/text.h"
#include "base/utf8.h"
#include "control/api/entrance.h"
#include "platform/http/held_body.h"
#include "platform/http/router.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <charconv>

namespace weft::control {

namespace {

constexpr std::string_view kPrefix = "/api/v1";
constexpr std::string_view kSession = "session";
constexpr std::string_view kDevice = "device";
constexpr std::string_view kSessionSeconds =
    "604800";  // the absolute 7 days; the server ends it earlier when idle
constexpr std::string_view kDeviceSeconds = "15552000";  // 180 days, as LoginLimit believes it

bool equal_without_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) {
        return std::tolower(x) == std::tolower(y);
    });
}

std::optional<std::string> cookie(const http::Fields& headers, std::string_view name) {
    for (const auto& [header, value] : headers) {
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
    if (input.contains(name))
        return fail(Error::invalid(std::string(name) + " is given twice", std::string(name)));
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
        auto read = parse_json(request.body, {.bytes_max = entry.operation.body_bytes_max, .depth_max = 64});
        if (!read) return fail(std::move(read).error().with_field("body"));
        Json body = *std::move(read);
        if (!body.is_object()) return fail(Error::invalid("The body must be a JSON object"));
        input = std::move(body.get_object());
    }
    for (const http::Fields* fields : {&request.params, &request.target.query}) {
        for (const auto& [name, value] : *fields) {
            // Percent-decoded bytes; everything behind this point is UTF-8.
            if (!utf8::is_valid(name) || !utf8::is_valid(value))
                return fail(Error::invalid("The address must be UTF-8"));
            CHECK_OK(put(input, name, typed(entry, name, value)));
        }
    }
    return Json(std::move(input));
}

/// What a cookie may do: the one rule of all transports.
Result<void> check_cookie(http::Site site, http::Use use, std::string_view csrf_header) {
    if (!http::may_carry_cookie(site, use)) {
        return fail(Error::forbidden(
            use == http::Use::kSocket && site == http::Site::kUnsaid
                ? "A socket with a session cookie needs an Origin"
                : "This request came from another site"
        ));
    }
    // A page can't set a header on a socket; there the browser's Origin is the word that counts.
    if (use != http::Use::kChange || csrf_header == "1") return {};
    return fail(Error::forbidden("A change with a session cookie needs the header x-weft-csrf: 1"));
}

/// Whether a credential still is who it was.
rt::Task<http::Renewed> renew(
    Authenticate authenticate, Credential credential, Principal then, rt::Deadline by
) {
    using Kind = http::Renewed::Kind;
    auto now = co_await authenticate(std::move(credential), std::move(by));
    if (!now) co_return http::Renewed{.kind = Kind::kUnknown};
    if (!*now) {
        co_return http::Renewed{
            .kind = Kind::kGone, .reason = "Your session or token has ended; sign in again"
        };
    }
    if (!then.is_same(**now)) {
        co_return http::Renewed{.kind = Kind::kChanged, .reason = "Your rights have changed; connect again"};
    }
    co_return http::Renewed{.expires_at = (*now)->expires_at};
}

Result<std::optional<Credential>> bearer(std::string_view authorization) {
    constexpr std::string_view kBearer = "bearer ";
    if (authorization.size() <= kBearer.size() ||
        !equal_without_case(authorization.substr(0, kBearer.size()), kBearer)) {
        return fail(Error::unauthenticated("Send the API token as `Authorization: Bearer weft_...`"));
    }
    Secret token{std::string(trim(authorization.substr(kBearer.size())))};
    return std::optional<Credential>(Credential{Credential::Kind::kToken, std::move(token)});
}

http::Response problem_of(const Error& error, const Context& context) {
    if (context.quota && !context.quota->verdict.is_allowed) {
        return http::quota_exceeded(*context.quota, error.user, context.request_id);
    }
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

/// What the gate found out.
struct Rest::Caller {
    std::optional<Principal> principal;
    std::optional<Credential> credential;
    std::optional<http::Quota> quota;
};

Rest::Rest(Environment& env, const Table& table, Executor& executor, Entrance& entrance, RestOptions options)
    : env_(env), table_(table), executor_(executor), entrance_(entrance), options_(std::move(options)) {}

void Rest::mount(http::Router& router) {
    for (const auto& entry : table_.entries()) {
        const Operation& operation = entry->operation;
        const bool has_body =
            operation.method != http::Method::kGet && operation.method != http::Method::kDelete;
        http::RouteOptions options{
            .body_bytes_max = has_body ? operation.body_bytes_max : 0,
            .timeout = operation.timeout,
            .gate = [this, &found = *entry](const http::Request& head) { return admit(found, head); },
        };
        if (operation.is_body_raw) {
            options.streaming = {
                .wants = [](const http::Request&) { return true; },
                .body_bytes_max = operation.body_bytes_max,
                .timeout = operation.timeout
            };
        }
        router.add(
            operation.method,
            std::string(kPrefix) + std::string(operation.path),
            [this, &found = *entry](http::Request request) { return serve(found, std::move(request)); },
            options
        );
    }
}

http::Response Rest::refuse(const Error& error, const Context& context) const {
    http::Response response = problem_of(error, context);
    response.headers.set("cache-control", "no-store");
    response.headers.set("x-content-type-options", "nosniff");
    return response;
}

rt::Task<Result<http::Pass>> Rest::admit(const Table::Entry& entry, const http::Request& head) {
    Context context;
    context.request_id = head.id;
    http::Pass pass;
    auto credential = credential_of(head.headers);
    const bool by_cookie = credential && *credential && (*credential)->kind == Credential::Kind::kSession;
    Result<void> fine = credential ? check_site(head, entry.operation, by_cookie) : fail(credential.error());
    // A credential that can't be read is none; that is said after it has been counted.
    auto offered = fine ? std::move(*credential) : std::nullopt;
    auto entered = co_await entrance_.admit(offered, head.client, head.deadline);
    if (!entered) {
        context.quota = entered.error().quota;
        pass.refusal = refuse(entered.error().error, context);
        co_return pass;
    }
    context.principal = entered->principal;
    // Before the body is looked at: a stranger learns nothing from our validation.
    if (fine) fine = executor_.authorize(entry, context);
    if (!fine) {
        pass.refusal = refuse(fine.error(), context);
        co_return pass;
    }
    if (context.principal) pass.share = context.tenant().text();
    auto caller =
        std::make_shared<Caller>(std::move(context.principal), std::move(offered), std::move(entered->quota));
    pass.note = std::move(caller);
    co_return pass;
}

rt::Task<Result<http::Response>> Rest::serve(const Table::Entry& entry, http::Request request) {
    const auto caller = std::static_pointer_cast<const Caller>(request.note);
    Context context;
    context.env = &env_;
    context.request_id = request.id;
    context.ip = request.client;
    context.device = cookie(request.headers, cookie_name(kDevice)).value_or("");
    context.deadline = request.deadline;
    context.principal = caller->principal;
    context.quota = caller->quota;
    if (caller->principal) {
        context.renew = [look = entrance_.authenticate(),
                         again = *caller->credential,
                         then = *caller->principal](rt::Deadline by) {
            return renew(look, again, then, std::move(by));
        };
    }
    auto response = co_await answer(entry, context, request, Json());
    if (!response) co_return refuse(response.error(), context);
    response->headers.set("cache-control", "no-store");
    response->headers.set("x-content-type-options", "nosniff");
    if (context.quota) http::add_quota(*response, *context.quota);
    set_cookies(*response, context);
    co_return std::move(*response);
}

rt::Task<Result<http::Response>> Rest::answer(
    const Table::Entry& entry, Context& context, const http::Request& request, Json input
) {
    const Operation& operation = entry.operation;
    if (const auto key = request.headers.find("idempotency-key")) context.idempotency_key = std::string(*key);
    auto read = [&] { return read_input(entry, request); };
    CO_TRY(input, co_await rt::offload(request.body.size(), read));
    if (operation.raw) {
        CO_CHECK_OK(executor_.validate(entry, input));
        context.request = &request;
        co_return co_await operation.raw(context, std::move(input));
    }
    CO_TRY(auto answer, co_await executor_.run(entry, context, std::move(input)));
    http::Response response = answer.status == 204
                                  ? http::Response::empty(204)
                                  : http::Response::json(answer.status, std::move(answer.body));
    if (answer.room) http::hold_room(response, std::move(answer.room));
    if (answer.is_replay) response.headers.add("idempotency-replayed", "true");
    co_return response;
}

Result<void> Rest::check_site(const http::Request& request, const Operation& operation, bool by_cookie)
    const {
    const bool is_read = operation.method == http::Method::kGet;
    // A bearer token is not sent by a browser on its own, so where it came from does not matter. A public
    // change gives a cookie.
    if (!by_cookie && (is_read || !operation.access.is_public())) return {};
    return check_cookie(
        http::site_of(options_.site, request),
        is_read ? http::Use::kRead : http::Use::kChange,
        by_cookie ? request.headers.get("x-weft-csrf") : "1"
    );
}

rt::Task<Result<std::optional<Principal>>> Rest::identify(
    std::shared_ptr<const http::Handshake> handshake,
    std::optional<std::string> authorization,
    http::Look look,
    rt::Deadline by
) {
    const http::Fields& headers = handshake->headers();
    Result<std::optional<Credential>> credential = std::nullopt;
    if (authorization) {
        credential = bearer(*authorization);
    } else {
        credential = credential_of(headers);
    }
    Result<void> fine;
    if (!credential) {
        fine = fail(credential.error());
    } else if (*credential && (*credential)->kind == Credential::Kind::kSession) {
        const auto use = handshake->is_socket() ? http::Use::kSocket : http::Use::kChange;
        fine = check_cookie(handshake->site(), use, headers.get("x-weft-csrf"));
    }
    auto offered = fine ? std::move(*credential) : std::nullopt;
    if (look == http::Look::kRenewal) {
        CO_CHECK_OK(fine);
        if (!offered) co_return std::nullopt;
        co_return co_await entrance_.authenticate()(std::move(*offered), std::move(by));
    }
    auto entered = co_await entrance_.admit(std::move(offered), handshake->client(), std::move(by));
    if (!entered) co_return fail(std::move(entered).error().error);
    CO_CHECK_OK(fine);
    co_return std::move(entered->principal);
}

Result<std::optional<Credential>> Rest::credential_of(const http::Fields& headers) const {
    if (headers.count("authorization") > 1) return fail(Error::unauthenticated("One credential, please"));
    if (auto header = headers.find("authorization")) return bearer(*header);
    if (auto value = cookie(headers, cookie_name(kSession))) {
        return std::optional<Credential>(Credential{Credential::Kind::kSession, Secret(std::move(*value))});
    }
    return std::nullopt;
}

std::string Rest::session_cookie() const {
    return cookie_name(kSession);
}

std::string Rest::cookie_name(std::string_view name) const {
    return std::string(options_.has_plain_cookies ? "weft_" : "__Host-weft_").append(name);
}

void Rest::set_cookies(http::Response& response, const Context& context) const {
    if (context.new_session) {
        set_cookie(response, kSession, context.new_session->reveal(), kSessionSeconds);
    } else if (context.is_session_ended) {
        set_cookie(response, kSession, "", "0");
    }
    if (context.new_device) set_cookie(response, kDevice, context.new_device->reveal(), kDeviceSeconds);
}

void Rest::set_cookie(
    http::Response& response, std::string_view name, std::string_view value, std::string_view seconds
) const {
    std::string text = cookie_name(name) + '=';
    text.append(value).append("; Path=/; HttpOnly; SameSite=Lax; Max-Age=").append(seconds);
    if (!options_.has_plain_cookies) text += "; Secure";
    response.headers.add("set-cookie", std::move(text));
}

}  // namespace weft::control
