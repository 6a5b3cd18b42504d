#include "core/import/detail/work.h"

#include <fmt/format.h>

#include <algorithm>

/// Nodes that call others, wait, answer or end the run.
namespace weft::importer {

namespace {

/// A parameter as a template: text stays text, expressions become ours.
Json as_template(Work& work, const Json& value) {
    if (has_expression(value)) {
        std::string code = work.js_value(value);
        // A path that is a whole template must lead somewhere; n8n gives nothing.
        const std::size_t json = code.find(".json.");
        if (code.starts_with("steps.") && code.find("?.") == std::string::npos && json != std::string::npos)
            code.insert(json + 5, "?");
        return braces(code);
    }
    return value.is_string() ? literal_template(value.get_string()) : value;
}

struct Pairs {
    std::string_view flag;  // that there are any; "" when the list says so
    std::string_view specify;
    std::string_view list;
    std::string_view json;
};

/// Names and values by rows, or as JSON that is an object.
Json pairs_of(Work& work, const Pairs& where, std::string_view what) {
    if (!where.flag.empty() && !work.flag(where.flag)) return Json();
    if (const Json* json = work.param(where.json);
        json != nullptr && (where.specify.empty() || work.text(where.specify) == "json")) {
        const std::string* text = json->if_string();
        if (text != nullptr && !text->starts_with('=')) {
            auto parsed = parse_json(*text);
            if (parsed && parsed->is_object()) return std::move(*parsed);
            if (text->empty()) return Json();
            work.hand(fmt::format("the JSON of {} cannot be read", what));
            return Json();
        }
        return braces(fmt::format("n8n.json({}, {})", work.js_value(*json), js_text(what)));
    }
    JsonObject out;
    for (const JsonObject* row : work.rows(where.list)) {
        const Json* name = row->if_contains("name");
        if (name == nullptr || !name->is_string() || has_expression(*name)) {
            work.hand(fmt::format("a name among {} that is computed", what));
            continue;
        }
        if (name->get_string().empty()) continue;
        const Json* value = row->if_contains("value");
        const bool is_new =
            out.emplace(name->get_string(), value == nullptr ? Json("") : as_template(work, *value)).second;
        if (!is_new) work.hand(fmt::format("{} names {} twice", what, name->get_string()));
    }
    return out.empty() ? Json() : Json(std::move(out));
}

/// n8n reads the body as JSON when it is text.
Json json_body(Work& work, const Json& body) {
    const std::string* text = body.if_string();
    if (text == nullptr) return as_template(work, body);
    if (!text->starts_with('=')) {
        auto parsed = parse_json(text->empty() ? "{}" : *text);
        if (!parsed) work.hand("the JSON of the body cannot be read");
        // Braces in it are no expressions.
        return parsed ? Json(braces(to_text(*parsed))) : Json();
    }
    return braces(fmt::format("n8n.parsed({})", work.js_value(body)));
}

void body_of(Work& work, JsonObject& with) {
    if (!work.flag("sendBody")) return;
    const std::string_view type = work.text("contentType", "json");
    const bool is_json = work.text("specifyBody", "keypair") == "json";
    if (type == "json" && is_json) {
        const Json* body = work.param("jsonBody");
        with["body"] = body == nullptr ? Json(JsonObject()) : json_body(work, *body);
    } else if (type == "json" || type == "form-urlencoded") {
        if (work.text("specifyBody") == "string") {
            const Json* body = work.param("body");
            with["body"] = body == nullptr ? Json("") : as_template(work, *body);
        } else {
            Json body = pairs_of(work, {"", "", "bodyParameters.parameters", "-"}, "the body");
            with["body"] = body.is_null() ? Json(JsonObject()) : std::move(body);
        }
        if (type != "json") with["headers"].emplace_object();
    } else if (type == "raw") {
        const Json* body = work.param("body");
        with["body"] = body == nullptr ? Json("") : as_template(work, *body);
    } else {
        work.hand(fmt::format("a body of the kind {}: files are not imported", type));
    }
}

void content_type(Work& work, JsonObject& headers) {
    const std::string_view type = work.text("contentType", "json");
    if (!work.flag("sendBody") || headers.contains("content-type") || headers.contains("Content-Type"))
        return;
    if (type == "form-urlencoded") headers["Content-Type"] = "application/x-www-form-urlencoded";
    if (type == "raw") headers["Content-Type"] = std::string(work.text("rawContentType", "text/plain"));
}

void request_since_3(Work& work, JsonObject& with) {
    with["method"] = std::string(work.text("method", "GET"));
    Json query =
        pairs_of(work, {"sendQuery", "specifyQuery", "queryParameters.parameters", "jsonQuery"}, "the query");
    if (!query.is_null()) with["query"] = std::move(query);
    Json headers = pairs_of(
        work, {"sendHeaders", "specifyHeaders", "headerParameters.parameters", "jsonHeaders"}, "the headers"
    );
    body_of(work, with);
    JsonObject plain = headers.is_object() ? headers.get_object() : JsonObject();
    content_type(work, plain);
    if (headers.is_string())
        with["headers"] = std::move(headers);
    else if (!plain.empty())
        with["headers"] = std::move(plain);
    else
        with.erase("headers");
}

void request_before_3(Work& work, JsonObject& with) {
    with["method"] = std::string(work.text("requestMethod", "GET"));
    const bool is_json = work.flag("jsonParameters");
    const auto list = [&](std::string_view name, std::string_view json, std::string_view what) {
        return pairs_of(work, {"", "", is_json ? "-" : name, is_json ? json : "-"}, what);
    };
    Json query = list("queryParametersUi.parameter", "queryParametersJson", "the query");
    if (!query.is_null()) with["query"] = std::move(query);
    Json headers = list("headerParametersUi.parameter", "headerParametersJson", "the headers");
    if (!headers.is_null()) with["headers"] = std::move(headers);
    Json body = list("bodyParametersUi.parameter", "bodyParametersJson", "the body");
    if (!body.is_null() && with["method"] != Json("GET")) with["body"] = std::move(body);
    if (work.flag("sendBinaryData")) work.hand("a body that is a file");
    if (work.text("options.bodyContentType", "json") != "json") work.hand("a body that is no JSON");
}

/// Options of both that have no counterpart.
void refuse_options(Work& work) {
    struct Row {
        std::string_view path;
        std::string_view why;
    };
    static constexpr auto kRows = std::to_array<Row>({
        {"options.pagination", "pages are not fetched by themselves: loop over them"},
        {"options.allowUnauthorizedCerts", "certificates are always checked"},
        {"options.proxy", "the operator says which proxy is used"},
        {"options.response.response.neverError", "an answer with a status from 400 on fails the step"},
    });
    for (const Row& row : kRows) {
        const Json* found = work.param(row.path);
        const bool is_off =
            found == nullptr || *found == Json(false) || *found == Json("") || *found == Json(JsonObject());
        if (!is_off) work.hand(std::string(row.why));
    }
    if (work.param("options.batching") != nullptr) work.adapt("requests are not sent in batches with pauses");
    if (work.param("options.redirect") != nullptr) work.adapt("redirects are followed as core/http does");
}

void connection_of(Work& work, JsonObject& step) {
    std::string_view how = work.text("authentication", "none");
    if (how == "none" || how.empty()) return;
    std::string name(how);
    if (const Json* all = work.node.json->if_contains("credentials"); all != nullptr && all->is_object()) {
        for (const auto& [kind, one] : all->get_object())
            if (one.is_object()) name = std::string(text_or(one.get_object(), "name", kind));
    }
    std::string key;
    for (char c : name) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        const bool is_large = c >= 'A' && c <= 'Z';
        if (is_plain || is_large)
            key += is_large ? static_cast<char>(c - 'A' + 'a') : c;
        else if (!key.empty() && key.back() != '-')
            key += '-';
    }
    while (key.ends_with('-')) key.pop_back();
    if (key.empty()) key = "credential";
    step["connection"] = key.substr(0, 60);
    work.adapt(fmt::format(
        "credentials are not in the file: make a connection {} for \"{}\", or the workflow cannot be "
        "published",
        key,
        name
    ));
}

void retries_of(Work& work, JsonObject& step) {
    const JsonObject& json = *work.node.json;
    const Json* retries = json.if_contains("retryOnFail");
    if (retries == nullptr || *retries != Json(true)) {
        step["retry"] = JsonObject{{"attempts", 1}};
        return;
    }
    step["retry"] = JsonObject{
        {"attempts", std::clamp<std::int64_t>(int_or(json, "maxTries", 3), 1, 20)},
        {"backoff", "fixed"},
        {"initial",
         fmt::format("{}ms", std::clamp<std::int64_t>(int_or(json, "waitBetweenTries", 1000), 1, 60'000))},
    };
}

/// Of the workflow that a node runs, as far as the file knows it.
std::string called_name(const Work& work) {
    const Json* id = work.param("workflowId");
    if (id == nullptr) return "";
    if (id->is_string()) return id->get_string();
    if (!id->is_object()) return to_text(*id);
    return std::string(text_or(id->get_object(), "cachedResultName", text_or(id->get_object(), "value")));
}

/// A name as a workflow's key may be.
std::string key_of(std::string_view name) {
    std::string out;
    for (char c : name) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_plain)
            out += c;
        else if (!out.empty() && out.back() != '-')
            out += '-';
    }
    if (out.empty() || out.front() < 'a') out.insert(0, "w-");
    out.resize(std::min<std::size_t>(out.size(), 63));
    while (out.back() == '-') out.pop_back();
    return out;
}

}  // namespace

void map_http(Work& work) {
    const bool is_each = work.begins_for_items();
    JsonObject with;
    const Json* url = work.param("url");
    with["url"] = url == nullptr ? Json("") : as_template(work, *url);
    const bool is_new = work.node.version >= 3;
    if (is_new)
        request_since_3(work, with);
    else
        request_before_3(work, with);
    refuse_options(work);
    const std::string_view format = is_new
                                        ? work.text("options.response.response.responseFormat", "autodetect")
                                        : work.text("responseFormat", "json");
    if (format == "file") work.hand("an answer that is a file");
    JsonObject& step = work.before("call", "core/http", std::move(with));
    connection_of(work, step);
    retries_of(work, step);
    if (const Json* timeout = work.param("options.timeout"); timeout != nullptr && timeout->if_int64())
        step["timeout"] = fmt::format("{}ms", std::clamp<std::int64_t>(*timeout->if_int64(), 1, 600'000));
    const std::string_view on_error = text_or(*work.node.json, "onError");
    const Json* old = work.node.json->if_contains("continueOnFail");
    const bool goes_on = on_error == "continueRegularOutput" || (old != nullptr && *old == Json(true));
    const bool splits = on_error == "continueErrorOutput";
    const std::string options = Work::options({
        {"format", format == "autodetect" ? "" : js_text(format)},
        {"full",
         work.flag("options.response.response.fullResponse") || work.flag("options.fullResponse") ? "true"
                                                                                                  : ""},
        {"name",
         work.param("options.response.response.outputPropertyName") != nullptr
             ? work.js("options.response.response.outputPropertyName")
             : ""},
    });
    std::string made =
        fmt::format("n8n.response(steps.{}.output, {}{})", work.id("call"), work.scope.item, options);
    if (goes_on || splits) {
        step["on-error"] = "continue";
        work.adapt("what an error says is in other words than n8n's");
        const std::string_view how = splits ? "\"output\"" : "\"continue\"";
        made =
            fmt::format("n8n.answered(steps.{}, {}, {}{})", work.id("call"), work.scope.item, how, options);
    }
    if (is_each) {
        const std::string all = work.for_items(made);
        made = splits ? fmt::format("[0, 1].map((way) => {}.flatMap((ways) => ways[way]))", all)
                      : all + ".flat()";
    }
    work.gives(made, splits);
}

void map_execute_workflow(Work& work) {
    const std::string_view source = work.text("source", "database");
    if (source != "database") return work.hand(fmt::format("a workflow from: {}", source));
    const std::string name = called_name(work);
    if (name.empty() || name.front() == '=')
        return work.hand(name.empty() ? "no workflow is chosen" : "a workflow that an expression chooses");
    const std::string key = key_of(name);
    work.adapt(fmt::format("it runs the workflow with the key {}: give the imported one that key", key));
    const bool waits =
        work.param("options.waitForSubWorkflow") == nullptr || work.flag("options.waitForSubWorkflow");
    const Json* mapped = work.param("workflowInputs.value");
    const bool is_mapped = mapped != nullptr && mapped->is_object() && !mapped->get_object().empty();
    const std::string json = is_mapped ? "(" + work.js_value(*mapped) + ")" : "item.json";
    JsonObject with{{"workflow", key}};
    if (!waits) with["mode"] = "start";
    if (work.text("mode", "once") == "each") {
        with["input"] = braces(is_mapped ? json : "item.json");
        JsonObject call{{"id", work.id("run")}, {"uses", "core/workflow"}, {"with", std::move(with)}};
        JsonObject& loop = work.before("call", "core/foreach", {{"items", braces(work.input())}});
        loop["steps"] = JsonArray{std::move(call)};
    } else {
        with["input"] = braces(fmt::format("{}.map((item, index) => {})", work.input(), json));
        work.before("call", "core/workflow", std::move(with));
    }
    if (!waits) return work.gives(work.input());
    work.gives(fmt::format("[steps.{}.output ?? []].flat(2).map((json) => ({{ json }}))", work.id("call")));
}

void map_wait(Work& work) {
    const std::string_view resume = work.text("resume", "timeInterval");
    if (resume == "specificTime") {
        work.scope.item = work.input() + "[0]";
        work.scope.index = "0";
        const Json* until = work.param("dateTime");
        JsonObject with;
        with["until"] = until == nullptr ? Json("") : as_template(work, *until);
        with["zone"] = work.flow.zone;
        work.before("wait", "core/sleep", std::move(with));
        work.adapt("a date without its distance from UTC is read on the workflow's clocks");
        return work.gives(work.input());
    }
    if (resume != "timeInterval") return work.hand(fmt::format("waiting for {}", resume));
    const std::string_view unit = work.text("unit", work.node.version >= 1.1 ? "seconds" : "hours");
    const std::int64_t seconds = unit == "minutes" ? 60 : unit == "hours" ? 3600 : unit == "days" ? 86400 : 1;
    work.scope.item = work.input() + "[0]";
    work.scope.index = "0";
    const Json* amount = work.param("amount");
    const Json usual(work.node.version >= 1.1 ? 5 : 1);
    const Json& given = amount == nullptr ? usual : *amount;
    const bool is_fixed = given.is_number() && given.if_int64();
    work.before(
        "wait",
        "core/sleep",
        JsonObject{
            {"duration",
             is_fixed ? Json(*given.if_int64() * seconds)
                      : Json(braces(fmt::format("Number({}) * {}", work.js_value(given), seconds)))}
        }
    );
    work.gives(work.input());
}

void map_respond(Work& work) {
    work.scope.item = work.input() + "[0]";
    work.scope.index = "0";
    const std::string_view with_what = work.text("respondWith", "firstIncomingItem");
    JsonObject with;
    if (const Json* code = work.param("options.responseCode"); code != nullptr)
        with["status"] = as_template(work, *code);
    Json headers = pairs_of(work, {"", "", "options.responseHeaders.entries", "-"}, "the headers");
    if (!headers.is_null()) with["headers"] = std::move(headers);
    const Json* body = work.param("responseBody");
    if (with_what == "json") {
        with["body"] = body == nullptr ? Json(JsonObject()) : json_body(work, *body);
    } else if (with_what == "text") {
        with["body"] = body == nullptr ? Json("") : as_template(work, *body);
    } else if (with_what == "firstIncomingItem") {
        with["body"] = braces(work.scope.item + ".json");
    } else if (with_what == "allIncomingItems") {
        with["body"] = braces(work.input() + ".map((item) => item.json)");
    } else if (with_what == "redirect") {
        if (!with.contains("status")) with["status"] = 307;
        const Json* url = work.param("redirectURL");
        with["headers"].emplace_object()["Location"] = url == nullptr ? Json("") : as_template(work, *url);
    } else if (with_what != "noData") {
        return work.hand(fmt::format("an answer with {}", with_what));
    }
    work.before("respond", "core/respond", std::move(with));
    work.gives(work.input());
}

void map_stop(Work& work) {
    work.scope.item = work.input() + "[0]";
    work.scope.index = "0";
    const bool is_object = work.text("errorType", "errorMessage") == "errorObject";
    const Json* message = work.param(is_object ? "errorObject" : "errorMessage");
    if (is_object) work.adapt("the error's object is its message, as text");
    JsonObject with;
    with["message"] = message == nullptr ? Json("") : as_template(work, *message);
    work.before("", "core/fail", std::move(with));
}

}  // namespace weft::importer
