#include "store/triggers/refused.h"

#include "base/words.h"
#include "store/triggers/queries.h"

#include <algorithm>
#include <span>
#include <tuple>

namespace weft::pg {

template <>
struct Reader<store::triggers::RefusalReason>
    : WordReader<store::triggers::RefusalReason, store::triggers::refusal_reason_from> {};

}  // namespace weft::pg

namespace weft::store::triggers {

namespace {

constexpr auto kKind = pg::columns(
    pg::column<&RefusedKind::reason>("reason"),
    pg::column<&RefusedKind::status>("status"),
    pg::column<&RefusedKind::content_type>("content_type"),
    pg::column<&RefusedKind::address>("address")
);
constexpr auto kCount = pg::columns(
    pg::column<&RefusedCount::first_at>("first_at"),
    pg::column<&RefusedCount::last_at>("last_at"),
    pg::column<&RefusedCount::count>("deliveries"),
    pg::column<&RefusedCount::size>("size_bytes")
);
constexpr auto kRefused =
    pg::nested<Refused, &Refused::kind, kKind>() + pg::nested<Refused, &Refused::seen, kCount>();

pg::Params params_of(std::span<const Refused> rows) {
    pg::ArrayParam trigger, reason, status, type, address, first, last, count, size;
    for (const Refused& row : rows) {
        trigger.add(row.trigger);
        reason.add(row.kind.reason);
        status.add(row.kind.status);
        type.add(row.kind.content_type);
        address.add(row.kind.address);
        first.add(row.seen.first_at);
        last.add(row.seen.last_at);
        count.add(row.seen.count);
        size.add(row.seen.size);
    }
    return pg::params(trigger, reason, status, type, address, first, last, count, size);
}

}  // namespace

std::string_view name(RefusalReason reason) {
    return word_of(kRefusalReasons, reason);
}
std::optional<RefusalReason> refusal_reason_from(std::string_view text) {
    return find_word<RefusalReason>(kRefusalReasons, text);
}

rt::Task<Result<void>> add_refused(pg::Pool& pool, std::vector<Refused> rows, rt::Deadline by) {
    // In one order, in all processes: they update the same rows.
    std::ranges::sort(rows, {}, [](const Refused& row) {
        return std::tuple(row.tenant, row.trigger, row.kind);
    });
    pg::Batch batch;
    std::span<const Refused> left = rows;
    while (!left.empty()) {
        const TenantId tenant = left.front().tenant;
        const auto end = std::ranges::find_if(left, [&](const Refused& row) { return row.tenant != tenant; });
        const auto count = static_cast<std::size_t>(end - left.begin());
        pg::ArrayParam touched;
        for (const Refused& row : left.first(count)) touched.add(row.trigger);
        auto trim = pg::params(touched, kRefusedKindsMax);
        batch.as(pg::Principal::tenant(tenant)).add(sql::kAddRefused, params_of(left.first(count)));
        batch.add(sql::kTrimRefused, std::move(trim));
        left = left.subspan(count);
    }
    if (batch.empty()) co_return Result<void>{};
    CO_CHECK_OK(co_await pool.run(std::move(batch), by));
    co_return Result<void>{};
}

rt::Task<Result<std::vector<Refused>>> list_refused(
    Db db, TenantId tenant, TriggerId trigger, rt::Deadline by
) {
    CO_TRY(auto rows, co_await db.query(sql::kListRefused, pg::params(trigger, kRefusedKindsMax), by));
    CO_TRY(auto out, pg::all(rows, kRefused));
    for (Refused& row : out) {
        row.tenant = tenant;
        row.trigger = trigger;
    }
    co_return out;
}

}  // namespace weft::store::triggers
