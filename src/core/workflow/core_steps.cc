#include "base/limits.h"
#include "core/media/media.h"
#include "core/template/template.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace weft::workflow {

namespace {

struct Row {
    std::string_view name;
    CoreKind kind;
    runstate::StepKind step;
};
constexpr std::array<Row, 18> kCoreSteps = {{
    {"map", CoreKind::kMap, runstate::StepKind::kMap},
    {"code", CoreKind::kCode, runstate::StepKind::kCode},
    {"http", CoreKind::kHttp, runstate::StepKind::kCall},
    {"respond", CoreKind::kRespond, runstate::StepKind::kRespond},
    {"fail", CoreKind::kFail, runstate::StepKind::kFail},
    {"sleep", CoreKind::kSleep, runstate::StepKind::kSleep},
    {"if", CoreKind::kIf, runstate::StepKind::kSwitch},
    {"switch", CoreKind::kSwitch, runstate::StepKind::kSwitch},
    {"callback", CoreKind::kCallback, runstate::StepKind::kWait},
    {"event", CoreKind::kEvent, runstate::StepKind::kWait},
    {"approval", CoreKind::kApproval, runstate::StepKind::kWait},
    {"workflow", CoreKind::kWorkflow, runstate::StepKind::kWait},
    {"foreach", CoreKind::kForeach, runstate::StepKind::kLoop},
    {"while", CoreKind::kWhile, runstate::StepKind::kLoop},
    {"break", CoreKind::kBreak, runstate::StepKind::kBreak},
    {"merge", CoreKind::kMerge, runstate::StepKind::kMap},
    {"read-file", CoreKind::kReadFile, runstate::StepKind::kCode},
    {"make-file", CoreKind::kMakeFile, runstate::StepKind::kCode},
}};

void check_code(const Json& with, const std::string& field, Problems& problems) {
    if (with.is_string()) {
        problems.add("with is an object with source, and input if the code needs one", field);
        return;
    }
    if (!check_shape(with, {"source", "input", "language"}, "source", field, problems)) return;
    const JsonObject& object = with.get_object();
    if (!object.at("source").is_string())
        problems.add(
            "source is the body of a function, such as \"return input.a + 1;\"", below(field, "source")
        );
    else
        problems.ok(templates::check_source(text_of(object.at("source")), below(field, "source")));
    if (object.contains("language") && text_or(object, "language") != "javascript")
        problems.add("language is javascript", below(field, "language"));
}

void check_http(const Json& with, const std::string& field, Problems& problems) {
    const bool is_shaped = check_shape(
        with, {"url", "method", "headers", "query", "body", "body-type", "response"}, "url", field, problems
    );
    if (!is_shaped) return;
    // Literal requests can be built right here.
    if (has_template(with)) return;
    if (auto built = connector::build_http_request(with, nullptr); !built) {
        Error error = built.error();
        error.field = below(field, error.field);
        problems.add(std::move(error));
    }
}

constexpr std::array<std::string_view, 7> kReadAs = {"text", "lines", "csv", "json", "xml", "base64", "zip"};
constexpr std::array<std::string_view, 6> kMakeAs = {"text", "csv", "json", "xml", "base64", "zip"};

void check_as(
    const Json& with, std::span<const std::string_view> known, const std::string& field, Problems& problems
) {
    const Json* as = with.get_object().if_contains("as");
    if (as == nullptr || has_template(*as)) return;
    if (as->is_string() && std::ranges::find(known, text_of(*as)) != known.end()) return;
    problems.add(fmt::format("as is one of {}", fmt::join(known, ", ")), below(field, "as"));
}

constexpr std::size_t kCasesMax = 50;
constexpr std::string_view kElse = "else";

void check_case_name(std::string_view name, const std::string& field, Problems& problems) {
    const bool is_taken = name == kElse || runstate::need_on_from(name);
    if (!is_taken && is_step_id(name)) return;
    problems.add(
        "A case's name starts with a letter and has letters, digits and _, at most 63; "
        "else, success, failure, finished and waiting are taken",
        field
    );
}

void check_switch(const Json& with, const std::string& field, Problems& problems) {
    const std::string cases_field = below(field, "cases");
    constexpr std::string_view kShape =
        "cases is an object of conditions by name, or with value a list of the names it may have";
    if (!with.is_object()) {
        problems.add("with is an object with cases", field);
        return;
    }
    if (!check_shape(with, {"value", "cases"}, "cases", field, problems)) return;
    const bool has_value = with.get_object().contains("value");
    const Json& cases = with.get_object().at("cases");
    std::vector<std::string> names;
    if (has_value && cases.is_array()) {
        for (const Json& name : cases.get_array())
            names.emplace_back(name.is_string() ? text_of(name) : std::string_view());
    } else if (!has_value && cases.is_object()) {
        for (const auto& member : cases.get_object()) names.emplace_back(member.key());
    } else {
        problems.add(std::string(kShape), cases_field);
        return;
    }
    if (names.empty() || names.size() > kCasesMax)
        problems.add(fmt::format("There are 1 to {} cases", kCasesMax), cases_field);
    for (std::size_t i = 0; i < names.size() && i < kCasesMax; ++i) {
        const std::string at =
            has_value ? fmt::format("{}[{}]", cases_field, i) : below(cases_field, names[i]);
        check_case_name(names[i], at, problems);
        if (std::ranges::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(i), names[i]) !=
            names.begin() + static_cast<std::ptrdiff_t>(i))
            problems.add(fmt::format("{} is named twice", names[i]), at);
    }
}

}  // namespace

bool check_shape(
    const Json& with,
    std::initializer_list<std::string_view> known,
    std::string_view needed,
    const std::string& field,
    Problems& problems
) {
    if (with.is_string()) return false;
    if (!with.is_object()) return problems.add("with is an object", field);
    bool is_known = true;
    for (const auto& member : with.get_object()) {
        std::string_view key = member.key();
        if (std::ranges::find(known, key) != known.end()) continue;
        is_known = problems.add(
            fmt::format("Unknown member; known are {}", fmt::join(known, ", ")), below(field, key)
        );
    }
    if (!needed.empty() && !with.get_object().contains(needed))
        return problems.add(fmt::format("{} is missing", needed), below(field, needed));
    return is_known;
}

bool is_truthy(const Json& value) {
    if (value.is_null()) return false;
    if (value.is_bool()) return value.get_bool();
    if (value.is_string()) return !text_of(value).empty();
    if (!value.is_number()) return true;
    const std::string text = to_text(value);
    return text.substr(0, text.find_first_of("eE")).find_first_of("123456789") != std::string::npos;
}

std::vector<std::string> branches_of(const Step& step) {
    const auto kind = step.uses.is_core() ? core_kind(step.uses.action) : std::nullopt;
    if (kind == CoreKind::kIf) return {"then", std::string(kElse)};
    if (kind != CoreKind::kSwitch || !step.with.is_object()) return {};
    std::vector<std::string> out;
    const Json* cases = step.with.get_object().if_contains("cases");
    if (cases != nullptr && cases->is_array()) {
        for (const Json& name : cases->get_array())
            if (name.is_string()) out.emplace_back(text_of(name));
    } else if (cases != nullptr && cases->is_object()) {
        for (const auto& member : cases->get_object()) out.emplace_back(member.key());
    }
    out.emplace_back(kElse);
    return out;
}

std::optional<CoreKind> core_kind(std::string_view action) {
    for (const Row& row : kCoreSteps)
        if (row.name == action) return row.kind;
    return std::nullopt;
}

runstate::StepKind step_kind(std::optional<CoreKind> kind) {
    for (const Row& row : kCoreSteps)
        if (row.kind == kind) return row.step;
    return runstate::StepKind::kCall;
}

std::string core_names() {
    std::string out;
    for (const Row& row : kCoreSteps) out += fmt::format("{}core/{}", out.empty() ? "" : ", ", row.name);
    return out;
}

void check_core_step(const Step& step, CoreKind kind, const std::string& field, Problems& problems) {
    std::string with = below(field, "with");
    switch (kind) {
        case CoreKind::kMap:
            break;
        case CoreKind::kCode:
            check_code(step.with, with, problems);
            break;
        case CoreKind::kHttp:
            check_http(step.with, with, problems);
            break;
        case CoreKind::kRespond:
            if (check_shape(step.with, {"status", "headers", "body"}, "", with, problems) &&
                !has_template(step.with))
                if (auto response = response_of(step.with); !response)
                    problems.add(response.error().user, below(with, response.error().field));
            break;
        case CoreKind::kFail:
            check_shape(step.with, {"message"}, "message", with, problems);
            break;
        case CoreKind::kSleep:
        case CoreKind::kCallback:
        case CoreKind::kEvent:
        case CoreKind::kApproval:
        case CoreKind::kWorkflow:
            check_waiting_step(step, kind, field, problems);
            break;
        case CoreKind::kIf:
            check_shape(step.with, {"condition"}, "condition", with, problems);
            break;
        case CoreKind::kSwitch:
            check_switch(step.with, with, problems);
            break;
        case CoreKind::kForeach:
        case CoreKind::kWhile:
            if (step.timeout)
                problems.add("A loop has no timeout of its own; its steps have", below(field, "timeout"));
            break;
        case CoreKind::kBreak:
            check_shape(step.with, {}, "", with, problems);
            if (!step.parent) problems.add("core/break stands in a loop's steps", below(field, "uses"));
            break;
        case CoreKind::kMerge:
            check_merge(step.with, with, problems);
            break;
        case CoreKind::kReadFile:
            if (check_shape(
                    step.with,
                    {"file", "as", "options", "charset", "offset", "extract"},
                    "file",
                    with,
                    problems
                ))
                check_as(step.with, kReadAs, with, problems);
            break;
        case CoreKind::kMakeFile:
            if (check_shape(
                    step.with,
                    {"content", "as", "name", "type", "options", "charset"},
                    "content",
                    with,
                    problems
                ))
                check_as(step.with, kMakeAs, with, problems);
            break;
    }
    if (kind != CoreKind::kHttp && !step.connection.empty())
        problems.add(fmt::format("{} takes no connection", step.uses.text()), below(field, "connection"));
    if (kind != CoreKind::kHttp && kind != CoreKind::kWorkflow && step.retry)
        problems.add(fmt::format("{} has nothing to retry", step.uses.text()), below(field, "retry"));
}

Json input_template(const Step& step) {
    if (!step.with.is_object()) return step.with;
    if (step.loop) {
        const std::string_view asked = step.uses.action == "while" ? "condition" : "items";
        const Json* found = step.with.get_object().if_contains(asked);
        return Json{{asked, found != nullptr ? *found : Json()}};
    }
    if (!step.uses.is_core() || step.uses.action != "code") return step.with;
    const Json* input = step.with.get_object().if_contains("input");
    return input != nullptr ? *input : Json(JsonObject());
}

std::string input_field(const Step& step) {
    const bool is_item = step.id.find('.') != std::string::npos;  // see item_step
    return below(step.field, is_item ? "output" : step.uses.text() == "core/code" ? "with.input" : "with");
}

runstate::Effect http_effect(const Json& with) {
    if (!with.is_object()) return runstate::Effect::kUnsafe;
    std::string method(
        text_or(with.get_object(), "method", with.get_object().contains("method") ? "?" : "GET")
    );
    std::ranges::transform(method, method.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    for (std::string_view harmless : {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
        if (method == harmless) return runstate::Effect::kIdempotent;
    return runstate::Effect::kUnsafe;
}

bool has_template(const Json& value) {
    if (value.is_string()) return text_of(value).find("{{") != std::string_view::npos;
    if (value.is_array()) return std::ranges::any_of(value.get_array(), has_template);
    if (!value.is_object()) return false;
    return std::ranges::any_of(value.get_object(), [](const auto& member) {
        return has_template(member.value());
    });
}

// ---------------------------------------------------------------- values at run time

Result<runstate::Branch> branch_of(const Json& with, const std::vector<std::string>& branches) {
    if (!with.is_object() || branches.empty())
        return fail(Error::invalid("with is an object with condition or cases"));
    const JsonObject& object = with.get_object();
    const auto at = [&](std::string_view name) -> runstate::Branch {
        const auto found = std::ranges::find(branches, name);
        // The last is "else".
        return static_cast<runstate::Branch>(std::min<std::ptrdiff_t>(
            found - branches.begin(), static_cast<std::ptrdiff_t>(branches.size()) - 1
        ));
    };
    const Json* cases = object.if_contains("cases");
    if (cases == nullptr) {
        const Json* condition = object.if_contains("condition");
        return at(condition != nullptr && is_truthy(*condition) ? branches.front() : kElse);
    }
    if (cases->is_array()) {
        const Json* value = object.if_contains("value");
        if (value == nullptr || value->is_null()) return at(kElse);
        return at(value->is_string() ? std::string(text_of(*value)) : to_text(*value));
    }
    if (!cases->is_object()) return fail(Error::invalid("cases is an object or a list", "cases"));
    // In the author's order, which is that of `branches`: evaluation leaves out what is undefined.
    for (const std::string& name : branches) {
        const Json* found = cases->get_object().if_contains(name);
        if (found != nullptr && is_truthy(*found)) return at(name);
    }
    return at(kElse);
}

std::string fail_message(const Json& with) {
    const Json* message = with.is_object() ? with.get_object().if_contains("message") : nullptr;
    if (message == nullptr || message->is_null()) return "The workflow failed";
    std::string text = message->is_string() ? std::string(text_of(*message)) : to_text(*message);
    constexpr std::size_t kBytesMax = 1'000;
    if (text.size() <= kBytesMax) return text;
    std::size_t end = kBytesMax;
    while (end > 0 && (text[end] & 0xC0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

namespace {

/// Types of text. No script or style: a page of the same origin could load it as its own.
bool is_answer_type(std::string_view type) {
    static constexpr std::array<std::string_view, 10> kOthers{
        "text/plain",
        "text/csv",
        "text/html",
        "text/markdown",
        "text/calendar",
        "text/vcard",
        "text/tab-separated-values",
        "application/x-www-form-urlencoded",
        "application/x-ndjson",
        "application/yaml",
    };
    return media::is_json(type) || media::is_xml(type) || std::ranges::find(kOthers, type) != kOthers.end();
}

/// A body goes out in UTF-8, whatever its type; types that say nothing would be read as something else.
Result<std::string> answer_type(std::string text, const std::string& field) {
    const media::ContentType type = media::parse_content_type(text);
    if (!is_answer_type(type.type))
        return fail(Error::invalid(
            "Content-Type is one of a text: JSON, XML, HTML, plain, CSV, a form, YAML, calendar", field
        ));
    if (!type.charset.empty() && media::encoding_of(type.charset) != "utf-8")
        return fail(Error::invalid("An answer is sent in UTF-8; leave the charset out", field));
    if (type.charset.empty() && !media::is_json(type.type)) text += "; charset=utf-8";
    return text;
}

Result<> add_response_header(Response& out, std::string_view name, const Json& value) {
    static constexpr std::array<std::string_view, 5> kAllowed = {
        "cache-control", "retry-after", "location", "content-language", "content-type"
    };
    std::string field = below("headers", name);
    std::string plain(name);
    std::ranges::transform(plain, plain.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    bool is_token = std::ranges::all_of(plain, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    bool is_allowed =
        std::ranges::find(kAllowed, plain) != kAllowed.end() || (is_token && plain.starts_with("x-"));
    if (!is_allowed)
        return fail(Error::invalid(
            "A response sets Content-Type, Location, Retry-After, Cache-Control or X- headers", field
        ));
    if (!value.is_string() && !value.is_number() && !value.is_bool())
        return fail(Error::invalid("A header's value is a text, a number or a boolean", field));
    std::string text = value.is_string() ? std::string(text_of(value)) : to_text(value);
    bool is_clean =
        std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= ' ' && c != '\x7F'; });
    if (!is_clean || text.size() > 4096)
        return fail(Error::invalid("A header's value has no line breaks and at most 4096 bytes", field));
    if (plain != "content-type") {
        out.headers.push_back({std::string(name), std::move(text)});
        return {};
    }
    TRY(out.content_type, answer_type(std::move(text), field));
    return {};
}

}  // namespace

Result<Response> response_of(const Json& with) {
    if (!with.is_object()) return fail(Error::invalid("A response is an object {status, headers, body}"));
    const JsonObject& object = with.get_object();
    Response out;
    if (const Json* status = object.if_contains("status")) {
        const auto number = status->if_int64();
        if (!number || *number < 200 || *number > 599)
            return fail(Error::invalid("status is a whole number from 200 to 599", "status"));
        out.status = static_cast<int>(*number);
    }
    const Json* body = object.if_contains("body");
    if (body != nullptr && !body->is_null()) {
        out.body = body->is_string() ? std::string(text_of(*body)) : to_text(*body);
        out.content_type = body->is_string() ? "text/plain; charset=utf-8" : "application/json";
    }
    if (const Json* headers = object.if_contains("headers"); headers != nullptr && !headers->is_null()) {
        if (!headers->is_object() || headers->get_object().size() > 32)
            return fail(Error::invalid("headers is an object of at most 32 members", "headers"));
        for (const auto& member : headers->get_object())
            CHECK_OK(add_response_header(out, member.key(), member.value()));
    }
    return out;
}

}  // namespace weft::workflow
