#include "core/import/detail/names.h"

#include <algorithm>
#include <array>
#include <span>

namespace weft::importer {

namespace {

using Names = std::span<const std::string_view>;

bool is_in(Names names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

constexpr auto kExtensions = std::to_array<std::string_view>(
    {"abs",
     "append",
     "average",
     "base64Decode",
     "base64Encode",
     "beginningOf",
     "ceil",
     "chunk",
     "compact",
     "diffTo",
     "diffToNow",
     "difference",
     "endOfMonth",
     "extract",
     "extractDomain",
     "extractEmail",
     "extractUrl",
     "extractUrlPath",
     "first",
     "floor",
     "format",
     "hasField",
     "hash",
     "intersection",
     "isBetween",
     "isDomain",
     "isEmail",
     "isEmpty",
     "isEven",
     "isInLast",
     "isInteger",
     "isNotEmpty",
     "isNumeric",
     "isOdd",
     "isUrl",
     "isWeekend",
     "keepFieldsContaining",
     "keys",
     "last",
     "length",
     "max",
     "merge",
     "min",
     "minus",
     "parseJson",
     "pluck",
     "plus",
     "quote",
     "randomItem",
     "removeDuplicates",
     "removeField",
     "removeFieldsContaining",
     "removeTags",
     "renameKeys",
     "reverse",
     "round",
     "smartJoin",
     "sum",
     "toBoolean",
     "toDateTime",
     "toDecimalNumber",
     "toFloat",
     "toInt",
     "toJsonString",
     "toNumber",
     "toSentenceCase",
     "toSnakeCase",
     "toWholeNumber",
     "union",
     "unique",
     "urlDecode",
     "urlEncode",
     "values"}
);

constexpr auto kLuxonMembers = std::to_array<std::string_view>(
    {"day",         "daysInMonth",   "diff",      "endOf",       "equals",     "get",       "hasSame",
     "hour",        "isValid",       "isWeekend", "millisecond", "minus",      "minute",    "month",
     "monthLong",   "monthShort",    "offset",    "ordinal",     "plus",       "quarter",   "second",
     "set",         "setLocale",     "setZone",   "startOf",     "toFormat",   "toISO",     "toISODate",
     "toISOTime",   "toJSDate",      "toJSON",    "toMillis",    "toSQLDate",  "toSeconds", "toString",
     "toUTC",       "toUnixInteger", "ts",        "valueOf",     "weekNumber", "weekYear",  "weekday",
     "weekdayLong", "weekdayShort",  "year",      "zoneName"}
);

constexpr auto kLuxonMakers = std::to_array<std::string_view>(
    {"fromFormat",
     "fromISO",
     "fromJSDate",
     "fromMillis",
     "fromObject",
     "fromSQL",
     "fromSeconds",
     "isDateTime",
     "local",
     "max",
     "min",
     "now",
     "utc"}
);

constexpr auto kGivesDate = std::to_array<std::string_view>(
    {"beginningOf",
     "endOf",
     "endOfMonth",
     "minus",
     "plus",
     "set",
     "setLocale",
     "setZone",
     "startOf",
     "toDateTime",
     "toUTC"}
);

constexpr auto kNeedsZone = std::to_array<std::string_view>({"diffTo", "diffToNow", "toDateTime"});

constexpr auto kLocalTime = std::to_array<std::string_view>(
    {"getDate",
     "getDay",
     "getFullYear",
     "getHours",
     "getMinutes",
     "getMonth",
     "getTimezoneOffset",
     "setDate",
     "setFullYear",
     "setHours",
     "setMinutes",
     "setMonth",
     "toDateString",
     "toTimeString"}
);

constexpr auto kOurs = std::to_array<std::string_view>(
    {"dates", "env", "index", "input", "item", "n8n", "run", "steps", "trigger"}
);

struct Why {
    std::string_view name;
    std::string_view why;
};

std::string_view why_of(std::span<const Why> rows, std::string_view name) {
    const auto found = std::ranges::find(rows, name, &Why::name);
    return found == rows.end() ? std::string_view() : found->why;
}

constexpr std::string_view kLocales = "write numbers.format, numbers.money or dates.parse(text).format";
constexpr auto kMethods = std::to_array<Why>({
    {"isDst", "whether clocks are put forward is not known to expressions: compare .offset"},
    {"localeCompare", "the order of texts is texts.compare here"},
    {"removeMarkdown", "write html.toText(markdown.toHtml(text))"},
    {"replaceSpecialChars", "write texts.plain(text)"},
    {"toDate", "a Date knows UTC only here: write .toDateTime()"},
    {"toLocaleDateString", kLocales},
    {"toLocaleString", kLocales},
    {"toLocaleTimeString", kLocales},
    {"toRelative", "differences in words are not known here: write .diff(other, unit)"},
    {"mergeIntoObject", "write Object.assign({}, ...list)"},
    {"toTitleCase", "write words in capitals by code"},
});

constexpr std::string_view kNoModules = "code has JavaScript and the library's functions only";
constexpr auto kGlobals = std::to_array<Why>({
    {"Buffer", "write base64, hex or url functions"},
    {"Duration", "write .plus({days: 1}) or .diff(other, unit)"},
    {"Interval", "write .diff(other, unit)"},
    {"Intl", kLocales},
    {"URL", "write url.parse(text)"},
    {"URLSearchParams", "write url.query(object) or url.parseQuery(text)"},
    {"process", kNoModules},
    {"require", kNoModules},
});

constexpr auto kInCode = std::to_array<Why>({
    {"$binary", "files are not imported"},
    {"$env", "write env.NAME in the step's input"},
    {"$evaluateExpression", "an expression that is text is not evaluated"},
    {"$fromAI", "values that a model chooses are not known here"},
    {"$getWorkflowStaticData", "nothing is kept from run to run here"},
    {"$helpers", "its functions are n8n's: use core/http steps"},
    {"$jmespath", "write JavaScript's own filter and map"},
    {"$jmesPath", "write JavaScript's own filter and map"},
    {"$secrets", "use a connection"},
    {"$vars", "write env.NAME in the step's input"},
    {"_input", "this is Python"},
    {"_items", "this is Python"},
    {"fetch", "use core/http steps"},
    {"getWorkflowStaticData", "nothing is kept from run to run here"},
    {"setInterval", "there is no clock to wait for: use core/sleep"},
    {"setTimeout", "there is no clock to wait for: use core/sleep"},
});

constexpr auto kReferences = std::to_array<Why>({
    {"$binary", "files are not imported"},
    {"$fromAI", "values that a model chooses are not known here"},
    {"$getWorkflowStaticData", "nothing is kept from run to run here"},
    {"$jmespath", "write JavaScript's own filter and map"},
    {"$jmesPath", "write JavaScript's own filter and map"},
    {"$nodeId", "nodes have no such id here"},
    {"$nodeVersion", "nodes have no versions here"},
    {"$pageCount", "pages are not fetched here"},
    {"$parameter", "a node's parameters are not data here: write the value"},
    {"$response", "pages are not fetched here"},
    {"$secrets", "use a connection"},
});

}  // namespace

bool is_extension(std::string_view method) {
    return is_in(kExtensions, method);
}
bool is_luxon_member(std::string_view name) {
    return is_in(kLuxonMembers, name);
}
bool is_luxon_maker(std::string_view method) {
    return is_in(kLuxonMakers, method);
}
bool gives_date(std::string_view method) {
    return is_in(kGivesDate, method);
}
bool needs_zone_of(std::string_view method) {
    return is_in(kNeedsZone, method);
}
bool is_local_time(std::string_view method) {
    return is_in(kLocalTime, method);
}
bool is_ours(std::string_view name) {
    return is_in(kOurs, name);
}
std::string_view why_not_method(std::string_view method) {
    return why_of(kMethods, method);
}
std::string_view why_not_global(std::string_view name) {
    return why_of(kGlobals, name);
}
std::string_view why_not_in_code(std::string_view name) {
    const std::string_view why = why_of(kInCode, name);
    return why.empty() ? why_of(kGlobals, name) : why;
}
std::string_view why_not_reference(std::string_view name) {
    const std::string_view why = why_of(kReferences, name);
    return why.empty() ? "this name is not known" : why;
}

}  // namespace weft::importer
