#pragma once

#include "base/json.h"
#include "core/file/zip.h"
#include "core/runstate/runstate.h"
#include "data/engine/detail/calls.h"
#include "data/engine/detail/look.h"
#include "data/engine/detail/others.h"
#include "data/engine/detail/record.h"
#include "data/engine/detail/run.h"
#include "data/engine/detail/session.h"
#include "data/engine/detail/text.h"
#include "data/engine/engine.h"
#include "store/waits/waits.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weft::engine {

/// One run in this worker, from claim to end: the loop around runstate::step. Its parts are the sandbox
/// (Session), what is to be written (Record) and the calls to other systems (Calls); none knows another.
///
/// Requests to the sandbox and to the journal are awaited in place; calls run beside and put their answer
/// into the inbox. `Result<void>` of the handlers is an error only when this process must let go of the run
/// at once (fenced off, shutdown).
class Driver {
  public:
    /// `start_seconds` hears how long each sandbox took to come.
    Driver(
        Deps& deps,
        const Options& options,
        Job& job,
        std::shared_ptr<const Prepared> prepared,
        telemetry::Histogram start_seconds
    );

    rt::Task<End> run();
    const store::runs::Used& used() const { return run_.used; }

  private:
    /// What the engine keeps of a step beside runstate's own state.
    struct Slot {
        std::string input;                              // JSON text of `with` as evaluated
        std::string output;                             // JSON text, once succeeded
        std::optional<connector::HttpRequest> request;  // rendered once for all attempts
        Place place;                                    // of the last failure
        std::optional<Instant> started_at;
        rt::Budget::Charge charge;           // for `output`, while it is an answer
        std::optional<workflow::Wait> wait;  // what a kWait step asks for
        std::string opened;                  // its output while it waits, JSON text of an object
        std::string answer;                  // what it was answered, likewise
        std::optional<store::runs::StoredPayload> unread;  // a large one: opened when the result is recorded
        bool is_kept = false;                              // the sandbox has the output already
        bool is_stored = false;  // its result was in the database when the last slot was left
        std::optional<runstate::StepStatus> recorded;  // of its final row, which is written or in the batch
        std::string error;                             // of that row, JSON text
        store::runs::Used used;                        // by all its attempts
        int running_row = 0;                           // the attempt whose "running" row is written
    };
    /// What the engine keeps of a loop that is under way.
    struct LoopValues {
        std::vector<std::string> items;    // JSON texts, of core/foreach
        std::vector<std::string> results;  // likewise, by index; what is not there is null
        std::size_t result_bytes = 0;
        std::string last = "null";  // what the time before gave, of core/while
        bool has_results = true;    // `results` has all of them; else they are in the database
        bool is_away = false;       // items and last are in the database only

        void leave();
        void add_result(runstate::Iteration index, std::string result);
    };
    /// What the journal has of steps in loops, until their items begin again.
    struct Resumed {
        using Key = std::pair<Index, runstate::Iteration>;  // the step as defined
        std::map<Index, Index> body_of;  // steps in loops: where the definition of their list begins
        std::set<Key> open;              // items that are not through, by that
        std::map<Key, store::runs::StepRun> rows;
        std::map<Key, std::vector<std::string>> items;  // of loops under way
        std::map<Key, std::string> branches;            // outputs of kSwitch steps of items under way
        std::map<Key, workflow::Wait> waits;            // what kWait steps of items under way ask for
        using Name = std::pair<std::string_view, runstate::Iteration>;  // the step's id
        std::map<Name, const store::runs::Wait*> until;
        std::map<Name, const store::runs::Answer*> answers;
    };
    struct Timer {
        Index step = runstate::kRun;
        Steady at;
    };

    // ---- the loop (driver.cc)
    rt::Task<Result<void>> drive();
    rt::Task<Result<void>> open_values(std::vector<store::runs::StoredPayload> payloads);
    rt::Task<Result<void>> check_input();
    void start();
    runstate::Started replay();
    std::optional<runstate::JournalEntry> entry_of(const store::runs::StepRun& row, Index definition);
    bool read_wait(const store::runs::StepRun& row, Index definition, runstate::JournalEntry& entry);
    /// A step's part of the journal goes to its slot and to the sandbox.
    void restore(Index step, const store::runs::StepRun& row);
    rt::Task<Result<void>> turn();
    rt::Task<Result<void>> wait();
    void apply(runstate::Event event);
    bool fire_timer();

    // ---- waits (waits.cc)
    rt::Task<Result<void>> may_wait();
    rt::Task<Result<void>> on(runstate::OpenWait command);
    rt::Task<Result<void>> on(runstate::CloseWait command);
    rt::Task<Result<void>> on(runstate::DropWait command);
    rt::Task<Result<void>> look_for_event(Index step);
    rt::Task<Result<void>> look_for_events(Index first, Index end);
    rt::Task<Result<bool>> take_event(
        store::waits::EventKey key, store::waits::Target target, rt::Deadline by
    );
    void replay_answer(const runstate::JournalEntry& entry, runstate::Started& started);
    void restore_wait(Index step, const store::runs::Answer* answer);
    rt::Task<Result<void>> hear_answers();
    rt::Task<Result<void>> hear_some(std::vector<store::runs::Answer> answers, rt::Deadline by);
    /// The answer is in the step's slot; see `answer` and `unread`.
    void end_wait(Index step, const store::runs::Answer& about);
    rt::Task<Result<void>> take_answer(Index step, store::runs::StoredPayload payload, rt::Deadline by);
    rt::Task<Result<bool>> read_answer(Index step);
    void unburden();
    void wait_over(Index step);
    std::string wait_output(Index step, std::string answer) const;

    // ---- other runs (others.cc)
    OtherRun other_run(std::string workflow, store::runs::Cause cause) const;
    rt::Task<Result<std::optional<store::runs::RunWrite>>> make_other(OtherRun other);
    rt::Task<Result<std::optional<store::runs::RunWrite>>> make_child(runstate::OpenWait command);
    rt::Task<Result<void>> begin_handler(runstate::Failure failure, Index step);
    rt::Task<void> read_given(FailedRun& failed);

    // ---- what the run is found by (marks.cc)
    rt::Task<Result<void>> mark();
    bool keep_marks(const std::vector<const workflow::CompiledMark*>& marks, std::string_view json);
    void keep_mark(const std::string& name, const Json& value);
    void miss_mark(const std::string& name, std::string_view why);

    // ---- commands (commands.cc)
    rt::Task<Result<void>> execute(runstate::Command command);
    rt::Task<Result<void>> on(runstate::Evaluate command);
    rt::Task<Result<void>> on(runstate::Perform command);
    rt::Task<Result<void>> on(runstate::RunCode command);
    rt::Task<Result<void>> on(runstate::JournalIntent command);
    rt::Task<Result<void>> on(runstate::JournalLoop command);
    rt::Task<Result<void>> on(runstate::JournalWait command);
    rt::Task<Result<void>> on(runstate::JournalResult command);
    rt::Task<Result<void>> on(runstate::BeginItem command);
    rt::Task<Result<void>> on(runstate::EndItem command);
    rt::Task<Result<void>> on(runstate::Collect command);
    rt::Task<Result<void>> on(runstate::StartTimer command);
    rt::Task<Result<void>> on(runstate::Abort command);
    rt::Task<Result<void>> on(runstate::Respond command);
    rt::Task<Result<void>> on(runstate::Park command);
    rt::Task<Result<void>> on(runstate::Finish command);
    protocol::Request evaluation(Index step) const;
    std::vector<protocol::Request> evaluations(Index step) const;
    bool keeps_input(Index step) const;
    rt::Task<runstate::InputEvaluated> input_ready(Index step, std::string json);
    rt::Task<Result<void>> merge(Index step, const Value& with);
    runstate::InputEvaluated input_read(Index step, Value value);
    runstate::InputEvaluated input_failed(Index step, runstate::Failure failure, Place place);
    rt::Task<Result<connector::HttpRequest>> build_request(Index step, std::string rendered) const;
    void spawn_call(Index step, int attempt, Instant by);
    rt::Task<void> answered(Index step, int attempt, broker::Response response);
    runstate::CallFinished call_failed(Index step, int attempt, const Error& error);
    // ---- files (files.cc)
    Result<void> pass_files(std::string_view output, const Json& tree);
    rt::Task<Result<void>> find_answered_file(const Value& response);
    /// What core/read-file and core/make-file run; empty for others.
    std::string_view file_code(Index step) const;
    /// `file` of that code, JSON text; `charge` is for it.
    rt::Task<Result<std::string>> read_file(Index step, rt::Budget::Charge& charge, rt::Deadline by);
    /// A file of what the code gave: its handle, JSON text.
    rt::Task<Result<std::string>> make_file(Index step, Value made, rt::Deadline by);
    rt::Task<Result<std::unique_ptr<store::files::Download>>> open_file(Index step, rt::Deadline by);
    // ---- archives (zips.cc)
    bool is_zip(Index step) const;
    rt::Task<Result<void>> run_zip(runstate::RunCode command);
    rt::Task<Result<std::string>> unzip(Index step, rt::Deadline by);
    rt::Task<Result<std::string>> zip(Index step, rt::Deadline by);
    rt::Task<Result<Json>> ask_about(Index step, std::string script, std::string file, rt::Deadline by);
    rt::Task<Result<void>> extract(
        store::files::Download& archive,
        std::vector<file::ZipMember> wanted,
        JsonArray& members,
        rt::Deadline by
    );
    rt::Task<Result<std::int64_t>> unpack_member(
        store::files::Download& archive,
        const file::ZipMember& member,
        store::files::Upload& to,
        std::int64_t most,
        rt::Deadline by
    );
    rt::Task<Result<file::ZipSizes>> pack_file(
        store::files::Download& from, store::files::Upload& to, rt::Deadline by
    );
    static rt::Task<Result<std::string>> read_bytes(
        store::files::Download& from, std::int64_t at, std::int64_t count, rt::Deadline by
    );
    Result<void> may_go_on(const rt::Deadline& by) const;
    void code_failed(Index step, int attempt, const Error& error);

    Millis code_cpu(Index step) const;
    std::string code_cpu_note(Index step) const;
    rt::Task<runstate::CallFinished> check_output(runstate::CallFinished event);

    // ---- loops (loops.cc)
    /// What expressions of the step see beside the run's values: item, index, last, outer, outcome.
    std::vector<protocol::Binding> bindings(Index step) const;
    std::vector<protocol::Binding> around(Index loop, runstate::Iteration index) const;
    runstate::InputEvaluated loop_read(Index step, Value value);
    void keep_result(Index step);
    void keep_error(Index step, const runstate::Failure& failure);
    bool collects(Index loop) const {
        return run_.step(loop).loop->collects && !run_.plan(loop).loop->is_while;
    }
    runstate::Iteration number_of(Index loop, runstate::Iteration index) const;
    /// The step whose output is an item's.
    const std::string& result_step(Index loop) const;
    rt::Task<Result<std::string>> collected(Index step);
    rt::Task<Result<void>> read_results(Index step);
    rt::Task<Result<std::vector<std::string>>> read_items(
        std::string loop, runstate::Iteration iteration, int batch, rt::Deadline by
    );
    rt::Task<Result<void>> read_resumed_items();
    rt::Task<Result<void>> resume_item(runstate::LaneIndex lane);
    void restore_loops();
    rt::Task<Result<void>> read_back_loops(rt::Deadline by);

    // ---- the sandbox (sandbox.cc)
    /// The reply to the first; see Session::ask. Nothing when the sandbox is gone or the run was canceled
    /// meanwhile: the event has been applied.
    rt::Task<Result<std::optional<isolation::Reply>>> ask(
        std::vector<protocol::Request> requests, Index step, rt::Deadline by
    );
    rt::Task<Result<bool>> open_session();
    rt::Task<Result<void>> take_sandbox();
    std::optional<Steady> slot_until() const;
    void leave_slot();
    void close_session();
    void lose_values();
    rt::Task<Result<void>> come_back();
    /// A new sandbox is told what is in the journal.
    rt::Task<Result<void>> restore_values();
    rt::Task<Result<void>> read_back(rt::Deadline by);
    rt::Task<Result<void>> sandbox_failed(Error error, Index step);
    void release_charges();
    /// What was used is the step's, if there is one, and the run's.
    void charge(Index step, const store::runs::Used& used);

    // ---- the journal (journal.cc)
    rt::Task<Result<void>> flush(store::runs::JobFate fate, runstate::RunStatus status, Millis park_for = {});
    store::runs::StepWrite& row_of(Index step);
    void record_running();
    void record_rest();
    rt::Task<Result<void>> give_back(store::runs::JobFate fate, Millis delay);
    rt::Task<Result<void>> fail_plainly(runstate::Failure failure, Place place);

    Slot& slot(Index step) { return slots_[static_cast<std::size_t>(step)]; }
    bool is_in(Index step, runstate::Phase phase) const {
        return state_.steps[static_cast<std::size_t>(step)].phase == phase;
    }

    Run run_;
    runstate::State state_;
    std::deque<runstate::Command> commands_;
    std::deque<runstate::Event> inbox_;
    std::vector<Timer> timers_;
    std::vector<Slot> slots_;
    std::map<Index, LoopValues> loops_;
    Resumed resumed_;

    std::string output_;
    std::vector<FileId> passed_;               // in it, to the run that waits for it
    std::vector<rt::Budget::Charge> charges_;  // for answers that sandbox or journal have not had yet
    Session session_;
    Record record_;
    Calls calls_;
    bool is_urgent_ = false;        // somebody waits for the response
    bool has_lost_values_ = false;  // with a sandbox; the next one is to be told them
    bool is_buried_ = false;        // the last crash allowed: keep a dead letter
    std::optional<End> end_;
};

}  // namespace weft::engine
