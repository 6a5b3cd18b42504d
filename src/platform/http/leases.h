#pragma once

#include "base/error.h"
#include "base/time.h"
#include "platform/rt/clock.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What outlives its request: the open streams of a process, how much they may hold, and for how long the
/// credentials that opened them are good.
namespace weft::http {

/// Who holds a stream. An empty text is under no limit of its own.
struct Holder {
    std::string tenant;
    std::string principal;
    /// What a revocation may name: ids of the credential, of the person, of the tenant.
    std::vector<std::string> keys;
};

enum class Held : std::uint8_t {
    kStreams,        // sockets and event streams
    kSubscriptions,  // operations under way on them
    kBytes,          // what those asked for, and answers that wait for slow readers
};
inline constexpr std::size_t kHeldKinds = 3;

/// The most of one thing at a time.
struct Caps {
    std::size_t of_stream;
    std::size_t of_principal;
    std::size_t of_tenant;
    std::size_t of_process;
};

struct LeaseOptions {
    /// A person has some tabs and programs; the process keeps some 10 KB for an idle socket.
    Caps streams{1, 100, 1'000, 20'000};
    /// Each costs a query per change that concerns it.
    Caps subscriptions{200, 2'000, 10'000, 50'000};
    /// One tenant's slow readers must not cost the others their answers, nor the process its memory.
    Caps bytes{32u << 20, 64u << 20, 128u << 20, 256u << 20};
    /// Every credential is looked at again this often, in case a notice was lost.
    Steady::duration sweep = std::chrono::seconds(60);
    /// And this soon when it could not be looked at.
    Steady::duration retry = std::chrono::seconds(1);
};

/// Why a credential is looked at.
enum class Look : std::uint8_t {
    kEntry,    // somebody comes in: counted against the rates of whoever asks, and of their address
    kRenewal,  // a stream that is open: no rate may keep us from seeing that its credential has ended
};

/// How a credential stands when it is looked at again.
struct Renewed {
    enum class Kind : std::uint8_t {
        kHolds,
        kGone,     // revoked, expired, unknown
        kChanged,  // it means something else by now: the client is to come again
        kUnknown,  // it could not be looked at, which says nothing about it
    };
    Kind kind = Kind::kHolds;
    std::optional<Instant> expires_at = {};
    std::string reason = {};  // for the client
};
/// Looks a credential up again. Runs on, whatever becomes of the stream: it must own what it uses.
using Renew = std::function<rt::Task<Renewed>(rt::Deadline)>;

/// Why a stream has to end.
enum class Ending : std::uint8_t { kGone, kExpired, kChanged };

/// A stream's place among those of its process, for as long as it lives.
class Lease {
  public:
    virtual ~Lease() = default;
    Lease() = default;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    /// kLimit, naming the limit; nothing is added then.
    virtual Result<void> add(Held what, std::size_t amount) = 0;
    virtual void give_back(Held what, std::size_t amount) = 0;
};

/// The one registry of a process. What is revoked is told by `wake`; expiry is seen by a timer; everything is
/// looked at once more after it was registered (a notice may have come in between), and in a slow sweep.
class Leases {
  public:
    /// `clock` outlives it.
    Leases(rt::Loop& loop, const rt::Clock& clock, LeaseOptions options = {});
    /// `close` must have finished. Leases may outlive it.
    ~Leases();
    Leases(const Leases&) = delete;
    Leases& operator=(const Leases&) = delete;

    struct Terms {
        Holder holder;
        std::optional<Instant> expires_at;
        Renew renew;
        /// Called at most once, on the loop, never from within a call of the stream.
        std::function<void(Ending, std::string reason)> end;
    };
    /// Counts as one stream. kLimit, naming the limit that is reached.
    Result<std::unique_ptr<Lease>> take(Terms terms);

    /// Something about the credential, person or tenant of this id has changed.
    void wake(std::string_view key);
    /// Notices may have been missed.
    void wake_all();

    struct Stats {
        std::array<std::size_t, kHeldKinds> held{};  // by Held
        std::uint64_t renewals = 0;
        std::uint64_t ended = 0;
        std::uint64_t refused = 0;
    };
    Stats stats() const;
    rt::Task<void> close();

    struct Impl;

  private:
    std::shared_ptr<Impl> impl_;  // shared with the leases
};

}  // namespace weft::http
