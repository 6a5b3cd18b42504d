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

constexpr int kLookedAtMax = 5'000;  // of 12 KiB each at most

/// A line that was looked at.
struct Looked {
    Line line;
    bool fits = false;
    bool is_last = false;
};

constexpr auto kLine = pg::columns(
    pg::column<&Line::seq>("seq"),
    pg::column<&Line::at>("logged_at"),
    pg::column<&Line::level>("level"),
    pg::column<&Line::step>("step_id"),
    pg::column<&Line::iteration>("iteration"),
    pg::column<&Line::message>("message"),
    pg::column<&Line::fields>("fields")
);
constexpr auto kLooked =
    pg::nested<Looked, &Looked::line, kLine>() +
    pg::columns(pg::column<&Looked::fits>("fits"), pg::column<&Looked::is_last>("is_last"));

pg::ArrayParam levels_from(Level least) {
    pg::ArrayParam out;
    for (std::size_t i = static_cast<std::size_t>(least); i < kLevels.size(); ++i) out.add(kLevels[i]);
    return out;
}

}  // namespace

std::string_view name(Level level) {
    return word_of(kLevels, level);
}
std::optional<Level> level_from(std::string_view text) {
    return find_word<Level>(kLevels, text);
}

rt::Task<Result<Page>> list(pg::Pool& pool, TenantId tenant, RunId run, Filter filter, rt::Deadline by) {
    const pg::Principal who = pg::Principal::tenant(tenant);
    auto params = pg::params(
        run, filter.after, filter.limit + 1, kLookedAtMax, levels_from(filter.least), filter.step, filter.text
    );
    CO_TRY(auto rows, co_await pool.query(who, sql::kListLines, std::move(params), by));
    CO_TRY(auto looked, pg::all(rows, kLooked));
    Page out;
    const auto limit = static_cast<std::size_t>(filter.limit);
    for (Looked& one : looked) {
        if (out.lines.size() == limit) {
            out.next = out.lines.back().seq;
            break;
        }
        if (one.is_last) out.next = one.line.seq;
        if (one.fits) out.lines.push_back(std::move(one.line));
    }
    co_return out;
}

}  // namespace weft::store::runlog
