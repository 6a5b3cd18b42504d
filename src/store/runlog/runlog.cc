#include "store/runlog/runlog.h"

#include "base/words.h"
#include "platform/pg/row.h"
#include "store/runlog/queries.h"

namespace weft::pg {

template <>
struct Reader<store::runlog::Level> : WordReader<store::runlog::Level, store::runlog::level_from> {};

}  // namespace weft::pg

namespace weft::store::runlog {

namespace {

constexpr auto kLine = pg::columns(
    pg::column<&Line::seq>("seq"),
    pg::column<&Line::at>("logged_at"),
    pg::column<&Line::level>("level"),
    pg::column<&Line::step>("step_id"),
    pg::column<&Line::iteration>("iteration"),
    pg::column<&Line::message>("message")
);

}  // namespace

std::string_view name(Level level) {
    return word_of(kLevels, level);
}
std::optional<Level> level_from(std::string_view text) {
    return find_word<Level>(kLevels, text);
}

rt::Task<Result<std::vector<Line>>> list(
    pg::Pool& pool, TenantId tenant, RunId run, std::int64_t after, int limit, rt::Deadline by
) {
    const pg::Principal who = pg::Principal::tenant(tenant);
    CO_TRY(auto rows, co_await pool.query(who, sql::kListLines, pg::params(run, after, limit), by));
    co_return pg::all(rows, kLine);
}

}  // namespace weft::store::runlog
