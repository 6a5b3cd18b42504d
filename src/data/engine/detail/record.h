#pragma once

#include "data/engine/detail/run.h"
#include "data/engine/detail/text.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::engine {

/// What a run has done since it was last written: rows, events, lines and values, until they are flushed.
class Record {
  public:
    explicit Record(Run& run) : run_(run), crashes_(run.job.claimed.crashes) {}

    /// The batch's row of a step, with what every row of it says and no failure.
    store::runs::StepWrite& step(Index index, int attempt, std::optional<Instant> started_at);
    /// JSON text, sealed with the next flush.
    void keep_value(store::runs::ValueSlot slot, std::string json);
    /// The same for what a caller of the run is answered: the first such value.
    void keep_answer(store::runs::ValueSlot slot, std::string json);
    void note(store::runs::EventKind kind, std::optional<Index> step, JsonObject detail);
    void note_cancel(const store::queue::Cancel& cancel);
    void note_wait(const runstate::JournalWait& wait, const Place& place);
    void open_wait(store::runs::WaitWrite wait) { batch_.waits.push_back(std::move(wait)); }
    /// Nothing is to answer it any more; at once, since somebody may be at work for it.
    void drop_wait(store::runs::WaitRef wait);
    void begin_run(store::runs::RunWrite run) { batch_.begun.push_back(std::move(run)); }
    /// JSON text: what the run gives to the step that waits for it, if one does; and the files in it.
    void answer_parent(std::string json, std::vector<FileId> files) {
        parent_answer_ = std::move(json);
        batch_.parent_files = std::move(files);
    }
    /// A line of ours among those that the workflow writes; its limit is not theirs.
    /// `fields`: see log_text.
    void log(
        store::runlog::Level level, std::optional<Index> step, std::string text, std::string fields = {}
    );
    /// What the run is found by.
    void mark(store::runs::Mark mark);
    /// Lines that the workflow wrote, as far as its limit allows.
    void keep_logs(std::vector<protocol::Log> logs, Index step);
    /// The run's own failure.
    void fail(const runstate::Failure& failure, const Place& place);
    /// The next flush is the run's last.
    void finish(runstate::RunStatus status, std::optional<std::string> failed_step, bool is_poison);
    /// For a run whose end is recorded already.
    void finish_silently() {
        batch_.finished_at = run_.now();
        batch_.is_known = true;
    }
    /// Forgets what was not written, but for what the run is found by.
    void drop();

    bool has_rows() const {
        return !batch_.steps.empty() || !batch_.events.empty() || !batch_.logs.empty() ||
               !batch_.dropped.empty() || !batch_.marks.empty();
    }
    /// Since a step of the run last ended: what is recorded here counts, also before it is written.
    int crashes() const;
    bool has_values() const { return !values_.empty(); }
    /// So much that it is better written now: loops make many rows.
    bool is_large() const { return batch_.steps.size() >= kRowsMax || value_bytes_ >= kValueBytesMax; }
    /// Since when something waits to be written.
    std::optional<Steady> dirty_since() const { return dirty_since_; }
    void touch();

    /// Seals the values, after which they take no more memory than their rows do.
    rt::Task<Result<void>> seal();
    /// Writes the batch, which must be sealed, and what happens to the job.
    rt::Task<Result<void>> write(store::runs::JobFate fate, runstate::RunStatus status, Millis park_for);

  private:
    static constexpr std::size_t kRowsMax = 500;
    static constexpr std::size_t kValueBytesMax = 4u << 20;

    Run& run_;
    store::runs::Entry batch_;                                            // rows since the last flush
    std::vector<std::pair<store::runs::ValueSlot, std::string>> values_;  // and their JSON texts
    std::size_t value_bytes_ = 0;
    std::optional<std::string> parent_answer_;
    std::int64_t events_written_ = 0;
    std::int64_t logs_written_ = 0;
    int lines_ = 0;  // of the workflow's
    int crashes_;
    bool has_answered_ = false;
    std::optional<Steady> dirty_since_;
};

/// A failure as a step's row says it.
void set_failure(store::runs::StepWrite& row, const runstate::Failure& failure, const Place& place);

}  // namespace weft::engine
