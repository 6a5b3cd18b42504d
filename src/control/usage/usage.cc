#include "control/usage/usage.h"

#include "control/api/family.h"
#include "core/calendar/calendar.h"
#include "store/usage/usage.h"

#include <fmt/format.h>

namespace weft::control {

namespace rows = store::usage;
using tenancy::Permission;

namespace {

constexpr std::chrono::days kDaysMax{400};  // as long as they are kept, and more than a year
constexpr std::chrono::days kDaysDefault{30};

constexpr std::string_view kUsage = R"(
    day text? = 2026-12-01
    workflow_id id?
    workflow_key text? = orders
    workflow_name text? = Orders
    runs int = 1200
    steps int = 4800
    cpu_us int = 950000
    memory_byte_seconds int = 7200000000
    bytes_in int = 4500000
    bytes_out int = 900000
    calls int = 2400)";

constexpr std::string_view kList = R"({"properties": {
    "from": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "examples": ["2026-12-01"],
        "description": "A day (UTC); runs count for the day of their end. By default 29 days before `to`"},
    "to": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "examples": ["2026-12-31"],
        "description": "A day, included; by default today. At most 400 days after `from`"},
    "workflow_id": {"$ref": "#/definitions/id"},
    "by": {"type": "string", "enum": ["day_and_workflow", "day", "workflow", "all"],
        "default": "day_and_workflow", "description": "What each item is the sum of"}
    }})";

std::string day_text(std::chrono::sys_days day) {
    const std::chrono::year_month_day date(day);
    return fmt::format("{:04}-{:02}-{:02}", int(date.year()), unsigned(date.month()), unsigned(date.day()));
}

Result<std::chrono::sys_days> day_in(std::string_view text, std::string_view field) {
    const auto date = calendar::take_date(text);
    if (!date || !text.empty())
        return fail(Error::invalid(fmt::format("{} must be a day like 2026-12-01", field), std::string(field))
        );
    return std::chrono::sys_days(*date);
}

Result<void> read_days(const Json& input, Instant now, rows::Filter& to) {
    auto last = std::chrono::floor<std::chrono::days>(now);
    if (const auto text = maybe_text_in(input, "to")) {
        TRY(last, day_in(*text, "to"));
    }
    auto first = last - kDaysDefault + std::chrono::days(1);
    if (const auto text = maybe_text_in(input, "from")) {
        TRY(first, day_in(*text, "from"));
    }
    if (first > last) return fail(Error::invalid("from must not be after to", "from"));
    if (last - first >= kDaysMax)
        return fail(Error::invalid("from may be at most 400 days before to", "from"));
    to.from = day_text(first);
    to.to = day_text(last);
    return {};
}

/// Where the next page goes on: "2026-12-01", "<workflow>" or both with a space between.
std::string place_of(const rows::Usage& usage) {
    std::string out = usage.day.value_or("");
    if (!usage.workflow) return out;
    return out + (out.empty() ? "" : " ") + usage.workflow->text();
}

Result<void> read_place(std::string_view text, rows::Filter& to) {
    const Error wrong =
        Error::invalid("after must be the `next` of an earlier page with the same `by`", "after");
    if (to.is_by_day) {
        const auto day = text.substr(0, std::min(text.find(' '), text.size()));
        if (!day_in(day, "after")) return fail(wrong);
        to.after_day = std::string(day);
        text.remove_prefix(std::min(day.size() + 1, text.size()));
    }
    if (to.is_by_workflow) {
        const auto workflow = WorkflowId::parse(text);
        if (!workflow) return fail(wrong);
        to.after_workflow = *workflow;
        text = {};
    }
    if (!text.empty()) return fail(wrong);
    return {};
}

Json usage_json(const rows::Usage& usage) {
    return JsonObject{
        {"day", usage.day ? Json(*usage.day) : Json(nullptr)},
        {"workflow_id", id_json(usage.workflow)},
        {"workflow_key", usage.workflow_key.empty() ? Json(nullptr) : Json(usage.workflow_key)},
        {"workflow_name", usage.workflow_name.empty() ? Json(nullptr) : Json(usage.workflow_name)},
        {"runs", usage.runs},
        {"steps", usage.used.steps},
        {"cpu_us", usage.used.cpu_us},
        {"memory_byte_seconds", usage.used.memory_byte_seconds},
        {"bytes_in", usage.used.bytes_in},
        {"bytes_out", usage.used.bytes_out},
        {"calls", usage.used.calls},
    };
}

}  // namespace

rt::Task<Result<Json>> Usage::list(Context& context, Json input) {
    const std::string by = text_in(input, "by", "day_and_workflow");
    const int limit = maybe_int_in(input, "limit").value_or(limits::kPageSizeDefault);
    rows::Filter filter{
        .is_by_day = by.starts_with("day"),
        .is_by_workflow = by.ends_with("workflow"),
        .limit = limit + 1,
    };
    CO_CHECK_OK(read_days(input, env_.clock.now(), filter));
    if (member_in(input, "workflow_id") != nullptr) filter.workflow = id_in<WorkflowId>(input, "workflow_id");
    if (const auto after = maybe_text_in(input, "after")) CO_CHECK_OK(read_place(*after, filter));
    CO_TRY(auto found, co_await rows::list(context.db(), std::move(filter), context.deadline));
    JsonObject out{{"items", JsonArray()}, {"next", nullptr}};
    if (std::cmp_greater(found.size(), limit)) {
        found.pop_back();
        out["next"] = place_of(found.back());
    }
    for (const rows::Usage& usage : found) out["items"].get_array().push_back(usage_json(usage));
    co_return Json(std::move(out));
}

void Usage::add_operations(Table& table) {
    table.define("usage", kUsage);
    table.add(lists(
        {"usage.list",
         "/usage",
         "What runs have cost, by the day of their end and by workflow; the newest day first",
         may(Permission::kRunRead),
         "usage",
         kList},
        bind(this, &Usage::list)
    ));
}

}  // namespace weft::control
