#include "graphql/serve/detail/endpoint.h"

#include <algorithm>

namespace weft::graphql::detail {

http::Response respond(Media media, Answer answer, int refused) {
    http::Response out;
    out.status = media == Media::kGraphqlResponse && answer.is_request_error ? refused : 200;
    out.headers.add("content-type", std::string(type_of(media)));
    if (answer.room) {
        out.shared_body = shared_body(std::move(answer));
    } else {
        out.body = std::move(answer.body);
    }
    return out;
}

http::Response refuse(Media media, int status, const Failure& failure) {
    http::Response out;
    out.status = status;
    const bool is_known = media == Media::kJson || media == Media::kGraphqlResponse;
    out.headers.add("content-type", std::string(type_of(is_known ? media : Media::kJson)));
    out.body = Engine::error_body(failure, Session());
    return out;
}

Failure foreign_page() {
    return {.message = "pages of this origin may not use this API", .code = "access-denied"};
}

std::map<std::string, std::string, std::less<>> headers_of(
    const http::Handshake& handshake, const Presented& presented
) {
    std::map<std::string, std::string, std::less<>> out;
    for (const auto& [name, value] : handshake.headers()) {
        std::string key = name;
        std::ranges::transform(key, key.begin(), [](char c) {
            return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
        });
        out.insert_or_assign(std::move(key), value);
    }
    if (presented.authorization) out.insert_or_assign("authorization", *presented.authorization);
    for (const auto& [name, value] : presented.hasura) out.insert_or_assign(name, value);
    return out;
}

}  // namespace weft::graphql::detail
