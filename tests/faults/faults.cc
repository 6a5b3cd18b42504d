// Drives a whole weft serve with webhook events while its processes are killed and paused at random moments,
// then counts what was promised against what is there.
//
//   weft-faults --weft build/release/bin/weft                 5,000 events, 60 kills, 20 pauses (about 4
//   minutes) weft-faults --weft build/release/bin/weft --short         the form ./test runs (about a minute)
//   weft-faults --weft <a build without fencing> --expect-violation

#include "app/demo/stage.h"
#include "base/json.h"
#include "chaos.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <map>
#include <set>
#include <unordered_map>

namespace weft::faults {
namespace {

struct Options {
    std::string weft = "build/release/bin/weft";
    int events = 5'000;
    int kills = 60;
    int pauses = 20;
    int seconds = 200;
    int lease_ms = 2'000;
    int upstream_ms = 150;  // so that faults hit runs that are under way
    std::uint64_t seed = 0;
    bool is_short = false;
    bool is_shared = false;
    bool expects_violation = false;
};

struct Ledger {
    std::map<int, std::string> acked;  // event -> run id
    int posts = 0;
    int refusals = 0;
    int changed_answers = 0;  // the same event was answered with another run: a broken promise
    int next = 0;
};

// Posts events until each is acknowledged; an event whose answer was lost is posted again under its own
// delivery id.
rt::Task<void> produce(
    demo::Stage& stage, const Options& options, Ledger& ledger, Steady start, rt::Deadline by
) {
    while (ledger.next < options.events && !by.is_over()) {
        int event = ledger.next++;
        auto due =
            start +
            std::chrono::microseconds(std::int64_t{1'000'000} * options.seconds * event / options.events);
        (void)co_await rt::sleep_for(due - std::chrono::steady_clock::now(), by);
        while (!by.is_over()) {
            ++ledger.posts;
            auto posted = co_await demo::post_event(
                stage.client, stage.sample, fmt::format("event-{}", event), stage.clock, by.at_most(5s)
            );
            if (posted) {
                auto [known, is_new] = ledger.acked.emplace(event, *posted);
                if (!is_new && known->second != *posted) ++ledger.changed_answers;
                break;
            }
            ++ledger.refusals;
            (void)co_await rt::sleep_for(50ms, by);
        }
        // Every tenth event is delivered twice, as providers do.
        if (event % 10 == 0) {
            auto again = co_await demo::post_event(
                stage.client, stage.sample, fmt::format("event-{}", event), stage.clock, by.at_most(5s)
            );
            if (again && ledger.acked[event] != *again) ++ledger.changed_answers;
        }
    }
}

struct RunView {
    std::string state;
    std::string failure_kind;
    std::string tier;
};

rt::Task<Result<std::map<std::string, RunView>>> list_runs(demo::Stage& stage, rt::Deadline by) {
    std::map<std::string, RunView> runs;
    std::string after;
    do {
        std::string path = "/api/v1/runs?limit=100" + (after.empty() ? "" : "&after=" + after);
        CO_TRY(Json page, co_await stage.api->call("GET", std::move(path), nullptr, by));
        for (const Json& item : page.get_object().at("items").get_array()) {
            const JsonObject& run = item.get_object();
            runs[std::string(text_or(run, "id"))] = {
                std::string(text_or(run, "state")),
                std::string(text_or(run, "failure_kind")),
                std::string(text_or(run, "tier"))
            };
        }
        after = std::string(text_or(page.get_object(), "next"));
    } while (!after.empty());
    co_return runs;
}

bool has_ended(const RunView& run) {
    return run.state == "success" || run.state == "failed" || run.state == "canceled";
}

struct Verdict {
    std::map<std::string, RunView> runs;
    int missing = 0;
    int unfinished = 0;
    int second_ends = 0;
    std::int64_t charged = 0;  // ends that were added up
    double settle_seconds = 0;
};

// Waits until every run has ended, at most a minute after the last fault, and reads everything back.
rt::Task<Result<Verdict>> settle(demo::Stage& stage, const Ledger& ledger, Steady last_fault) {
    Verdict verdict;
    auto by = rt::Deadline::at(last_fault + 60s);
    while (true) {
        auto listed = co_await list_runs(stage, rt::Deadline::in(30s));
        if (listed) {
            verdict.runs = std::move(*listed);
            verdict.unfinished = 0;
            for (const auto& [id, run] : verdict.runs) verdict.unfinished += has_ended(run) ? 0 : 1;
            if (verdict.unfinished == 0 && verdict.runs.size() >= ledger.acked.size()) break;
        }
        if (by.is_over()) break;
        (void)co_await rt::sleep_for(200ms, by);
    }
    verdict.settle_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - last_fault).count();
    CO_TRY(
        const Json used,
        co_await stage.api->call("GET", "/api/v1/usage?by=all", nullptr, rt::Deadline::in(30s))
    );
    for (const Json& item : used.get_object().at("items").get_array())
        verdict.charged += int_or(item.get_object(), "runs", 0);
    for (const auto& [event, run] : ledger.acked) verdict.missing += verdict.runs.contains(run) ? 0 : 1;
    for (const auto& [id, run] : verdict.runs) {
        std::string path = "/api/v1/runs/" + id + "/events";
        CO_TRY(Json page, co_await stage.api->call("GET", std::move(path), nullptr, rt::Deadline::in(10s)));
        int ends = 0;
        for (const Json& event : page.get_object().at("items").get_array())
            ends += text_or(event.get_object(), "kind") == "finished" ? 1 : 0;
        verdict.second_ends += ends > 1 ? 1 : 0;
    }
    co_return verdict;
}

struct Tally {
    int passed = 0;
    int failed = 0;

    void expect(bool ok, std::string what) {
        fmt::print("  {}  {}\n", ok ? "ok  " : "FAIL", what);
        (ok ? passed : failed) += 1;
    }
};

void report(
    const Options& options,
    const ChaosReport& chaos,
    const Ledger& ledger,
    const demo::Upstream& upstream,
    const Verdict& verdict,
    Tally& tally
) {
    for (std::size_t i = 0; i < kFaultNames.size(); ++i)
        fmt::print("  {:<26} {}\n", kFaultNames[i], chaos.done[i]);
    std::map<std::string, int> states;
    for (const auto& [id, run] : verdict.runs)
        ++states[run.state + (run.failure_kind.empty() ? "" : "/" + run.failure_kind)];
    for (const auto& [state, count] : states) fmt::print("  runs {:<21} {}\n", state, count);
    int repeats = 0;
    for (const auto& [key, count] : upstream.calls_by_key()) repeats += count - 1;
    fmt::print(
        "  posts {} for {} events, refused or lost {}; outside calls {}, repeated {} ({:.2f} %)\n",
        ledger.posts,
        options.events,
        ledger.refusals,
        upstream.calls(),
        repeats,
        100.0 * repeats / std::max<double>(1, static_cast<double>(upstream.calls()))
    );
    fmt::print("  settled {:.1f} s after the last fault\n", verdict.settle_seconds);
    tally.expect(chaos.kills() >= options.kills, fmt::format("{} kills", chaos.kills()));
    tally.expect(chaos.pauses() >= options.pauses, fmt::format("{} pauses beyond the lease", chaos.pauses()));
    tally.expect(
        static_cast<int>(ledger.acked.size()) == options.events,
        fmt::format("{} events acknowledged", ledger.acked.size())
    );
    tally.expect(verdict.missing == 0, fmt::format("acknowledged but missing: {}", verdict.missing));
    tally.expect(
        ledger.changed_answers == 0, fmt::format("events answered with two runs: {}", ledger.changed_answers)
    );
    tally.expect(
        static_cast<int>(verdict.runs.size()) == options.events,
        fmt::format("runs: {}, one for each event", verdict.runs.size())
    );
    tally.expect(verdict.unfinished == 0, fmt::format("runs not ended within 60 s: {}", verdict.unfinished));
    const auto shared = std::ranges::count_if(verdict.runs, [](const auto& run) {
        return run.second.tier.ends_with(", shared");
    });
    tally.expect((shared > 0) == options.is_shared, fmt::format("runs in shared sandboxes: {}", shared));
    tally.expect(
        upstream.orders_with_two_keys() == 0,
        fmt::format("repeated calls with another idempotency key: {}", upstream.orders_with_two_keys())
    );
}

rt::Task<Result<void>> drive(demo::Stage& stage, const Options& options, Rng& rng, Tally& tally) {
    stage.upstream->record_keys();
    stage.upstream->answer_after(Millis(options.upstream_ms));
    auto start = std::chrono::steady_clock::now();
    auto by = rt::Deadline::in(std::chrono::seconds(options.seconds * 3 + 120));
    Ledger ledger;
    rt::Scope producers(stage.loop);
    for (int i = 0; i < 16; ++i) producers.spawn(produce(stage, options, ledger, start, by));
    ChaosOptions chaos_options{
        .kills = options.kills,
        .pauses = options.pauses,
        .spread = std::chrono::seconds(options.seconds),
        .pause = std::chrono::milliseconds(options.lease_ms * 3 / 2),
    };
    ChaosReport chaos = co_await rage(*stage.instance, chaos_options, rng, by);
    co_await producers.join();
    CO_TRY(Verdict verdict, co_await settle(stage, ledger, chaos.last));
    report(options, chaos, ledger, *stage.upstream, verdict, tally);
    if (options.expects_violation) {
        tally.failed = 0;
        tally.expect(
            verdict.second_ends > 0,
            fmt::format("without fencing, runs with two ends: {}", verdict.second_ends)
        );
    } else {
        tally.expect(verdict.second_ends == 0, fmt::format("runs with two ends: {}", verdict.second_ends));
        tally.expect(
            std::cmp_equal(verdict.charged, verdict.runs.size()),
            fmt::format("ends added up to their days: {}, one of each run", verdict.charged)
        );
    }
    co_return Result<void>{};
}

int main_of(int argc, char** argv) {
    Options options;
    CLI::App cli("Kills and pauses weft's processes under load and counts what was lost, doubled or stuck");
    cli.add_option("--weft", options.weft, "the weft program");
    cli.add_option("--events", options.events)->check(CLI::Range(10, 1'000'000));
    cli.add_option("--kills", options.kills)->check(CLI::Range(0, 10'000));
    cli.add_option("--pauses", options.pauses)->check(CLI::Range(0, 10'000));
    cli.add_option("--seconds", options.seconds, "over which events and faults are spread")
        ->check(CLI::Range(5, 36'000));
    cli.add_option("--lease-ms", options.lease_ms)->check(CLI::Range(500, 60'000));
    cli.add_option("--upstream-ms", options.upstream_ms, "how long an outside call takes")
        ->check(CLI::Range(0, 5'000));
    cli.add_option("--seed", options.seed, "of the faults; 0 takes a random one");
    cli.add_flag("--short", options.is_short, "1,000 events, 14 kills, 4 pauses in 40 s");
    cli.add_flag("--shared", options.is_shared, "runs follow each other in shared sandboxes");
    cli.add_flag(
        "--expect-violation",
        options.expects_violation,
        "of a build without fencing: pass when two ends are found"
    );
    CLI11_PARSE(cli, argc, argv);
    if (options.is_short) {
        options.events = 1'000;
        options.kills = 14;
        options.pauses = 4;
        options.seconds = 40;
    }
    if (auto ready = crypto::init(); !ready) return 1;
    if (options.seed == 0) options.seed = SystemRng().next();
    fmt::print("faults: seed {}\n", options.seed);
    SeededRng rng(options.seed);
    demo::Stage stage;
    demo::InstanceOptions instance{
        .binary = options.weft,
        .serve_args = {"--workers", "2", "--lease-ms", std::to_string(options.lease_ms)},
    };
    if (options.is_shared) {
        instance.serve_args.insert(instance.serve_args.end(), {"--shared-tenant", "demo"});
    }
    Tally tally;
    // Keyed, so that every attempt of a call carries the key that repeats are counted by.
    auto started = stage.start(std::move(instance), {.effect = "keyed"});
    auto driven = started ? stage.loop.run_until_done(drive(stage, options, rng, tally)) : std::move(started);
    if (!driven) tally.expect(false, driven.error().user + " " + driven.error().detail);
    if (!options.expects_violation) tally.expect(stage.stop(), "everything stopped cleanly");
    fmt::print("{} passed, {} failed\n", tally.passed, tally.failed);
    return tally.failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace weft::faults

int main(int argc, char** argv) {
    return weft::faults::main_of(argc, argv);
}
