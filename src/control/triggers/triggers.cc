#include "control/triggers/triggers.h"

#include "base/bytes.h"
#include "control/triggers/detail/poll_json.h"
#include "control/triggers/detail/schedule_json.h"
#include "core/trigger/trigger.h"
#include "platform/crypto/crypto.h"
#include "store/quotas/quotas.h"
#include "store/triggers/history.h"
#include "store/triggers/refused.h"
#include "store/triggers/schedules.h"
#include "store/workflows/workflows.h"

#include <algorithm>

namespace weft::control {

namespace rows = store::triggers;
using store::vault::KeyClass;

namespace {

constexpr auto kOldSecretHolds = std::chrono::hours(24);  // senders need time to change over
constexpr std::size_t kRandomBytes = 32;

/// The settings; stored in core/trigger's normal form. `response` and `dedupe_header` are other names for
/// what that calls `mode` and `signature.id_header`.
Result<trigger::Webhook> webhook_in(const Json& config) {
    JsonObject given = config.get_object();
    if (const Json* response = given.if_contains("response")) {
        if (!given.contains("mode")) given["mode"] = Json(*response);
        given.erase("response");
    }
    if (const Json* header = given.if_contains("dedupe_header")) {
        Json* signature = given.if_contains("signature");
        const bool is_object = signature != nullptr && signature->is_object();
        if (is_object && header->is_string()) signature->get_object()["id_header"] = *header;
        given.erase("dedupe_header");
    }
    return trigger::parse_webhook(given, "config");
}

bool is_signed(const trigger::Webhook& webhook) {
    return webhook.signature.scheme != trigger::Scheme::kNone;
}

/// Printable and without line ends: store/triggers keeps secrets as lines.
Result<void> check_given(const trigger::Signature& signature, std::string_view secret) {
    const bool is_printable = std::ranges::all_of(secret, [](char c) { return c >= 0x20 && c < 0x7f; });
    if (!is_printable) return fail(Error::invalid("secret must be printable ASCII", "secret"));
    return trigger::check_secret(signature, secret);
}

}  // namespace

Secret Triggers::token_of(std::string_view path) {
    if (!path.empty()) return Secret(std::string(path));
    return Secret("whk_" + base64url(crypto::random_bytes(env_.rng, kRandomBytes).reveal()));
}

/// As Standard Webhooks writes one; for the other schemes it is a text.
Secret Triggers::make_secret() {
    return Secret("whsec_" + base64(crypto::random_bytes(env_.rng, kRandomBytes).reveal()));
}

std::string Triggers::url_of(rows::Kind kind, const Secret& token) const {
    const std::string_view folder = kind == rows::Kind::kForm ? "/forms/" : "/hooks/";
    return public_url_ + std::string(folder) + std::string(token.reveal());
}

rt::Task<Result<Json>> Triggers::shown(Context& context, rows::Trigger trigger) {
    std::vector<rows::Trigger> one;
    one.push_back(std::move(trigger));
    CO_TRY(JsonArray all, co_await shown_all(context, std::move(one)));
    co_return std::move(all.at(0));
}

rt::Task<Result<JsonArray>> Triggers::shown_all(Context& context, std::vector<rows::Trigger> triggers) {
    std::vector<TriggerId> scheduled;
    std::vector<TriggerId> polled;
    std::vector<TriggerId> all;
    for (const rows::Trigger& trigger : triggers) {
        if (trigger.kind == rows::Kind::kSchedule) scheduled.push_back(trigger.id);
        if (polls(trigger.kind)) polled.push_back(trigger.id);
        all.push_back(trigger.id);
    }
    CO_TRY(const auto healths, co_await rows::find_healths(context.db(), std::move(all), context.deadline));
    CO_TRY(const auto polling, co_await rows::find_polls(context.db(), std::move(polled), context.deadline));
    CO_TRY(
        const auto states, co_await rows::find_schedules(context.db(), std::move(scheduled), context.deadline)
    );
    JsonArray out;
    for (const rows::Trigger& trigger : triggers) {
        const auto state = states.find(trigger.id);
        const auto poll = polling.find(trigger.id);
        const auto standings = healths.find(trigger.id);
        const rows::Standing standing =
            standings == healths.end() ? rows::Standing{"off", "inactive"} : standings->second;
        JsonObject item{
            {"id", trigger.id.text()},
            {"workflow_id", trigger.workflow_id.text()},
            {"kind", name(trigger.kind)},
            {"name", trigger.name},
            {"state", name(trigger.state)},
            {"health", standing.health},
            {"setup", standing.setup},
            {"config", trigger.config},
            {"has_secret", trigger.has_secret},
            {"url", nullptr},
            {"schedule",
             state == states.end() ? Json(nullptr) : schedule_json(trigger, state->second, env_.clock.now())},
            {"poll", poll == polling.end() ? Json(nullptr) : poll_json(poll->second)},
            {"created_at", time_json(trigger.created_at)},
            {"updated_at", time_json(trigger.updated_at)},
        };
        // The address is a capability to start runs: those who may only look do not get it.
        if (trigger.sealed_token && context.principal->permissions.has(tenancy::Permission::kTriggerEdit)) {
            CO_TRY(auto key, co_await env_.keys.by_id(context.tenant(), *trigger.key_id, context.deadline));
            CO_TRY(Secret token, rows::open_token(*key, context.tenant(), trigger.id, *trigger.sealed_token));
            item["url"] = url_of(trigger.kind, token);
        }
        out.push_back(std::move(item));
    }
    co_return out;
}

rt::Task<Result<Json>> Triggers::list(Context& context, Json input) {
    const auto workflow = id_in<WorkflowId>(input);
    CO_TRY(auto page, page_in(input));
    CO_CHECK_OK(co_await store::workflows::find(context.db(), workflow, context.deadline));
    CO_TRY(auto found, co_await rows::list(context.db(), workflow, page, context.deadline));
    CO_TRY(JsonArray items, co_await shown_all(context, std::move(found.items)));
    Json next = found.next ? Json(found.next->text()) : Json(nullptr);
    co_return JsonObject{{"items", std::move(items)}, {"next", std::move(next)}};
}

rt::Task<Result<Json>> Triggers::create(Context& context, Json input) {
    const auto workflow = id_in<WorkflowId>(input);
    CO_TRY(auto of, co_await store::workflows::find(context.db(), workflow, context.deadline));
    CO_CHECK_OK(store::workflows::expect_changeable(of));
    auto room = co_await store::quotas::check_triggers(context.db(), env_.quotas, context.deadline);
    if (!room && room.error().code == Code::kLimit && env_.over_triggers) env_.over_triggers->add();
    CO_CHECK_OK(room);
    if (text_in(input, "kind") == name(rows::Kind::kSchedule))
        co_return co_await create_schedule(context, workflow, std::move(input));
    if (text_in(input, "kind") == name(rows::Kind::kForm))
        co_return co_await create_form(context, workflow, std::move(input));
    if (text_in(input, "kind") == name(rows::Kind::kEvent))
        co_return co_await create_follow(context, workflow, std::move(input));
    if (const auto kind = rows::kind_from(text_in(input, "kind")); kind && polls(*kind))
        co_return co_await create_poll(context, workflow, *kind, std::move(input));
    CO_TRY(auto webhook, webhook_in(*member_in(input, "config")));
    const auto given = maybe_text_in(input, "secret");
    if (given && !is_signed(webhook)) {
        co_return fail(Error::invalid("secret is not used by the signature scheme none", "secret"));
    }
    if (given) CO_CHECK_OK(check_given(webhook.signature, *given));
    CO_TRY(auto key, co_await env_.keys.current(context.tenant(), KeyClass::kIngress, context.deadline));

    const auto id = TriggerId::make(env_.clock.now(), env_.rng);
    const Secret token = token_of(webhook.path);
    rows::NewTrigger trigger{
        .tenant = context.tenant(),
        .id = id,
        .workflow_id = workflow,
        .kind = rows::Kind::kWebhook,
        .name = text_in(input, "name"),
        .config = trigger::to_json(webhook),
        .token_hash = crypto::sha256(token.reveal()),
        .sealed_token = rows::seal_token(*key, context.tenant(), id, token),
        .sealed_secret = std::nullopt,
        .key_id = TenantKeyId(key->id),
    };
    std::optional<Secret> secret;
    if (is_signed(webhook)) {
        secret = given ? Secret(*given) : make_secret();
        const rows::Secrets secrets{.current = *secret, .previous = {}, .previous_until = {}};
        trigger.sealed_secret = rows::seal_secrets(*key, context.tenant(), id, secrets);
    }
    context.object = id.uuid();
    CO_TRY(auto made, co_await rows::add(context.db(), std::move(trigger), context.deadline));
    tell_changed(context, id);
    CO_TRY(Json out, co_await shown(context, std::move(made)));
    if (secret && !given) out.get_object()["secret"] = secret->reveal();
    co_return out;
}

rt::Task<Result<Json>> Triggers::get(Context& context, Json input) {
    CO_TRY(auto found, co_await rows::find(context.db(), id_in<TriggerId>(input), context.deadline));
    co_return co_await shown(context, std::move(found));
}

rt::Task<Result<Json>> Triggers::refused(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    CO_CHECK_OK(co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(auto found, co_await rows::list_refused(context.db(), context.tenant(), id, context.deadline));
    JsonArray items;
    for (const rows::Refused& row : found) {
        items.push_back(JsonObject{
            {"reason", name(row.kind.reason)},
            {"status", row.kind.status},
            {"content_type", row.kind.content_type},
            {"address", row.kind.address},
            {"first_at", time_json(row.seen.first_at)},
            {"last_at", time_json(row.seen.last_at)},
            {"deliveries", row.seen.count},
            {"size_bytes", row.seen.size},
        });
    }
    co_return JsonObject{{"items", std::move(items)}, {"next", nullptr}};
}

rt::Task<Result<Json>> Triggers::change(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await rows::lock_schedule(context.db(), id, context.deadline));
    CO_TRY(auto before, co_await rows::find(context.db(), id, context.deadline));
    if (before.kind == rows::Kind::kSchedule)
        co_return co_await change_schedule(context, std::move(before), std::move(input));
    if (before.kind == rows::Kind::kForm)
        co_return co_await change_form(context, std::move(before), std::move(input));
    if (before.kind == rows::Kind::kEvent)
        co_return co_await change_follow(context, std::move(before), std::move(input));
    if (polls(before.kind)) co_return co_await change_poll(context, std::move(before), std::move(input));
    rows::TriggerChange change{.id = id, .name = maybe_text_in(input, "name"), .config = std::nullopt};
    std::optional<Secret> secret;
    std::optional<Secret> token;
    if (const Json* config = member_in(input, "config")) {
        CO_TRY(auto webhook, webhook_in(*config));
        change.config = trigger::to_json(webhook);
        if (webhook.path != path_of(before)) token = token_of(webhook.path);
        if (is_signed(webhook) && !before.has_secret) secret = make_secret();
    }
    CO_TRY(auto after, co_await rows::change(context.db(), std::move(change), context.deadline));
    if (token) {
        CO_TRY(after, co_await put_token(context, std::move(after), *std::move(token)));
    }
    if (secret) {
        CO_TRY(auto key, co_await env_.keys.by_id(context.tenant(), *after.key_id, context.deadline));
        const rows::Secrets secrets{.current = *secret, .previous = {}, .previous_until = {}};
        std::string sealed = rows::seal_secrets(*key, context.tenant(), id, secrets);
        CO_TRY(after, co_await rows::replace_secret(context.db(), id, std::move(sealed), context.deadline));
    }
    tell_changed(context, id);
    CO_TRY(Json out, co_await shown(context, std::move(after)));
    if (secret) out.get_object()["secret"] = secret->reveal();
    co_return out;
}

rt::Task<Result<Json>> Triggers::remove(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await rows::lock_schedule(context.db(), id, context.deadline));
    CO_CHECK_OK(co_await rows::drop(context.db(), id, context.deadline));
    tell_changed(context, id);
    co_return Json(nullptr);
}

rt::Task<Result<Json>> Triggers::activate(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await rows::lock_schedule(context.db(), id, context.deadline));
    CO_TRY(auto trigger, co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(
        auto workflow, co_await store::workflows::find(context.db(), trigger.workflow_id, context.deadline)
    );
    CO_CHECK_OK(store::workflows::expect_changeable(workflow));
    if (!workflow.published_version_id) {
        co_return fail(Error::conflict("The workflow was never published, so there is nothing to start"));
    }
    if (trigger.kind == rows::Kind::kForm)
        CO_CHECK_OK(co_await check_form(context, trigger, *workflow.published_version_id));
    CO_TRY(auto after, co_await rows::set_state(context.db(), id, rows::State::kActive, context.deadline));
    if (trigger.kind == rows::Kind::kSchedule && trigger.state != rows::State::kActive) {
        CO_CHECK_OK(co_await rows::plan_schedule(context.db(), id, rows::Fires::kYes, context.deadline));
    }
    if (polls(trigger.kind) && trigger.state != rows::State::kActive)
        CO_CHECK_OK(co_await rows::switch_poll(context.db(), id, rows::Polling::kOn, context.deadline));
    tell_changed(context, id);
    co_return co_await shown(context, std::move(after));
}

rt::Task<Result<Json>> Triggers::deactivate(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    context.object = id.uuid();
    CO_CHECK_OK(co_await rows::lock_schedule(context.db(), id, context.deadline));
    // Before the state: whoever is taking an answer in right now holds this row, and is waited for.
    CO_CHECK_OK(co_await rows::switch_poll(context.db(), id, rows::Polling::kOff, context.deadline));
    CO_TRY(auto after, co_await rows::set_state(context.db(), id, rows::State::kInactive, context.deadline));
    if (after.kind == rows::Kind::kSchedule) {
        CO_CHECK_OK(co_await rows::plan_schedule(context.db(), id, rows::Fires::kNo, context.deadline));
    }
    tell_changed(context, id);
    co_return co_await shown(context, std::move(after));
}

rt::Task<Result<Json>> Triggers::rotate(Context& context, Json input) {
    const auto id = id_in<TriggerId>(input);
    context.object = id.uuid();
    const std::string what = text_in(input, "what");
    context.audit_detail["what"] = what;
    CO_TRY(auto trigger, co_await rows::find(context.db(), id, context.deadline));
    if (!trigger.sealed_token) co_return fail(Error::conflict("Such a trigger has no address and no secret"));
    if (trigger.kind == rows::Kind::kForm && what != "token")
        co_return fail(Error::conflict("A form has no secret"));
    if (what == "token" && !path_of(trigger).empty())
        co_return fail(Error::conflict("The trigger's address is its path; change config.path instead"));
    tell_changed(context, id);
    auto given = maybe_text_in(input, "secret");
    if (given && what == "token") co_return fail(Error::invalid("An address is made, not given", "secret"));
    if (given) {
        CO_TRY(const auto webhook, trigger::parse_webhook(trigger.config));
        CO_CHECK_OK(check_given(webhook.signature, *given));
    }
    if (what == "token") co_return co_await rotate_token(context, id);
    std::optional<Secret> secret;
    if (given) secret = Secret(*std::move(given));
    co_return co_await rotate_secret(context, id, std::move(secret));
}

std::string_view Triggers::path_of(const rows::Trigger& trigger) {
    return text_or(trigger.config.get_object(), "path");
}

rt::Task<Result<rows::Trigger>> Triggers::put_token(Context& context, rows::Trigger of, Secret token) {
    CO_TRY(auto key, co_await env_.keys.by_id(context.tenant(), *of.key_id, context.deadline));
    rows::NewToken fresh{
        .id = of.id,
        .token_hash = crypto::sha256(token.reveal()),
        .sealed_token = rows::seal_token(*key, context.tenant(), of.id, token),
    };
    co_return co_await rows::replace_token(context.db(), std::move(fresh), context.deadline);
}

rt::Task<Result<Json>> Triggers::rotate_token(Context& context, TriggerId id) {
    CO_TRY(auto before, co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(auto after, co_await put_token(context, std::move(before), token_of("")));
    co_return co_await shown(context, std::move(after));
}

rt::Task<Result<Json>> Triggers::rotate_secret(Context& context, TriggerId id, std::optional<Secret> given) {
    CO_TRY(auto before, co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(auto sealed, co_await rows::sealed_secret(context.db(), id, context.deadline));
    if (!sealed) co_return fail(Error::conflict("The trigger has no secret: its signature scheme is none"));
    CO_TRY(auto key, co_await env_.keys.by_id(context.tenant(), *before.key_id, context.deadline));
    CO_TRY(auto old, rows::open_secrets(*key, context.tenant(), id, *sealed));
    const rows::Secrets secrets{
        .current = given ? *given : make_secret(),
        .previous = std::move(old.current),
        .previous_until = env_.clock.now() + kOldSecretHolds,
    };
    std::string fresh = rows::seal_secrets(*key, context.tenant(), id, secrets);
    CO_TRY(auto after, co_await rows::replace_secret(context.db(), id, std::move(fresh), context.deadline));
    CO_TRY(Json out, co_await shown(context, std::move(after)));
    if (!given) out.get_object()["secret"] = secrets.current.reveal();
    out.get_object()["previous_secret_until"] = time_json(*secrets.previous_until);
    co_return out;
}

}  // namespace weft::control
