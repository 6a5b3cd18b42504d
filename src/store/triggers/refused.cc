#include "store/triggers/refused.h"

#include "store/triggers/queries.h"

#include <algorithm>
#include <span>
#include <tuple>

namespace weft::store::triggers {

namespace {

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
    pg::Params params;
    params.add(trigger.text()).add(reason.text()).add(status.text()).add(type.text()).add(address.text());
    params.add(first.text()).add(last.text()).add(count.text()).add(size.text());
    return params;
}

}  // namespace

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
        pg::Params trim;
        trim.add(touched.text()).add(kRefusedKindsMax);
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
    pg::Params params;
    params.add(trigger).add(kRefusedKindsMax);
    CO_TRY(auto rows, co_await db.query(sql::kListRefused, std::move(params), by));
    std::vector<Refused> out;
    for (int row = 0; row < rows.size(); ++row) {
        out.push_back({
            .tenant = tenant,
            .trigger = trigger,
            .kind =
                {.reason = std::string(rows.text(row, 0)),
                 .status = static_cast<int>(rows.integer(row, 1)),
                 .content_type = std::string(rows.text(row, 2)),
                 .address = std::string(rows.text(row, 3))},
            .seen =
                {.first_at = rows.instant(row, 4),
                 .last_at = rows.instant(row, 5),
                 .count = rows.integer(row, 6),
                 .size = rows.integer(row, 7)},
        });
    }
    co_return out;
}

}  // namespace weft::store::triggers
