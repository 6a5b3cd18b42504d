#include "graphql/serve/detail/endpoint.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <memory>

namespace weft::graphql::detail {

namespace {

/// One write, between which others have their turn: copying this takes some 0.1 ms.
constexpr std::size_t kWriteBytes = 128u << 10;

/// As long as its client reads: each write has the server's own limit.
rt::Task<void> send_parts(std::shared_ptr<const Answer> answer, http::StreamWriter writer) {
    for (;;) {
        const std::string part = co_await answer->parts->next(writer.deadline());
        if (part.empty()) co_return;
        for (std::size_t at = 0; at < part.size(); at += kWriteBytes) {
            if (!co_await writer.write(part.substr(at, kWriteBytes))) co_return;
            co_await rt::yield();
        }
    }
}

}  // namespace

http::Response respond(Media media, Answer answer, int refused) {
    http::Response out;
    out.status = media == Media::kGraphqlResponse && answer.is_request_error ? refused : 200;
    out.headers.add("content-type", std::string(type_of(media)));
    if (answer.parts) {
        // Shared: a std::function must be copyable.
        auto held = std::make_shared<const Answer>(std::move(answer));
        out.stream = [held](http::StreamWriter writer) { return send_parts(held, std::move(writer)); };
    } else if (answer.room) {
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
