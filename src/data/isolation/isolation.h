#pragma once

#include "base/error.h"
#include "base/id.h"
#include "base/limits.h"
#include "base/time.h"
#include "core/protocol/protocol.h"
#include "platform/rt/deadline.h"
#include "platform/rt/loop.h"
#include "platform/rt/task.h"

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// Where a run's tenant-authored text is evaluated: a fresh confined process per run, behind one seam.
namespace weft::isolation {

/// What a sandbox is for. Names appear in logs and labels only; nothing of it enters the sandbox.
struct RunSpec {
    TenantId tenant;
    RunId run;
    /// Shared mode: the run may have a process that has served runs of this version before, and its process
    /// may serve more of them (docs/adr/0031). Nothing: a process of its own, fresh.
    std::optional<WorkflowVersionId> shared_by = {};
};

/// Bounds of one run, besides those of its backend's Options.
struct Limits {
    int log_lines = limits::kLogLinesPerRunMax;
};

struct Reply {
    std::variant<protocol::Value, protocol::Skipped, protocol::Failed> result;
    std::vector<protocol::Log> logs;
};

/// One run's process. Belongs to one loop; its Backend outlives it. Destroying it kills and recycles; in
/// shared mode, if nothing went wrong, the process puts its memory back and is kept for the next run.
class Sandbox {
  public:
    virtual ~Sandbox() = default;

    /// Sends `frames` (encoded with protocol::append: any number of Begin and Put, then one Evaluate or Code)
    /// in one write and reads up to the reply. One request at a time. `ahead` more Evaluate or Code may
    /// follow in `frames`: their replies are had by as many calls of `next`, before the next request.
    ///
    /// A `Failed` in the reply is the author's mistake or a script limit, and the sandbox lives on. An error
    /// ends it: kLimit: memory, CPU or output bound of the process reached (failure kind `limit`); kTimeout:
    /// `by` passed, the process was killed (failure kind `limit`); kCancelled: likewise, called off;
    /// kUnavailable, kInternal: it died or spoke nonsense for reasons of ours (failure kind `platform`),
    /// retry anew.
    virtual rt::Task<Result<Reply>> request(std::string frames, rt::Deadline by, int ahead = 0) = 0;
    /// The reply to what was sent ahead. Errors as of `request`.
    virtual rt::Task<Result<Reply>> next(rt::Deadline by) = 0;

    // Measured by the kernel, hence not the tenant's word.
    /// As of now, of this run. After the process has ended, what it had used.
    virtual Micros cpu() const = 0;
    /// As of now: pages that the process has written itself. 0 once it has ended.
    virtual std::size_t memory_bytes() const = 0;
    /// Ends the process now; later requests answer kCancelled. Idempotent.
    virtual void kill() = 0;
};

/// What the host lets us do, probed by doing.
enum class Tier : std::uint8_t {
    kFull = 1,      // all namespaces, cgroup and uid per run
    kRootless = 2,  // user namespace: pid, net, mount, ipc; one mapped uid; rlimits instead of cgroups
    kProcess = 3,   // Landlock, seccomp and rlimits only
};

std::string_view name(Tier tier);

/// Why a run's sandbox was ended before it was given back. kTime: a step's.
enum class KillReason : std::uint8_t { kMemory, kCpu, kSyscall, kTime, kOutput, kCanceled, kCrash, kOutside };
std::string_view name(KillReason reason);

struct Health {
    Tier tier = Tier::kFull;
    bool has_memory_cgroup = false;
    int slots = 0;  // made so far
    int ready = 0;  // pre-forked children waiting
    int busy = 0;
    int kept = 0;               // children of shared mode waiting for their version's next run
    std::uint64_t started = 0;  // runs since start
    std::uint64_t reused = 0;   // of these, in a process that had served another
    std::uint64_t died = 0;     // of these, ended by a limit or a crash
    std::map<KillReason, std::uint64_t> kills;
    std::string text() const;  // one line for /healthz
};

class Backend {
  public:
    virtual ~Backend() = default;

    /// A fresh sandbox, normally claimed from the pool in about 0.1 ms; waits for a slot when all are busy.
    /// Errors: kTimeout, kCancelled (waiting), kUnavailable (the host refuses new processes, retry).
    virtual rt::Task<Result<std::unique_ptr<Sandbox>>> start(
        RunSpec spec, Limits limits, rt::Deadline by
    ) = 0;
    virtual Tier tier() const = 0;
    virtual Health health() const = 0;
    /// Kills what runs and frees slots, cgroups and the zygote. No Sandbox may be used afterwards.
    virtual rt::Task<void> close() = 0;
};

struct Options {
    std::string runner_path;       // weft-runner; empty = beside the running program
    int runner_fd = -1;            // runs this file instead of the path; stays the caller's
    int slots_max = 64;            // runs at the same time in this worker
    int slots_eager = 4;           // made before start-up counts as done; more follow when they are needed
    Tier floor = Tier::kRootless;  // start-up fails below it
    Tier ceiling = Tier::kFull;    // nothing stronger is tried: tests of the weaker tiers
    std::uint32_t uid_base = 200'000;  // slot n runs as uid_base + n; unique on the machine
    std::size_t memory_bytes_max = limits::kSandboxMemoryBytesMax;
    int pids_max = limits::kSandboxPidsMax;
    Millis cpu_max = 60s;         // CPU time of one run
    int shared_runs_max = 1000;   // of one process of shared mode
    Millis shared_age_max = 60s;  // since it was taken first; an idle one goes after `shared_idle_max`
    Millis shared_idle_max = 10s;
    Millis shared_cpu_max =
        1s;                   // CPU time after which it is not used again: the next run has at least the rest
    std::string cgroup_name;  // of our cgroup folder; empty = made from our process, which lets a later
                              // worker see that we are gone and remove what we left
    // Who the worker will be once it has dropped root: our cgroups are given to this user and group.
    uid_t owner_uid = 0;
    gid_t owner_gid = 0;
    std::vector<std::string> runner_flags;  // understood by test builds of the runner only
};

/// The first process of the sandbox backend, and our part of the cgroup tree: all that takes root. Afterwards
/// the worker may become any user, if it keeps CAP_KILL: runs have users of their own, and the kernel asks
/// for the same right when it ends them because the worker died. `spawn` blocks for some milliseconds and
/// must come first in main(): before threads, secrets, sockets and the loop, because what it forks inherits
/// the address space of weft-runner only and must never have seen any of those. Errors: kUnavailable with a
/// sentence that names the missing right and how to grant it.
class Zygote {
  public:
    static Result<std::unique_ptr<Zygote>> spawn(Options options);
    virtual ~Zygote() = default;
    virtual Tier tier() const = 0;
};

/// Takes the zygote over. Makes the eager slots and proves one of them with a real evaluation; grows in the
/// background on `loop`. Errors: kUnavailable.
Result<std::unique_ptr<Backend>> make_sandbox_backend(rt::Loop& loop, std::unique_ptr<Zygote> zygote);

}  // namespace weft::isolation
