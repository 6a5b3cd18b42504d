#include "control/triggers/detail/schedule_json.h"
#include "control/triggers/triggers.h"
#include "core/form/form.h"
#include "platform/crypto/crypto.h"
#include "platform/rt/loop.h"
#include "store/workflows/workflows.h"

/// Triggers that are pages; data/ingress shows them.
namespace weft::control {

namespace rows = store::triggers;
using store::vault::KeyClass;

rt::Task<Result<Json>> Triggers::create_form(Context& context, WorkflowId workflow, Json input) {
    if (member_in(input, "secret") != nullptr)
        co_return fail(Error::invalid("A form has no secret", "secret"));
    CO_TRY(auto settings, form::parse_settings(*member_in(input, "config")));
    CO_TRY(auto key, co_await env_.keys.current(context.tenant(), KeyClass::kIngress, context.deadline));
    const auto id = TriggerId::make(env_.clock.now(), env_.rng);
    const Secret token = token_of(settings.path);
    rows::NewTrigger trigger{
        .tenant = context.tenant(),
        .id = id,
        .workflow_id = workflow,
        .kind = rows::Kind::kForm,
        .name = text_in(input, "name"),
        .config = form::to_json(settings),
        .token_hash = crypto::sha256(token.reveal()),
        .sealed_token = rows::seal_token(*key, context.tenant(), id, token),
        .sealed_secret = std::nullopt,
        .key_id = TenantKeyId(key->id),
    };
    context.object = id.uuid();
    CO_TRY(auto made, co_await rows::add(context.db(), std::move(trigger), context.deadline));
    tell_changed(context, id);
    co_return co_await shown(context, std::move(made));
}

rt::Task<Result<Json>> Triggers::change_form(Context& context, rows::Trigger before, Json input) {
    rows::TriggerChange change{.id = before.id, .name = maybe_text_in(input, "name"), .config = std::nullopt};
    std::optional<Secret> token;
    if (const Json* config = member_in(input, "config")) {
        CO_TRY(auto settings, form::parse_settings(*config));
        change.config = form::to_json(settings);
        if (settings.path != path_of(before)) token = token_of(settings.path);
        if (before.state == rows::State::kActive) {
            CO_TRY(
                auto workflow,
                co_await store::workflows::find(context.db(), before.workflow_id, context.deadline)
            );
            rows::Trigger after = before;
            after.config = *change.config;
            if (workflow.published_version_id)
                CO_CHECK_OK(co_await check_form(context, std::move(after), *workflow.published_version_id));
        }
    }
    CO_TRY(auto after, co_await rows::change(context.db(), std::move(change), context.deadline));
    if (token) {
        CO_TRY(after, co_await put_token(context, std::move(after), *std::move(token)));
    }
    tell_changed(context, before.id);
    co_return co_await shown(context, std::move(after));
}

rt::Task<Result<void>> Triggers::check_form(
    Context& context, rows::Trigger form, WorkflowVersionId published
) {
    CO_TRY(auto settings, form::parse_settings(form.config));
    CO_TRY(auto version, co_await store::workflows::find_version(context.db(), published, context.deadline));
    auto check = [&]() -> Result<void> {
        const JsonObject* definition = version.definition.if_object();
        const Json* inputs = definition == nullptr ? nullptr : definition->if_contains("inputs");
        CHECK_OK(form::Form::make(inputs, std::move(settings)));
        return {};
    };
    co_return co_await rt::on_pool(check, rt::Pool::kTenants);
}

}  // namespace weft::control
