#include "chaos.h"

#include <signal.h>

#include <algorithm>
#include <vector>

namespace weft::faults {

namespace {

using Kind = demo::Instance::Kind;

struct FaultRow {
    Fault fault;
    Kind victim;
    int signal;
};

constexpr std::array kFaults{
    FaultRow{Fault::kApi, Kind::kApi, SIGKILL},
    FaultRow{Fault::kWorker, Kind::kWorker, SIGKILL},
    FaultRow{Fault::kRunner, Kind::kRunner, SIGKILL},
    FaultRow{Fault::kPostgresKill, Kind::kPostmaster, SIGKILL},
    FaultRow{Fault::kPostgresImmediate, Kind::kPostmaster, SIGQUIT},
    FaultRow{Fault::kPause, Kind::kWorker, SIGSTOP},
};

// Kills in proportion to how quickly the victim is back: a database needs a second or two, a runner none.
constexpr std::array kKillPlan{
    Fault::kApi,
    Fault::kApi,
    Fault::kWorker,
    Fault::kWorker,
    Fault::kRunner,
    Fault::kRunner,
    Fault::kRunner,
    Fault::kPostgresKill,
    Fault::kPostgresImmediate,
};

std::vector<Fault> plan(const ChaosOptions& options, Rng& rng) {
    std::vector<Fault> out;
    for (int i = 0; i < options.kills; ++i)
        out.push_back(kKillPlan[static_cast<std::size_t>(i) % kKillPlan.size()]);
    out.insert(out.end(), static_cast<std::size_t>(options.pauses), Fault::kPause);
    for (std::size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[rng.next() % i]);
    return out;
}

// A stopped process must be continued even when this program is told to stop early.
rt::Task<void> pause(pid_t pid, Steady::duration duration) {
    kill(pid, SIGSTOP);
    (void)co_await rt::sleep_for(duration, rt::Deadline::in(duration + 1s));
    kill(pid, SIGCONT);
}

rt::Task<bool> strike(const demo::Instance& instance, Fault fault, Steady::duration pause_for, Rng& rng) {
    const FaultRow& row = kFaults[static_cast<std::size_t>(fault)];
    auto victims = instance.processes(row.victim);
    if (victims.empty()) co_return false;
    pid_t victim = victims[rng.next() % victims.size()];
    if (fault == Fault::kPause) {
        co_await pause(victim, pause_for);
        co_return true;
    }
    co_return kill(victim, row.signal) == 0;
}

}  // namespace

int ChaosReport::kills() const {
    int sum = 0;
    for (int count : done) sum += count;
    return sum - pauses();
}

rt::Task<ChaosReport> rage(const demo::Instance& instance, ChaosOptions options, Rng& rng, rt::Deadline by) {
    ChaosReport report;
    std::vector<Fault> todo = plan(options, rng);
    auto paused = options.pause * options.pauses;
    auto gap =
        std::max<Steady::duration>(50ms, (options.spread - paused) / std::max<std::size_t>(1, todo.size()));
    while (!todo.empty() && !by.is_over()) {
        auto wait = std::chrono::duration_cast<Steady::duration>(gap * (0.5 + rng.unit()));
        if (!co_await rt::sleep_for(wait, by)) break;
        Fault fault = todo.back();
        bool has_struck = co_await strike(instance, fault, options.pause, rng);
        report.last = std::chrono::steady_clock::now();
        if (!has_struck) {
            // Its victim is just being restarted: try this one again later, in another place of the order.
            ++report.missed;
            std::swap(todo.back(), todo[rng.next() % todo.size()]);
            continue;
        }
        ++report.done[static_cast<std::size_t>(fault)];
        todo.pop_back();
    }
    co_return report;
}

}  // namespace weft::faults
