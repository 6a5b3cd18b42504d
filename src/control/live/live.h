#pragma once

#include "control/api/api.h"
#include "platform/http/leases.h"
#include "platform/rt/sync.h"
#include "store/notices/notices.h"

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace weft::control {

struct LiveOptions {
    std::size_t queue_max = 200;  // events a slow reader may be behind; then it gets `resync` instead
    Steady::duration ping = std::chrono::seconds(15);
};

/// GET /live: server-sent events of the caller's tenant as its runs change. `hello` first; `run` with {id,
/// state, workflow_id}; `resync` when events were lost and the client should load anew; `error` with {code,
/// message} as the last one when the credential has ended or means something else by now.
class Live {
  public:
    /// Everything given outlives it.
    Live(Environment& env, http::Leases& leases, LiveOptions options = {})
        : env_(env), leases_(leases), options_(options) {}
    void add_operations(Table& table);

    void hear(const store::notices::RunChanged& changed);
    /// After the listener was away: everybody may have missed something.
    void on_gap();

    std::size_t clients() const { return count_; }

  private:
    struct Client {
        explicit Client(rt::Loop& loop) : changed(loop) {}
        TenantId tenant;
        std::deque<std::string> events;  // charged to the lease until they have been written
        http::Lease* lease = nullptr;    // of its seat
        bool has_lost = false;
        std::string last_event;  // not empty: nothing more is said after it
        rt::Signal changed;
    };
    /// Registers a client for as long as it lives.
    class Seat;

    rt::Task<Result<http::Response>> open(Context& context, Json input);
    rt::Task<void> stream(http::StreamWriter writer, std::shared_ptr<Seat> seat);
    void push(Client& client, const std::string& event) const;
    static void lose(Client& client);

    Environment& env_;
    http::Leases& leases_;
    LiveOptions options_;
    std::unordered_map<TenantId, std::vector<Client*>> clients_;
    std::size_t count_ = 0;
};

}  // namespace weft::control
