#include "data/engine/engine.h"

#include "data/engine/detail/driver.h"
#include "platform/rt/loop.h"

#include <utility>

namespace weft::engine {

using runstate::FailureKind;
using runstate::RunStatus;
using store::runs::JobFate;

namespace {

constexpr std::string_view kBytesHelp = "Bodies of requests to other systems and of their answers";

/// The end of a run that never began here.
store::runs::EventWrite failed_at(Instant at, JsonObject detail) {
    detail["state"] = name(RunStatus::kFailed);
    return {.at = at, .kind = store::runs::EventKind::kFinished, .detail = to_text(detail)};
}

}  // namespace

Job::Job(rt::Loop& loop, store::queue::Claimed taken, store::runs::Loaded row, Steady at)
    : claimed(std::move(taken)), loaded(std::move(row)), loaded_at(at), woken(loop), scope(loop) {}

void Job::request_cancel(store::queue::Cancel asked) {
    if (cancel) return;
    cancel = std::move(asked);
    woken.notify_all();
    // An evaluation under way would answer only when it is done.
    if (asking != nullptr) asking->kill();
}

void Job::signal() {
    is_signaled = true;
    woken.notify_all();
}

Engine::Engine(Deps deps, Options options)
    : deps_(std::move(deps)),
      options_(options),
      versions_(options.versions_max),
      seconds_(
          deps_.metrics.histogram("weft_run_seconds", "Time from a run's claim to its end in this worker")
      ),
      start_seconds_(deps_.metrics.histogram("weft_sandbox_start_seconds", "Time until a run has its sandbox")
      ),
      cpu_seconds_(deps_.metrics.counter("weft_sandbox_cpu_seconds_total", "CPU time of runs' sandboxes")),
      memory_(deps_.metrics.counter(
          "weft_sandbox_memory_byte_seconds_total", "Memory of runs' sandboxes, by the time that they worked"
      )),
      bytes_in_(deps_.metrics.counter("weft_call_bytes_total", kBytesHelp, {{"direction", "in"}})),
      bytes_out_(deps_.metrics.counter("weft_call_bytes_total", kBytesHelp, {{"direction", "out"}})) {}

rt::Task<End> Engine::run(Job& job) {
    const Steady before = deps_.clock.steady();
    const store::queue::Lease& lease = job.claimed.lease;
    auto prepared = co_await prepare(lease.tenant, job.claimed.version, job.scope.deadline(10s));
    if (!prepared) {
        if (job.scope.is_cancelled()) co_return End::kLost;
        const Error& why = prepared.error();
        deps_.log.error("no workflow version", {{"run_id", lease.run}, {"detail", why.detail}});
        store::runs::Entry entry;
        entry.lease = lease;
        entry.workflow = job.claimed.workflow;
        const bool is_passing = why.code == Code::kUnavailable || why.code == Code::kTimeout;
        entry.fate = is_passing ? JobFate::kPostpone : JobFate::kFinish;
        entry.park_for = 1s;
        entry.used = job.loaded.used;
        entry.state = RunStatus::kQueued;
        if (!is_passing) {
            entry.state = RunStatus::kFailed;
            entry.may_wait = true;
            entry.is_gated = job.claimed.is_gated;
            entry.may_have_parent = true;
            entry.failure_kind = FailureKind::kPlatform;
            entry.error = error_json({FailureKind::kPlatform, "The workflow's version is unreadable"}, {});
            entry.finished_at = job.loaded.now;
            entry.events.push_back(failed_at(job.loaded.now, {}));
        }
        auto written = co_await deps_.journal.write(std::move(entry), job.scope.forever());
        co_return !written ? End::kLost : is_passing ? End::kParked : End::kFinished;
    }
    Driver driver(deps_, options_, job, *std::move(prepared), start_seconds_);
    const store::runs::Used before_us = job.loaded.used;
    const End end = co_await driver.run();
    count(before_us, driver.used());
    seconds_.observe(std::chrono::duration<double>(deps_.clock.steady() - before).count());
    co_return end;
}

void Engine::count(const store::runs::Used& from, const store::runs::Used& to) const {
    cpu_seconds_.add(static_cast<double>(to.cpu_us - from.cpu_us) / 1e6);
    memory_.add(static_cast<double>(to.memory_byte_seconds - from.memory_byte_seconds));
    bytes_in_.add(static_cast<double>(to.bytes_in - from.bytes_in));
    bytes_out_.add(static_cast<double>(to.bytes_out - from.bytes_out));
}

rt::Task<Result<void>> Engine::bury(store::queue::Poisoned poisoned, rt::Deadline by) {
    std::vector<store::queue::Lease> leases{poisoned.lease};
    CO_TRY(auto loaded, co_await store::runs::load(deps_.pool, std::move(leases), deps_.clock.now(), by));
    store::runs::Entry entry;
    entry.lease = poisoned.lease;
    entry.workflow = poisoned.workflow;
    entry.state = RunStatus::kFailed;
    entry.failure_kind = FailureKind::kPlatform;
    const runstate::Failure died{
        FailureKind::kPlatform,
        "The run's worker or sandbox died repeatedly; it was not tried again",
        runstate::ErrorClass::kCrash
    };
    entry.error = error_json(died, {});
    entry.fate = JobFate::kFinish;
    entry.is_poison = true;
    entry.may_wait = true;
    entry.is_gated = true;  // it may be
    entry.may_have_parent = true;
    entry.finished_at = deps_.clock.now();
    if (!loaded.empty()) {
        entry.started_at = loaded.front().started_at.value_or(loaded.front().now);
        entry.finished_at = loaded.front().now;
        entry.used = loaded.front().used;
        entry.events.push_back(failed_at(loaded.front().now, JsonObject{{"poisoned", true}}));
        CO_CHECK_OK(co_await begin_handler(poisoned, std::move(loaded.front()), died, entry, by));
    }
    co_return co_await deps_.journal.write(std::move(entry), std::move(by));
}

/// What a driver does of a run that fails. What cannot be begun is a line of the run's log.
rt::Task<Result<void>> Engine::begin_handler(
    store::queue::Poisoned poisoned,
    store::runs::Loaded loaded,
    runstate::Failure failure,
    store::runs::Entry& entry,
    rt::Deadline by
) {
    const TenantId tenant = poisoned.lease.tenant;
    auto prepared = co_await prepare(tenant, poisoned.version, by);
    if (!prepared && is_passing(prepared.error())) co_return fail(std::move(prepared).error());
    if (!prepared) co_return Result<void>{};
    FailedRun failed{
        .tenant = tenant,
        .run = loaded.run,
        .now = loaded.now,
        .depth = poisoned.depth,
        .failure = std::move(failure),
        .step = {},
        .input = {},
        .trigger = {}
    };
    for (auto& payload : loaded.payloads) {
        const bool is_input = payload.slot == store::runs::ValueSlot::input();
        if (!is_input && payload.slot != store::runs::ValueSlot::trigger()) continue;
        auto text = co_await deps_.codec.open(tenant, failed.run, std::move(payload), by);
        if (text) (is_input ? failed.input : failed.trigger) = *std::move(text);
    }
    auto other = handler_of(**prepared, options_, std::move(failed));
    if (!other) co_return Result<void>{};
    auto made = co_await make_run(deps_, *std::move(other), by);
    if (made) {
        entry.begun.push_back(*std::move(made));
    } else if (is_passing(made.error())) {
        co_return fail(std::move(made).error());
    } else {
        entry.logs.push_back(
            {.at = loaded.now,
             .level = store::runlog::Level::kWarn,
             .step = std::nullopt,
             .message = "No run handles the failure: " + made.error().user}
        );
    }
    co_return Result<void>{};
}

rt::Task<Result<Engine::PreparedPtr>> Engine::prepare(
    TenantId tenant, WorkflowVersionId version, rt::Deadline by
) {
    const Kept* found = versions_.find(version.text());
    if (found != nullptr && found->tenant == tenant) co_return found->prepared;
    CO_TRY(auto row, co_await store::runs::load_version(deps_.pool, tenant, version, by));
    // Ours, checked at publishing; the bound only guards against a damaged row. Compiling its schemas is
    // work.
    auto load = [&row]() -> Result<workflow::CompiledWorkflow> {
        TRY(Json tree, parse_json(row.compiled, {.bytes_max = 64u << 20, .depth_max = 128}));
        return workflow::CompiledWorkflow::load(tree);
    };
    CO_TRY(auto compiled, co_await rt::on_pool(load, rt::Pool::kTenants));
    row.compiled = {};
    std::vector<std::string> requests;
    for (const auto& step : compiled.steps()) {
        requests.push_back(step.action != nullptr ? to_text(step.action->request) : "");
    }
    const bool is_shared = options_.shared_tenants.contains(row.tenant_slug);
    auto prepared =
        std::make_shared<const Prepared>(std::move(row), std::move(compiled), std::move(requests), is_shared);
    keep(tenant, version, prepared);
    co_return prepared;
}

void Engine::keep(TenantId tenant, WorkflowVersionId version, PreparedPtr prepared) {
    const std::string key = version.text();
    if (versions_.find(key) != nullptr) return;  // two runs loaded it at the same time
    versions_.add(tenant.text(), key, Kept{tenant, std::move(prepared)});
}

}  // namespace weft::engine
