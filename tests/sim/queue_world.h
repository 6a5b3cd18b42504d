#pragma once

#include "base/random.h"
#include "core/runstate/runstate.h"
#include "core/trigger/schedule.h"

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// The protocols around a run, seeded: deliveries, leases, the reaper, schedules, sleeps and cancels, by
/// several processes that crash and stand still, over a database whose answers get lost. The store is a model
/// with the meaning of store/queue and store/triggers; slots of schedules and keys of calls are the product's
/// own.
namespace weft::sim {

/// A mechanism that is left out: what is promised because of it must be seen to break.
enum class Removed {
    kNothing,
    kCommitBeforeAck,  // G1
    kDedupeKey,        // G2
    kFence,            // G3
    kStableKey,        // G4
    kReaper,           // G5
    kCrashLimit,       // G6
    kSettledInCommit,  // G7
    kDatabaseClock,    // G8
    kCancelAtStart,    // G9
};
struct RemovedRow {
    Removed removed;
    std::string_view guarantee;
    std::string_view mechanism;
    std::string_view violation;  // that must be found
};
inline constexpr std::array kRemovals{
    RemovedRow{Removed::kCommitBeforeAck, "G1", "commit before the answer", "an acknowledged event got lost"},
    RemovedRow{Removed::kDedupeKey, "G2", "the inbox's key", "an event has two runs"},
    RemovedRow{Removed::kFence, "G3", "the fence", "a run has two ends"},
    RemovedRow{Removed::kStableKey, "G4", "one key for all attempts", "a call was repeated with another key"},
    RemovedRow{Removed::kReaper, "G5", "the reaper", "a run is stuck"},
    RemovedRow{
        Removed::kCrashLimit, "G6", "the limit of crashes", "a run has taken too many workers with it"
    },
    RemovedRow{Removed::kSettledInCommit, "G7", "a slot's key", "a slot fired twice"},
    RemovedRow{Removed::kDatabaseClock, "G8", "the database's clock", "a sleep ended too early"},
    RemovedRow{Removed::kCancelAtStart, "G9", "looking for cancels", "a step began after a cancel"},
};

enum class Trouble { kCrash, kPause, kLostAnswer, kLostCommit, kRepeat, kCancel, kPoison };
inline constexpr std::array kTroubleNames{
    "crash", "pause beyond the lease", "lost answer", "lost commit", "repeated delivery", "cancel", "poison"
};
using TroublePair = std::pair<Trouble, Trouble>;

class QueueWorld {
  public:
    QueueWorld(std::uint64_t seed, Removed removed);
    /// The first broken promise, or nothing.
    std::string run();
    const std::set<TroublePair>& pairs() const { return pairs_; }
    Millis simulated() const { return std::chrono::duration_cast<Millis>(now_ - kBegin); }

  private:
    static constexpr Instant kBegin{std::chrono::hours(500'000)};
    static constexpr Millis kLease{30'000};
    static constexpr Millis kHeartbeat{10'000};
    static constexpr int kCrashesMax = 3;

    struct Run {
        int event = 0;
        int steps = 0;  // to be done
        int done = 0;
        int ends = 0;
        bool is_poison = false;             // kills whoever begins it
        std::optional<Instant> asleep{};    // until when
        std::optional<Instant> canceled{};  // acknowledged
        // Its job:
        bool is_leased = false;
        int epoch = 0;
        Instant lease_until{};
        int crashes = 0;
        int kills = 0;
        std::set<std::string> keys{};  // that the current step was called with
        RunId id{};
    };
    struct Hold {
        std::size_t run = 0;
        int epoch = 0;
        int done = 0;
        Instant trusted_until{};   // by the worker itself
        bool is_called = false;    // the step's call is out
        bool is_canceled = false;  // it was told
        Instant beaten{};
    };
    struct Worker {
        std::vector<Hold> holds;
        Millis skew{};
        std::optional<Instant> paused_until{};
    };
    enum class Answer { kDone, kUnknownDone, kUnknownLost };

    void check(bool holds, std::string_view what) {
        if (!holds && violation_.empty()) violation_ = what;
    }
    void struck(Trouble trouble);
    bool chance(double p) { return rng_.unit() < p; }
    std::size_t below(std::size_t n) { return rng_.next() % n; }
    Answer commit();
    void deliver();
    void turn(Worker& worker);
    void claim(Worker& worker);
    void work(Worker& worker, Hold& hold);
    void finish(Hold& hold);
    void crash(Worker& worker);
    void reap();
    void fire(std::size_t scheduler);
    void cancel();
    void check_end();
    bool has(Removed removed) const { return removed_ == removed; }

    SeededRng rng_;
    Removed removed_;
    Instant now_ = kBegin;
    bool is_calm_ = false;  // nothing goes wrong any more
    std::vector<Run> runs_;
    std::vector<Worker> workers_;
    std::map<int, std::size_t> inbox_;  // event -> run
    std::set<int> acked_;
    std::set<int> refused_;  // to be delivered again
    int next_event_ = 0;
    trigger::Schedule schedule_;
    Instant settled_ = kBegin;
    std::array<std::optional<Instant>, 2> seen_;  // what a scheduler believes to be settled
    std::map<Instant, int> fires_;
    std::set<TroublePair> pairs_;
    std::optional<Trouble> newest_;
    std::string violation_;
};

}  // namespace weft::sim
