#include "store/runs/detail/flush.h"

#include "base/words.h"
#include "platform/pg/row.h"
#include "store/runs/queries.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace weft::store::runs {

namespace {

/// Rows for a statement, which takes an array for each column.
template <std::size_t kCount>
class Columns {
  public:
    template <class... Ts>
        requires(sizeof...(Ts) == kCount)
    void add(const Ts&... values) {
        std::size_t column = 0;
        (columns_[column++].add(values), ...);
        is_empty_ = false;
    }
    void into(pg::Params& params) && {
        for (pg::ArrayParam& column : columns_) params.add(std::move(column));
    }
    bool is_empty() const { return is_empty_; }

  private:
    std::array<pg::ArrayParam, kCount> columns_;
    bool is_empty_ = true;
};

/// A statement of nothing else; without any row it is not sent.
template <std::size_t kCount>
class Table {
  public:
    explicit Table(const pg::Query& query) : query_(query) {}
    void add(const auto&... values) { columns_.add(values...); }
    void into(pg::Batch& batch) && {
        if (columns_.is_empty()) return;
        pg::Params params;
        std::move(columns_).into(params);
        batch.add(query_, std::move(params));
    }

  private:
    const pg::Query& query_;
    Columns<kCount> columns_;
};

/// In the order of the enum.
constexpr std::array<std::string_view, 5> kFates = {"keep", "park", "postpone", "crash", "finish"};

/// Each lease numbers its rows in a range of its own: a repeated flush meets its own rows, ordering by number
/// is ordering by time, and the identity column's own numbers (the API's events) stay far below.
std::int64_t first_seq(const queue::Lease& lease) {
    constexpr std::int64_t kRange = std::int64_t{1} << 40;
    return lease.epoch * kRange;
}

void add_value(auto& to, RunId run, const StoredPayload& payload) {
    std::optional<std::string> blob;
    if (!payload.data) blob = payload.blob.value_or(Uuid{}).text();
    to.add(
        run,
        payload.slot.text(),
        payload.size_bytes,
        static_cast<std::int16_t>(payload.codec),
        payload.key_id,
        pg::maybe_bytes(payload.data),
        blob
    );
}

/// The ends of runs, for those that wait for them: three lists in one statement.
class Answers {
  public:
    void add(const Entry& entry) {
        run_.add(entry.lease.run);
        state_.add(entry.state);
        kind_.add(entry.failure_kind);
        error_.add(entry.error);
        is_empty_ = false;
        if (entry.parent_answer) add_value(values_, entry.lease.run, *entry.parent_answer);
        for (const FileId& file : entry.parent_files) files_.add(entry.lease.run, file);
    }
    void into(pg::Batch& batch) && {
        if (is_empty_) return;
        pg::Params params = pg::params(run_, state_, kind_, error_);
        std::move(values_).into(params);
        std::move(files_).into(params);
        batch.add(sql::kAnswerParents, std::move(params));
    }

  private:
    pg::ArrayParam run_, state_, kind_, error_;
    Columns<7> values_;
    Columns<2> files_;
    bool is_empty_ = true;
};

/// What is written of the entries of one tenant.
struct Tables {
    pg::ArrayParam held;
    pg::ArrayParam epochs;
    pg::ArrayParam ending;   // whose parents are answered
    pg::ArrayParam closing;  // whose children are let go
    Table<13> runs{sql::kWriteRuns};
    Table<17> steps{sql::kWriteSteps};
    Table<10> begun{sql::kBeginRuns};
    Table<3> files{sql::kPassFiles};
    Table<12> waits{sql::kWriteWaits};
    Table<7> values{sql::kWriteValues};
    Table<7> events{sql::kWriteEvents};
    Table<8> logs{sql::kWriteLogs};
    Table<3> marks{sql::kWriteMarks};
    Table<6> letters{sql::kKeepLetters};
    Table<1> got_on{sql::kForgetCrashes};
    Table<3> parked{sql::kParkJobs};
    Table<3> closed{sql::kCloseWaits};
    Answers answers;
    Table<4> ends{sql::kNoteEnds};
    Table<1> ended{sql::kEndJobs};
    Table<1> gated{sql::kEndGatedJobs};

    void add(const Entry& entry) {
        const RunId run = entry.lease.run;
        held.add(run);
        epochs.add(entry.lease.epoch);
        runs.add(
            run,
            entry.state,
            entry.failure_kind,
            entry.error,
            entry.tier,
            entry.started_at,
            entry.finished_at,
            entry.used.steps,
            entry.used.cpu_us,
            entry.used.memory_byte_seconds,
            entry.used.bytes_in,
            entry.used.bytes_out,
            entry.used.calls
        );
        for (const StepWrite& step : entry.steps) add(run, step);
        for (const WaitWrite& wait : entry.waits) add(run, wait);
        for (const RunWrite& child : entry.begun) add(run, child);
        for (const StoredPayload& payload : entry.payloads) add(run, payload);
        for (const Mark& mark : entry.marks) marks.add(run, mark.name, mark.value);
        for (const WaitRef& wait : entry.dropped) closed.add(run, std::optional(wait.step), wait.iteration);
        if (!entry.dropped.empty()) closing.add(run);
        std::int64_t seq = first_seq(entry.lease) + entry.events_before;
        for (const EventWrite& event : entry.events)
            events.add(run, seq++, event.at, event.kind, event.step, event.iteration, event.detail);
        seq = first_seq(entry.lease) + entry.logs_before;
        for (const LogWrite& log : entry.logs)
            logs.add(run, seq++, log.at, log.level, log.step, log.iteration, log.message, log.fields);
        const auto has_ended = [](const StepWrite& step) { return runstate::is_terminal(step.state); };
        if (entry.has_crashed && std::ranges::any_of(entry.steps, has_ended)) got_on.add(run);
        if (entry.fate == JobFate::kFinish) {
            if (entry.state == runstate::RunStatus::kFailed || entry.state == runstate::RunStatus::kCanceled)
                letters.add(
                    run, entry.state, entry.failure_kind, entry.error, entry.failed_step, entry.is_poison
                );
            (entry.is_gated ? gated : ended).add(run);
            if (!entry.is_known) ends.add(run, entry.state, entry.failure_kind, entry.error);
            if (entry.may_have_parent) {
                ending.add(run);
                answers.add(entry);
            }
            if (entry.may_wait) {
                closed.add(run, std::optional<std::string>(), std::int64_t{0});
                closing.add(run);
            }
        } else if (entry.fate != JobFate::kKeep) {
            parked.add(run, word_of(kFates, entry.fate), entry.park_for);
        }
    }

    void into(pg::Batch& batch, Fence fence) && {
        batch.add(sql::kHoldJobs, pg::params(held, epochs, fence == Fence::kOn, ending, closing));
        std::move(begun).into(batch);
        std::move(files).into(batch);
        std::move(runs).into(batch);
        std::move(steps).into(batch);
        std::move(waits).into(batch);
        std::move(values).into(batch);
        std::move(events).into(batch);
        std::move(logs).into(batch);
        std::move(marks).into(batch);
        std::move(letters).into(batch);
        std::move(got_on).into(batch);
        std::move(parked).into(batch);
        std::move(closed).into(batch);
        std::move(answers).into(batch);
        std::move(ends).into(batch);
        std::move(ended).into(batch);
        std::move(gated).into(batch);
    }

  private:
    void add(RunId run, const StepWrite& step) {
        steps.add(
            run,
            step.step,
            step.iteration,
            step.position,
            step.state,
            step.attempt,
            step.failure_kind,
            step.error,
            step.idempotency_key,
            step.intent_at,
            step.started_at,
            step.finished_at,
            step.used.cpu_us,
            step.used.memory_byte_seconds,
            step.used.bytes_in,
            step.used.bytes_out,
            step.used.calls
        );
    }
    void add(RunId run, const WaitWrite& wait) {
        waits.add(
            run,
            wait.step,
            wait.iteration,
            wait.attempt,
            word_of(kWaitKinds, wait.kind),
            pg::maybe_bytes(wait.token_hash),
            wait.event_name,
            wait.event_key,
            wait.policy,
            wait.child,
            wait.deadline,
            wait.is_answered
        );
    }
    void add(RunId parent, const RunWrite& child) {
        begun.add(
            child.id,
            child.workflow,
            child.version,
            word_of(kCauses, child.cause),
            parent,
            child.step,
            child.iteration,
            child.attempt,
            static_cast<std::int16_t>(child.depth),
            child.is_awaited
        );
        for (const StoredPayload& value : child.values) add(child.id, value);
        for (const FileId& file : child.files) files.add(child.id, parent, file);
    }
    void add(RunId run, const StoredPayload& payload) { add_value(values, run, payload); }
};

#ifdef WEFT_TEST_NO_FENCING
constexpr Fence kFence = Fence::kOff;
#else
constexpr Fence kFence = Fence::kOn;
#endif

}  // namespace

rt::Task<Result<void>> flush(pg::Pool& pool, std::vector<Entry*> entries, rt::Deadline by) {
    return flush_with(pool, std::move(entries), kFence, by);
}

rt::Task<Result<void>> flush_with(pg::Pool& pool, std::vector<Entry*> entries, Fence fence, rt::Deadline by) {
    // In the order of tenant and run, like every statement that locks several jobs, so that none deadlock.
    std::ranges::sort(entries, {}, [](const Entry* entry) { return entry->lease.tenant; });
    pg::Batch batch;
    for (std::span<Entry* const> left = entries; !left.empty();) {
        const TenantId tenant = left.front()->lease.tenant;
        Tables tables;
        for (; !left.empty() && left.front()->lease.tenant == tenant; left = left.subspan(1))
            tables.add(*left.front());
        batch.as(pg::Principal::tenant(tenant));
        std::move(tables).into(batch, fence);
    }
    if (batch.empty()) co_return Result<void>{};
    CO_CHECK_OK(co_await pool.run(std::move(batch), by));
    co_return Result<void>{};
}

}  // namespace weft::store::runs
