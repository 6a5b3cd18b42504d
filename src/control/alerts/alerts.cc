#include "control/alerts/alerts.h"

#include "base/bytes.h"
#include "control/api/family.h"
#include "core/alert/alert.h"
#include "core/runstate/policy.h"
#include "platform/crypto/crypto.h"
#include "store/alerts/alerts.h"
#include "store/vault/seal.h"

namespace weft::control {

namespace rows = store::alerts;
using tenancy::Permission;

namespace {

constexpr std::size_t kSecretBytes = 32;
constexpr Millis kGroupMax{86'400'000};

constexpr std::string_view kAlert = R"(
    id id
    name text = Failures of orders
    workflow_id id?
    states [text] = ["failed"]
    failure_kinds [text]?
    channel webhook|slack|email = slack
    target text = hooks.slack.com
    group_for text = 1m
    quiet json? = {"from": "22:00", "to": "07:00", "zone": "Europe/Madrid", "days": ["mon"], "then": "hold"}
    state active|failing|disabled = active
    problem text? = null
    failing_since time? = null
    next_at time?
    waiting int = 0
    attempts int = 0
    sent_at time?
    sent int = 12
    told int = 40
    lost int = 0
    silenced int = 0
    is_testing bool = false
    tested_at time? = null
    test_problem text? = null
    previous_secret_until time? = null
    created_at time
    updated_at time
    secret* text = whsec_...)";

/// What a new one and a change have in common.
constexpr std::string_view kMembers = R"(
        "name": {"$ref": "#/definitions/name"},
        "workflow_id": {"anyOf": [{"$ref": "#/definitions/id"}, {"type": "null"}]},
        "states": {"type": "array", "minItems": 1, "maxItems": 3, "uniqueItems": true,
            "items": {"type": "string", "enum": ["failed", "success", "canceled"]}, "examples": [["failed"]]},
        "failure_kinds": {"type": ["array", "null"], "minItems": 1, "maxItems": 4, "uniqueItems": true,
            "items": {"type": "string", "enum": ["workflow", "provider", "limit", "platform"]},
            "examples": [["provider"]]},
        "url": {"type": "string", "maxLength": 2048,
            "description": "Of webhook and slack. It is sealed; only its host is shown",
            "examples": ["https://hooks.example.com/services/T0/B0/x"]},
        "to": {"type": "array", "minItems": 1, "maxItems": 20, "items": {"type": "string", "maxLength": 254},
            "description": "Addresses of e-mail", "examples": [["ops@example.com"]]},
        "group_for": {"type": "string", "maxLength": 20, "examples": ["1m"],
            "description": "What comes within goes as one message, and there is at most one in that time"},
        "quiet": {"type": ["object", "null"],
            "description": "from and to (HH:MM), zone, days, and then: hold or drop",
            "examples": [{"from": "22:00", "to": "07:00", "zone": "Europe/Madrid"}]})";

const std::string kNew = R"({
    "required": ["name", "channel"],
    "properties": {
        "channel": {"type": "string", "enum": ["webhook", "slack", "email"], "examples": ["slack"]},)" +
                         std::string(kMembers) + "}}";
const std::string kChange = R"({"properties": {)" + std::string(kMembers) + "}}";
constexpr std::string_view kList = R"({"properties": {"workflow_id": {"$ref": "#/definitions/id"}}})";

Json words_json(const std::vector<std::string>& words) {
    JsonArray out;
    for (const std::string& word : words) out.emplace_back(word);
    return out;
}

Json text_json(const std::optional<std::string>& text) {
    return text ? Json(*text) : Json(nullptr);
}

Json alert_json(const rows::Rule& rule) {
    return JsonObject{
        {"id", rule.id.text()},
        {"name", rule.name},
        {"workflow_id", id_json(rule.workflow)},
        {"states", words_json(rule.states)},
        {"failure_kinds", rule.failure_kinds ? words_json(*rule.failure_kinds) : Json(nullptr)},
        {"channel", name(rule.channel)},
        {"target", rule.target},
        {"group_for", runstate::duration_text(rule.group)},
        {"quiet", rule.quiet.value_or(Json(nullptr))},
        {"state", name(rows::health_of(rule))},
        {"problem", text_json(rule.problem)},
        {"failing_since", time_json(rule.failing_since)},
        {"next_at", time_json(rule.due_at)},
        {"waiting", rule.pending + rule.message_ends},
        {"attempts", rule.attempts},
        {"sent_at", time_json(rule.sent_at)},
        {"sent", rule.sent},
        {"told", rule.told},
        {"lost", rule.lost},
        {"silenced", rule.silenced},
        {"is_testing", rule.test_at.has_value()},
        {"tested_at", time_json(rule.tested_at)},
        {"test_problem", text_json(rule.test_problem)},
        {"previous_secret_until", time_json(rule.previous_until)},
        {"created_at", time_json(rule.created_at)},
        {"updated_at", time_json(rule.updated_at)},
    };
}

std::vector<std::string> words_in(const Json& list) {
    std::vector<std::string> out;
    for (const Json& word : list.get_array()) out.emplace_back(word.get_string());
    return out;
}

/// What the input names, over what there is.
Result<rows::Settings> settings_in(const Json& input, rows::Settings out) {
    out.name = text_in(input, "name", out.name);
    const auto& given = input.get_object();
    if (const Json* value = given.if_contains("workflow_id"))
        out.workflow =
            value->is_null() ? std::nullopt : std::optional(id_in<WorkflowId>(input, "workflow_id"));
    if (const Json* value = given.if_contains("states")) out.states = words_in(*value);
    if (const Json* value = given.if_contains("failure_kinds"))
        out.failure_kinds = value->is_null() ? std::nullopt : std::optional(words_in(*value));
    if (const auto text = maybe_text_in(input, "group_for")) {
        TRY(out.group, runstate::parse_duration(*text, "group_for"));
        if (out.group > kGroupMax) return fail(Error::invalid("group_for is at most 1d", "group_for"));
    }
    if (const Json* value = given.if_contains("quiet")) {
        out.quiet = std::nullopt;
        if (!value->is_null()) {
            TRY(const alert::Quiet quiet, alert::parse_quiet(*value));
            out.quiet = to_json(quiet);
        }
    }
    return out;
}

/// Whom the input names; nothing when it names nobody.
Result<std::optional<alert::Target>> target_in(const Json& input, alert::Channel channel) {
    const bool is_mail = channel == alert::Channel::kEmail;
    const std::string_view unwanted = is_mail ? "url" : "to";
    if (member_in(input, unwanted) != nullptr)
        return fail(Error::invalid(
            is_mail ? "E-mail goes to addresses: give them in to" : "This channel goes to a url",
            std::string(unwanted)
        ));
    std::optional<alert::Target> out;
    const Json* value = member_in(input, is_mail ? "to" : "url");
    if (value == nullptr) return out;
    if (is_mail) {
        TRY(out, alert::parse_addresses(words_in(*value)));
    } else {
        TRY(out, alert::parse_url(std::string_view(value->get_string())));
    }
    return out;
}

Secret make_secret(Rng& rng) {
    return Secret("whsec_" + base64(crypto::random_bytes(rng, kSecretBytes).reveal()));
}

rt::Task<Result<std::string>> seal(Context& context, AlertRuleId rule, rows::Field field, Secret plain) {
    CO_TRY(auto key, co_await store::vault::find_public_key(context.db(), context.deadline));
    co_return crypto::seal_to(key, plain.reveal(), rows::owner_of(context.tenant(), rule, field));
}

}  // namespace

rt::Task<Result<Json>> Alerts::list(Context& context, Json input) {
    std::optional<WorkflowId> workflow;
    if (member_in(input, "workflow_id") != nullptr) workflow = id_in<WorkflowId>(input, "workflow_id");
    CO_TRY(auto page, page_in(input));
    CO_TRY(auto found, co_await rows::list(context.db(), workflow, page, context.deadline));
    co_return page_json(found, alert_json);
}

rt::Task<Result<Json>> Alerts::create(Context& context, Json input) {
    const auto channel = *alert::channel_from(text_in(input, "channel"));
    if (channel == alert::Channel::kEmail && !options_.has_mail)
        co_return fail(Error::invalid(
            "This server does not send e-mail: its operator has to name a mail server with --smtp-url",
            "channel"
        ));
    CO_TRY(auto target, target_in(input, channel));
    if (!target) {
        const bool is_mail = channel == alert::Channel::kEmail;
        co_return fail(Error::invalid("Whom to tell is missing", is_mail ? "to" : "url"));
    }
    CO_TRY(auto settings, settings_in(input, {.states = {"failed"}}));
    const auto id = AlertRuleId::make(env_.clock.now(), env_.rng);
    context.object = id.uuid();
    rows::NewRule rule{
        .id = id, .settings = std::move(settings), .channel = channel, .target = std::move(target->shown)
    };
    Secret sealing(std::move(target->sealed));
    CO_TRY(rule.sealed_target, co_await seal(context, id, rows::Field::kTarget, std::move(sealing)));
    std::optional<Secret> secret;
    if (channel == alert::Channel::kWebhook) {
        secret = make_secret(env_.rng);
        CO_TRY(rule.sealed_secret, co_await seal(context, id, rows::Field::kSecret, *secret));
    }
    CO_TRY(auto made, co_await rows::add(context.db(), std::move(rule), context.deadline));
    Json out = alert_json(made);
    if (secret) out.get_object()["secret"] = secret->reveal();
    co_return out;
}

rt::Task<Result<Json>> Alerts::change(Context& context, Json input) {
    const auto id = id_in<AlertRuleId>(input);
    context.object = id.uuid();
    CO_TRY(auto rule, co_await rows::find(context.db(), id, context.deadline));
    CO_TRY(auto target, target_in(input, rule.channel));
    rows::Settings before{
        .name = std::move(rule.name),
        .workflow = rule.workflow,
        .states = std::move(rule.states),
        .failure_kinds = std::move(rule.failure_kinds),
        .group = rule.group,
        .quiet = std::move(rule.quiet),
    };
    CO_TRY(auto settings, settings_in(input, std::move(before)));
    std::optional<rows::NewTarget> fresh;
    if (target) {
        fresh.emplace();
        fresh->shown = std::move(target->shown);
        Secret sealing(std::move(target->sealed));
        CO_TRY(fresh->sealed, co_await seal(context, id, rows::Field::kTarget, std::move(sealing)));
        context.audit_detail["target"] = fresh->shown;
    }
    CO_TRY(
        auto after,
        co_await rows::change(context.db(), id, std::move(settings), std::move(fresh), context.deadline)
    );
    co_return alert_json(after);
}

rt::Task<Result<Json>> Alerts::rotate_secret(Context& context, Json input) {
    const auto id = id_in<AlertRuleId>(input);
    context.object = id.uuid();
    CO_TRY(auto rule, co_await rows::find(context.db(), id, context.deadline));
    if (rule.channel != alert::Channel::kWebhook)
        co_return fail(Error::conflict("Only webhooks are signed; this alert has no secret"));
    const Secret secret = make_secret(env_.rng);
    CO_TRY(std::string sealed, co_await seal(context, id, rows::Field::kSecret, secret));
    CO_TRY(auto after, co_await rows::rotate_secret(context.db(), id, std::move(sealed), context.deadline));
    Json out = alert_json(after);
    out.get_object()["secret"] = secret.reveal();
    co_return out;
}

void Alerts::add_operations(Table& table) {
    const Access read = may(Permission::kAlertRead);
    const Access edit = may(Permission::kAlertEdit);
    const std::string_view answer = "alert";
    table.define(answer, kAlert);
    table.add(lists(
        {"alerts.list",
         "/alerts",
         "Alerts, newest first; of one workflow also those of all",
         read,
         answer,
         kList},
        bind(this, &Alerts::list)
    ));
    Operation create = creates(
        {"alerts.create",
         "/alerts",
         "Tell somebody when runs end; a webhook's secret is shown once",
         edit,
         answer,
         kNew},
        bind(this, &Alerts::create)
    );
    create.shown_once = "secret";
    table.add(std::move(create));
    table.add(shows({"alerts.get", "/alerts/{id}", "One alert", read, answer}, by_id(rows::find, alert_json))
    );
    table.add(changes(
        {"alerts.change",
         "/alerts/{id}",
         "Change an alert; what waits goes by the new settings",
         edit,
         answer,
         kChange},
        bind(this, &Alerts::change)
    ));
    table.add(deletes(
        {"alerts.delete", "/alerts/{id}", "Delete an alert, with what it has not told", edit, answer},
        drop_by_id(rows::drop)
    ));
    table.add(commands(
        {"alerts.enable", "/alerts/{id}/enable", "Tell of ends from now on", edit, answer},
        by_id(rows::enable, alert_json)
    ));
    table.add(commands(
        {"alerts.disable", "/alerts/{id}/disable", "Tell nothing; what waits is forgotten", edit, answer},
        by_id(rows::disable, alert_json)
    ));
    table.add(commands(
        {"alerts.test",
         "/alerts/{id}/test",
         "Send a test message; the alert shows what came of it",
         edit,
         answer},
        by_id(rows::ask_test, alert_json)
    ));
    Operation rotate = commands(
        {"alerts.rotate_secret",
         "/alerts/{id}/secret",
         "A new secret for a webhook, shown once; the old one also signs for 24 h",
         edit,
         answer},
        bind(this, &Alerts::rotate_secret)
    );
    rotate.shown_once = "secret";
    table.add(std::move(rotate));
}

}  // namespace weft::control
