#include "store/triggers/history.h"

#include "control/triggers/detail/schedule_json.h"
#include "control/triggers/triggers.h"

/// What has become of a trigger, for its owner.
namespace weft::control {

namespace rows = store::triggers;

namespace {

Json run_or_null(const std::optional<RunId>& run) {
    return run ? Json(run->text()) : Json(nullptr);
}
Json text_or_null(const std::optional<std::string>& text) {
    return text ? Json(*text) : Json(nullptr);
}

}  // namespace

rt::Task<Result<Json>> Triggers::health(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    CO_TRY(const auto found, co_await rows::find_health(context.db(), id, context.deadline));
    co_return JsonObject{
        {"health", found.health},
        {"event_at", time_or_null(found.event_at)},
        {"last_run_id", run_or_null(found.last_run_id)},
        {"missed_at", time_or_null(found.missed_at)},
        {"missed_reason", text_or_null(found.missed_reason)},
        {"missed_detail", text_or_null(found.missed_detail)},
        {"day_runs", found.runs},
        {"day_runs_is_more", found.runs >= rows::kDayRunsMax},
        {"day_missed", found.missed},
    };
}

rt::Task<Result<Json>> Triggers::history(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    CO_TRY(auto page, page_in(input));
    CO_CHECK_OK(co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(const auto found, co_await rows::list_history(context.db(), id, page, context.deadline));
    JsonArray items;
    for (const rows::Happening& one : found.items) {
        items.push_back(JsonObject{
            {"id", one.id.text()},
            {"at", time_json(one.at)},
            {"kind", one.run_id ? "run" : "miss"},
            {"run_id", run_or_null(one.run_id)},
            {"run_state", text_or_null(one.run_state)},
            {"reason", text_or_null(one.reason)},
            {"events", one.events},
            {"detail", text_or_null(one.detail)},
        });
    }
    Json next = found.next ? Json(found.next->text()) : Json(nullptr);
    co_return JsonObject{{"items", std::move(items)}, {"next", std::move(next)}};
}

}  // namespace weft::control
