#include "core/import/detail/work.h"
#include "core/trigger/schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

/// Nodes that start a workflow: a trigger to create, and a step that gives what n8n's node gives.
namespace weft::importer {

namespace {

/// The step of a trigger among several is carried out when that one started the run.
void gives_of_trigger(Work& work, std::string_view kind, const std::string& items) {
    work.gives(items);
    if (work.flow.has_many_triggers) {
        std::string condition = fmt::format("trigger.kind === {}", js_text(kind));
        const bool has_name = kind != "manual" && kind != "workflow" && kind != "failure";
        if (has_name) condition += fmt::format(" && trigger.name === {}", js_text(work.node.name));
        work.node.steps.back().get_object()["if"] = braces(condition);
        if (has_name)
            work.adapt("its step runs when a trigger of this name began the run: rename both or none");
        work.node.starts_when = std::move(condition);
    }
}

struct Range {
    std::int64_t least;
    std::int64_t most;
};

/// Problems of what we make of it are said here, not when the trigger is saved.
void check_schedule(Work& work, const JsonObject& config) {
    const auto schedule = trigger::parse_schedule(config, "");
    if (!schedule)
        work.hand(fmt::format(
            "the schedule {}: {}", text_or(config, "cron", text_or(config, "every")), schedule.error().user
        ));
}

/// A setting of a schedule; by hand when it is an expression or beyond what n8n offers.
std::int64_t number_of(
    Work& work, const JsonObject& row, std::string_view name, std::int64_t usual, Range range
) {
    const Json* given = row.if_contains(name);
    if (given == nullptr) return usual;
    const auto number = given->if_int64();
    if (number && *number >= range.least && *number <= range.most) return *number;
    work.hand(fmt::format("{} is no number from {} to {}", name, range.least, range.most));
    return usual;
}

/// Every so many minutes or hours as cron, which n8n makes of it, too; longer than the hour or the day has,
/// cron cannot say it.
JsonObject every_minutes(Work& work, std::int64_t n) {
    if (n >= 60) {
        work.adapt(fmt::format("every {} minutes goes on by day and night", n));
        return {{"every", fmt::format("{} minutes", n)}};
    }
    if (60 % n != 0) work.adapt(fmt::format("every {} minutes is counted from the full hour", n));
    return {{"cron", n == 1 ? "* * * * *" : fmt::format("*/{} * * * *", n)}};
}

JsonObject every_hours(Work& work, std::int64_t n, std::int64_t minute) {
    if (n >= 24) {
        if (minute != 0) work.hand(fmt::format("every {} hours at minute {}", n, minute));
        work.adapt(fmt::format("every {} hours goes on by day and night", n));
        return {{"every", fmt::format("{} hours", n)}};
    }
    if (n > 1)
        work.adapt(fmt::format("every {} hours is counted from midnight, in n8n from its first run", n));
    return {{"cron", fmt::format("{} {} * * *", minute, n == 1 ? "*" : fmt::format("*/{}", n))}};
}

void add_trigger(Work& work, std::string kind, std::string name, JsonObject config) {
    work.flow.triggers.push_back({std::move(kind), std::move(name), std::move(config)});
}

std::string two(std::int64_t number) {
    return fmt::format("{:02}", number);
}

struct Clock {
    std::int64_t hour;
    std::int64_t minute;
    std::string text() const { return fmt::format("{}:{}", hour, two(minute)); }
};

Clock clock_of(Work& work, const JsonObject& interval) {
    return {
        number_of(work, interval, "triggerAtHour", 0, {0, 23}),
        number_of(work, interval, "triggerAtMinute", 0, {0, 59})
    };
}

std::string weekday_list(const JsonObject& interval) {
    static constexpr std::string_view kDays[] = {
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"
    };
    std::string out;
    const Json* days = interval.if_contains("triggerAtDay");
    JsonArray usual{Json(0)};
    for (const Json& day : days != nullptr && days->is_array() ? days->get_array() : usual) {
        const auto number = day.if_int64();
        if (number && *number >= 0 && *number <= 7)
            out += fmt::format("{}{}", out.empty() ? "" : " and ", kDays[*number % 7]);
    }
    return out.empty() ? "Sunday" : out;
}

/// One interval of a Schedule Trigger as our `config`.
JsonObject schedule_of(Work& work, const JsonObject& interval) {
    const std::string_view field = text_or(interval, "field", "days");
    const auto count = [&](std::string_view name, std::int64_t usual) {
        return number_of(work, interval, name, usual, {1, 1000});
    };
    const Clock at = clock_of(work, interval);
    JsonObject out;
    if (field == "cronExpression") {
        out["cron"] = std::string(text_or(interval, "expression"));
    } else if (field == "seconds") {
        out["every"] = fmt::format("{} seconds", count("secondsInterval", 30));
    } else if (field == "minutes") {
        out = every_minutes(work, count("minutesInterval", 5));
    } else if (field == "hours") {
        out = every_hours(work, count("hoursInterval", 1), at.minute);
    } else if (field == "days") {
        const std::int64_t n = count("daysInterval", 1);
        if (n > 1)
            work.adapt(fmt::format("every {} days is counted by the calendar, in n8n from its first run", n));
        out["every"] =
            n == 1 ? fmt::format("day at {}", at.text()) : fmt::format("{} days at {}", n, at.text());
    } else if (field == "weeks") {
        const std::int64_t n = count("weeksInterval", 1);
        if (n > 1)
            work.adapt(fmt::format("every {} weeks is counted by the calendar, in n8n from its first run", n)
            );
        out["every"] = fmt::format(
            "{} on {} at {}", n == 1 ? "week" : fmt::format("{} weeks", n), weekday_list(interval), at.text()
        );
    } else if (field == "months") {
        const std::int64_t n = count("monthsInterval", 1);
        const std::int64_t day = number_of(work, interval, "triggerAtDayOfMonth", 1, {1, 31});
        if (n > 1)
            work.adapt(fmt::format("every {} months is counted by the calendar, in n8n from its first run", n)
            );
        const std::string_view end = day % 10 == 1 && day != 11   ? "st"
                                     : day % 10 == 2 && day != 12 ? "nd"
                                     : day % 10 == 3 && day != 13 ? "rd"
                                                                  : "th";
        out["every"] = fmt::format(
            "{} on the {}{} at {}", n == 1 ? "month" : fmt::format("{} months", n), day, end, at.text()
        );
    } else {
        work.hand(fmt::format("the interval {}", field));
    }
    out["zone"] = work.flow.zone;
    out["catch_up"] = "skip";
    return out;
}

std::string zone_argument(const Work& work) {
    return work.flow.zone == "UTC" ? "" : ", " + js_text(work.flow.zone);
}

void add_schedules(Work& work, std::vector<JsonObject> configs) {
    std::size_t number = 0;
    for (JsonObject& config : configs) {
        // A run asks for the name.
        if (++number > 1 && work.flow.has_many_triggers)
            work.hand("several intervals beside other triggers: make a workflow of its own");
        check_schedule(work, config);
        add_trigger(
            work,
            "schedule",
            number == 1 ? work.node.name : fmt::format("{} {}", work.node.name, number),
            std::move(config)
        );
    }
    gives_of_trigger(work, "schedule", fmt::format("n8n.schedule(trigger{})", zone_argument(work)));
}

/// A field of n8n's form as a property of `inputs`; nothing for what is no entry.
std::optional<Json> property_of(Work& work, const JsonObject& field) {
    const std::string_view type = text_or(field, "fieldType", "text");
    const Json* several = field.if_contains("multiselect");
    JsonArray choices;
    const Json* options = field.if_contains("fieldOptions");
    const Json* values =
        options != nullptr && options->is_object() ? options->get_object().if_contains("values") : nullptr;
    for (const Json& row : values != nullptr && values->is_array() ? values->get_array() : JsonArray())
        if (row.is_object()) choices.emplace_back(std::string(text_or(row.get_object(), "option")));
    if (type == "html") return std::nullopt;
    if (type == "file" || type == "hiddenField")
        work.hand(fmt::format("a form's entry of the kind {}", type));
    if (type == "date" && !text_or(field, "formatDate").empty())
        work.hand("a form's date in a format of its own");
    JsonObject out;
    if (type == "checkbox" || (several != nullptr && *several == Json(true))) {
        out["type"] = "array";
        out["items"] = JsonObject{{"enum", std::move(choices)}};
    } else if (type == "dropdown" || type == "radio") {
        out["enum"] = std::move(choices);
    } else {
        out["type"] = type == "number" ? "number" : "string";
        if (type == "email" || type == "date" || type == "textarea") out["format"] = std::string(type);
    }
    out["title"] = std::string(text_or(field, "fieldLabel"));
    if (const std::string_view sample = text_or(field, "placeholder"); !sample.empty())
        out["examples"] = JsonArray{Json(sample)};
    return out;
}

}  // namespace

/// Its entries become the workflow's `inputs`.
void map_form(Work& work) {
    if (work.flow.has_many_triggers)
        return work.hand("a form beside other triggers: make a workflow of its own");
    JsonObject properties;
    JsonArray required;
    std::string names;
    for (const JsonObject* field : work.rows("formFields.values")) {
        const std::string_view label = text_or(*field, "fieldLabel", text_or(*field, "fieldName"));
        const std::string_view name = work.node.version >= 2.4 ? text_or(*field, "fieldName", label) : label;
        std::optional<Json> property = property_of(work, *field);
        if (!property) continue;
        const Json* is_required = field->if_contains("requiredField");
        if (is_required != nullptr && *is_required == Json(true)) required.emplace_back(name);
        if (!properties.emplace(name, std::move(*property)).second) work.hand("two entries of one name");
        names += (names.empty() ? "" : ", ") + js_text(name);
    }
    if (work.text("responseMode", "onReceived") != "onReceived")
        work.hand("a form that answers with what the run gives");
    if (work.text("authentication", "none") != "none") work.hand("a form behind a password");
    JsonObject config;
    const auto take = [&](std::string_view member, std::string_view path) {
        if (const std::string_view text = work.text(path); !text.empty()) config[member] = std::string(text);
    };
    take("title", "formTitle");
    take("description", "formDescription");
    take("button", "options.buttonLabel");
    take("thanks", "options.respondWithOptions.values.formSubmittedText");
    take("redirect", "options.respondWithOptions.values.redirectUrl");
    config["zone"] = work.flow.zone;
    work.flow.inputs = JsonObject{{"type", "object"}, {"properties", std::move(properties)}};
    if (!required.empty()) work.flow.inputs.get_object()["required"] = std::move(required);
    work.adapt("the form has a new address and looks otherwise; what is left empty is null");
    add_trigger(work, "form", work.node.name, std::move(config));
    work.gives(fmt::format("n8n.form(trigger, input, [{}]{})", names, zone_argument(work)));
}

void map_manual_trigger(Work& work) {
    gives_of_trigger(work, "manual", "[{ json: {} }]");
}

/// A webhook of n8n takes one method, or those that are chosen.
JsonArray methods_of(Work& work) {
    const Json* given = work.param("httpMethod");
    if (given != nullptr && given->is_array()) return given->get_array();
    return JsonArray{Json(work.text("httpMethod", "GET"))};
}

void map_webhook(Work& work) {
    JsonArray methods = methods_of(work);
    if (work.flag("options.rawBody") || work.flag("options.binaryData"))
        work.hand("bodies as files (raw body)");
    JsonObject signature;
    const std::string_view authentication = work.text("authentication", "none");
    signature["scheme"] = authentication == "basicAuth"    ? "basic"
                          : authentication == "headerAuth" ? "token"
                                                           : "none";
    if (authentication == "headerAuth") signature["signature_header"] = "Authorization";
    if (authentication == "jwtAuth") work.hand("deliveries that prove themselves by a JWT");
    if (authentication != "none")
        work.adapt(
            "credentials are not in the file: the trigger makes a secret of its own; give it to the senders"
        );
    const std::string_view mode = work.text("responseMode", "onReceived");
    const bool is_sync = mode == "responseNode" || mode == "lastNode";
    if (mode == "onReceived") work.adapt("the sender gets 202 and the run's id at once");
    if (mode == "lastNode")
        work.adapt("the sender gets what the run gives at its end: add core/respond to say what");
    if (mode != "onReceived" && !is_sync) work.hand(fmt::format("the answer {}", mode));
    work.adapt(
        "senders need the trigger's new address; names of headers are in lower case, those with credentials "
        "are left out"
    );
    add_trigger(
        work,
        "webhook",
        work.node.name,
        JsonObject{
            {"mode", is_sync ? "sync" : "async"},
            {"signature", std::move(signature)},
            {"methods", std::move(methods)}
        }
    );
    gives_of_trigger(work, "webhook", "n8n.webhook(trigger, input)");
}

void map_schedule(Work& work) {
    std::vector<JsonObject> configs;
    for (const JsonObject* interval : work.rows("rule.interval"))
        configs.push_back(schedule_of(work, *interval));
    if (configs.empty()) configs.push_back(schedule_of(work, JsonObject()));
    work.adapt("it fires at the full minute, in n8n at a second of its choice");
    add_schedules(work, std::move(configs));
}

void map_cron(Work& work) {
    std::vector<JsonObject> configs;
    for (const JsonObject* row : work.rows("triggerTimes.item")) {
        const std::string_view mode = text_or(*row, "mode", "everyDay");
        const std::int64_t hour = number_of(work, *row, "hour", 14, {0, 23});
        const std::int64_t minute = number_of(work, *row, "minute", 0, {0, 59});
        const std::int64_t every = number_of(work, *row, "value", 2, {1, 1000});
        JsonObject config;
        std::string cron;
        if (mode == "everyMinute") cron = "* * * * *";
        if (mode == "everyHour") cron = fmt::format("{} * * * *", minute);
        if (mode == "everyDay") cron = fmt::format("{} {} * * *", minute, hour);
        if (mode == "everyWeek")
            cron = fmt::format("{} {} * * {}", minute, hour, text_or(*row, "weekday", "1"));
        if (mode == "everyMonth")
            cron = fmt::format("{} {} {} * *", minute, hour, int_or(*row, "dayOfMonth", 1));
        if (mode == "everyX" && text_or(*row, "unit", "hours") == "minutes")
            config = every_minutes(work, every);
        if (mode == "everyX" && text_or(*row, "unit", "hours") == "hours")
            config = every_hours(work, every, 0);
        if (mode == "custom") cron = std::string(text_or(*row, "cronExpression"));
        if (config.empty() && cron.empty()) work.hand(fmt::format("the mode {}", mode));
        if (config.empty()) config["cron"] = std::move(cron);
        config["zone"] = work.flow.zone;
        config["catch_up"] = "skip";
        configs.push_back(std::move(config));
    }
    if (configs.empty()) work.hand("no time is given");
    work.adapt("it fires at the full minute, in n8n at a second of its choice");
    add_schedules(work, std::move(configs));
}

namespace {

/// How often, as our `every`; by hand what is a time of day.
std::string poll_every(Work& work) {
    const auto rows = work.rows("pollTimes.item");
    if (rows.size() > 1) work.hand("several poll times");
    if (rows.empty()) return "1m";
    const JsonObject& row = *rows.front();
    const std::string_view mode = text_or(row, "mode", "everyMinute");
    if (mode == "everyMinute") return "1m";
    if (mode == "everyHour") return "1h";
    if (mode == "everyX") {
        const bool is_minutes = text_or(row, "unit", "hours") == "minutes";
        const std::int64_t most = is_minutes ? 10'000 : 168;
        return fmt::format("{}{}", number_of(work, row, "value", 2, {1, most}), is_minutes ? "m" : "h");
    }
    if (mode != "everyDay" && mode != "everyWeek") work.hand(fmt::format("the poll time {}", mode));
    work.adapt("it is asked once in a day or a week, not at a time of day");
    return mode == "everyWeek" ? "7d" : "1d";
}

}  // namespace

/// n8n runs once for all new entries.
void map_feed(Work& work) {
    const std::string_view url = work.text("feedUrl");
    if (url.empty() || url.starts_with("=")) work.hand("the feed's address is an expression, or missing");
    JsonObject config{{"url", url}, {"every", poll_every(work)}, {"batch", true}};
    work.adapt(
        "entries are new by their id, in n8n by their date; pubDate is a time like isoDate; other members "
        "than "
        "creator, title, link, pubDate, isoDate, content, contentSnippet, guid, id, summary, categories are "
        "left out"
    );
    add_trigger(work, "feed", work.node.name, std::move(config));
    gives_of_trigger(work, "feed", "n8n.feed(input)");
}

/// Of a workflow that another one calls: its input is the items' json.
void map_called(Work& work) {
    work.adapt("the input is an object, or a list of them: the json of the items");
    gives_of_trigger(work, "workflow", "[input ?? {}].flat().map((json) => ({ json }))");
}

/// In n8n others name it in their settings, here as well: no trigger is made.
void map_error_trigger(Work& work) {
    work.adapt(
        "name this workflow in `on-failure` of those that it looks after; there is no stack of the error"
    );
    gives_of_trigger(
        work,
        "failure",
        "[{ json: { execution: { id: input.run.id, url: input.run.url, mode: \"trigger\", lastNodeExecuted: "
        "input.error.step, error: { message: input.error.message, name: input.error.kind } }, workflow: { "
        "id: "
        "input.run.workflow, name: input.run.workflow } } }]"
    );
}

}  // namespace weft::importer
