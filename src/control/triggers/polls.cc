#include "base/words.h"
#include "control/triggers/detail/poll_json.h"
#include "control/triggers/detail/schedule_json.h"
#include "control/triggers/triggers.h"
#include "control/workflows/workflows.h"
#include "core/trigger/poll.h"
#include "platform/rt/loop.h"

#include <algorithm>

/// Triggers that ask another system; data/poller asks. How is pinned here, as publishing pins a workflow.
namespace weft::control {

namespace rows = store::triggers;

namespace {

constexpr std::string_view kStep = "steps[0]";

/// The step is the settings' own: so are the places in it.
Error in_settings(Error error) {
    if (error.field.starts_with(kStep)) error.field = "config" + error.field.substr(kStep.size());
    return error;
}

std::optional<trigger::Source> source_of(rows::Kind kind) {
    return trigger::source_from(name(kind));
}

PollHealth health_of(const rows::PollState& state) {
    if (!state.due_at) return PollHealth::kOff;
    if (state.failing_since) return PollHealth::kFailing;
    return state.polled_at ? PollHealth::kOk : PollHealth::kWaiting;
}

}  // namespace

bool polls(rows::Kind kind) {
    return source_of(kind).has_value();
}

Json poll_json(const rows::PollState& state) {
    const auto time = [](const std::optional<Instant>& at) { return at ? time_json(*at) : Json(nullptr); };
    return JsonObject{
        {"health", word_of(kPollHealths, health_of(state))},
        {"next_at", time(state.due_at)},
        {"polled_at", time(state.polled_at)},
        {"event_at", time(state.event_at)},
        {"last_run_id", state.last_run_id ? Json(state.last_run_id->text()) : Json(nullptr)},
        {"cursor", state.cursor.value_or(Json(nullptr))},
        {"polls", state.polls},
        {"items", state.items},
        {"fired", state.fired},
        {"filtered", state.filtered},
        {"failures", state.failures},
        {"failing_since", time(state.failing_since)},
        {"problem", state.problem ? Json(*state.problem) : Json(nullptr)},
    };
}

/// The workflow of one step, checked and pinned.
rt::Task<Result<std::string>> Triggers::pin_poll(Context& context, trigger::Poll poll) {
    auto parse = [&] { return workflow::parse(trigger::asking(poll)); };
    auto parsed = co_await rt::on_pool(parse, rt::Pool::kTenants);
    if (!parsed) co_return fail(in_settings(std::move(parsed).error()));
    const workflow::Definition definition = *std::move(parsed);
    CO_TRY(
        const auto catalog,
        co_await load_catalog(context.db(), workflow::wanted(definition), context.deadline)
    );
    if (!catalog.connections.empty())
        CO_CHECK_OK(tenancy::require(context.principal->permissions, tenancy::Permission::kConnectionUse));
    auto compile = [&]() -> Result<std::string> {
        std::vector<Error> wrong = workflow::check(definition, catalog);
        if (wrong.empty()) wrong = checker_.check(workflow::scripts(definition)).problems;
        if (!wrong.empty()) return fail(std::move(wrong.front()));
        TRY(const Json compiled, workflow::compile(definition, catalog));
        return to_text(compiled);
    };
    auto compiled = co_await rt::on_pool(compile, rt::Pool::kTenants);
    if (!compiled) co_return fail(in_settings(std::move(compiled).error()));
    co_return *std::move(compiled);
}

rt::Task<Result<Json>> Triggers::create_poll(
    Context& context, WorkflowId workflow, rows::Kind kind, Json input
) {
    if (member_in(input, "secret") != nullptr)
        co_return fail(Error::invalid("Such a trigger has no secret", "secret"));
    CO_TRY(auto settled, trigger::parse_source(*source_of(kind), *member_in(input, "config")));
    CO_TRY(std::string compiled, co_await pin_poll(context, std::move(settled.poll)));
    const auto id = TriggerId::make(env_.clock.now(), env_.rng);
    rows::NewTrigger trigger{
        .tenant = context.tenant(),
        .id = id,
        .workflow_id = workflow,
        .kind = kind,
        .name = text_in(input, "name"),
        .config = std::move(settled.config),
        .token_hash = std::nullopt,
        .sealed_token = std::nullopt,
        .sealed_secret = std::nullopt,
        .key_id = std::nullopt,
    };
    context.object = id.uuid();
    CO_TRY(auto made, co_await rows::add(context.db(), std::move(trigger), context.deadline));
    CO_CHECK_OK(
        co_await rows::plan_poll(context.db(), id, std::move(compiled), rows::Memory::kKeep, context.deadline)
    );
    co_return co_await shown(context, std::move(made));
}

rt::Task<Result<Json>> Triggers::change_poll(Context& context, rows::Trigger before, Json input) {
    rows::TriggerChange change{.id = before.id, .name = maybe_text_in(input, "name"), .config = std::nullopt};
    if (const Json* config = member_in(input, "config")) {
        const trigger::Source source = *source_of(before.kind);
        CO_TRY(auto settled, trigger::parse_source(source, *config));
        change.config = std::move(settled.config);
        const auto old = trigger::parse_source(source, before.config);
        const bool is_other = !old || trigger::is_other_source(old->poll, settled.poll);
        CO_TRY(std::string compiled, co_await pin_poll(context, std::move(settled.poll)));
        CO_CHECK_OK(co_await rows::plan_poll(
            context.db(),
            before.id,
            std::move(compiled),
            is_other ? rows::Memory::kForget : rows::Memory::kKeep,
            context.deadline
        ));
    }
    CO_TRY(auto after, co_await rows::change(context.db(), std::move(change), context.deadline));
    tell_changed(context, before.id);
    co_return co_await shown(context, std::move(after));
}

}  // namespace weft::control
