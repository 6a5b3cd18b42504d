#include "control/graphql/serve/detail/endpoint.h"

#include "control/graphql/serve/detail/socket.h"
#include "control/graphql/serve/detail/sse.h"
#include "control/graphql/serve/ui_page.h"
#include "platform/http/router.h"

#include <algorithm>
#include <memory>

namespace weft::graphql {

using detail::Media;

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
    const bool is_credential = failure.code == "access-denied" || failure.code == "invalid-jwt";
    Answer answer{.body = Engine::error_body(failure, Session{.role = ""}), .is_request_error = true};
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

http::Response graphiql() {
    static const auto page = std::make_shared<const std::string>(kGraphiqlPage);  // shared by all answers
    http::Response out;
    out.headers.add("content-type", std::string(detail::type_of(Media::kHtml)));
    out.headers.add("content-security-policy", std::string(kGraphiqlPolicy));
    out.headers.add("x-content-type-options", "nosniff");
    out.headers.add("referrer-policy", "no-referrer");
    out.shared_body = page;
    return out;
}

}  // namespace

struct Endpoint::Impl {
    Impl(rt::Loop& on, Engine& with, Live& follows, Authenticate asks, EndpointOptions given)
        : loop(on),
          engine(with),
          live(follows),
          authenticate(std::move(asks)),
          options(std::move(given)),
          sockets(loop, engine, live, authenticate, options) {}

    rt::Loop& loop;
    Engine& engine;
    Live& live;
    Authenticate authenticate;
    EndpointOptions options;
    detail::Sockets sockets;

    rt::Task<Result<http::Response>> handle(http::Request request);
    rt::Task<http::Response> answer(http::Request request);
    rt::Task<http::Response> post(http::Request request);
    rt::Task<http::Response> get(http::Request request);
    rt::Task<http::Response> batch(
        Media media, std::vector<Request> requests, Session session, rt::Deadline by
    );
    rt::Task<http::Response> read_only(Media media, Request request, Session session, rt::Deadline by);
    rt::Task<Outcome<Session>> who(http::Fields headers, std::string peer);
};

rt::Task<Outcome<Session>> Endpoint::Impl::who(http::Fields headers, std::string peer) {
    // Only webhooks read them: a copy less for everybody else.
    const auto model = engine.model();
    std::map<std::string, std::string, std::less<>> kept;
    if (model != nullptr && !model->metadata().actions.empty()) kept = detail::lower_case(headers);
    auto session = co_await authenticate(std::move(headers), std::move(peer));
    if (session) session->headers = std::move(kept);
    co_return session;
}

rt::Task<http::Response> Endpoint::Impl::batch(
    Media media, std::vector<Request> requests, Session session, rt::Deadline by
) {
    const int batch_max = engine.limits_of(session.role).batch_max;
    if (static_cast<int>(requests.size()) > batch_max) {
        const Failure many{
            .message = "a batch holds at most " + std::to_string(batch_max) + " requests; send it in parts"
        };
        Answer answer{.body = Engine::error_body(many, session), .is_request_error = true};
        co_return detail::respond(media, std::move(answer));
    }
    Answer all{.body = "["};
    for (Request& request : requests) {
        if (all.body.size() > 1) all.body += ',';
        request.wants_locations = media == Media::kGraphqlResponse;
        all.body += (co_await engine.execute(std::move(request), session, by)).body;
    }
    all.body += ']';
    co_return detail::respond(media, std::move(all));
}

rt::Task<http::Response> Endpoint::Impl::post(http::Request request) {
    const Media media = detail::choose(request.headers.get("accept"), kMedia);
    if (media == Media::kNone) co_return detail::refuse(media, 406, not_acceptable());
    if (!detail::is_json(request.headers.get("content-type"))) {
        const Failure wrong{.message = "content-type must be application/json", .code = "bad-request"};
        co_return detail::refuse(media, 415, wrong);
    }
    auto session = co_await who(std::move(request.headers), std::move(request.peer));
    if (media == Media::kEventStream) {
        co_return detail::stream_events(loop, live, one_request(request.body), std::move(session));
    }
    if (!session) co_return not_known(media, session.error());
    if (!session->is_admin() && request.body.size() > kBodyBytesMax) {
        co_return detail::refuse(media, 413, too_large(kBodyBytesMax));
    }
    auto incoming = detail::read_body(request.body);
    if (!incoming) co_return detail::refuse(media, 400, incoming.error());
    if (incoming->is_batch) {
        co_return co_await batch(
            media, std::move(incoming->requests), std::move(*session), std::move(request.deadline)
        );
    }
    Request one = std::move(incoming->requests.front());
    one.wants_locations = media == Media::kGraphqlResponse;
    co_return detail::respond(
        media, co_await engine.execute(std::move(one), std::move(*session), std::move(request.deadline))
    );
}

/// A link must never change anything: queries only.
rt::Task<http::Response> Endpoint::Impl::read_only(
    Media media, Request request, Session session, rt::Deadline by
) {
    auto ready = engine.prepare(request, session);
    const bool is_query = ready && ready->prepared->plan->kind == OperationKind::kQuery;
    if (is_query) {
        co_return detail::respond(
            media, co_await engine.run(std::move(*ready), std::move(session), std::move(by))
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
        media, co_await engine.execute(std::move(request), std::move(session), std::move(by))
    );
}

rt::Task<http::Response> Endpoint::Impl::get(http::Request request) {
    const auto accept = request.headers.get("accept");
    const bool has_query = request.target.query.find("query") || request.target.query.find("extensions");
    if (options.serves_graphiql && !has_query &&
        detail::choose(accept, {Media::kJson, Media::kHtml}) == Media::kHtml) {
        co_return graphiql();
    }
    const Media media = detail::choose(accept, kMedia);
    if (media == Media::kNone) co_return detail::refuse(media, 406, not_acceptable());
    if (!options.allows_get) {
        const Failure refused{.message = "use POST", .code = "bad-request"};
        http::Response out = detail::refuse(media, 405, refused);
        out.headers.add("allow", "POST");
        co_return out;
    }
    auto session = co_await who(std::move(request.headers), std::move(request.peer));
    auto one = detail::read_query(request.target.query);
    if (media == Media::kEventStream) {
        co_return detail::stream_events(loop, live, std::move(one), std::move(session));
    }
    if (!session) co_return not_known(media, session.error());
    if (!one) co_return detail::refuse(media, 400, one.error());
    one->wants_locations = media == Media::kGraphqlResponse;
    co_return co_await read_only(media, std::move(*one), std::move(*session), std::move(request.deadline));
}

rt::Task<http::Response> Endpoint::Impl::answer(http::Request request) {
    if (request.method == http::Method::kOptions) co_return http::Response::empty(204);
    if (!detail::is_allowed_origin(options, request)) {
        const Failure refused{
            .message = "pages of this origin may not use this API", .code = "access-denied"
        };
        co_return detail::refuse(Media::kJson, 403, refused);
    }
    if (detail::is_upgrade(request)) co_return sockets.upgrade(std::move(request));
    if (request.method == http::Method::kPost) co_return co_await post(std::move(request));
    co_return co_await get(std::move(request));
}

rt::Task<Result<http::Response>> Endpoint::Impl::handle(http::Request request) {
    http::Request head;  // what is needed of it afterwards
    head.method = request.method;
    for (const std::string_view name : {"origin", "host", "access-control-request-headers", "x-request-id"}) {
        if (const auto value = request.headers.find(name))
            head.headers.add(std::string(name), std::string(*value));
    }
    http::Response out = co_await answer(std::move(request));
    detail::add_cors(out, options, head);
    const auto id = head.headers.get("x-request-id");
    if (!id.empty() && id.size() <= kRequestIdBytesMax && http::is_header_value(id)) {
        out.headers.add("x-request-id", std::string(id));
    }
    co_return out;
}

Endpoint::Endpoint(
    rt::Loop& loop, Engine& engine, Live& live, Authenticate authenticate, EndpointOptions options
)
    : impl_(std::make_unique<Impl>(loop, engine, live, std::move(authenticate), std::move(options))) {}

Endpoint::~Endpoint() = default;

void Endpoint::mount(http::Router& router) {
    http::RouteOptions route{.body_bytes_max = kAdminBodyBytesMax, .timeout = std::chrono::seconds(60)};
    const auto handle = [impl = impl_.get()](http::Request request) {
        return impl->handle(std::move(request));
    };
    for (const auto method : {http::Method::kGet, http::Method::kPost, http::Method::kOptions}) {
        router.add(method, impl_->options.path, handle, route);
    }
}

rt::Task<void> Endpoint::close() {
    return impl_->sockets.close();
}

}  // namespace weft::graphql
