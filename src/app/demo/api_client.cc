#include "app/demo/api_client.h"

#include <fmt/format.h>

namespace weft::demo {

namespace {

Code code_of(int status) {
    switch (status) {
        case 400:
        case 413:
        case 422:
            return Code::kInvalid;
        case 401:
            return Code::kUnauthenticated;
        case 403:
            return Code::kForbidden;
        case 404:
            return Code::kNotFound;
        case 409:
            return Code::kConflict;
        case 429:
            return Code::kLimit;
        case 502:
        case 503:
        case 504:
            return Code::kUnavailable;
        default:
            return Code::kInternal;
    }
}

Error problem_of(const http::ClientResponse& response, const std::string& what) {
    Error error;
    error.code = code_of(response.status);
    error.user = fmt::format("{} answered {}", what, response.status);
    auto body = parse_json(response.body);
    if (body && body->is_object()) {
        const JsonObject& problem = body->get_object();
        error.user = fmt::format("{} ({})", text_or(problem, "detail", error.user), response.status);
        error.field = text_or(problem, "field");
    }
    return error;
}

}  // namespace

rt::Task<Result<Json>> ApiClient::call(std::string method, std::string path, Json body, rt::Deadline by) {
    http::ClientRequest request;
    request.method = method;
    request.url = base_url_ + path;
    if (!body.is_null()) {
        request.body = to_text(body);
        request.headers.set("content-type", "application/json");
    }
    if (!token_.empty()) {
        request.headers.set("authorization", "Bearer " + std::string(token_.reveal()));
    } else if (!session_cookie_.empty()) {
        request.headers.set("cookie", std::string(session_cookie_.reveal()));
        request.headers.set("x-weft-csrf", "1");
    }
    auto sent = co_await client_.send(std::move(request), by);
    if (!sent) co_return fail(std::move(sent).error().error);
    if (sent->status < 200 || sent->status > 299) co_return fail(problem_of(*sent, method + " " + path));
    if (auto cookie = sent->headers.find("set-cookie"))
        session_cookie_ = Secret(std::string(cookie->substr(0, cookie->find(';'))));
    if (sent->body.empty()) co_return Json(nullptr);
    co_return parse_json(sent->body, {.bytes_max = 64u << 20});
}

rt::Task<Result<void>> ApiClient::claim(Secret claim_token, Owner owner, rt::Deadline by) {
    Json body = JsonObject{
        {"token", claim_token.reveal()},
        {"email", owner.email},
        {"password", owner.password.reveal()},
        {"name", owner.name},
        {"tenant_name", owner.tenant_name},
    };
    CO_CHECK_OK(co_await call("POST", "/api/v1/auth/claim", std::move(body), by));
    co_return co_await token_from_session(by);
}

rt::Task<Result<void>> ApiClient::login(std::string email, Secret password, rt::Deadline by) {
    Json body = JsonObject{{"email", email}, {"password", password.reveal()}};
    CO_CHECK_OK(co_await call("POST", "/api/v1/auth/login", std::move(body), by));
    co_return co_await token_from_session(by);
}

rt::Task<Result<void>> ApiClient::token_from_session(rt::Deadline by) {
    Json body = JsonObject{{"name", "demo"}, {"role", "owner"}, {"expires_in_days", 1}};
    CO_TRY(Json made, co_await call("POST", "/api/v1/tokens", std::move(body), by));
    use_token(Secret(std::string(text_or(made.get_object(), "token"))));
    session_cookie_ = Secret();
    co_return Result<void>{};
}

}  // namespace weft::demo
