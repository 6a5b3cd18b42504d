#include "graphql/serve/detail/sse.h"

#include "platform/rt/sync.h"

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace weft::graphql::detail {

namespace {

/// Proxies and browsers give up on a silent answer.
constexpr auto kKeepAlive = std::chrono::seconds(12);
constexpr std::size_t kBodiesMax = 256;
constexpr std::size_t kBytesMax = 8u << 20;

std::string next_event(std::string_view body) {
    std::string out = "event: next\ndata: ";
    out.reserve(body.size() + 32);
    // JSON has no line breaks but those between its tokens, where a space does as well.
    for (const char c : body) out += c == '\n' || c == '\r' ? ' ' : c;
    out += "\n\n";
    return out;
}

constexpr std::string_view kComplete = "event: complete\ndata:\n\n";

/// What waits to be written for one client.
struct Feed {
    explicit Feed(rt::Loop& loop) : wake(loop) {}

    void next(std::shared_ptr<const std::string> body, const Session& asker) {
        if (is_over) return;
        if (!is_stream) drop();  // only the newest answer counts
        if (auto held = lease->add(http::Held::kBytes, body->size()); !held) {
            return fail(limit_reached(held.error()), asker);
        }
        bytes += body->size();
        bodies.push_back(std::move(body));
        wake.notify_all();
    }
    /// After what still waits.
    void end(std::shared_ptr<const std::string> body) {
        if (body != nullptr) bodies.push_back(std::move(body));
        is_over = true;
        wake.notify_all();
    }
    /// Instead of what still waits.
    void fail(const Failure& failure, const Session& asker) {
        drop();
        end(std::make_shared<const std::string>(Engine::error_body(failure, asker)));
    }
    std::shared_ptr<const std::string> take() {
        auto body = std::move(bodies.front());
        bodies.pop_front();
        let_go(body->size());
        return body;
    }
    void drop() {
        bodies.clear();
        let_go(bytes);
    }
    void let_go(std::size_t some) {
        some = std::min(some, bytes);
        bytes -= some;
        if (lease != nullptr) lease->give_back(http::Held::kBytes, some);
    }
    bool is_full() const { return bodies.size() > kBodiesMax || (bytes > kBytesMax && bodies.size() > 1); }

    std::deque<std::shared_ptr<const std::string>> bodies;
    std::size_t bytes = 0;  // of those that are leased
    std::unique_ptr<http::Lease> lease;
    bool is_stream = false;
    bool is_over = false;
    rt::Signal wake;
};

/// Ends the subscription however the producer ends.
struct Subscribed {
    Live& live;
    Live::Id id;
    ~Subscribed() { live.unsubscribe(id); }
};

rt::Task<void> feed_client(std::shared_ptr<Feed> feed, http::StreamWriter writer) {
    while (true) {
        if (feed->is_stream && feed->is_full()) {
            // Cut short, without `complete`: the client sees that it has not got everything.
            co_return;
        }
        if (!feed->bodies.empty()) {
            const auto body = feed->take();
            if (!co_await writer.write(next_event(*body))) co_return;
            continue;
        }
        if (feed->is_over) break;
        const auto by = writer.deadline().at_most(kKeepAlive);
        if (co_await feed->wake.wait(by)) continue;
        if (writer.deadline().is_over()) co_return;
        if (!co_await writer.write(":\n\n")) co_return;
    }
    (void)co_await writer.write(std::string(kComplete));
}

/// Its place among the streams of the process, until the feed dies.
Result<void> lease(http::Leases& leases, const std::shared_ptr<Feed>& feed, Asker asker, std::size_t bytes) {
    asker.terms.end = [weak = std::weak_ptr(feed),
                       session = asker.session](http::Ending, std::string reason) {
        if (const auto held = weak.lock()) {
            held->fail({.message = std::move(reason), .code = "access-denied"}, *session);
        }
    };
    TRY(feed->lease, leases.take(std::move(asker.terms)));
    CHECK_OK(feed->lease->add(http::Held::kSubscriptions, 1));
    return feed->lease->add(http::Held::kBytes, bytes);
}

rt::Task<void> produce(
    rt::Loop& loop,
    Live& live,
    http::Leases& leases,
    std::shared_ptr<Streamed> asked,
    http::StreamWriter writer
) {
    const auto feed = std::make_shared<Feed>(loop);
    if (!asked->asker || !asked->request) {
        feed->fail(asked->asker ? asked->request.error() : asked->asker.error(), Session());
        co_return co_await feed_client(feed, writer);
    }
    const auto session = asked->asker->session;
    if (auto leased = lease(leases, feed, std::move(*asked->asker), asked->bytes); !leased) {
        feed->fail(limit_reached(leased.error()), *session);
        co_return co_await feed_client(feed, writer);
    }
    Live::Sink sink{
        .next = [feed, session](auto body) { feed->next(std::move(body), *session); },
        .error = [feed](std::string body
                 ) { feed->end(std::make_shared<const std::string>(std::move(body))); },
        .complete = [feed] { feed->end(nullptr); },
    };
    auto id = live.subscribe(*asked->request, session, std::move(sink));
    if (!id) {
        feed->fail(id.error(), *session);
        co_return co_await feed_client(feed, writer);
    }
    const Subscribed subscribed{live, *id};
    feed->is_stream = live.is_stream(*id);
    if (!co_await writer.write(":\n\n")) co_return;  // the head goes out now
    co_await feed_client(feed, writer);
}

}  // namespace

http::Response stream_events(const EndpointParts& parts, Streamed asked) {
    http::Response out;
    out.headers.add("content-type", "text/event-stream; charset=utf-8");
    out.headers.add("cache-control", "no-cache");
    out.headers.add("x-accel-buffering", "no");
    // Shared: a std::function must be copyable.
    auto held = std::make_shared<Streamed>(std::move(asked));
    out.stream = [&loop = parts.loop, &live = parts.live, &leases = parts.leases, held](
                     http::StreamWriter writer
                 ) { return produce(loop, live, leases, held, std::move(writer)); };
    return out;
}

}  // namespace weft::graphql::detail
