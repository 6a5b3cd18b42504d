#include "platform/pg/detail/sharing.h"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <ranges>
#include <utility>

namespace weft::pg::detail {

namespace asio = boost::asio;
using Descriptor = asio::posix::stream_descriptor;
using Clock = std::chrono::steady_clock;

namespace {

/// Batches under way on one lane. More would not save more system calls, and the last would wait longer.
constexpr std::size_t kUnderWayMax = 16;
/// As many callers as this behind every open lane are worth another connection.
constexpr std::size_t kCrowded = 4;
/// More than this means that the process is far behind: refuse at once instead of queueing.
constexpr std::size_t kQueueMax = 20'000;
/// Batches that take no longer are short: joining them is cheaper than waking another server process, even
/// where that one is idle. Longer ones are spread over the lanes.
constexpr auto kShort = std::chrono::microseconds(200);
/// PostgreSQL sends an answer in pieces of 8 KB, each of which would wake this process. So often it looks for
/// the next one by itself, at some 3 us, before it goes to sleep.
constexpr int kLooksMax = 8;
/// How long a batch may run on after its caller has left before it costs the connection.
constexpr auto kGrace = std::chrono::seconds(1);
constexpr auto kBackoffFirst = std::chrono::milliseconds(20);
constexpr auto kBackoffMax = std::chrono::seconds(1);

}  // namespace

Result<void> send_batch(Pipeline& connection, const Batch& batch) {
    for (const Batch::Statement& statement : batch.statements()) {
        if (statement.become) CHECK_OK(connection.become(*statement.become));
        CHECK_OK(connection.send(statement.query, statement.params));
    }
    return connection.send_sync();
}

Result<void> check_batch(const Batch& batch) {
    if (batch.empty()) return fail(Error::internal("an empty batch"));
    if (!batch.statements().front().become) return fail(Error::internal("a batch without a principal"));
    for (const Batch::Statement& statement : batch.statements()) CHECK_OK(check_params(statement.params));
    return {};
}

rt::Task<std::shared_ptr<Pipeline>> connect_while(
    std::function<bool()> is_wanted,
    rt::Loop& loop,
    const PoolOptions& options,
    rt::Signal& closing,
    std::string& failure
) {
    auto backoff = Clock::duration(kBackoffFirst);
    while (is_wanted()) {
        ConnectOptions connect{
            .url = options.url,
            .application_name = options.application_name,
            .search_path = options.search_path,
            .options = options.options,
            .prepared_max = options.prepared_max,
        };
        auto opened =
            co_await Pipeline::open(loop, std::move(connect), rt::Deadline::in(options.connect_timeout));
        if (opened) {
            failure.clear();
            co_return std::move(*opened);
        }
        failure = opened.error().detail.empty() ? opened.error().user : opened.error().detail;
        (void)co_await closing.wait(rt::Deadline::in(backoff));
        backoff = std::min<Clock::duration>(backoff * 2, kBackoffMax);
    }
    co_return nullptr;
}

/// Suspends the caller until its slot is finished; a cancellation makes it leave.
struct Sharing::Wait {
    static rt::Task<void> until_done(Sharing& sharing, Call& call) {
        return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
            [](auto handler, Sharing* self, Call* waiting) {
                if (auto cancel = asio::get_associated_cancellation_slot(handler); cancel.is_connected()) {
                    cancel.assign([weak = self->weak_from_this(), waiting](asio::cancellation_type) {
                        if (auto still = weak.lock()) still->leave(waiting);
                    });
                }
                self->submit(*waiting, std::move(handler));
            },
            asio::use_awaitable,
            &sharing,
            &call
        );
    }
};

Sharing::Sharing(rt::Loop& loop, const PoolOptions& options)
    : loop_(loop), options_(options), watchdog_(loop.context()), closing_(loop), changed_(loop) {}

rt::Task<Result<std::vector<Rows>>> Sharing::run(Batch batch, rt::Deadline by, ServerError* failed) {
    auto self = shared_from_this();
    CO_CHECK_OK(check_batch(batch));
    CO_CHECK_OK(by.check());
    if (is_closed_ || queue_.size() >= kQueueMax) co_return fail(refusal(by));
    Call call{.batch = std::move(batch), .by = by, .reply = {.server = failed}};
    co_await Wait::until_done(*self, call);
    if (call.reply.has_failed) co_return fail(std::move(call.reply.error));
    co_return std::move(call.reply.rows);
}

Error Sharing::refusal(rt::Deadline by) const {
    auto why = by.reason();
    if (why != rt::CancelReason::kNone && why != rt::CancelReason::kDeadline) return by.error();
    if (is_closed_) return away("the pool is closed");
    if (!connect_failure_.empty()) return away(connect_failure_);
    Error error = Error::unavailable("The database is busy; try again", "no shared connection had room");
    error.retry = Retry::kBackoff;
    return error;
}

/// Works on short batches, and has not met a long one just now.
bool Sharing::Lane::is_lively(Steady now) const {
    if (slots.empty()) return true;
    return slots.size() < kUnderWayMax && usual_time < kShort && now - moved_at < kShort;
}

std::shared_ptr<Sharing::Lane> Sharing::pick() {
    auto least = std::ranges::min_element(lanes_, {}, [](const auto& lane) { return lane->slots.size(); });
    std::size_t crowd = least == lanes_.end() ? kUnderWayMax : (*least)->slots.size();
    // One attempt at a time while the server is away.
    bool may_open = connecting_ == 0 || connect_failure_.empty();
    if (crowd >= kCrowded && may_open && open() + connecting_ < options_.shared_connections_max) {
        ++connecting_;
        asio::co_spawn(loop_.context(), open_lane(), asio::detached);
    }
    if (crowd >= kUnderWayMax) return nullptr;
    auto is_lively = [now = Clock::now()](const auto& lane) { return lane->is_lively(now); };
    auto lively = std::ranges::find_if(lanes_, is_lively);
    return lively != lanes_.end() ? *lively : *least;
}

rt::Task<void> Sharing::open_lane() {
    auto self = shared_from_this();
    auto is_wanted = [this] { return !is_closed_ && (!queue_.empty() || !lanes_.empty()); };
    auto connection = co_await connect_while(is_wanted, loop_, options_, closing_, connect_failure_);
    --connecting_;
    changed_.notify_all();
    if (connection == nullptr || is_closed_) co_return;
    auto lane = std::make_shared<Lane>();
    lane->connection = std::move(connection);
    lanes_.push_back(lane);
    await_input(lane);
    send_queued();
}

void Sharing::submit(Call& call, Resume resume) {
    auto now = Clock::now();
    queue_.push_back({&call, std::move(resume), call.by.when(), now});
    watch(std::min(call.by.when(), now + kPatience));
    // At the end of this turn of the loop, together with what else comes in it: back to back, the server is
    // woken once.
    if (std::exchange(is_sending_soon_, true)) return;
    loop_.post([weak = weak_from_this()] {
        auto self = weak.lock();
        if (self == nullptr) return;
        self->is_sending_soon_ = false;
        self->send_queued();
    });
}

void Sharing::send(const std::shared_ptr<Lane>& lane, Slot slot) {
    auto sent = send_batch(*lane->connection, slot.call->batch);
    if (!sent && lane->connection->is_alive()) {
        // A bug of the caller's. Half its batch is on the way, so the connection is of no more use.
        finish(slot, std::move(sent).error());
        lose(lane, "half a batch");
        return;
    }
    if (lane->slots.empty()) lane->moved_at = Clock::now();
    lane->slots.push_back(std::move(slot));
    if (sent) {
        flush(lane);
    } else {
        lose(lane, "send");
    }
}

void Sharing::send_queued() {
    // Losing a lane while sending puts slots back, each at most once.
    while (!queue_.empty()) {
        auto lane = pick();
        if (lane == nullptr) return;
        Slot slot = std::move(queue_.front());
        queue_.pop_front();
        send(lane, std::move(slot));
    }
}

void Sharing::flush(const std::shared_ptr<Lane>& lane) {
    if (lane->is_writing) return;
    int left = lane->connection->write();
    if (left < 0) return lose(lane, "write");
    if (left == 0) return;
    lane->is_writing = true;
    auto on_writable = [weak = weak_from_this(), lane](const boost::system::error_code& ec) {
        lane->is_writing = false;
        auto self = weak.lock();
        if (!ec && self != nullptr && lane->connection != nullptr) self->flush(lane);
    };
    lane->connection->socket().async_wait(Descriptor::wait_write, std::move(on_writable));
}

void Sharing::await_input(const std::shared_ptr<Lane>& lane) {
    auto on_readable = [weak = weak_from_this(), lane](const boost::system::error_code& ec) {
        auto self = weak.lock();
        if (!ec && self != nullptr && lane->connection != nullptr) self->readable(lane);
    };
    lane->connection->socket().async_wait(Descriptor::wait_read, std::move(on_readable));
}

void Sharing::readable(const std::shared_ptr<Lane>& lane) {
    std::vector<Resume> done;
    bool is_well = lane->connection->read();
    // What was complete before the connection went is still good.
    is_well = take_answers(*lane, done) && is_well;
    if (!is_well) {
        lose(lane, "connection lost");
    } else if (done.empty() && !lane->slots.empty() && lane->looks++ < kLooksMax) {
        loop_.post([weak = weak_from_this(), lane] {
            auto self = weak.lock();
            if (self != nullptr && lane->connection != nullptr) self->readable(lane);
        });
    } else {
        lane->looks = 0;
        await_input(lane);
    }
    send_queued();
    // Last, and from a list of our own: the callers go on here and come back with further batches.
    for (Resume& resume : done) resume();
}

bool Sharing::take_answers(Lane& lane, std::vector<Resume>& done) {
    // Without a batch under way `take` still reads notices and a farewell.
    if (lane.slots.empty()) return lane.connection->take(discarded_) != Pipeline::Progress::kLost;
    while (!lane.slots.empty()) {
        Slot& slot = lane.slots.front();
        Reply& reply = slot.call == nullptr ? discarded_ : slot.call->reply;
        auto progress = lane.connection->take(reply);
        if (progress == Pipeline::Progress::kMore) break;
        if (progress == Pipeline::Progress::kLost || !lane.connection->is_alive()) return false;
        Slot finished = std::move(slot);
        lane.slots.pop_front();
        auto now = Clock::now();
        lane.usual_time = (lane.usual_time * 7 + (now - lane.moved_at)) / 8;
        lane.moved_at = now;
        discarded_ = {};
        if (finished.call == nullptr) continue;
        if (reply.is_outdated && again(finished)) {
            queue_.push_back(std::move(finished));
        } else {
            done.push_back(std::move(finished.resume));
        }
    }
    return true;
}

/// Makes a slot ready for its second, and last, attempt.
bool Sharing::again(Slot& slot) {
    if (std::exchange(slot.call->has_been_moved, true)) return false;
    auto* server = slot.call->reply.server;
    if (server != nullptr) *server = {};
    slot.call->reply = {.server = server};
    return true;
}

void Sharing::lose(const std::shared_ptr<Lane>& lane, std::string_view why) {
    std::erase(lanes_, lane);
    auto slots = std::exchange(lane->slots, {});
    lane->connection.reset();
    changed_.notify_all();
    // Back to the front, in their order.
    for (Slot& slot : std::views::reverse(slots)) {
        if (slot.call == nullptr) continue;
        if (!is_closed_ && again(slot)) {
            queue_.push_front(std::move(slot));
        } else {
            finish(slot, away(std::string(why)));
        }
    }
    if (queue_.empty()) return;
    watch(Clock::now() + kLookAgain);
    loop_.post([weak = weak_from_this()] {
        if (auto self = weak.lock()) self->send_queued();
    });
}

/// The caller hears of it soon, not now: whoever finishes a slot is in the middle of something.
void Sharing::finish(Slot& slot, Error error) {
    Call* call = std::exchange(slot.call, nullptr);
    call->reply.has_failed = true;
    call->reply.error = std::move(error);
    loop_.post(std::move(slot.resume));
}

void Sharing::leave(Call* call) {
    if (auto at = std::ranges::find(queue_, call, &Slot::call); at != queue_.end()) {
        finish(*at, refusal(call->by));
        queue_.erase(at);
        return;
    }
    for (const auto& lane : lanes_) {
        auto at = std::ranges::find(lane->slots, call, &Slot::call);
        if (at == lane->slots.end()) continue;
        lane->connection->forget_names(static_cast<std::size_t>(at - lane->slots.begin()));
        at->until = Clock::now();
        finish(*at, call->by.error());
        watch(at->until + kGrace);
        return;
    }
}

void Sharing::watch(Steady until) {
    auto look_at = std::min(until, Clock::now() + kWatchMax);
    if (is_watching_ && watchdog_.expiry() <= look_at) return;
    is_watching_ = true;
    watchdog_.expires_at(look_at);
    watchdog_.async_wait([weak = weak_from_this()](const boost::system::error_code& ec) {
        auto self = weak.lock();
        if (ec || self == nullptr) return;
        self->is_watching_ = false;
        self->look_for_late();
    });
}

void Sharing::look_for_late() {
    auto now = Clock::now();
    std::vector<Call*> late;
    auto next = Steady::max();
    auto look = [&](const Slot& slot) {
        if (slot.call == nullptr) return;
        if (slot.until <= now) {
            late.push_back(slot.call);
        } else {
            next = std::min(next, slot.until);
        }
    };
    for (const Slot& slot : queue_) {
        auto patience = slot.queued_at + kPatience;
        if (is_away() && patience <= now) {
            late.push_back(slot.call);
            continue;
        }
        look(slot);
        next = std::min(next, std::max(patience, now + kLookAgain));
    }
    for (const auto& lane : lanes_) std::ranges::for_each(lane->slots, look);
    for (Call* call : late) leave(call);
    std::vector<std::shared_ptr<Lane>> stuck;
    for (const auto& lane : lanes_) {
        auto left = std::ranges::find(lane->slots, nullptr, &Slot::call);
        if (left == lane->slots.end()) continue;
        if (left->until + kGrace <= now) {
            stuck.push_back(lane);
        } else {
            next = std::min(next, left->until + kGrace);
        }
    }
    for (const auto& lane : stuck) lose(lane, "a batch outlived its caller");
    send_queued();
    if (next != Steady::max()) watch(next);
}

void Sharing::give_up(std::string why) {
    connect_failure_ = std::move(why);
    for (const auto& lane : std::vector(lanes_)) lose(lane, connect_failure_);
}

void Sharing::stop() {
    is_closed_ = true;
    closing_.notify_all();
    for (const auto& lane : std::vector(lanes_)) lose(lane, "the pool is closed");
    for (Slot& slot : queue_) finish(slot, away("the pool is closed"));
    queue_.clear();
}

rt::Task<void> Sharing::close() {
    auto self = shared_from_this();
    stop();
    while (connecting_ > 0) (void)co_await changed_.wait(rt::Deadline::in(std::chrono::seconds(1)));
}

}  // namespace weft::pg::detail
