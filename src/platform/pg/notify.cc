#include "platform/pg/detail/pipeline.h"
#include "platform/pg/detail/subscription.h"
#include "platform/pg/pg.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace weft::pg {

using detail::Pipeline;

namespace {

constexpr auto kConnectTimeout = std::chrono::seconds(5);
constexpr auto kSendTimeout = std::chrono::seconds(5);
constexpr auto kPayloadBytesMax = std::size_t{7'900};  // PostgreSQL refuses 8,000 and more
/// While the server is away hints pile up to this many, then the oldest go: a poll finds what they meant.
constexpr std::size_t kPendingMax = 10'000;
constexpr std::size_t kPendingBytesMax = 4u << 20;
constexpr Query kNotify{
    "pg.notify",
    "select pg_notify(n.channel, n.payload) from unnest($1::text[], $2::text[]) as n (channel, payload)"
};

/// 50 ms doubling to 2 s.
class Backoff {
  public:
    Steady::duration next() {
        return std::chrono::milliseconds(std::min(2'000, 25 << std::min(++failures_, 7)));
    }
    void reset() { failures_ = 0; }

  private:
    int failures_ = 0;
};

}  // namespace

struct Listener::Impl {
    rt::Loop& loop;
    std::string url;
    std::vector<std::string> channels;
    OnNotify on_notify;
    std::function<void()> on_connected;
    rt::Scope scope{loop};

    rt::Task<void> run();
};

rt::Task<void> Listener::Impl::run() {
    Backoff backoff;
    while (!scope.is_cancelled()) {
        auto opened =
            co_await detail::Subscription::open(loop, url, channels, scope.deadline(kConnectTimeout));
        if (!opened) {
            (void)co_await rt::sleep_for(backoff.next(), scope.forever());
            continue;
        }
        backoff.reset();
        if (on_connected) on_connected();
        while (co_await opened->read(on_notify, scope.forever())) {
        }
    }
}

Listener::Listener(
    rt::Loop& loop,
    std::string url,
    std::vector<std::string> channels,
    OnNotify on_notify,
    std::function<void()> on_connected
)
    : impl_(new Impl{loop, std::move(url), std::move(channels), std::move(on_notify), std::move(on_connected)}
      ) {}

Listener::~Listener() = default;

void Listener::start() {
    impl_->scope.spawn(impl_->run());
}

rt::Task<void> Listener::close() {
    co_await impl_->scope.close();
}

struct Notifier::Impl {
    struct Hint {
        std::string channel;
        std::string payload;
    };
    rt::Loop& loop;
    std::string url;
    std::deque<Hint> pending{};
    std::size_t pending_bytes = 0;  // of payloads
    std::shared_ptr<Pipeline> connection{};
    rt::Signal wake{loop};
    rt::Scope scope{loop};

    rt::Task<void> run();
    rt::Task<Result<void>> send(std::vector<Hint> hints);
    std::vector<Hint> take();
    void add(Hint hint);
    void add_back(std::vector<Hint> hints);
};

/// All of `pending`, with the payloads of a channel joined as far as they fit.
std::vector<Notifier::Impl::Hint> Notifier::Impl::take() {
    std::vector<Hint> out;
    for (Hint& hint : pending) {
        auto last = std::ranges::find(out.rbegin(), out.rend(), hint.channel, &Hint::channel);
        if (last != out.rend() && last->payload == hint.payload) continue;
        if (last != out.rend() && last->payload.size() + 1 + hint.payload.size() <= kPayloadBytesMax) {
            last->payload += '\n';
            last->payload += hint.payload;
        } else {
            out.push_back(std::move(hint));
        }
    }
    pending.clear();
    pending_bytes = 0;
    return out;
}

void Notifier::Impl::add(Hint hint) {
    pending_bytes += hint.payload.size();
    pending.push_back(std::move(hint));
    while (pending.size() > kPendingMax || pending_bytes > kPendingBytesMax) {
        pending_bytes -= pending.front().payload.size();
        pending.pop_front();
    }
}

/// Those that could not be sent, before what has come since.
void Notifier::Impl::add_back(std::vector<Hint> hints) {
    auto newer = std::exchange(pending, {});
    pending_bytes = 0;
    for (Hint& hint : hints) add(std::move(hint));
    for (Hint& hint : newer) add(std::move(hint));
}

rt::Task<Result<void>> Notifier::Impl::send(std::vector<Hint> hints) {
    if (connection == nullptr || !connection->is_fit()) {
        connection.reset();
        detail::ConnectOptions options{.url = url, .application_name = "weft notifier"};
        CO_TRY(
            connection, co_await Pipeline::open(loop, std::move(options), scope.deadline(kConnectTimeout))
        );
    }
    ArrayParam channels;
    ArrayParam payloads;
    for (const Hint& hint : hints) {
        channels.add(hint.channel);
        payloads.add(hint.payload);
    }
    Params params;
    params.add(channels).add(payloads);
    CO_CHECK_OK(detail::check_params(params));
    CO_CHECK_OK(connection->send(kNotify, params));
    CO_CHECK_OK(connection->send_sync());
    CO_CHECK_OK(co_await connection->collect(scope.deadline(kSendTimeout)));
    co_return Result<void>{};
}

rt::Task<void> Notifier::Impl::run() {
    Backoff backoff;
    while (!scope.is_cancelled()) {
        if (pending.empty()) {
            (void)co_await wake.wait(scope.forever());
            continue;
        }
        auto hints = take();
        auto copy = hints;
        if (co_await send(std::move(copy))) {
            backoff.reset();
            continue;
        }
        connection.reset();
        add_back(std::move(hints));
        (void)co_await rt::sleep_for(backoff.next(), scope.forever());
    }
}

Notifier::Notifier(rt::Loop& loop, std::string url) : impl_(new Impl{loop, std::move(url)}) {
    impl_->scope.spawn(impl_->run());
}

Notifier::~Notifier() = default;

void Notifier::notify(std::string channel, std::string payload) {
    if (payload.size() > kPayloadBytesMax) payload.resize(kPayloadBytesMax);
    impl_->add({std::move(channel), std::move(payload)});
    impl_->wake.notify_one();
}

rt::Task<void> Notifier::close() {
    co_await impl_->scope.close();
    impl_->connection.reset();
}

}  // namespace weft::pg
