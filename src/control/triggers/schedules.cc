#include "control/triggers/detail/schedule_json.h"
#include "control/triggers/triggers.h"
#include "core/calendar/calendar.h"
#include "core/trigger/schedule.h"

/// Triggers that fire by the clock. Each change plans them anew, in its own transaction; data/scheduler does
/// the rest.
namespace weft::control {

namespace rows = store::triggers;

namespace {

constexpr int kPreviewDefault = 5;

/// The settings, with where counting begins. `before`: those that they replace, if any; counting goes on from
/// theirs.
Result<trigger::Schedule> schedule_in(const Json& config, const Json* before, Instant now) {
    TRY(auto schedule, trigger::parse_schedule(config));
    const auto old =
        before == nullptr ? Result<trigger::Schedule>(trigger::Schedule{}) : trigger::parse_schedule(*before);
    if (schedule.rule.has_count() && !schedule.starting && old && old->starting) {
        schedule.starting = old->starting;
        schedule.rule.anchor = old->starting;
    }
    CHECK_OK(trigger::anchor(schedule, now));
    return schedule;
}

}  // namespace

void tell_changed(Context& context, TriggerId id) {
    context.notify_after_commit.push_back(store::notices::TriggerChanged{id});
}

Json schedule_json(const rows::Trigger& trigger, const rows::ScheduleState& state, Instant now) {
    // By the settings rather than the row, which the scheduler fills in a moment after a change.
    std::optional<Instant> next;
    if (state.due_at) {
        if (const auto schedule = trigger::parse_schedule(trigger.config)) {
            const Millis jitter = trigger::jitter_of(*schedule, trigger.id.text());
            next = trigger::next(*schedule, now - jitter).transform([&](Instant at) { return at + jitter; });
        }
    }
    const auto time = [](const std::optional<Instant>& at) { return at ? time_json(*at) : Json(nullptr); };
    return JsonObject{
        {"next_at", time(next)},
        {"waiting_for", time(state.waiting_slot_at)},
        {"last_scheduled_for", time(state.last_slot_at)},
        {"last_fired_at", time(state.last_fired_at)},
        {"last_run_id", state.last_run_id ? Json(state.last_run_id->text()) : Json(nullptr)},
        {"fired", state.fired},
        {"missed", state.missed},
        {"skipped", state.skipped},
        {"problem", state.problem ? Json(*state.problem) : Json(nullptr)},
    };
}

rt::Task<Result<Json>> Triggers::create_schedule(Context& context, WorkflowId workflow, Json input) {
    if (member_in(input, "secret") != nullptr)
        co_return fail(Error::invalid("A schedule has no secret", "secret"));
    const Instant now = env_.clock.now();
    CO_TRY(auto schedule, schedule_in(*member_in(input, "config"), nullptr, now));
    const auto id = TriggerId::make(now, env_.rng);
    rows::NewTrigger trigger{
        .tenant = context.tenant(),
        .id = id,
        .workflow_id = workflow,
        .kind = rows::Kind::kSchedule,
        .name = text_in(input, "name"),
        .config = trigger::to_json(schedule),
        .token_hash = std::nullopt,
        .sealed_token = std::nullopt,
        .sealed_secret = std::nullopt,
        .key_id = std::nullopt,
    };
    context.object = id.uuid();
    CO_TRY(auto made, co_await rows::add(context.db(), std::move(trigger), context.deadline));
    CO_CHECK_OK(co_await rows::plan_schedule(context.db(), id, rows::Fires::kNo, context.deadline));
    co_return co_await shown(context, std::move(made));
}

rt::Task<Result<Json>> Triggers::change_schedule(Context& context, rows::Trigger before, Json input) {
    rows::TriggerChange change{.id = before.id, .name = maybe_text_in(input, "name"), .config = std::nullopt};
    const Json* config = member_in(input, "config");
    if (config != nullptr) {
        CO_TRY(auto schedule, schedule_in(*config, &before.config, env_.clock.now()));
        change.config = trigger::to_json(schedule);
    }
    const auto old = trigger::parse_schedule(before.config);  // the row has other settings' order
    const bool is_other =
        change.config && (!old || to_text(*change.config) != to_text(trigger::to_json(*old)));
    CO_TRY(auto after, co_await rows::change(context.db(), std::move(change), context.deadline));
    // A new name moves nothing; neither do the same settings.
    if (is_other) {
        const auto fires = after.state == rows::State::kActive ? rows::Fires::kYes : rows::Fires::kNo;
        CO_CHECK_OK(co_await rows::plan_schedule(context.db(), before.id, fires, context.deadline));
        tell_changed(context, before.id);
    }
    co_return co_await shown(context, std::move(after));
}

rt::Task<Result<Json>> Triggers::zones(Context&, Json) {
    JsonArray names;
    for (const std::string_view name : calendar::zone_names()) names.emplace_back(name);
    co_return JsonObject{{"tzdata", calendar::tzdata_version()}, {"names", std::move(names)}};
}

rt::Task<Result<Json>> Triggers::preview(Context& context, Json input) {
    const Instant now = env_.clock.now();
    std::optional<Json> before;
    if (const auto id = maybe_text_in(input, "trigger_id")) {
        const auto trigger = TriggerId::parse(*id).value_or(TriggerId());
        CO_TRY(auto found, co_await rows::find(context.db(), trigger, context.deadline));
        before = std::move(found.config);
    }
    CO_TRY(auto schedule, schedule_in(*member_in(input, "config"), before ? &*before : nullptr, now));
    const auto count = static_cast<std::size_t>(maybe_int_in(input, "count").value_or(kPreviewDefault));
    JsonArray times;
    for (const Instant at : trigger::next_times(schedule, now, count)) {
        std::string local = calendar::iso(std::chrono::floor<Millis>(at), schedule.zone);
        times.push_back(JsonObject{{"at", time_json(at)}, {"local", std::move(local)}});
    }
    co_return JsonObject{
        {"config", trigger::to_json(schedule)},
        {"times", std::move(times)},
        {"tzdata", calendar::tzdata_version()},
    };
}

}  // namespace weft::control
