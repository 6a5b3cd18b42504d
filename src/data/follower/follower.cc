#include "data/follower/follower.h"

#include "base/json.h"
#include "base/limits.h"
#include "core/file/file.h"
#include "core/flow/flow.h"
#include "core/workflow/workflow.h"
#include "platform/rt/scope.h"
#include "store/runs/runs.h"
#include "store/triggers/ends.h"
#include "store/triggers/inbox.h"
#include "store/triggers/samples.h"

#include <utility>
#include <vector>

namespace weft::follower {

namespace {

namespace rows = store::triggers;
using store::runs::ValueSlot;

constexpr auto kAgain = std::chrono::seconds(1);  // after an error

/// Those that an output holds; of one with more than a value may hold, none.
rt::Task<std::vector<FileId>> files_in(std::string value) {
    if (!file::may_hold_handles(value)) co_return std::vector<FileId>();
    auto read = [&]() -> Result<std::vector<FileId>> {
        TRY(const Json tree, parse_json(value, {.bytes_max = limits::kPayloadBytesMax}));
        return file::handles_in(tree);
    };
    auto found = co_await rt::offload(value.size(), read);
    co_return found ? *std::move(found) : std::vector<FileId>();
}

}  // namespace

struct Follower::Impl {
    explicit Impl(Needs with)
        : needs(std::move(with)),
          begun(needs.metrics.counter("weft_followers_total", "Runs begun by the ends of others")),
          refused(needs.metrics.counter("weft_followers_refused_total", "Ends that began nothing, by a limit")
          ),
          samples(needs.metrics.counter("weft_samples_captured_total", "Events kept as samples")),
          over_quota(store::quotas::refusals(needs.metrics, "due_runs")),
          scope(needs.loop) {}

    rt::Task<void> run();
    rt::Task<Result<int>> turn(rt::Deadline by);
    rt::Task<Result<std::optional<rows::NewRun>>> follow(
        pg::Transaction& transaction, rows::Ended ended, rt::Deadline by
    );
    struct Told {
        std::string input;
        std::string why;
    };
    rt::Task<Result<Told>> told_of(rows::Ended ended, rt::Deadline by);
    rt::Task<std::string> output_of(TenantId tenant, RunId run, rt::Deadline by);

    Needs needs;
    telemetry::Counter begun;
    telemetry::Counter refused;
    telemetry::Counter samples;
    telemetry::Counter over_quota;
    rt::Scope scope;
};

rt::Task<void> Follower::Impl::run() {
    while (!scope.is_cancelled()) {
        auto taken = co_await turn(scope.deadline(needs.options.timeout));
        if (scope.is_cancelled()) co_return;
        if (!taken)
            needs.log.warn(
                "ends of runs not looked at", {{"detail", taken.error().user + taken.error().detail}}
            );
        if (taken && *taken == needs.options.ends_max) continue;
        const Steady::duration pause = taken ? needs.options.pause : Steady::duration(kAgain);
        (void)co_await rt::sleep_for(pause, scope.forever());
    }
}

/// One transaction: how many ends it took away.
rt::Task<Result<int>> Follower::Impl::turn(rt::Deadline by) {
    CO_TRY(rows::ClaimedEnds claimed, co_await rows::claim_ends(needs.pool, needs.options.ends_max, by));
    auto& [transaction, ends] = claimed;
    if (ends.empty()) co_return 0;
    std::vector<rows::NewRun> runs;
    std::vector<RunId> seen;
    for (rows::Ended& ended : ends) {
        if (seen.empty() || seen.back() != ended.run) seen.push_back(ended.run);
        if (!ended.trigger) continue;
        const auto [tenant, trigger] = std::pair(ended.tenant, *ended.trigger);
        auto run = co_await follow(transaction, std::move(ended), by);
        if (run && *run) runs.push_back(**std::move(run));
        if (run) continue;
        // What the database or the keys are away for is tried again. All else is this end's own: the others
        // go on.
        const Code code = run.error().code;
        if (code == Code::kUnavailable || code == Code::kTimeout || code == Code::kCancelled)
            co_return fail(std::move(run).error());
        needs.log.warn("an end begins nothing", {{"trigger_id", trigger}, {"why", run.error().user}});
        refused.add(1);
        CO_CHECK_OK(co_await rows::refuse_end(transaction, tenant, trigger, rows::RefusalReason::kOther, by));
    }
    std::vector<const rows::NewRun*> all;
    for (const rows::NewRun& run : runs) all.push_back(&run);
    std::vector<std::optional<rows::Begun>> made;
    if (!all.empty()) {
        CO_TRY(made, co_await rows::begin_runs(transaction, std::move(all), rows::Repeats::kLeave, by));
    }
    for (std::size_t i = 0; i < made.size(); ++i) {
        if (made[i]) continue;
        auto rules = co_await rows::find_flow(needs.pool, runs[i].tenant, runs[i].trigger, {}, "", by);
        CO_CHECK_OK(rules);
        const bool has_changed = *rules && (!runs[i].flow || runs[i].flow->version != (*rules)->version);
        if (has_changed)
            co_return needs.options.ends_max;  // published meanwhile: all of it again, by the new rules
        if (!*rules) continue;
        refused.add(1);
        CO_CHECK_OK(co_await rows::refuse_end(
            transaction, runs[i].tenant, *runs[i].trigger, rows::RefusalReason::kRate, by
        ));
    }
    CO_CHECK_OK(co_await transaction.commit(by));
    for (std::size_t i = 0; i < made.size(); ++i) {
        if (!made[i] || !made[i]->workflow) continue;
        begun.add(1);
        needs.tell(store::notices::RunChanged{
            runs[i].tenant, made[i]->id, runstate::RunStatus::kQueued, *made[i]->workflow
        });
    }
    if (!made.empty()) needs.tell(store::notices::JobsQueued{});
    co_return static_cast<int>(seen.size());
}

/// The run that a trigger wants after this end; nothing when a limit forbids it.
rt::Task<Result<std::optional<rows::NewRun>>> Follower::Impl::follow(
    pg::Transaction& transaction, rows::Ended ended, rt::Deadline by
) {
    const TriggerId trigger = *ended.trigger;
    if (ended.is_listening) {
        CO_TRY(Told told, co_await told_of(ended, by));
        CO_TRY(
            const bool is_kept,
            co_await rows::capture(
                needs.pool, needs.keys, ended.tenant, trigger, std::move(told.input), std::move(told.why), by
            )
        );
        if (is_kept) samples.add(1);
    }
    if (!ended.is_live) co_return std::nullopt;
    std::optional<rows::RefusalReason> refusal;
    if (ended.depth >= workflow::kRunDepthMax) refusal = rows::RefusalReason::kDepth;
    if (!refusal) {
        CO_TRY(
            const auto backlog,
            co_await rows::count_backlog(needs.pool, ended.tenant, needs.options.backlog_max, by)
        );
        if (backlog.is_up()) {
            refusal = rows::RefusalReason::kOverload;
            over_quota.add(1);
        }
    }
    if (refusal) {
        refused.add(1);
        CO_CHECK_OK(co_await rows::refuse_end(transaction, ended.tenant, trigger, *refusal, by));
        co_return std::nullopt;
    }
    rows::NewRun run{
        .tenant = ended.tenant,
        .id = RunId::make(needs.clock.now(), needs.rng),
        .trigger = trigger,
        .dedupe_key = ended.run.text(),
        .follows = ended.run,
        .depth = ended.depth + 1,
    };
    CO_TRY(Told told, co_await told_of(ended, by));
    auto& [input, why] = told;
    if (ended.flow && ended.version) {
        CO_TRY(auto rules, flow::Rules::of(*ended.flow));
        CO_TRY(const Json keys, rules.keys(input, why));
        run.flow = rows::FlowKeys{.version = *ended.version, .keys = to_text(keys)};
    }
    // Before the run is there, which may then never be: a use goes with its file.
    auto files = co_await files_in(input);
    CO_CHECK_OK(
        co_await store::runs::pass_files(needs.pool, ended.tenant, ended.run, run.id, std::move(files), by)
    );
    CO_TRY(
        auto value, co_await needs.codec.seal(run.tenant, run.id, ValueSlot::input(), std::move(input), by)
    );
    run.values.push_back(std::move(value));
    CO_TRY(value, co_await needs.codec.seal(run.tenant, run.id, ValueSlot::trigger(), std::move(why), by));
    run.values.push_back(std::move(value));
    co_return run;
}

/// What a run is given, and sees of how it began.
rt::Task<Result<Follower::Impl::Told>> Follower::Impl::told_of(rows::Ended ended, rt::Deadline by) {
    const JsonObject about{
        {"id", ended.run.text()},
        {"workflow", ended.workflow_key},
        {"state", runstate::name(ended.state)},
        {"url", needs.options.public_url + "/runs/" + ended.run.text()},
    };
    JsonObject given{{"run", about}, {"error", nullptr}};
    if (ended.error) {
        CO_TRY(given["error"], parse_json(*ended.error));
        if (given["error"].is_object() && ended.failure_kind)
            given["error"].get_object()["kind"] = runstate::name(*ended.failure_kind);
    }
    std::string input = to_text(given);
    input.pop_back();
    input += ",\"output\":" + co_await output_of(ended.tenant, ended.run, by) + "}";
    std::string why = to_text(JsonObject{
        {"kind", name(rows::Kind::kEvent)},
        {"id", ended.trigger->text()},
        {"name", ended.trigger_name},
        {"run_id", ended.run.text()},
        {"workflow", ended.workflow_key},
    });
    co_return Told{std::move(input), std::move(why)};
}

/// JSON text; null of a run that gave none, or one too large to be handed on.
rt::Task<std::string> Follower::Impl::output_of(TenantId tenant, RunId run, rt::Deadline by) {
    std::vector<ValueSlot> slots{ValueSlot::output()};
    auto found = co_await store::runs::load_values(needs.pool, tenant, run, std::move(slots), by);
    if (!found || found->empty()) co_return "null";
    if (static_cast<std::size_t>(found->front().size_bytes) > needs.options.output_bytes_max)
        co_return "null";
    auto text = co_await needs.codec.open(tenant, run, std::move(found->front()), by);
    co_return text ? *std::move(text) : "null";
}

Follower::Follower(Needs needs) : impl_(std::make_unique<Impl>(std::move(needs))) {}
Follower::~Follower() = default;

void Follower::start() {
    impl_->scope.spawn(impl_->run());
}

rt::Task<void> Follower::close() {
    co_await impl_->scope.close();
}

}  // namespace weft::follower
