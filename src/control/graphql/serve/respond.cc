#include "control/graphql/serve/detail/endpoint.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

constexpr std::string_view kMethods = "GET, POST, OPTIONS";
constexpr std::string_view kPreflightSeconds = "3600";

}  // namespace

http::Response respond(Media media, Answer answer, int refused) {
    http::Response out;
    out.status = media == Media::kGraphqlResponse && answer.is_request_error ? refused : 200;
    out.headers.add("content-type", std::string(type_of(media)));
    out.body = std::move(answer.body);
    return out;
}

http::Response refuse(Media media, int status, const Failure& failure) {
    http::Response out;
    out.status = status;
    const bool is_known = media == Media::kJson || media == Media::kGraphqlResponse;
    out.headers.add("content-type", std::string(type_of(is_known ? media : Media::kJson)));
    out.body = Engine::error_body(failure, Session{.role = ""});
    return out;
}

bool is_allowed_origin(const EndpointOptions& options, const http::Request& request) {
    return !request.headers.find("origin") || !options.is_allowed_origin ||
           options.is_allowed_origin(request);
}

void add_cors(http::Response& response, const EndpointOptions& options, const http::Request& request) {
    const auto origin = request.headers.find("origin");
    if (!origin || !is_allowed_origin(options, request)) return;
    response.headers.add("access-control-allow-origin", std::string(*origin));
    response.headers.add("vary", "origin");
    response.headers.add("access-control-expose-headers", "x-request-id");
    if (request.method != http::Method::kOptions) return;
    response.headers.add("access-control-allow-methods", std::string(kMethods));
    if (const auto wanted = request.headers.find("access-control-request-headers")) {
        response.headers.add("access-control-allow-headers", std::string(*wanted));
    }
    response.headers.add("access-control-max-age", std::string(kPreflightSeconds));
}

std::map<std::string, std::string, std::less<>> lower_case(const http::Fields& headers) {
    std::map<std::string, std::string, std::less<>> out;
    for (const auto& [name, value] : headers) {
        std::string key = name;
        std::ranges::transform(key, key.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        });
        out.insert_or_assign(std::move(key), value);
    }
    return out;
}

}  // namespace weft::graphql::detail
