#include "graphql/serve/detail/endpoint.h"

#include "graphql/serve/detail/asker.h"
#include "graphql/serve/detail/socket.h"
#include "graphql/serve/detail/sse.h"
#include "graphql/serve/ui_page.h"
#include "platform/http/router.h"
#include "platform/rt/loop.h"

#include <algorithm>
#include <charconv>
#include <memory>

namespace weft::graphql {

using detail::Media;
using HandshakePtr = std::shared_ptr<const http::Handshake>;  // shared with what goes on after the answer

namespace {

/// Of the route: the admin's limit. Other roles have less, which is known only after they have said who they
/// are.
constexpr std::size_t kAdminBodyBytesMax = 8u << 20;
constexpr std::size_t kBodyBytesMax = 256u << 10;
constexpr std::size_t kRequestIdBytesMax = 128;
constexpr std::initializer_list<Media> kMedia = {Media::kJson, Media::kGraphqlResponse, Media::kEventStream};

Failure too_large(std::size_t bytes_max) {
    return Failure{
        .message = "the request's body is larger than the " + std::to_string(bytes_max) +
                   " bytes that this role may send",
        .code = "bad-request"
    };
}

Failure not_acceptable() {
    return Failure{
        .message = "accept must allow application/json or application/graphql-response+json",
        .code = "bad-request"
    };
}

/// Who asks is not known, or not who they say: 200 in application/json, as in Hasura.
http::Response not_known(Media media, const Failure& failure) {
    if (failure.code == kRateLimitExceeded) {
        http::Response out = detail::refuse(media, 429, failure);
        out.headers.add("retry-after", "1");
        return out;
    }
    const bool is_credential = failure.code == "access-denied" || failure.code == "invalid-jwt";
    Answer answer{.body = Engine::error_body(failure, Session()), .is_request_error = true};
    http::Response out = detail::respond(media, std::move(answer), is_credential ? 401 : 400);
    // Who asks could not be looked up: nothing was asked of GraphQL yet, so the status is HTTP's in both
    // media.
    if (failure.code == "unavailable" || failure.code == "start-failed") {
        out.status = 503;
        out.headers.set("retry-after", "1");
    }
    return out;
}

/// A stream answers one request.
Outcome<Request> one_request(std::string_view body) {
    if (body.size() > kBodyBytesMax) return std::unexpected(too_large(kBodyBytesMax));
    auto incoming = detail::read_body(body);
    if (!incoming) return std::unexpected(std::move(incoming).error());
    if (incoming->is_batch) return failure("bad-request", "a batch can't be streamed");
    return std::move(incoming->requests.front());
}

bool wants_page(const http::Request& request, const http::Handshake& handshake) {
    const auto& query = request.target.query;
    return request.method == http::Method::kGet && !query.find("query") && !query.find("extensions") &&
           !handshake.is_socket() &&
           detail::choose(handshake.headers().get("accept"), {Media::kJson, Media::kHtml}) == Media::kHtml;
}

using Page = std::shared_ptr<const std::string>;  // shared by all answers

/// With what only the server knows, as attributes: the policy is about the script, which stays as it is.
/// The options are ours, so nothing in them has to be escaped.
Page page_of(const EndpointOptions& options) {
    constexpr std::string_view kHead = "<html";
    std::string text(kGraphiqlPage);
    std::string attributes = " data-api=\"" + options.path + "\"";
    if (!options.page_header.empty()) attributes += " data-header=\"" + options.page_header + "\"";
    if (!options.sign_in.empty()) attributes += " data-sign-in=\"" + options.sign_in + "\"";
    text.insert(text.find(kHead) + kHead.size(), attributes);
    return std::make_shared<const std::string>(std::move(text));
}

http::Response graphiql(const Page& page) {
    http::Response out;
    out.headers.add("content-type", std::string(detail::type_of(Media::kHtml)));
    out.headers.add("content-security-policy", std::string(kGraphiqlPolicy));
    out.headers.add("x-content-type-options", "nosniff");
    out.headers.add("referrer-policy", "no-referrer");
    out.headers.add("x-frame-options", "DENY");
    out.headers.add("cache-control", "no-cache");
    out.shared_body = page;
    return out;
}

rt::Task<Result<http::Response>> shown(Page page) {
    co_return graphiql(page);
}

std::size_t stated_length(const http::Fields& headers) {
    const std::string_view text = headers.get("content-length");
    std::size_t length = 0;
    std::from_chars(text.data(), text.data() + text.size(), length);
    return length;
}

/// What the gate of POST found out from the head.
struct Known {
    HandshakePtr handshake;
    mutable Outcome<Session> session;  // the request's handler takes it: there is one
};

}  // namespace

struct Endpoint::Impl {
    Impl(EndpointParts given, EndpointOptions with)
        : parts(std::move(given)),
          options(std::move(with)),
          page(page_of(options)),
          sockets(parts, options) {}

    EndpointParts parts;
    EndpointOptions options;
    Page page;
    detail::Sockets sockets;

    rt::Task<Result<http::Pass>> admit(const http::Request& request);
    std::optional<http::Response> refuse_head(const Known& known);
    rt::Task<Result<http::Response>> handle(http::Request request);
    rt::Task<http::Response> answer(http::Request request, HandshakePtr handshake);
    rt::Task<http::Response> post(http::Request request, HandshakePtr handshake);
    static void finish(http::Response& response, const http::Handshake& handshake);
    rt::Task<http::Response> get(http::Request request, HandshakePtr handshake);
    rt::Task<http::Response> batch(
        Media media, std::vector<Request> requests, Session session, rt::Deadline by
    );
    rt::Task<http::Response> read_only(Media media, Request request, Session session, rt::Deadline by);
    rt::Task<Outcome<Session>> who(HandshakePtr handshake);
    rt::Task<http::Response> stream(Outcome<Request> request, std::size_t bytes, HandshakePtr handshake);
};

rt::Task<http::Response> Endpoint::Impl::stream(
    Outcome<Request> request, std::size_t bytes, HandshakePtr handshake
) {
    Presented nothing;
    auto asker = co_await detail::ask(parts, std::move(handshake), std::move(nothing));
    detail::Streamed asked{.request = std::move(request), .bytes = bytes, .asker = std::move(asker)};
    co_return detail::stream_events(parts, std::move(asked));
}

rt::Task<Outcome<Session>> Endpoint::Impl::who(HandshakePtr handshake) {
    const Presented nothing;
    auto identified = co_await parts.authenticate(handshake, nothing, http::Look::kEntry);
    if (!identified) co_return std::unexpected(std::move(identified).error());
    detail::tell_headers(identified->session, parts.engine, *handshake, nothing);
    co_return std::move(identified->session);
}

rt::Task<http::Response> Endpoint::Impl::batch(
    Media media, std::vector<Request> requests, Session session, rt::Deadline by
) {
    const int batch_max = parts.engine.limits_of(session.role).batch_max;
    if (static_cast<int>(requests.size()) > batch_max) {
        const Failure many{
            .message = "a batch holds at most " + std::to_string(batch_max) + " requests; send it in parts"
        };
        Answer answer{.body = Engine::error_body(many, session), .is_request_error = true};
        co_return detail::respond(media, std::move(answer));
    }
    Answer all{.body = "[", .room = parts.engine.room_for(session)};
    for (Request& request : requests) {
        if (all.body.size() > 1) all.body += ',';
        request.wants_locations = media == Media::kGraphqlResponse;
        request.room = all.room;
        all.body += (co_await parts.engine.execute(std::move(request), session, by)).body;
    }
    all.body += ']';
    all.room->close();
    co_return detail::respond(media, std::move(all));
}

rt::Task<http::Response> Endpoint::Impl::post(http::Request request, HandshakePtr handshake) {
    const Media media = detail::choose(handshake->headers().get("accept"), kMedia);
    if (media == Media::kNone) co_return detail::refuse(media, 406, not_acceptable());
    if (!detail::is_json(handshake->headers().get("content-type"))) {
        const Failure wrong{.message = "content-type must be application/json", .code = "bad-request"};
        co_return detail::refuse(media, 415, wrong);
    }
    if (media == Media::kEventStream) {
        auto read = [&] { return one_request(request.body); };
        auto one = co_await rt::offload(request.body.size(), read);
        co_return co_await stream(std::move(one), request.body.size(), std::move(handshake));
    }
    Outcome<Session> session = std::move(static_cast<const Known*>(request.note.get())->session);
    if (!session->is_admin() && request.body.size() > kBodyBytesMax) {
        co_return detail::refuse(media, 413, too_large(kBodyBytesMax));
    }
    auto read = [&] { return detail::read_body(request.body); };
    auto incoming = co_await rt::offload(request.body.size(), read);
    if (!incoming) co_return detail::refuse(media, 400, incoming.error());
    if (incoming->is_batch) {
        co_return co_await batch(
            media, std::move(incoming->requests), std::move(*session), std::move(request.deadline)
        );
    }
    Request one = std::move(incoming->requests.front());
    one.takes_parts = true;
    one.wants_locations = media == Media::kGraphqlResponse;
    co_return detail::respond(
        media, co_await parts.engine.execute(std::move(one), std::move(*session), std::move(request.deadline))
    );
}

/// A link must never change anything: queries only.
rt::Task<http::Response> Endpoint::Impl::read_only(
    Media media, Request request, Session session, rt::Deadline by
) {
    auto ready = parts.engine.prepare(request, session);
    const bool is_query = ready && ready->prepared->plan->kind == OperationKind::kQuery;
    if (is_query) {
        co_return detail::respond(
            media, co_await parts.engine.run(std::move(*ready), std::move(session), std::move(by))
        );
    }
    if (ready && ready->prepared->plan->kind == OperationKind::kMutation) {
        const Failure refused{
            .message = "mutations are not allowed over GET, use POST", .code = "bad-request"
        };
        http::Response out = detail::refuse(media, 405, refused);
        out.headers.add("allow", "POST");
        co_return out;
    }
    // What is wrong with it, or that it is a subscription.
    co_return detail::respond(
        media, co_await parts.engine.execute(std::move(request), std::move(session), std::move(by))
    );
}

rt::Task<http::Response> Endpoint::Impl::get(http::Request request, HandshakePtr handshake) {
    const Media media = detail::choose(handshake->headers().get("accept"), kMedia);
    if (media == Media::kNone) co_return detail::refuse(media, 406, not_acceptable());
    if (!options.allows_get) {
        const Failure refused{.message = "use POST", .code = "bad-request"};
        http::Response out = detail::refuse(media, 405, refused);
        out.headers.add("allow", "POST");
        co_return out;
    }
    auto one = detail::read_query(request.target.query);
    if (media == Media::kEventStream) {
        co_return co_await stream(std::move(one), request.raw_target.size(), std::move(handshake));
    }
    auto session = co_await who(std::move(handshake));
    if (!session) co_return not_known(media, session.error());
    if (!one) co_return detail::refuse(media, 400, one.error());
    one->takes_parts = true;
    one->wants_locations = media == Media::kGraphqlResponse;
    co_return co_await read_only(media, std::move(*one), std::move(*session), std::move(request.deadline));
}

rt::Task<http::Response> Endpoint::Impl::answer(http::Request request, HandshakePtr handshake) {
    if (request.method == http::Method::kOptions) co_return http::Response::empty(204);
    // A file that everybody may have, also when a link leads to it.
    if (options.serves_graphiql && wants_page(request, *handshake)) co_return graphiql(page);
    if (handshake->site() == http::Site::kForeign) {
        co_return detail::refuse(Media::kJson, 403, detail::foreign_page());
    }
    if (handshake->is_socket()) co_return sockets.upgrade(std::move(handshake));
    if (request.method == http::Method::kPost) {
        co_return co_await post(std::move(request), std::move(handshake));
    }
    co_return co_await get(std::move(request), std::move(handshake));
}

/// What a POST is refused for before its body is read.
std::optional<http::Response> Endpoint::Impl::refuse_head(const Known& known) {
    const http::Handshake& handshake = *known.handshake;
    const Media media = detail::choose(handshake.headers().get("accept"), kMedia);
    if (handshake.site() == http::Site::kForeign) {
        return detail::refuse(Media::kJson, 403, detail::foreign_page());
    }
    if (!known.session && media == Media::kEventStream && known.session.error().code != kRateLimitExceeded) {
        detail::Streamed told{
            .request = Request(), .bytes = 0, .asker = std::unexpected(known.session.error())
        };
        return detail::stream_events(parts, std::move(told));
    }
    if (!known.session) return not_known(media, known.session.error());
    if (!known.session->is_admin() && stated_length(handshake.headers()) > kBodyBytesMax) {
        return detail::refuse(media, 413, too_large(kBodyBytesMax));
    }
    return std::nullopt;
}

rt::Task<Result<http::Pass>> Endpoint::Impl::admit(const http::Request& request) {
    http::Request head = request;
    Known known{
        .handshake = std::make_shared<const http::Handshake>(options.site, head), .session = Session()
    };
    if (known.handshake->site() != http::Site::kForeign) known.session = co_await who(known.handshake);
    http::Pass pass;
    pass.refusal = refuse_head(known);
    if (pass.refusal) finish(*pass.refusal, *known.handshake);
    if (known.session) pass.share = known.session->rate_key;
    pass.note = std::make_shared<const Known>(std::move(known));
    co_return pass;
}

void Endpoint::Impl::finish(http::Response& response, const http::Handshake& handshake) {
    http::add_cors(response, handshake);
    const auto id = handshake.headers().get("x-request-id");
    if (!id.empty() && id.size() <= kRequestIdBytesMax && http::is_header_value(id)) {
        response.headers.add("x-request-id", std::string(id));
    }
}

rt::Task<Result<http::Response>> Endpoint::Impl::handle(http::Request request) {
    HandshakePtr handshake;
    if (request.note != nullptr) {
        handshake = std::static_pointer_cast<const Known>(request.note)->handshake;
    } else {
        handshake = std::make_shared<const http::Handshake>(options.site, request);
    }
    http::Response out = co_await answer(std::move(request), handshake);
    finish(out, *handshake);
    co_return out;
}

Endpoint::Endpoint(EndpointParts parts, EndpointOptions options)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(options))) {}

Endpoint::~Endpoint() = default;

void Endpoint::mount(http::Router& router) {
    http::RouteOptions route{.body_bytes_max = kAdminBodyBytesMax, .timeout = std::chrono::seconds(60)};
    const auto handle = [impl = impl_.get()](http::Request request) {
        return impl->handle(std::move(request));
    };
    for (const auto method : {http::Method::kGet, http::Method::kOptions}) {
        router.add(method, impl_->options.path, handle, {.body_bytes_max = 0, .timeout = route.timeout});
    }
    if (!impl_->options.page_path.empty()) {
        const auto show = [page = impl_->page](http::Request) { return shown(page); };
        router.add(http::Method::kGet, impl_->options.page_path, show, {.body_bytes_max = 0});
    }
    route.gate = [impl = impl_.get()](const http::Request& head) { return impl->admit(head); };
    router.add(http::Method::kPost, impl_->options.path, handle, std::move(route));
}

rt::Task<void> Endpoint::close() {
    return impl_->sockets.close();
}

}  // namespace weft::graphql
