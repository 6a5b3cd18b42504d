#include "store/triggers/samples.h"

#include "base/words.h"
#include "control/triggers/detail/poll_json.h"
#include "control/triggers/detail/schedule_json.h"
#include "control/triggers/triggers.h"
#include "core/calendar/calendar.h"
#include "core/trigger/schedule.h"
#include "store/workflows/workflows.h"

#include <array>
#include <cstdint>

/// The event that a trigger's workflow is built with: captured when it comes, or made up where the settings
/// say it all.
namespace weft::control {

namespace rows = store::triggers;

namespace {

/// What the next fire's run would see, as data/scheduler tells it.
Result<std::string> made_up(const rows::Trigger& of, Instant now) {
    TRY(const auto schedule, trigger::parse_schedule(of.config));
    const Instant slot = trigger::next(schedule, now).value_or(now);
    JsonObject about{
        {"kind", name(of.kind)},
        {"id", of.id.text()},
        {"name", of.name},
        {"scheduled_for", rfc3339(slot)},
        {"fired_at", rfc3339(slot)},
        {"local_time", calendar::iso(std::chrono::floor<Millis>(slot), schedule.zone)},
        {"zone", schedule.zone.name()},
    };
    return to_text(JsonObject{{"input", schedule.input}, {"trigger", std::move(about)}});
}

/// Made: not captured but made up.
enum class SampleState : std::uint8_t { kNone, kListening, kCaptured, kFailed, kMade };
/// In the order of the enum.
constexpr std::array<std::string_view, 5> kSampleStates = {"none", "listening", "captured", "failed", "made"};

SampleState state_of(const rows::Sample& sample) {
    if (sample.listen_until) return SampleState::kListening;
    if (sample.problem) return SampleState::kFailed;
    return sample.captured_at ? SampleState::kCaptured : SampleState::kNone;
}

Json sample_json(const rows::Sample& sample, SampleState state, bool is_shown) {
    return JsonObject{
        {"state", word_of(kSampleStates, state)},
        {"listening_until", time_or_null(sample.listen_until)},
        {"captured_at", time_or_null(sample.captured_at)},
        {"problem", sample.problem ? Json(*sample.problem) : Json(nullptr)},
        {"is_hidden", !is_shown},
    };
}

}  // namespace

rt::Task<Result<Json>> Triggers::sample(Context& context, Json input) {
    CO_TRY(const auto of, co_await rows::find(context.db(), id_in<TriggerId>(input), context.deadline));
    CO_TRY(auto found, co_await rows::find_sample(context.db(), of.id, context.deadline));
    const bool is_made = of.kind == rows::Kind::kSchedule;
    // Who may not start runs sees nothing of what begins them.
    const bool is_shown = context.principal->permissions.has(tenancy::Permission::kRunStart);
    Json out = sample_json(found, is_made ? SampleState::kMade : state_of(found), is_shown);
    std::string event = "null";
    if (is_shown && is_made) {
        CO_TRY(event, made_up(of, env_.clock.now()));
    } else if (is_shown && found.captured_at) {
        auto sealed = std::move(found.sealed);
        CO_TRY(
            event,
            co_await rows::open_sample(
                env_.keys, context.tenant(), of.id, std::move(sealed), context.deadline
            )
        );
    }
    context.texts.emplace_back("event", std::move(event));
    co_return out;
}

rt::Task<Result<Json>> Triggers::capture(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    context.object = id.uuid();
    CO_TRY(auto found, co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(auto workflow, co_await store::workflows::find(context.db(), found.workflow_id, context.deadline));
    CO_CHECK_OK(store::workflows::expect_changeable(workflow));
    if (found.kind == rows::Kind::kSchedule)
        co_return fail(Error::conflict("A schedule gets no events; its sample is made from its settings"));
    if (found.kind == rows::Kind::kForm && !workflow.published_version_id)
        co_return fail(Error::conflict(
            "The form has no page yet, since it shows the published inputs; publish the workflow first"
        ));
    const std::chrono::seconds how_long(maybe_int_in(input, "seconds").value_or(rows::kListenMax.count()));
    CO_CHECK_OK(co_await rows::listen(context.db(), id, how_long, context.deadline));
    if (polls(found.kind) && how_long.count() > 0)
        CO_CHECK_OK(co_await rows::poll_soon(context.db(), id, context.deadline));
    context.audit_detail["seconds"] = how_long.count();
    tell_changed(context, id);
    CO_TRY(const auto sample, co_await rows::find_sample(context.db(), id, context.deadline));
    const bool is_shown = context.principal->permissions.has(tenancy::Permission::kRunStart);
    co_return sample_json(sample, state_of(sample), is_shown);
}

}  // namespace weft::control
