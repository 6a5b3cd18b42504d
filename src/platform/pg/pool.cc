#include "platform/pg/detail/pipeline.h"
#include "platform/pg/detail/script.h"
#include "platform/pg/detail/sharing.h"
#include "platform/pg/pg.h"
#include "platform/rt/sync.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <list>
#include <unordered_set>

namespace weft::pg {

namespace asio = boost::asio;
using detail::Pipeline;

namespace {

constexpr auto kRollbackTimeout = std::chrono::seconds(5);
/// More waiting callers than this means that the process is far behind: refuse at once instead of queueing.
constexpr std::size_t kWaitersMax = 20'000;
/// A ping that came back this much later than its deadline tells of this process, not of the server.
constexpr auto kOwnDelay = std::chrono::milliseconds(500);
constexpr Query kPing{"pg.ping", "select 1"};

/// Shared by the pool, the leases of suspended callers, and the connecting tasks; so whichever dies last may.
struct State : std::enable_shared_from_this<State> {
    struct Waiter {
        asio::steady_timer timer;
        std::shared_ptr<Pipeline> granted;
    };

    State(rt::Loop& owner, PoolOptions given)
        : loop(owner),
          options(std::move(given)),
          sharing(std::make_shared<detail::Sharing>(owner, options)),
          changed(owner),
          closing(owner) {}

    std::shared_ptr<Pipeline> take_idle();
    std::shared_ptr<Pipeline> lend(std::shared_ptr<Pipeline> connection) {
        lent.insert(connection.get());
        return connection;
    }
    void give_up();
    void give_back(std::shared_ptr<Pipeline> connection);
    void connect_for_waiters();
    void dropped() {
        --open;
        changed.notify_all();
        connect_for_waiters();
    }
    Error refusal(rt::Deadline by) const;

    rt::Loop& loop;
    PoolOptions options;
    std::shared_ptr<detail::Sharing> sharing;
    std::vector<std::shared_ptr<Pipeline>> idle;  // the most recently used last: it is the warmest
    std::unordered_set<Pipeline*> lent;
    std::shared_ptr<Pipeline> pulse;  // for pings only: a busy pool is not a dead server
    std::list<Waiter> waiters;
    rt::Signal changed;
    rt::Signal closing;
    int open = 0;  // idle and lent
    int connecting = 0;
    bool is_closed = false;
    std::string connect_failure;  // of the last attempt; empty after a success
    std::int64_t statements = 0;
};

/// A connection in one caller's hands; goes home when this dies, or is dropped if its use was cut short.
class Lease {
  public:
    Lease(std::shared_ptr<State> state, std::shared_ptr<Pipeline> connection)
        : state_(std::move(state)), connection_(std::move(connection)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
        if (connection_ != nullptr) state_->give_back(std::move(connection_));
    }
    Pipeline* operator->() const { return connection_.get(); }
    const std::shared_ptr<State>& state() const { return state_; }

  private:
    std::shared_ptr<State> state_;
    std::shared_ptr<Pipeline> connection_;
};

std::shared_ptr<Pipeline> State::take_idle() {
    while (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        if (connection->is_fit()) return connection;
        --open;
    }
    return nullptr;
}

void State::give_back(std::shared_ptr<Pipeline> connection) {
    lent.erase(connection.get());
    if (is_closed || !connection->is_usable()) {
        connection.reset();
        dropped();
        return;
    }
    // First come, first served: the connection passes from hand to hand and no newcomer can slip in between.
    for (Waiter& waiter : waiters) {
        if (waiter.granted != nullptr) continue;
        waiter.granted = std::move(connection);
        waiter.timer.cancel();
        return;
    }
    idle.push_back(std::move(connection));
}

/// The server takes connections, perhaps, but answers nothing: whoever waits for it hears so now.
void State::give_up() {
    connect_failure = "the server does not answer";
    for (Pipeline* connection : lent) connection->abandon();
    open -= static_cast<int>(idle.size());
    idle.clear();
    sharing->give_up(connect_failure);
    changed.notify_all();
    connect_for_waiters();
}

Error State::refusal(rt::Deadline by) const {
    auto why = by.reason();
    if (why != rt::CancelReason::kNone && why != rt::CancelReason::kDeadline) return by.error();
    if (is_closed) return detail::away("the pool is closed");
    if (!connect_failure.empty()) return detail::away(connect_failure);
    Error error = Error::unavailable("The database is busy; try again", "no connection became free in time");
    error.retry = Retry::kBackoff;
    return error;
}

rt::Task<void> connect(std::shared_ptr<State> state) {
    // No one waits any more: the next caller starts afresh, without an attempt per second for ever.
    auto is_wanted = [&state] { return !state->is_closed && !state->waiters.empty(); };
    auto connection = co_await detail::connect_while(
        is_wanted, state->loop, state->options, state->closing, state->connect_failure
    );
    --state->connecting;
    if (connection == nullptr) {
        state->changed.notify_all();
        co_return;
    }
    ++state->open;
    state->give_back(std::move(connection));
}

void State::connect_for_waiters() {
    if (is_closed) return;
    auto wanted = static_cast<int>(std::ranges::count(waiters, nullptr, &Waiter::granted));
    // One attempt at a time while the server is away; as many as are missing otherwise.
    int most = connect_failure.empty() ? wanted : std::min(wanted, 1);
    while (connecting < most && open + connecting < options.connections_max) {
        ++connecting;
        asio::co_spawn(loop.context(), connect(shared_from_this()), asio::detached);
    }
}

rt::Task<Result<Lease>> acquire(std::shared_ptr<State> state, rt::Deadline by) {
    if (state->is_closed) co_return fail(state->refusal(by));
    CO_CHECK_OK(by.check());
    bool is_queue_empty = state->waiters.empty();
    if (auto connection = is_queue_empty ? state->take_idle() : nullptr) {
        co_return Lease(state, state->lend(std::move(connection)));
    }
    if (state->waiters.size() >= kWaitersMax) co_return fail(state->refusal(by));
    auto patience = std::min(by.when(), std::chrono::steady_clock::now() + detail::kPatience);
    auto at = state->waiters.emplace(
        state->waiters.end(), asio::steady_timer(state->loop.context(), patience), nullptr
    );
    // If this frame is destroyed while suspended (the loop dies), the place in the queue must go with it.
    struct Place {
        State& state;
        std::list<State::Waiter>::iterator at;
        ~Place() { state.waiters.erase(at); }
    };
    std::shared_ptr<Pipeline> granted;
    {
        Place place{*state, at};
        state->connect_for_waiters();
        for (;;) {
            auto [ec] = co_await at->timer.async_wait(asio::as_tuple(asio::use_awaitable));
            // A timer that has run out already can't be cancelled any more: then only `granted` tells. Busy
            // is worth waiting for, away is not.
            if (ec || at->granted != nullptr || !state->connect_failure.empty() || by.is_over()) break;
            auto look_again = std::chrono::steady_clock::now() + detail::kLookAgain;
            at->timer.expires_at(std::min<Steady>(by.when(), look_again));
        }
        granted = std::move(at->granted);
    }
    if (granted == nullptr) co_return fail(state->refusal(by));
    Lease lease(state, state->lend(std::move(granted)));
    CO_CHECK_OK(by.check());
    co_return lease;
}

/// Asks the server for a sign of life, on a connection kept for that.
rt::Task<Result<void>> beat(std::shared_ptr<State> state, rt::Deadline by) {
    auto connection = std::exchange(state->pulse, nullptr);
    if (connection == nullptr || !connection->is_fit()) {
        detail::ConnectOptions connect{
            .url = state->options.url,
            .application_name = state->options.application_name,
            .search_path = state->options.search_path,
        };
        CO_TRY(connection, co_await Pipeline::open(state->loop, std::move(connect), by));
    }
    CO_CHECK_OK(connection->send(kPing, Params()));
    CO_CHECK_OK(connection->send_sync());
    CO_CHECK_OK(co_await connection->collect(by));
    if (!state->is_closed) state->pulse = std::move(connection);
    co_return Result<void>{};
}

rt::Task<void> roll_back(Lease lease) {
    // What fails here leaves the connection unusable, and the lease drops it.
    if (!lease->send_control("rollback") || !lease->send_sync()) co_return;
    (void)co_await lease->collect(rt::Deadline::in(kRollbackTimeout));
}

}  // namespace

Batch& Batch::as(Principal who) {
    pending_ = who;
    return *this;
}

Batch& Batch::add(const Query& query, Params params) {
    statements_.push_back({std::exchange(pending_, std::nullopt), query, std::move(params)});
    return *this;
}

struct Pool::Impl : State {
    using State::State;
};

Pool::Pool(rt::Loop& loop, PoolOptions options) : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

Pool::~Pool() {
    impl_->is_closed = true;
    impl_->idle.clear();
    impl_->sharing->stop();
}

rt::Task<Result<std::vector<Rows>>> Pool::run(Batch batch, rt::Deadline by, ServerError* failed) {
    CO_CHECK_OK(detail::check_batch(batch));
    CO_TRY(Lease lease, co_await acquire(impl_, by));
    impl_->statements += static_cast<std::int64_t>(batch.statements().size());
    CO_CHECK_OK(detail::send_batch(*lease.operator->(), batch));
    co_return co_await lease->collect(by, failed);
}

rt::Task<Result<std::vector<Rows>>> Pool::shared(Batch batch, rt::Deadline by, ServerError* failed) {
    impl_->statements += static_cast<std::int64_t>(batch.statements().size());
    return impl_->sharing->run(std::move(batch), by, failed);
}

rt::Task<Result<Rows>> Pool::query(Principal who, Query query, Params params, rt::Deadline by) {
    Batch batch;
    batch.as(who).add(query, std::move(params));
    CO_TRY(auto all, co_await run(std::move(batch), by));
    co_return std::move(all.front());
}

rt::Task<Result<ScriptAnswer>> Pool::script(
    std::string text, Access access, rt::Deadline by, ServerError* failed
) {
    if (text.find('\0') != text.npos) co_return fail(Error::invalid("The text holds a zero byte"));
    const PoolOptions& options = impl_->options;
    detail::ConnectOptions connect{
        .url = options.url,
        .application_name = options.application_name,
        .search_path = options.search_path,
        .options = options.options
    };
    CO_TRY(auto link, co_await detail::Link::open(impl_->loop, std::move(connect), by));
    // In front of more statements it counts for the transaction that they all share.
    if (access == Access::kReadOnly) text.insert(0, "set transaction read only;");
    co_return co_await detail::run_script(std::move(link), std::move(text), by, failed);
}

rt::Task<Result<void>> Pool::ping(rt::Deadline by) {
    auto impl = impl_;
    auto alive = co_await beat(impl, by);
    const bool is_silent = !alive && alive.error().code == Code::kTimeout;
    const bool were_we_late = std::chrono::steady_clock::now() > by.when() + kOwnDelay;
    if (is_silent && !were_we_late && !impl->is_closed) impl->give_up();
    co_return alive;
}

rt::Task<void> Pool::close() {
    auto impl = impl_;
    impl->is_closed = true;
    impl->open -= static_cast<int>(impl->idle.size());
    impl->idle.clear();
    impl->pulse.reset();
    impl->closing.notify_all();
    co_await impl->sharing->close();
    for (auto& waiter : impl->waiters) waiter.timer.cancel();
    while (impl->open > 0 || impl->connecting > 0) {
        (void)co_await impl->changed.wait(rt::Deadline::in(std::chrono::seconds(1)));
    }
}

Pool::Stats Pool::stats() const {
    return {
        .open = impl_->open,
        .busy = impl_->open - static_cast<int>(impl_->idle.size()),
        .waiting = static_cast<int>(impl_->waiters.size() + impl_->sharing->waiting()),
        .shared_open = impl_->sharing->open(),
        .statements = impl_->statements,
    };
}

struct Transaction::Impl {
    Lease lease;
    Principal who;
    bool has_begun = false;
    bool is_over = false;
    bool has_failed = false;
};

Transaction::Transaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&& other) noexcept {
    std::swap(impl_, other.impl_);
    return *this;
}

Transaction::~Transaction() {
    if (impl_ == nullptr || !impl_->has_begun || impl_->is_over || !impl_->lease->is_usable()) return;
    auto state = impl_->lease.state();
    asio::co_spawn(state->loop.context(), roll_back(std::move(impl_->lease)), asio::detached);
}

rt::Task<Result<Transaction>> Pool::begin(Principal who, rt::Deadline by) {
    CO_TRY(Lease lease, co_await acquire(impl_, by));
    co_return Transaction(std::make_unique<Transaction::Impl>(std::move(lease), who));
}

rt::Task<Result<Rows>> Transaction::query(Query query, Params params, rt::Deadline by, ServerError* failed) {
    CO_CHECK_OK(detail::check_params(params));
    Lease& lease = impl_->lease;
    if (impl_->is_over || impl_->has_failed)
        co_return fail(Error::internal("a statement after the transaction's end"));
    impl_->has_failed = true;  // until this statement has answered well
    if (!std::exchange(impl_->has_begun, true)) {
        CO_CHECK_OK(lease->send_control("begin"));
        CO_CHECK_OK(lease->become(impl_->who));
    }
    CO_CHECK_OK(lease->send(query, params));
    CO_CHECK_OK(lease->send_sync());
    ++lease.state()->statements;
    CO_TRY(auto rows, co_await lease->collect(by, failed));
    impl_->has_failed = false;
    co_return std::move(rows.front());
}

rt::Task<Result<void>> Transaction::commit(rt::Deadline by) {
    if (impl_->is_over || impl_->has_failed)
        co_return fail(Error::internal("commit of a failed transaction"));
    impl_->is_over = true;
    if (!impl_->has_begun) co_return Result<void>{};
    Lease& lease = impl_->lease;
    CO_CHECK_OK(lease->send_control("commit"));
    CO_CHECK_OK(lease->send_sync());
    CO_CHECK_OK(co_await lease->collect(by));
    if (lease->control_tag() != "COMMIT") co_return fail(Error::internal("the server rolled back"));
    co_return Result<void>{};
}

}  // namespace weft::pg
