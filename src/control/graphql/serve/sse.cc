#include "control/graphql/serve/detail/sse.h"

#include "platform/rt/sync.h"

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

    void next(std::shared_ptr<const std::string> body) {
        if (!is_stream) {
            bytes = 0;
            bodies.clear();  // only the newest answer counts
        }
        bytes += body->size();
        bodies.push_back(std::move(body));
        wake.notify_all();
    }
    void end(std::shared_ptr<const std::string> body) {
        if (body != nullptr) bodies.push_back(std::move(body));
        is_over = true;
        wake.notify_all();
    }
    bool is_full() const { return bodies.size() > kBodiesMax || (bytes > kBytesMax && bodies.size() > 1); }

    std::deque<std::shared_ptr<const std::string>> bodies;
    std::size_t bytes = 0;
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
            const auto body = std::move(feed->bodies.front());
            feed->bodies.pop_front();
            feed->bytes -= std::min(feed->bytes, body->size());
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

rt::Task<void> produce(
    rt::Loop& loop,
    Live& live,
    std::shared_ptr<Outcome<Request>> request,
    std::shared_ptr<Outcome<Session>> session,
    http::StreamWriter writer
) {
    const auto feed = std::make_shared<Feed>(loop);
    const auto fail_with = [&feed](const Failure& failure, const Session& asker) {
        feed->end(std::make_shared<const std::string>(Engine::error_body(failure, asker)));
    };
    const Session nobody{.role = ""};
    if (!*session || !*request) {
        fail_with(*session ? request->error() : session->error(), nobody);
        co_return co_await feed_client(feed, writer);
    }
    const auto asker = std::make_shared<const Session>(std::move(**session));
    Live::Sink sink{
        .next = [feed](auto body) { feed->next(std::move(body)); },
        .error = [feed](std::string body
                 ) { feed->end(std::make_shared<const std::string>(std::move(body))); },
        .complete = [feed] { feed->end(nullptr); },
    };
    auto id = live.subscribe(**request, asker, std::move(sink));
    if (!id) {
        fail_with(id.error(), *asker);
        co_return co_await feed_client(feed, writer);
    }
    const Subscribed subscribed{live, *id};
    feed->is_stream = live.is_stream(*id);
    if (!co_await writer.write(":\n\n")) co_return;  // the head goes out now
    co_await feed_client(feed, writer);
}

}  // namespace

http::Response stream_events(rt::Loop& loop, Live& live, Outcome<Request> request, Outcome<Session> session) {
    http::Response out;
    out.headers.add("content-type", "text/event-stream; charset=utf-8");
    out.headers.add("cache-control", "no-cache");
    out.headers.add("x-accel-buffering", "no");
    // Shared: a std::function must be copyable.
    auto asked = std::make_shared<Outcome<Request>>(std::move(request));
    auto who = std::make_shared<Outcome<Session>>(std::move(session));
    out.stream = [&loop, &live, asked, who](http::StreamWriter writer) {
        return produce(loop, live, asked, who, std::move(writer));
    };
    return out;
}

}  // namespace weft::graphql::detail
