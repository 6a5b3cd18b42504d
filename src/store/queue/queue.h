#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/limits.h"
#include "platform/pg/pg.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The job queue: who runs which run, until when. All times are the database's; every answer to "is it mine?"
/// is (run, epoch). What a run did is written by store/runs, fenced with the same pair.
namespace weft::store::queue {

/// The right to work on a run until the lease ends.
struct Lease {
    TenantId tenant;
    RunId run;
    std::int64_t epoch = 0;

    bool operator==(const Lease&) const = default;
};

/// Where a job is, for people: due means that a worker may claim it, waiting that it is not due yet, held
/// that its workflow's rules do not let it begin.
enum class Standing : std::uint8_t { kDue, kRunning, kWaiting, kHeld };
/// In the order of the enum.
inline constexpr std::array<std::string_view, 4> kStandings = {"due", "running", "waiting", "held"};
std::string_view name(Standing standing);
std::optional<Standing> standing_from(std::string_view text);

/// That somebody asks a run to stop.
struct Cancel {
    std::string reason;  // empty: none given
    std::string by;      // a name; empty: not known
};

/// Whose step waits for a run's end.
struct Parent {
    RunId run;
    std::string step;
    std::int64_t iteration = 0;
};

struct Claimed {
    Lease lease;
    WorkflowId workflow;
    WorkflowVersionId version;
    int crashes = 0;
    bool is_awaited = false;  // a caller waits for the run's answer
    bool is_gated = false;    // holds a place at a gate of its workflow, or its end is noted there
    int depth = 0;            // how many runs stand above it
    std::optional<Parent> parent;
    /// Jobs may have been left that were due: of several tenants, or of one that had no more room.
    bool may_be_more = true;
    std::optional<Cancel> cancel;
    Instant at;  // of the claim, by the database
};

/// How many more jobs of a tenant the claiming worker has room for.
struct Rooms {
    int others = 256;  // of a tenant not named
    std::vector<std::pair<TenantId, int>> of;
};

struct Canceled {
    RunId run;
    Cancel cancel;
};

/// What somebody outside did to runs under way.
struct Asked {
    std::vector<Canceled> canceled;  // asked to stop
    std::vector<RunId> signaled;     // something that they wait for was answered
};

struct Beat {
    std::vector<RunId> lost;  // not ours any more: stop at once, write nothing
    std::vector<Canceled> canceled;
};

/// A run whose job lapsed once too often.
struct Poisoned {
    Lease lease;
    WorkflowId workflow;
    WorkflowVersionId version;
    int depth = 0;
    int crashes = 0;
};

struct Reaped {
    std::int64_t requeued = 0;
    std::vector<Poisoned> poisoned;  // leased to the reaper under a new epoch: end them with store/runs
    std::size_t size() const { return static_cast<std::size_t>(requeued) + poisoned.size(); }
};

/// A live run without a job: a bug, or a hand that reached into the database.
struct Orphan {
    TenantId tenant;
    RunId run;
};

class Queue {
  public:
    explicit Queue(pg::Pool& pool) : pool_(pool) {}

    /// Claims up to `limit` (1..256) due jobs, tenants in the order of their virtual time, each within its
    /// inflight limit and its room; the result may be empty. Errors: kUnavailable (retry), kTimeout,
    /// kCancelled. Cancelling loses nothing: a job claimed but not returned is due again when its lease
    /// lapses.
    rt::Task<Result<std::vector<Claimed>>> claim(
        WorkerId worker, int limit, Millis lease, rt::Deadline by, Rooms rooms = {}
    );

    /// Extends the leases and tells which are lost and which of the others have been asked to stop.
    rt::Task<Result<Beat>> heartbeat(std::vector<Lease> leases, Millis lease, rt::Deadline by);

    /// What was asked of the runs among `leases`; cheaper than a heartbeat, for each second.
    rt::Task<Result<Asked>> asked(std::vector<Lease> leases, rt::Deadline by);

    /// Gives jobs back unharmed, due at once (shutdown). Stale ones are left alone.
    rt::Task<Result<void>> release(std::vector<Lease> leases, rt::Deadline by);

    /// Returns lapsed jobs to the queue and counts the crash; those with `crashes_max` are leased to `worker`
    /// instead, for it to end them as poisoned.
    rt::Task<Result<Reaped>> reap(WorkerId worker, int crashes_max, Millis lease, rt::Deadline by);

    /// The same at once for what the workers `dead`, whose end is proven, held; and their epochs end. At most
    /// kTakeOverMax jobs; call it again when it gave that many.
    static constexpr std::size_t kTakeOverMax = 500;
    rt::Task<Result<Reaped>> take_over(
        std::vector<WorkerId> dead, WorkerId worker, int crashes_max, Millis lease, rt::Deadline by
    );

    /// Repairs lost wake-ups: tenants with due jobs become active; with kPutToSleep those without any job,
    /// now and for the last seconds, become inactive. An event that is stored at that moment may go unseen:
    /// sweep again soon. Returns how many became active. Harmless when several workers do it.
    enum class Idle { kLeave, kPutToSleep };
    rt::Task<Result<std::int64_t>> sweep_tenants(Idle idle, rt::Deadline by);

    /// What standing before gates is turned to when nobody comes: those whose time has come. Harmless when
    /// several workers do it.
    struct Turned {
        std::int64_t begun = 0;  // runs that went on
        std::int64_t turned = 0;
        std::optional<Millis> next;  // until the next gate is due
    };
    rt::Task<Result<Turned>> turn_due_gates(rt::Deadline by);
    /// Repair: gates that runs stand before, due or not, from behind `after` on; the last of them, nothing at
    /// the end. By rights it changes nothing.
    struct Gate {
        TenantId tenant;
        WorkflowId workflow;
        std::string stage;
        std::string key;
    };
    rt::Task<Result<std::optional<Gate>>> turn_standing_gates(std::optional<Gate> after, rt::Deadline by);

    /// How many jobs of a standing there are, and since when the oldest has been due (0: of those that wait).
    /// For people who watch: all tenants together, and of very many jobs a part.
    struct Depth {
        Standing standing = Standing::kDue;
        std::int64_t jobs = 0;
        double oldest_seconds = 0;
    };
    rt::Task<Result<std::vector<Depth>>> depths(rt::Deadline by);

    /// Live runs created in [now - oldest, now - youngest] that have no job. By rights there are none.
    rt::Task<Result<std::vector<Orphan>>> orphans(Millis oldest, Millis youngest, rt::Deadline by);

  private:
    pg::Pool& pool_;
};

}  // namespace weft::store::queue
