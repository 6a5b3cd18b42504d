#include "platform/http/client.h"

#include "platform/http/coding.h"
#include "platform/http/detail/curl_multi.h"
#include "platform/http/detail/transfer.h"
#include "platform/rt/sync.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <csignal>
#include <list>
#include <unordered_map>

namespace weft::http {

using detail::Transfer;

namespace {

constexpr std::size_t kSpareTransfersMax = 64;  // each keeps about 20 KiB of libcurl's buffers

ClientError make(Failure kind, Error error, bool is_maybe_delivered = false) {
    return ClientError{kind, is_maybe_delivered, std::move(error)};
}

/// Why a wait ended before the transfer did.
ClientError interrupted(const rt::Deadline& by, bool is_maybe_delivered) {
    Error error = by.error();
    Failure kind = error.code == Code::kCancelled ? Failure::kCancelled : Failure::kTimeout;
    if (kind == Failure::kTimeout) error.user = "The other system did not answer in time";
    return make(kind, std::move(error), is_maybe_delivered);
}

/// Why a wait for room ended before there was some; the request has been answered, hence delivered.
ClientError crowded(const rt::Deadline& by) {
    const rt::CancelReason reason = by.reason();
    const bool is_cancelled = reason != rt::CancelReason::kNone && reason != rt::CancelReason::kDeadline;
    if (is_cancelled) return interrupted(by, true);
    return make(
        Failure::kCrowded,
        Error::limit("The answers that are under way leave no memory for this one; call fewer or ask for less"
        ),
        true
    );
}

}  // namespace

std::string_view name(Failure kind) {
    switch (kind) {
        case Failure::kInvalid:
            return "invalid";
        case Failure::kConnect:
            return "connect";
        case Failure::kTls:
            return "tls";
        case Failure::kDenied:
            return "denied";
        case Failure::kTimeout:
            return "timeout";
        case Failure::kCancelled:
            return "cancelled";
        case Failure::kTooLarge:
            return "too_large";
        case Failure::kProtocol:
            return "protocol";
        case Failure::kOverload:
            return "overload";
        case Failure::kCrowded:
            return "crowded";
        case Failure::kLocal:
            return "local";
    }
    return "unknown";
}

struct Client::Impl {
    struct Partition {
        Partition(Impl& owner, std::string k)
            : key(std::move(k)),
              multi(
                  owner.loop,
                  owner.options.connections_per_partition,
                  owner.options.connections_per_host,
                  [](CURL* easy, CURLcode code) { Transfer::of(easy).finish(code); }
              ) {}
        std::string key;
        detail::CurlMulti multi;
        std::size_t busy = 0;
        Steady idle_since{};
        std::list<Partition*>::iterator idle_at;  // valid while busy == 0
    };

    Impl(rt::Loop& l, ClientOptions o)
        : loop(l), options(std::move(o)), trust(options.ca_file), sweep_timer(l.context()) {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        std::signal(SIGPIPE, SIG_IGN);  // with NOSIGNAL libcurl leaves this to the process
    }
    ~Impl() {
        partitions.clear();
        spare.clear();
        curl_global_cleanup();
    }

    /// One request, its answer as it came.
    rt::Task<ClientResult> exchange(ClientRequest request, rt::Deadline by);
    std::expected<Partition*, ClientError> enter(const std::string& key);
    void leave(Partition& partition);
    void drop_idle(std::size_t keep, Steady older_than);
    void schedule_sweep();

    std::unique_ptr<Transfer> take_transfer() {
        if (spare.empty()) return std::make_unique<Transfer>(trust, options.user_agent);
        auto transfer = std::move(spare.back());
        spare.pop_back();
        return transfer;
    }

    rt::Loop& loop;
    ClientOptions options;
    detail::TrustStore trust;
    std::unordered_map<std::string, std::unique_ptr<Partition>> partitions;
    std::list<Partition*> idle;  // least recently used first
    std::vector<std::unique_ptr<Transfer>> spare;
    std::size_t in_flight = 0;
    boost::asio::steady_timer sweep_timer;
    bool is_sweep_pending = false;
};

std::expected<Client::Impl::Partition*, ClientError> Client::Impl::enter(const std::string& key) {
    auto at = partitions.find(key);
    if (at == partitions.end()) {
        if (partitions.size() - idle.size() >= options.partitions_busy_max)
            return std::unexpected(make(Failure::kOverload, Error::unavailable("Too many calls at once")));
        if (partitions.size() >= options.partitions_max) drop_idle(options.partitions_max - 1, Steady::max());
        at = partitions.emplace(key, std::make_unique<Partition>(*this, key)).first;
    } else if (at->second->busy == 0) {
        idle.erase(at->second->idle_at);
    }
    ++at->second->busy;
    ++in_flight;
    return at->second.get();
}

void Client::Impl::leave(Partition& partition) {
    --in_flight;
    if (--partition.busy > 0) return;
    partition.idle_since = std::chrono::steady_clock::now();
    partition.idle_at = idle.insert(idle.end(), &partition);
    if (partitions.size() > options.partitions_max) drop_idle(options.partitions_max, Steady::max());
    schedule_sweep();
}

/// Closes idle partitions until at most `keep` partitions are left or the rest was used after `older_than`.
void Client::Impl::drop_idle(std::size_t keep, Steady older_than) {
    while (!idle.empty() && partitions.size() > keep && idle.front()->idle_since <= older_than) {
        std::string key = idle.front()->key;
        idle.pop_front();
        partitions.erase(key);
    }
}

void Client::Impl::schedule_sweep() {
    if (is_sweep_pending) return;
    is_sweep_pending = true;
    sweep_timer.expires_after(options.partition_idle);
    sweep_timer.async_wait([this](const boost::system::error_code& ec) {
        if (ec) return;
        is_sweep_pending = false;
        drop_idle(0, std::chrono::steady_clock::now() - options.partition_idle);
        if (!idle.empty()) schedule_sweep();
    });
}

namespace {

/// Gives everything back however the request ends, even if its coroutine is destroyed while waiting.
template <class Impl, class Partition>
class TransferInUse {
  public:
    TransferInUse(Impl& impl, Partition& partition)
        : impl_(impl), partition_(partition), transfer_(impl.take_transfer()) {}
    ~TransferInUse() {
        if (is_added_) partition_.multi.remove(transfer_->easy());
        transfer_->clear();
        if (impl_.spare.size() < kSpareTransfersMax) impl_.spare.push_back(std::move(transfer_));
        impl_.leave(partition_);
    }
    TransferInUse(const TransferInUse&) = delete;
    TransferInUse& operator=(const TransferInUse&) = delete;

    Transfer& transfer() { return *transfer_; }
    bool start() {
        is_added_ = partition_.multi.add(transfer_->easy()) == CURLM_OK;
        return is_added_;
    }

  private:
    Impl& impl_;
    Partition& partition_;
    std::unique_ptr<Transfer> transfer_;
    bool is_added_ = false;
};

}  // namespace

Client::Client(rt::Loop& loop, ClientOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Client::~Client() = default;

namespace {

struct AnswerLimits {
    std::size_t body_bytes_max;
    int copies;
};

/// Undoes an answer's codings, off the loop when that may be long. Room for the most that may come of it is
/// taken first.
rt::Task<ClientResult> undo_codings(ClientResponse answer, AnswerLimits limits, rt::Deadline by) {
    auto codings = codings_of(answer.headers);
    if (!codings) co_return std::unexpected(make(Failure::kProtocol, std::move(codings).error(), true));
    if (codings->applied.empty() || answer.is_sunk) co_return answer;
    const std::size_t coded = answer.body.size();
    const std::size_t most = decoded_bytes_max(coded, limits.body_bytes_max);
    const auto wanted = static_cast<std::int64_t>(coded + most * static_cast<std::size_t>(limits.copies));
    if (!co_await answer.charge.resize(wanted, by)) co_return std::unexpected(crowded(by));
    auto work = [&] { return decode_body(std::move(answer.body), *codings, limits.body_bytes_max); };
    auto plain = co_await rt::offload(coded == 0 ? 0 : most, work);
    if (!plain) {
        const Failure kind = plain.error().code == Code::kLimit ? Failure::kTooLarge : Failure::kProtocol;
        co_return std::unexpected(make(kind, std::move(plain).error(), true));
    }
    answer.body = std::move(plain->body);
    answer.charge.try_resize(static_cast<std::int64_t>(answer.body.size()) * limits.copies);
    // They describe a form that nobody will see. What stays is a coding that could not be undone.
    if (plain->is_mislabelled) co_return answer;
    answer.headers.remove("content-length");
    answer.headers.remove("content-encoding");
    if (!codings->unknown.empty()) answer.headers.add("content-encoding", codings->unknown);
    co_return answer;
}

}  // namespace

rt::Task<ClientResult> Client::send(ClientRequest request, rt::Deadline by) {
    const AnswerLimits limits{request.body_bytes_max, request.copies};
    auto answer = co_await impl_->exchange(std::move(request), by);
    if (!answer) co_return answer;
    co_return co_await undo_codings(*std::move(answer), limits, by);
}

rt::Task<ClientResult> Client::Impl::exchange(ClientRequest request, rt::Deadline by) {
    if (by.is_over()) co_return std::unexpected(interrupted(by, false));
    if (auto valid = detail::check_request(request); !valid)
        co_return std::unexpected(make(Failure::kInvalid, std::move(valid).error()));
    auto partition = enter(request.partition);
    if (!partition) co_return std::unexpected(std::move(partition).error());

    TransferInUse lease(*this, **partition);
    Transfer& transfer = lease.transfer();
    transfer.prepare(std::move(request), (*partition)->multi, loop);
    if (!lease.start())
        co_return std::unexpected(make(Failure::kOverload, Error::internal("curl_multi_add_handle failed")));
    for (;;) {
        if (!co_await transfer.wait(by))
            co_return std::unexpected(interrupted(by, transfer.is_maybe_delivered()));
        if (auto moved = co_await transfer.move_body(by); !moved) {
            if (by.is_over()) co_return std::unexpected(interrupted(by, transfer.is_maybe_delivered()));
            co_return std::unexpected(
                make(Failure::kLocal, std::move(moved).error(), transfer.is_maybe_delivered())
            );
        }
        if (transfer.is_done()) co_return transfer.result();
        if (transfer.needs_room() && !co_await transfer.take_room(by)) co_return std::unexpected(crowded(by));
        transfer.resume();
    }
}

std::size_t Client::in_flight() const {
    return impl_->in_flight;
}
std::size_t Client::partitions() const {
    return impl_->partitions.size();
}

}  // namespace weft::http
