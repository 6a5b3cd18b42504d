#include "base/words.h"
#include "control/triggers/detail/poll_json.h"
#include "control/triggers/detail/schedule_json.h"
#include "control/triggers/triggers.h"
#include "control/workflows/workflows.h"
#include "core/trigger/listen.h"
#include "core/trigger/mailbox.h"
#include "core/trigger/poll.h"
#include "core/trigger/table.h"
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

/// Whether what was remembered of a source says nothing of the other. Settings that are none any more: it
/// does not.
bool is_other(rows::Kind kind, const Json& before, const Json& after) {
    if (kind == rows::Kind::kMail) {
        const auto old = trigger::parse_mailbox(before);
        const auto now = trigger::parse_mailbox(after);
        return !old || !now || trigger::is_other_source(*old, *now);
    }
    if (kind == rows::Kind::kPostgres) {
        const auto old = trigger::parse_table(before);
        const auto now = trigger::parse_table(after);
        return !old || !now || trigger::is_other_source(*old, *now);
    }
    if (kind == rows::Kind::kNotify) {
        const auto old = trigger::parse_listen(before);
        const auto now = trigger::parse_listen(after);
        return !old || !now || trigger::is_other_source(*old, *now);
    }
    const auto old = trigger::parse_source(*source_of(kind), before);
    const auto now = trigger::parse_source(*source_of(kind), after);
    return !old || !now || trigger::is_other_source(old->poll, now->poll);
}

rows::Way way_of(rows::Kind kind) {
    return kind == rows::Kind::kNotify ? rows::Way::kHeld : rows::Way::kAsked;
}

PollHealth health_of(const rows::PollState& state) {
    if (!state.due_at) return PollHealth::kOff;
    if (state.failing_since) return PollHealth::kFailing;
    return state.polled_at ? PollHealth::kOk : PollHealth::kWaiting;
}

}  // namespace

bool polls(rows::Kind kind) {
    return source_of(kind).has_value() || kind == rows::Kind::kMail || kind == rows::Kind::kPostgres ||
           kind == rows::Kind::kNotify;
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

/// The connection that is logged in with, pinned with the host that it is for.
rt::Task<Result<std::string>> Triggers::pin_login(
    Context& context, std::string connection, connector::Protocol protocol
) {
    CO_CHECK_OK(tenancy::require(context.principal->permissions, tenancy::Permission::kConnectionUse));
    workflow::Wanted wanted;
    wanted.connections.insert(connection);
    CO_TRY(auto catalog, co_await load_catalog(context.db(), std::move(wanted), context.deadline));
    const auto found = catalog.connections.find(connection);
    if (found == catalog.connections.end())
        co_return fail(Error::invalid("There is no connection \"" + connection + "\"", "config.connection"));
    CO_TRY(const connector::App app, connector::parse_app(found->second.manifest));
    if (connector::protocol_of(app) != protocol) {
        const std::string_view wanted_app =
            protocol == connector::Protocol::kImap
                ? "; a mailbox needs one of an app whose base_url is imaps://... (or imap://..., with "
                  "STARTTLS)"
                : "; a database needs one of an app whose base_url is postgres://host/database";
        co_return fail(Error::invalid(
            "The connection \"" + connection + "\" is for " + app.base_url + std::string(wanted_app),
            "config.connection"
        ));
    }
    co_return to_text(
        Json(JsonObject{{"connection", found->second.id.text()}, {"manifest", found->second.manifest}})
    );
}

rt::Task<Result<Triggers::Planned>> Triggers::plan_poll(Context& context, rows::Kind kind, Json config) {
    Planned out;
    if (kind == rows::Kind::kMail) {
        CO_TRY(trigger::Mailbox mailbox, trigger::parse_mailbox(config));
        out.config = trigger::to_json(mailbox);
        CO_TRY(
            out.compiled,
            co_await pin_login(context, std::move(mailbox.connection), connector::Protocol::kImap)
        );
        co_return out;
    }
    if (kind == rows::Kind::kPostgres) {
        CO_TRY(trigger::Table table, trigger::parse_table(config));
        out.config = trigger::to_json(table);
        CO_TRY(
            out.compiled,
            co_await pin_login(context, std::move(table.connection), connector::Protocol::kPostgres)
        );
        co_return out;
    }
    if (kind == rows::Kind::kNotify) {
        CO_TRY(trigger::Listen listen, trigger::parse_listen(config));
        out.config = trigger::to_json(listen);
        CO_TRY(
            out.compiled,
            co_await pin_login(context, std::move(listen.connection), connector::Protocol::kPostgres)
        );
        co_return out;
    }
    CO_TRY(auto settled, trigger::parse_source(*source_of(kind), config));
    out.config = std::move(settled.config);
    CO_TRY(out.compiled, co_await pin_poll(context, std::move(settled.poll)));
    co_return out;
}

rt::Task<Result<Json>> Triggers::create_poll(
    Context& context, WorkflowId workflow, rows::Kind kind, Json input
) {
    if (member_in(input, "secret") != nullptr)
        co_return fail(Error::invalid("Such a trigger has no secret", "secret"));
    CO_TRY(Planned planned, co_await plan_poll(context, kind, *member_in(input, "config")));
    const auto id = TriggerId::make(env_.clock.now(), env_.rng);
    rows::NewTrigger trigger{
        .tenant = context.tenant(),
        .id = id,
        .workflow_id = workflow,
        .kind = kind,
        .name = text_in(input, "name"),
        .config = std::move(planned.config),
        .token_hash = std::nullopt,
        .sealed_token = std::nullopt,
        .sealed_secret = std::nullopt,
        .key_id = std::nullopt,
    };
    context.object = id.uuid();
    CO_TRY(auto made, co_await rows::add(context.db(), std::move(trigger), context.deadline));
    CO_CHECK_OK(co_await rows::plan_poll(
        context.db(), id, way_of(kind), std::move(planned.compiled), rows::Memory::kKeep, context.deadline
    ));
    co_return co_await shown(context, std::move(made));
}

rt::Task<Result<Json>> Triggers::change_poll(Context& context, rows::Trigger before, Json input) {
    rows::TriggerChange change{.id = before.id, .name = maybe_text_in(input, "name"), .config = std::nullopt};
    if (const Json* config = member_in(input, "config")) {
        CO_TRY(Planned planned, co_await plan_poll(context, before.kind, *config));
        const bool is_another = is_other(before.kind, before.config, planned.config);
        change.config = std::move(planned.config);
        CO_CHECK_OK(co_await rows::plan_poll(
            context.db(),
            before.id,
            way_of(before.kind),
            std::move(planned.compiled),
            is_another ? rows::Memory::kForget : rows::Memory::kKeep,
            context.deadline
        ));
    }
    CO_TRY(auto after, co_await rows::change(context.db(), std::move(change), context.deadline));
    tell_changed(context, before.id);
    co_return co_await shown(context, std::move(after));
}

}  // namespace weft::control
