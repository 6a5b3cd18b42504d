#include "store/letters/letters.h"

#include "base/words.h"
#include "platform/pg/row.h"
#include "store/letters/queries.h"

namespace weft::pg {

template <>
struct Reader<store::letters::State> : WordReader<store::letters::State, store::letters::state_from> {};
template <>
struct Reader<runstate::FailureKind> : WordReader<runstate::FailureKind, runstate::failure_kind_from> {};
template <>
struct Reader<runstate::ErrorClass> : WordReader<runstate::ErrorClass, runstate::error_class_from> {};

}  // namespace weft::pg

namespace weft::store::letters {

namespace {

constexpr auto kLetter = pg::columns(
    pg::column<&Letter::run>("run_id"),
    pg::column<&Letter::workflow>("workflow_id"),
    pg::column<&Letter::workflow_key>("workflow_key"),
    pg::column<&Letter::workflow_name>("workflow_name"),
    pg::column<&Letter::message>("reason"),
    pg::column<&Letter::failure_kind>("failure_kind"),
    pg::column<&Letter::error_class>("error_class"),
    pg::column<&Letter::step>("step_id"),
    pg::column<&Letter::is_poison>("is_poison"),
    pg::column<&Letter::tries>("tries"),
    pg::column<&Letter::origin>("origin_run_id"),
    pg::column<&Letter::state>("state"),
    pg::column<&Letter::redriven_by>("redriven_by"),
    pg::column<&Letter::failed_at>("created_at"),
    pg::column<&Letter::settled_at>("settled_at"),
    pg::column<&Letter::dropped_by>("dropped_by"),
    pg::column<&Letter::dropped_by_name>("dropped_by_name"),
    pg::column<&Letter::note>("note")
);

}  // namespace

std::string_view name(State state) {
    return word_of(kStates, state);
}
std::optional<State> state_from(std::string_view text) {
    return find_word<State>(kStates, text);
}

rt::Task<Result<std::vector<Letter>>> list(Db db, Filter filter, rt::Deadline by) {
    Uuid last;
    last.bytes.fill(0xff);
    auto params = pg::params(
        name(filter.state),
        filter.before ? filter.before->uuid() : last,
        filter.since ? filter.since->uuid() : Uuid(),
        filter.workflow,
        filter.error_class.transform([](runstate::ErrorClass one) { return name(one); }),
        filter.limit
    );
    CO_TRY(auto rows, co_await db.query(sql::kList, std::move(params), by));
    co_return pg::all(rows, kLetter);
}

rt::Task<Result<Letter>> find(Db db, RunId run, rt::Deadline by) {
    co_return one(co_await db.query(sql::kFind, pg::params(run), by), kLetter, "Dead letter not found");
}

rt::Task<Result<std::vector<RunId>>> drop(Db db, std::vector<RunId> runs, Drop how, rt::Deadline by) {
    auto params = pg::params(pg::array(runs), how.by, how.by_name, how.note);
    CO_TRY(auto rows, co_await db.query(sql::kDrop, std::move(params), by));
    co_return pg::values<RunId>(rows, "run_id");
}

rt::Task<Result<std::int64_t>> count_open(pg::Pool& pool, rt::Deadline by) {
    const auto who = pg::Principal::system(pg::SystemRole::kDispatch);
    CO_TRY(auto rows, co_await pool.query(who, sql::kCountOpen, pg::Params(), by));
    co_return pg::value<std::int64_t>(rows, "letters");
}

}  // namespace weft::store::letters
