#include "graphql/serve/detail/asker.h"

#include "graphql/serve/detail/endpoint.h"

#include <algorithm>
#include <array>
#include <utility>

namespace weft::graphql::detail {

namespace {

/// Failures that say nothing about the credential. Any other ends the stream.
constexpr std::array<std::string_view, 8> kTransient{
    kRateLimitExceeded,
    "unexpected",
    "postgres-error",
    "cancelled",
    "time-limit-exceeded",
    "unavailable",
    "timeout",
    "start-failed"
};

rt::Task<http::Renewed> renew(
    Authenticate authenticate,
    std::shared_ptr<const http::Handshake> handshake,
    Presented presented,
    std::shared_ptr<const Session> then
) {
    using Kind = http::Renewed::Kind;
    auto now = co_await authenticate(std::move(handshake), std::move(presented), http::Look::kRenewal);
    if (!now) {
        const bool is_transient = std::ranges::find(kTransient, now.error().code) != kTransient.end();
        co_return http::Renewed{
            .kind = is_transient ? Kind::kUnknown : Kind::kGone, .reason = std::move(now.error().message)
        };
    }
    if (now->session.role != then->role || now->session.variables != then->variables) {
        co_return http::Renewed{.kind = Kind::kChanged, .reason = "your rights have changed; connect again"};
    }
    http::Renewed out;
    if (now->session.expires_at) out.expires_at = std::chrono::floor<Micros>(*now->session.expires_at);
    co_return out;
}

}  // namespace

void tell_headers(
    Session& session, const Engine& engine, const http::Handshake& handshake, const Presented& presented
) {
    const auto model = engine.model();
    if (model == nullptr || model->metadata().actions.empty()) return;
    session.headers = headers_of(handshake, presented);
}

rt::Task<Outcome<Asker>> ask(
    const EndpointParts& parts, std::shared_ptr<const http::Handshake> handshake, Presented presented
) {
    auto identified = co_await parts.authenticate(handshake, presented, http::Look::kEntry);
    if (!identified) co_return std::unexpected(std::move(identified).error());
    Session& session = identified->session;
    tell_headers(session, parts.engine, *handshake, presented);
    Asker out;
    out.terms.holder = std::move(identified->holder);
    if (session.expires_at) out.terms.expires_at = std::chrono::floor<Micros>(*session.expires_at);
    out.session = std::make_shared<const Session>(std::move(session));
    out.terms.renew = [again = parts.authenticate, handshake, presented, then = out.session](rt::Deadline) {
        return renew(again, handshake, presented, then);
    };
    co_return out;
}

Failure limit_reached(const Error& error) {
    return {.message = error.user, .code = "limit"};
}

}  // namespace weft::graphql::detail
