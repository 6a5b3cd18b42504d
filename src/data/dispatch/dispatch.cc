#include "data/dispatch/dispatch.h"

#include "base/words.h"
#include "platform/rt/loop.h"
#include "store/letters/letters.h"
#include "store/runs/journal.h"
#include "store/waits/waits.h"

#include <algorithm>

namespace weft::dispatch {

namespace {

constexpr int kClaimMax = 128;                            // jobs in one statement
constexpr auto kPollMin = std::chrono::milliseconds(25);  // after work: more may follow without a hint
constexpr auto kRefill =
    std::chrono::milliseconds(3);  // full: wait for several free slots, claim them at once
constexpr auto kCallTimeout = std::chrono::seconds(10);  // of one statement of the loops
constexpr Steady::duration kAfterSleep = 50ms;  // until what came as its tenant was put to sleep is found
constexpr Millis kGatePauseMin{20};
constexpr auto kReadyWithin = std::chrono::seconds(10);

#ifdef WEFT_TEST_NO_FENCING
constexpr bool kIsFenced = false;  // nor does a worker let go of a lapsed lease: the test wants the harm
#else
constexpr bool kIsFenced = true;
#endif

}  // namespace

Dispatcher::Dispatcher(Needs needs)
    : needs_(std::move(needs)),
      queue_(needs_.pool),
      work_(needs_.loop),
      cancels_(needs_.loop),
      claimed_(needs_.metrics.counter("weft_jobs_claimed_total", "Jobs claimed by this worker")),
      finished_(needs_.metrics.counter("weft_runs_finished_total", "Runs ended by this worker")),
      lost_(needs_.metrics.counter("weft_leases_lost_total", "Leases lost while a run was under way")),
      reaped_(needs_.metrics.counter("weft_jobs_reaped_total", "Lapsed jobs given back to the queue")),
      taken_over_(needs_.metrics.counter(
          "weft_jobs_taken_over_total", "Jobs that a dead worker of this machine held, given back at once"
      )),
      busy_(needs_.metrics.gauge("weft_runs_running", "Runs under way in this worker")),
      letters_(needs_.metrics.gauge(
          "weft_dead_letters", "Runs of all tenants that failed for good and that nobody has dealt with"
      )),
      runs_(
          needs_.loop, [this](std::string what) { needs_.log.error("run task failed", {{"detail", what}}); }
      ),
      scope_(needs_.loop, [this](std::string what) { needs_.log.error("task failed", {{"detail", what}}); }) {
}

void Dispatcher::start() {
    scope_.spawn(claim_loop());
    scope_.spawn(heartbeat_loop());
    scope_.spawn(cancel_loop());
    scope_.spawn(reap_loop());
    if (needs_.presence != nullptr) scope_.spawn(take_over_loop());
    scope_.spawn(sweep_loop());
    scope_.spawn(gate_loop());
    scope_.spawn(orphan_loop());
    scope_.spawn(depth_loop());
}

rt::Task<void> Dispatcher::stop() {
    is_draining_ = true;
    work_.notify_all();
    const rt::Deadline drained = rt::Deadline::in(needs_.options.drain);
    while (!running_.empty() && !drained.is_over()) (void)co_await work_.wait(drained);
    std::vector<store::queue::Lease> left;
    for (auto& [run, running] : running_) {
        left.push_back(running.job->claimed.lease);
        running.job->scope.cancel(rt::CancelReason::kShutdown);
    }
    co_await runs_.join();
    co_await scope_.close();
    if (!left.empty()) {
        needs_.log.info("giving runs back", {{"count", left.size()}});
        auto released = co_await queue_.release(std::move(left), rt::Deadline::in(2s));
        if (!released) complain("runs not given back; their leases will lapse", released.error());
    }
    co_await runs_.close();
}

void Dispatcher::wake() {
    is_hinted_ = true;
    work_.notify_all();
}

// ---- claiming

rt::Task<void> Dispatcher::claim_loop() {
    Steady::duration pause = kPollMin;
    while (!scope_.is_cancelled() && !is_draining_) {
        if (needs_.slots.free() == 0) {
            (void)co_await work_.wait(scope_.deadline(1s));
            continue;
        }
        // Others end at about the same time: one claim for all of them.
        if (needs_.slots.is_crowded()) (void)co_await rt::sleep_for(kRefill, scope_.forever());
        is_hinted_ = false;
        const int wanted = std::min(needs_.slots.free(), kClaimMax);
        if (wanted == 0) continue;
        auto got = co_await claim_once(wanted);
        if (scope_.is_cancelled() || is_draining_) break;
        if (!got) {
            complain("no look into the queue", got.error());
            (void)co_await rt::sleep_for(200ms, scope_.forever());
            continue;
        }
        if (*got > 0) pause = kPollMin;
        if (*got >= wanted || is_hinted_) continue;
        co_await wait_for_work(pause);
        pause = is_hinted_ ? kPollMin : std::min<Steady::duration>(pause * 2, needs_.options.poll_max);
    }
}

/// Until a hint, or for `pause`, or until a place becomes free where the last claim may have left something.
rt::Task<void> Dispatcher::wait_for_work(Steady::duration pause) {
    const rt::Deadline until = scope_.deadline(pause);
    while (!is_hinted_ && !is_draining_) {
        if (!co_await work_.wait(until) || may_be_more_) co_return;
    }
}

rt::Task<Result<int>> Dispatcher::claim_once(int wanted) {
    const Steady asked_at = needs_.clock.steady();
    auto claimed = co_await queue_.claim(
        needs_.id, wanted, needs_.options.lease, scope_.deadline(kCallTimeout), needs_.slots.rooms()
    );
    if (!claimed) co_return fail(std::move(claimed).error());
    looked_at_ = needs_.clock.steady();
    const int count = static_cast<int>(claimed->size());
    may_be_more_ = count == 0 || claimed->front().may_be_more;
    if (count == 0) co_return 0;
    stats_.claimed += count;
    claimed_.add(count);
    CO_CHECK_OK(co_await start_claimed(*std::move(claimed), asked_at));
    co_return count;
}

rt::Task<Result<void>> Dispatcher::start_claimed(
    std::vector<store::queue::Claimed> claimed, Steady asked_at
) {
    std::vector<store::queue::Lease> leases;
    for (const auto& one : claimed) leases.push_back(one.lease);
    const Steady claimed_at = needs_.clock.steady();
    const Instant now = claimed.front().at;
    auto loaded = co_await store::runs::load(needs_.pool, leases, now, scope_.deadline(kCallTimeout));
    const Steady loaded_at = needs_.clock.steady();
    if (!loaded || is_draining_) {
        // Not begun: back they go; if that fails too, the leases lapse.
        (void)co_await queue_.release(std::move(leases), rt::Deadline::in(2s));
        if (!loaded) co_return fail(std::move(loaded).error());
        co_return Result<void>{};
    }
    std::unordered_map<RunId, store::runs::Loaded*> rows;
    for (auto& row : *loaded) rows[row.run] = &row;
    for (auto& one : claimed) {
        const RunId run = one.lease.run;
        const bool is_new = one.lease.epoch == 1;
        auto row = rows.find(run);
        if (row == rows.end()) {
            needs_.log.error("a job without its run", {{"run_id", run}});
            continue;  // crashes until it is buried
        }
        if (running_.contains(run)) continue;               // ours under an older epoch, about to notice
        const Steady at = is_new ? claimed_at : loaded_at;  // when its `now` was true
        auto job = std::make_unique<engine::Job>(needs_.loop, std::move(one), std::move(*row->second), at);
        job->held_until = held_until(asked_at);
        engine::Job* borrowed = job.get();
        running_.emplace(run, Running{std::move(job), loaded_at, asked_at});
        needs_.slots.admit(*borrowed);
        runs_.spawn(supervise(borrowed));
    }
    busy_.set(static_cast<double>(running_.size()));
    co_return Result<void>{};
}

namespace {

rt::Task<void> run_job(engine::Engine& engine, engine::Job& job, engine::End& end) {
    end = co_await engine.run(job);
}

}  // namespace

rt::Task<void> Dispatcher::supervise(engine::Job* job) {
    engine::End end = engine::End::kLost;
    job->scope.spawn(run_job(needs_.engine, *job, end));
    co_await job->scope.join();
    switch (end) {
        case engine::End::kFinished:
            ++stats_.finished;
            finished_.add();
            break;
        case engine::End::kParked:
            ++stats_.parked;
            break;
        case engine::End::kLost:
            ++stats_.lost;
            lost_.add();
            break;
    }
    const RunId run = job->claimed.lease.run;
    if (job->claimed.is_gated && end == engine::End::kFinished) is_hinted_ = true;  // the next may begin
    needs_.slots.remove(*job);
    running_.erase(run);
    busy_.set(static_cast<double>(running_.size()));
    work_.notify_all();
}

// ---- leases

Steady Dispatcher::held_until(Steady asked_at) const {
    // The database counts from later than we asked; the margin is for the last statement still under way.
    return asked_at + needs_.options.lease - needs_.options.lease / 10;
}

std::vector<store::queue::Lease> Dispatcher::leases_older_than(Steady::duration age, Steady Running::* since)
    const {
    const Steady before = needs_.clock.steady() - age;
    std::vector<store::queue::Lease> out;
    for (const auto& [run, running] : running_) {
        if (running.*since <= before) out.push_back(running.job->claimed.lease);
    }
    return out;
}

rt::Task<void> Dispatcher::heartbeat_loop() {
    // Several looks within one heartbeat, so that each lease is extended on its own time and a failed try is
    // followed by others before the lease ends.
    const Steady::duration tick = std::min<Steady::duration>(needs_.options.heartbeat / 4, 500ms);
    while (!scope_.is_cancelled()) {
        (void)co_await rt::sleep_for(tick, scope_.forever());
        drop_lapsed();
        co_await beat();
    }
}

rt::Task<void> Dispatcher::beat() {
    const Steady::duration due = needs_.options.heartbeat - needs_.options.heartbeat / 4;
    std::vector<store::queue::Lease> leases = leases_older_than(due, &Running::beaten);
    if (leases.empty()) co_return;
    const Steady asked_at = needs_.clock.steady();
    const Steady::duration patience = std::min<Steady::duration>(needs_.options.heartbeat, kCallTimeout);
    auto beat = co_await queue_.heartbeat(leases, needs_.options.lease, scope_.deadline(patience));
    if (!beat) {
        if (!scope_.is_cancelled()) complain("no heartbeat", beat.error());
        co_return;
    }
    for (const auto& lease : leases) {
        auto found = running_.find(lease.run);
        if (found == running_.end() || found->second.job->claimed.lease != lease) continue;
        if (std::ranges::find(beat->lost, lease.run) != beat->lost.end()) {
            if (kIsFenced) found->second.job->scope.cancel(rt::CancelReason::kLeaseLost);
            continue;
        }
        found->second.beaten = asked_at;
        found->second.job->held_until = held_until(asked_at);
    }
    cancel(beat->canceled);
}

/// The database cannot be asked in time, or we have slept: what may have been given away is stopped.
void Dispatcher::drop_lapsed() {
    if (!kIsFenced) return;
    const Steady now = needs_.clock.steady();
    for (auto& [run, running] : running_) {
        if (running.job->held_until > now || running.job->scope.is_cancelled()) continue;
        needs_.log.warn("lease ran out", {{"run_id", run}});
        running.job->scope.cancel(rt::CancelReason::kLeaseLost);
    }
}

rt::Task<void> Dispatcher::cancel_loop() {
    while (!scope_.is_cancelled()) {
        (void)co_await cancels_.wait(scope_.deadline(needs_.options.cancel_every));
        std::vector<store::queue::Lease> leases =
            leases_older_than(needs_.options.cancel_every / 2, &Running::since);
        if (leases.empty()) continue;
        auto asked = co_await queue_.asked(std::move(leases), scope_.deadline(kCallTimeout));
        if (!asked) continue;
        cancel(asked->canceled);
        for (const RunId run : asked->signaled) {
            if (auto found = running_.find(run); found != running_.end()) found->second.job->signal();
        }
    }
}

void Dispatcher::cancel(const std::vector<store::queue::Canceled>& canceled) {
    for (const auto& one : canceled) {
        auto found = running_.find(one.run);
        if (found != running_.end()) found->second.job->request_cancel(one.cancel);
    }
}

// ---- keeping the queue sound: every worker does it, doubling does no harm

rt::Task<void> Dispatcher::reap_loop() {
    const Options& options = needs_.options;
    while (!scope_.is_cancelled()) {
        auto reaped = co_await queue_.reap(
            needs_.id, options.crashes_max, options.lease, scope_.deadline(kCallTimeout)
        );
        if (!reaped && !scope_.is_cancelled()) complain("no look for lapsed leases", reaped.error());
        if (reaped) {
            stats_.reaped += reaped->requeued;
            reaped_.add(static_cast<double>(reaped->requeued));
            co_await on_reaped(*std::move(reaped));
        }
        (void)co_await rt::sleep_for(options.reap_every, scope_.forever());
    }
}

rt::Task<void> Dispatcher::on_reaped(store::queue::Reaped reaped) {
    if (reaped.requeued > 0) wake();
    for (auto& poisoned : reaped.poisoned) {
        needs_.log.warn(
            "run quarantined", {{"run_id", poisoned.lease.run}, {"tenant_id", poisoned.lease.tenant}}
        );
        auto buried = co_await needs_.engine.bury(std::move(poisoned), scope_.deadline(needs_.options.lease));
        if (!buried && !scope_.is_cancelled()) complain("run not quarantined", buried.error());
    }
}

/// What a worker of this machine held when it died need not wait for its leases: that it is dead is proven.
rt::Task<void> Dispatcher::take_over_loop() {
    while (!scope_.is_cancelled()) {
        auto look = [this] { return needs_.presence->departed(); };
        const std::vector<std::string> departed = co_await rt::on_pool(look);
        std::vector<WorkerId> dead;
        for (const std::string& name : departed) {
            if (auto id = WorkerId::parse(name)) dead.push_back(*id);
        }
        if (dead.empty() || co_await take_over(std::move(dead))) {
            for (const std::string& name : departed) needs_.presence->forget(name);
        }
        (void)co_await rt::sleep_for(needs_.options.departed_every, scope_.forever());
    }
}

/// True when nothing of theirs is left.
rt::Task<bool> Dispatcher::take_over(std::vector<WorkerId> dead) {
    for (std::size_t count = store::queue::Queue::kTakeOverMax; count == store::queue::Queue::kTakeOverMax;) {
        auto taken = co_await queue_.take_over(
            dead, needs_.id, needs_.options.crashes_max, needs_.options.lease, scope_.deadline(kCallTimeout)
        );
        if (!taken) {
            if (!scope_.is_cancelled()) complain("runs of a dead worker not taken over", taken.error());
            co_return false;
        }
        count = taken->size();
        stats_.taken_over += static_cast<std::int64_t>(count);
        taken_over_.add(static_cast<double>(count));
        needs_.log.info("runs of a dead worker taken over", {{"worker", dead.front()}, {"count", count}});
        co_await on_reaped(*std::move(taken));
    }
    co_return true;
}

rt::Task<void> Dispatcher::sweep_loop() {
    using Idle = store::queue::Queue::Idle;
    Idle idle = Idle::kLeave;
    for (int turn = 0; !scope_.is_cancelled(); ++turn) {
        const bool were_put_to_sleep = idle == Idle::kPutToSleep;
        (void)co_await rt::sleep_for(
            were_put_to_sleep ? kAfterSleep : needs_.options.sweep_every, scope_.forever()
        );
        idle = turn % 10 == 9 ? Idle::kPutToSleep : Idle::kLeave;
        auto woken = co_await queue_.sweep_tenants(idle, scope_.deadline(kCallTimeout));
        if (woken && *woken > 0) wake();
        if (!woken && !scope_.is_cancelled()) complain("no look for lost wake-ups", woken.error());
    }
}

/// Runs that stand before a gate of their workflow until its time has come.
rt::Task<void> Dispatcher::gate_loop() {
    std::optional<store::queue::Queue::Gate> after;
    Steady repair_at = needs_.clock.steady() + needs_.options.gates_repair;
    while (!scope_.is_cancelled()) {
        auto turned = co_await queue_.turn_due_gates(scope_.deadline(kCallTimeout));
        if (!turned && !scope_.is_cancelled()) complain("no look at the gates", turned.error());
        if (turned && turned->begun > 0) wake();
        if (needs_.clock.steady() >= repair_at) {
            auto last = co_await queue_.turn_standing_gates(after, scope_.deadline(kCallTimeout));
            if (!last && !scope_.is_cancelled()) complain("gates not looked through", last.error());
            after = last.value_or(std::nullopt);
            if (!after) repair_at = needs_.clock.steady() + needs_.options.gates_repair;
        }
        Millis pause = needs_.options.gates_max;
        if (turned && turned->next) pause = std::clamp(*turned->next, kGatePauseMin, pause);
        (void)co_await rt::sleep_for(pause, scope_.forever());
    }
}

rt::Task<void> Dispatcher::orphan_loop() {
    Millis oldest = std::chrono::hours(48);  // at start everything recent, later what is new
    while (!scope_.is_cancelled()) {
        auto orphans = co_await queue_.orphans(oldest, 1min, scope_.deadline(30s));
        if (orphans && !orphans->empty()) {
            needs_.log.error("live runs without a job", {{"count", orphans->size()}});
            auto failed =
                co_await store::runs::fail_orphans(needs_.pool, *std::move(orphans), scope_.deadline(30s));
            if (!failed && !scope_.is_cancelled()) complain("orphans not ended", failed.error());
        }
        if (orphans) oldest = 10min;
        (void)co_await rt::sleep_for(needs_.options.orphans_every, scope_.forever());
    }
}

rt::Task<void> Dispatcher::depth_loop() {
    while (!scope_.is_cancelled()) {
        auto depths = co_await queue_.depths(scope_.deadline(kCallTimeout));
        if (!depths && !scope_.is_cancelled()) complain("no look at the queue's depth", depths.error());
        for (const auto& depth : depths.value_or(std::vector<store::queue::Queue::Depth>{})) {
            const telemetry::Labels labels{{"state", std::string(name(depth.standing))}};
            needs_.metrics.gauge("weft_queue_jobs", "Runs in the queue, of all workers and tenants", labels)
                .set(static_cast<double>(depth.jobs));
            needs_.metrics
                .gauge("weft_queue_oldest_seconds", "Since when the oldest of them has been due", labels)
                .set(depth.oldest_seconds);
        }
        co_await tell_waits();
        if (auto letters = co_await store::letters::count_open(needs_.pool, scope_.deadline(kCallTimeout)))
            letters_.set(static_cast<double>(*letters));
        (void)co_await rt::sleep_for(needs_.options.depths_every, scope_.forever());
    }
}

rt::Task<void> Dispatcher::tell_waits() {
    auto waits = co_await store::waits::count_open(needs_.pool, scope_.deadline(kCallTimeout));
    if (!waits && !scope_.is_cancelled()) complain("no look at what is waited for", waits.error());
    for (const auto& [kind, count] : waits.value_or(std::vector<store::waits::OpenWaits>{})) {
        const std::string_view word = word_of(store::runs::kWaitKinds, kind);
        needs_.metrics
            .gauge(
                "weft_waits",
                "Steps that wait for somebody else, of all workers and tenants",
                {{"kind", std::string(word)}}
            )
            .set(static_cast<double>(count));
    }
}

// ---- reports

Result<void> Dispatcher::ready() const {
    if (is_draining_) return fail(Error::unavailable("The worker is stopping"));
    if (needs_.clock.steady() - looked_at_ < kReadyWithin || needs_.slots.free() == 0) return {};
    return fail(Error::unavailable("The queue has not been reached for 10 s"));
}

Stats Dispatcher::stats() const {
    Stats out = stats_;
    out.running = static_cast<int>(running_.size());
    return out;
}

void Dispatcher::complain(std::string_view what, const Error& error) const {
    needs_.log.warn(what, {{"code", name(error.code)}, {"detail", error.detail}});
}

}  // namespace weft::dispatch
