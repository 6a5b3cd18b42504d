// The simulator for as long as one likes: seeded worlds of one run (core/runstate) and of the protocols
// around runs (queue_world.h), until the time is over. First each guarantee's mechanism is left out once,
// which must be found.
//
//   weft-sim --minutes 10            a failing seed is printed, and repeats with --world run|queue --seed N

#include "core/runstate/detail/world_for_test.h"
#include "queue_world.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <chrono>

namespace weft::sim {
namespace {

using namespace std::chrono_literals;
using Wall = std::chrono::steady_clock;

struct Planted {
    runstate::Sabotage sabotage;
    std::string_view guarantee;
    std::string_view mechanism;
    std::string_view violation;
};
constexpr std::array kPlanted{
    Planted{runstate::Sabotage::kNoFence, "G3", "the fence of a run's journal", "a step has two results"},
    Planted{
        runstate::Sabotage::kLoseIntents, "G4", "intents of unsafe calls", "one unsafe attempt was made twice"
    },
    Planted{
        runstate::Sabotage::kLoseTimers,
        "G5",
        "timers",
        "stuck: nothing is under way and the run has not ended"
    },
    Planted{runstate::Sabotage::kLoseDrops, "G5", "telling children of the end", "a child was left behind"},
    Planted{
        runstate::Sabotage::kOwnClock, "G8", "the database's clock for sleeps", "a sleep ended too early"
    },
    Planted{runstate::Sabotage::kLoseCancels, "G9", "cancels that outlive a worker", "a cancel got lost"},
    Planted{
        runstate::Sabotage::kLoseResults, "G10", "results in the journal", "a finished step was done again"
    },
    Planted{
        runstate::Sabotage::kLoseAborts,
        "G9",
        "answers for calls that were not made",
        "stuck: nothing is under way and the run has not ended"
    },
    Planted{
        runstate::Sabotage::kLoseKept, "replay", "steps that a replay keeps", "a finished step was done again"
    },
};

struct Options {
    double minutes = 10;
    std::uint64_t seed = 0;
    std::string world;
};

std::string run_once(std::uint64_t seed, runstate::Options options, std::set<runstate::FaultPair>* pairs) {
    runstate::World world(seed, options);
    std::string violation = world.run();
    if (violation.empty()) violation = world.run_again();
    if (pairs != nullptr) pairs->insert(world.pairs().begin(), world.pairs().end());
    return violation;
}

/// The first seed that finds it; 0 when none of many does.
template <class Find>
std::uint64_t first_seed(Find find) {
    for (std::uint64_t seed = 1; seed <= 20'000; ++seed)
        if (find(seed)) return seed;
    return 0;
}

int find_planted() {
    int missed = 0;
    const auto say = [&](std::string_view guarantee,
                         std::string_view mechanism,
                         std::string_view violation,
                         std::uint64_t seed) {
        missed += seed == 0 ? 1 : 0;
        fmt::print(
            "  {}  {:<7} without {:<32} \"{}\", seed {}\n",
            seed == 0 ? "FAIL" : "ok  ",
            guarantee,
            mechanism,
            violation,
            seed
        );
    };
    for (const RemovedRow& row : kRemovals) {
        const auto seed = first_seed([&](std::uint64_t each) {
            return QueueWorld(each, row.removed).run() == row.violation;
        });
        say(row.guarantee, row.mechanism, row.violation, seed);
    }
    for (const Planted& row : kPlanted) {
        const auto seed = first_seed([&](std::uint64_t each) {
            return run_once(each, {.sabotage = row.sabotage, .crash = 0.1}, nullptr) == row.violation;
        });
        say(row.guarantee, row.mechanism, row.violation, seed);
    }
    return missed;
}

struct Tally {
    std::uint64_t runs = 0;
    std::uint64_t queues = 0;
    int violations = 0;
    Millis simulated{0};
    std::set<runstate::FaultPair> run_pairs;
    std::set<TroublePair> queue_pairs;

    void note(std::string_view world, std::uint64_t seed, const std::string& violation) {
        if (violation.empty()) return;
        ++violations;
        fmt::print("  FAIL  {}; repeat with --world {} --seed {}\n", violation, world, seed);
    }
};

void go_on(const Options& options, std::uint64_t first, Tally& tally) {
    const auto until = Wall::now() + std::chrono::duration_cast<Wall::duration>(options.minutes * 60s);
    for (std::uint64_t seed = first; Wall::now() < until && tally.violations < 20; ++seed) {
        for (std::uint64_t i = 0; i < 20; ++i, ++tally.runs)
            tally.note("run", seed * 20 + i, run_once(seed * 20 + i, {}, &tally.run_pairs));
        QueueWorld world(seed, Removed::kNothing);
        tally.note("queue", seed, world.run());
        ++tally.queues;
        tally.simulated += world.simulated();
        tally.queue_pairs.insert(world.pairs().begin(), world.pairs().end());
    }
}

int main_of(int argc, char** argv) {
    Options options;
    CLI::App cli(
        "Runs Weft's state machine and its protocols through seeded crashes, pauses, lost answers and repeats"
    );
    cli.add_option("--minutes", options.minutes)->check(CLI::Range(0.0, 10'000.0));
    cli.add_option(
        "--seed", options.seed, "the first one, or with --world the only one; 0 takes the time of day"
    );
    cli.add_option("--world", options.world)->check(CLI::IsMember({"run", "queue"}));
    CLI11_PARSE(cli, argc, argv);
    if (!options.world.empty()) {
        const std::string violation = options.world == "run"
                                          ? run_once(options.seed, {}, nullptr)
                                          : QueueWorld(options.seed, Removed::kNothing).run();
        fmt::print("{}\n", violation.empty() ? "nothing is wrong" : violation);
        return violation.empty() ? 0 : 1;
    }
    const int missed = find_planted();
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto first =
        options.seed != 0
            ? options.seed
            : static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
    Tally tally;
    go_on(options, first, tally);
    const double hours = std::max(options.minutes, 1e-6) / 60;
    fmt::print(
        "first seed {}: {} runs ({:.1f} million an hour), {} queues ({:.1f} million an hour), {:.0f} hours "
        "simulated; pairs of faults "
        "one after the other: {} of {} in runs, {} of {} in queues\n",
        first,
        tally.runs,
        static_cast<double>(tally.runs) / hours / 1e6,
        tally.queues,
        static_cast<double>(tally.queues) / hours / 1e6,
        std::chrono::duration<double, std::ratio<3600>>(tally.simulated).count(),
        tally.run_pairs.size(),
        runstate::kFaultNames.size() * runstate::kFaultNames.size(),
        tally.queue_pairs.size(),
        kTroubleNames.size() * kTroubleNames.size()
    );
    const int cases = static_cast<int>(kRemovals.size() + kPlanted.size()) + 1;
    const int failed = missed + (tally.violations > 0 ? 1 : 0);
    fmt::print("{} passed, {} failed\n", cases - failed, failed);
    return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace weft::sim

int main(int argc, char** argv) {
    return weft::sim::main_of(argc, argv);
}
