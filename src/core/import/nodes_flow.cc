#include "core/import/detail/work.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

/// Nodes that say which items go where, and code.
namespace weft::importer {

namespace {

constexpr std::size_t kCodeBytesMax = 60u << 10;  // a code step has at most 64 KiB

/// Since version 2: {combinator, conditions: [{leftValue, operator, rightValue}], options}. JavaScript.
std::string conditions(Work& work, const Json& filter, bool ignores_case, bool is_loose) {
    const JsonObject* object = filter.if_object();
    if (object == nullptr) {
        work.hand("there are no conditions");
        return "false";
    }
    static const JsonObject kNone;
    const Json* set = object->if_contains("options");
    const JsonObject& options = set != nullptr && set->is_object() ? set->get_object() : kNone;
    const Json* is_sensitive = options.if_contains("caseSensitive");
    if (is_sensitive != nullptr && *is_sensitive == Json(false)) ignores_case = true;
    const bool is_strict = !is_loose && text_or(options, "typeValidation", "strict") == "strict";
    std::string rows;
    const Json* list = object->if_contains("conditions");
    for (const Json& row : list != nullptr && list->is_array() ? list->get_array() : JsonArray()) {
        const JsonObject& one = row.is_object() ? row.get_object() : kNone;
        const Json* given = one.if_contains("operator");
        const JsonObject& op = given != nullptr && given->is_object() ? given->get_object() : kNone;
        std::string name =
            fmt::format("{}:{}", text_or(op, "type", "string"), text_or(op, "operation", "equals"));
        if (op.contains("rightType")) name += fmt::format(":{}", text_or(op, "rightType"));
        rows += fmt::format(
            ", [{}, {}, {}]", work.js_of(one, "leftValue"), js_text(name), work.js_of(one, "rightValue")
        );
    }
    return fmt::format(
        "n8n.test({}, {{ strict: {}, version: {}{}{} }}{})",
        js_text(text_or(*object, "combinator", "and")),
        is_strict,
        int_or(options, "version", 1),
        ignores_case ? ", ignoreCase: true" : "",
        work.scope.zone == "UTC" ? "" : ", zone: " + js_text(work.scope.zone),
        rows
    );
}

std::string node_conditions(Work& work) {
    const Json* filter = work.param("conditions");
    const bool is_loose = work.flag("looseTypeValidation") || work.flag("options.looseTypeValidation");
    return conditions(work, filter == nullptr ? Json() : *filter, work.flag("options.ignoreCase"), is_loose);
}

/// Before version 2: conditions.{boolean,dateTime,number,string}: [{value1, operation, value2}].
std::string old_conditions(Work& work, std::string_view combinator, std::string_view fallback) {
    std::string rows;
    for (std::string_view kind : {"boolean", "dateTime", "number", "string"}) {
        for (const JsonObject* row : work.rows(fmt::format("conditions.{}", kind))) {
            const std::string_view usual = kind == "number"     ? "smaller"
                                           : kind == "dateTime" ? "after"
                                                                : "equal";
            rows += fmt::format(
                ", [{}, {}, {}]",
                work.js_of(*row, "value1", kind == "boolean" ? "false" : "\"\""),
                js_text(text_or(*row, "operation", usual)),
                work.js_of(
                    *row,
                    "value2",
                    kind == "boolean"  ? "false"
                    : kind == "number" ? "0"
                                       : "\"\""
                )
            );
        }
    }
    return fmt::format("n8n.oldTest({}{})", js_text(work.text(combinator, fallback)), rows);
}

void notes_on_errors(Work& work) {
    const std::string_view on_error = text_or(*work.node.json, "onError");
    if (!on_error.empty() && on_error != "stopWorkflow")
        work.adapt("an error in its conditions stops the run; n8n would go on");
}

/// A whole number, or a text of one; nothing for what is another thing or an expression.
std::optional<std::int64_t> whole_number(const Json& value) {
    if (const auto number = value.if_int64()) return *number;
    const std::string* text = value.if_string();
    if (text == nullptr) return std::nullopt;
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), out);
    return error == std::errc() && end == text->data() + text->size() ? std::optional(out) : std::nullopt;
}

/// Where items go that no rule takes: the number of an output, as JavaScript.
std::string fallback_output(Work& work, std::string_view path, std::size_t extra) {
    const Json* given = work.param(path);
    if (given == nullptr || *given == Json("") || *given == Json("none") || *given == Json(-1))
        return "undefined";
    if (*given == Json("extra")) return fmt::format("{}", extra);
    const auto number = whole_number(*given);
    if (number && *number >= 0) return fmt::format("{}", *number);
    work.hand("its fallback output is no number of an output");
    return "undefined";
}

void switch_rules(Work& work) {
    const std::string_view list =
        work.node.version >= 3 && work.param("rules.rules") == nullptr ? "rules.values" : "rules.rules";
    const auto rules = work.rows(list);
    const bool is_all = work.flag("options.allMatchingOutputs");
    std::string choice;
    for (std::size_t i = 0; i < rules.size(); ++i) {
        const Json* filter = rules[i]->if_contains("conditions");
        const std::string test = conditions(
            work,
            filter == nullptr ? Json() : *filter,
            work.flag("options.ignoreCase"),
            work.flag("looseTypeValidation") || work.flag("options.looseTypeValidation")
        );
        choice += is_all ? fmt::format("{}...({} ? [{}] : [])", choice.empty() ? "" : ", ", test, i)
                         : fmt::format("{} ? {} : ", test, i);
    }
    const std::string otherwise = fallback_output(work, "options.fallbackOutput", rules.size());
    if (is_all) choice = fmt::format("((found) => found.length ? found : {})([{}])", otherwise, choice);
    work.gives(fmt::format(
        "n8n.route({}, {}, (item, index) => {}{})",
        work.input(),
        work.node.outputs,
        choice,
        is_all ? "" : otherwise
    ));
}

void old_switch_rules(Work& work) {
    const std::string kind(work.text("dataType", "number"));
    const bool is_two = work.node.version >= 2;
    std::string choice;
    std::size_t at = 0;
    for (const JsonObject* row : work.rows("rules.rules")) {
        const std::string to = is_two ? fmt::format("{}", at++) : work.js_of(*row, "output", "0");
        choice += fmt::format(
            "n8n.oldTest(\"all\", [{}, {}, {}]) ? {} : ",
            work.js(
                "value1",
                kind == "boolean"  ? "false"
                : kind == "number" ? "0"
                                   : "\"\""
            ),
            js_text(text_or(*row, "operation", kind == "number" ? "smaller" : "equal")),
            work.js_of(
                *row,
                "value2",
                kind == "boolean"  ? "false"
                : kind == "number" ? "0"
                                   : "\"\""
            ),
            to
        );
    }
    const std::string otherwise = fallback_output(work, "fallbackOutput", at);
    work.gives(fmt::format(
        "n8n.route({}, {}, (item, index) => {}{})", work.input(), work.node.outputs, choice, otherwise
    ));
}

std::string clash_options(Work& work) {
    const auto text = [&](std::string_view member) -> std::string {
        const std::string_view value = work.text(fmt::format("options.clashHandling.values.{}", member));
        return value.empty() ? "" : js_text(value);
    };
    std::string out;
    if (const std::string clash = text("resolveClash"); !clash.empty()) out += ", clash: " + clash;
    if (const std::string mode = text("mergeMode"); !mode.empty()) out += ", mergeMode: " + mode;
    if (work.flag("options.clashHandling.values.overrideEmpty")) out += ", overrideEmpty: true";
    if (work.flag("options.includeUnpaired")) out += ", includeUnpaired: true";
    if (work.flag("options.disableDotNotation")) out += ", plainNames: true";
    if (work.text("options.multipleMatches", "all") == "first") out += ", firstOnly: true";
    return out;
}

void combine_by_fields(Work& work, std::string_view join) {
    if (work.flag("options.fuzzyCompare")) work.hand("fuzzy comparison of fields");
    std::string pairs;
    const bool is_old = work.node.version < 3;
    const std::string_view list = is_old || work.param("mergeByFields.values") == nullptr
                                      ? "matchFields.values"
                                      : "mergeByFields.values";
    const bool is_advanced = is_old || work.flag("advanced");
    if (is_advanced) {
        for (const JsonObject* row : work.rows(work.rows(list).empty() ? "mergeByFields.values" : list))
            pairs += fmt::format(
                "{}[{}, {}]",
                pairs.empty() ? "" : ", ",
                work.js_of(*row, "field1"),
                work.js_of(*row, "field2")
            );
    } else {
        std::string_view names = work.text("fieldsToMatchString");
        while (!names.empty()) {
            const std::size_t end = std::min(names.find(','), names.size());
            std::string_view name = names.substr(0, end);
            while (name.starts_with(' ')) name.remove_prefix(1);
            while (name.ends_with(' ')) name.remove_suffix(1);
            pairs += fmt::format("{}[{}, {}]", pairs.empty() ? "" : ", ", js_text(name), js_text(name));
            names.remove_prefix(std::min(end + 1, names.size()));
        }
    }
    if (pairs.empty()) work.hand("no fields to match are named: n8n fails");
    work.gives(fmt::format(
        "n8n.combineByFields([{}, {}], [{}], {{ join: {}, from: {}{} }})",
        work.input(0),
        work.input(1),
        pairs,
        js_text(join),
        js_text(work.text("outputDataFrom", "both")),
        clash_options(work)
    ));
}

std::string all_inputs(const Work& work) {
    std::string out;
    for (std::size_t i = 0; i < std::max<std::size_t>(work.node.inputs.size(), 2); ++i)
        out += (i == 0 ? "" : ", ") + work.input(i);
    return out;
}

}  // namespace

void map_compare(Work& work) {
    if (work.flag("fuzzyCompare") || work.flag("options.fuzzyCompare"))
        work.hand("fuzzy comparison of fields");
    std::string pairs;
    for (const JsonObject* row : work.rows("mergeByFields.values"))
        pairs += fmt::format(
            "{}[{}, {}]", pairs.empty() ? "" : ", ", work.js_of(*row, "field1"), work.js_of(*row, "field2")
        );
    if (pairs.empty()) work.hand("no fields to match are named");
    const std::string_view resolve =
        work.text("resolve", work.node.version < 2.1 ? "preferInput2" : "includeBoth");
    const bool has_all = work.text("options.multipleMatches") == "all";
    if (resolve == "mix" && has_all)
        work.hand("a mix with all matches: n8n changes the item that it compares on with");
    if (resolve == "mix") work.adapt("an item that several match is combined with each by itself");
    work.gives(fmt::format(
        "n8n.compareDatasets([{}, {}], [{}]{})",
        work.input(0),
        work.input(1),
        pairs,
        Work::options({
            {"resolve", resolve == "includeBoth" ? "" : js_text(resolve)},
            {"prefer", resolve == "mix" ? work.fixed("preferWhenMix", "\"input1\"") : ""},
            {"except", resolve == "mix" ? work.fixed("exceptWhenMix") : ""},
            {"skip", work.param("options.skipFields") == nullptr ? "" : work.fixed("options.skipFields")},
            {"all", has_all ? "true" : ""},
            {"plainNames", work.flag("options.disableDotNotation") ? "true" : ""},
            {"version", fmt::format("{}", work.node.version)},
        })
    ));
}

namespace {

/// The items of the nodes that code reads by name.
Json code_input(Work& work, const CodeUse& use) {
    JsonObject nodes;
    for (const std::string& name : use.nodes) {
        auto access = work.scope.node(name, false);
        if (!access)
            work.hand(access.error().user);
        else
            nodes[name] = braces(access->list + " ?? null");
    }
    JsonObject out{{"items", braces(work.input())}};
    if (!nodes.empty()) out["nodes"] = std::move(nodes);
    if (work.scope.zone != "UTC") out["zone"] = work.scope.zone;
    out["names"] = JsonObject{
        {"workflow", JsonObject{{"name", literal_template(work.flow.name)}, {"id", "{{ run.workflow }}"}}},
        {"execution", JsonObject{{"id", "{{ run.id }}"}}},
        {"previous", JsonObject{{"name", literal_template(work.scope.previous_node)}}},
    };
    return out;
}

constexpr std::string_view kNames =
    "$input, items, item, $json, $items, $, $node, $itemIndex, $runIndex, $now, $today, DateTime, $workflow, "
    "$execution, $prevNode";

void code(Work& work, std::string_view source, bool for_each, bool is_whole) {
    if (source.size() > kCodeBytesMax) work.hand("the code has more than 60 KiB");
    const CodeUse use = look_at_code(source, work.node.notes);
    // Code may give these names other values, as in n8n: `let`.
    std::string text;
    if (for_each) {
        // The code is written once for all items; each gets names of its own.
        text = fmt::format(
            "const results = [];\nfor (let index = 0; index < input.items.length; index++) {{\n"
            "let {{ {} }} = n8n.code({{ ...input, index }});\nresults.push(await (async () => "
            "{{\n{}\n}})());\n}}\n"
            "return n8n.returnedEach(results, input.items, {});",
            kNames,
            source,
            is_whole
        );
    } else {
        text = fmt::format(
            "let {{ {} }} = n8n.code(input);\nreturn n8n.returned(await (async () => {{\n{}\n}})(), "
            "input.items);",
            kNames,
            source
        );
    }
    if (!text_or(*work.node.json, "onError").empty() && text_or(*work.node.json, "onError") != "stopWorkflow")
        work.adapt("an error in the code stops the run; n8n would go on");
    JsonObject with{{"source", std::move(text)}};
    with["input"] = code_input(work, use);
    const bool is_marked = work.node.is_tracked || work.node.outputs > 1;
    work.before(is_marked ? "code" : "", "core/code", std::move(with));
    if (is_marked) work.gives(fmt::format("steps.{}.output", work.id("code")));
}

}  // namespace

void map_if(Work& work) {
    notes_on_errors(work);
    const std::string test =
        work.node.version >= 2 ? node_conditions(work) : old_conditions(work, "combineOperation", "all");
    work.gives(
        fmt::format("n8n.route({}, {}, (item, index) => {} ? 0 : 1)", work.input(), work.node.outputs, test)
    );
}

void map_filter(Work& work) {
    notes_on_errors(work);
    const std::string test =
        work.node.version >= 2 ? node_conditions(work) : old_conditions(work, "combineConditions", "AND");
    if (work.node.outputs > 1)  // newer ones also give what was left out
        return work.gives(
            fmt::format(
                "n8n.route({}, {}, (item, index) => {} ? 0 : 1)", work.input(), work.node.outputs, test
            ),
            true
        );
    work.gives(fmt::format("n8n.filter({}, (item, index) => {})", work.input(), test));
}

void map_switch(Work& work) {
    notes_on_errors(work);
    if (work.text("mode", "rules") == "expression") {
        work.gives(fmt::format(
            "n8n.route({}, {}, (item, index) => {})", work.input(), work.node.outputs, work.js("output", "0")
        ));
    } else if (work.node.version >= 3) {
        switch_rules(work);
    } else {
        old_switch_rules(work);
    }
}

void map_merge(Work& work) {
    const std::string_view mode = work.text("mode", "append");
    const std::string_view by = work.text("combineBy", work.text("combinationMode", "combineByFields"));
    if (mode == "append" || mode == "passThrough") {
        if (mode == "append") return work.gives(fmt::format("n8n.append({})", all_inputs(work)));
        return work.gives(work.text("output", "input1") == "input2" ? work.input(1) : work.input(0));
    }
    if (work.node.version < 2) return work.hand("Merge before its version 2");
    if (mode == "chooseBranch") {
        const std::string_view output = work.text("output", "specifiedInput");
        if (output == "empty") return work.gives("[{ json: {} }]");
        const Json* given = work.param("useDataOfInput");
        const auto number = output == "input2" ? std::optional<std::int64_t>(2)
                            : given == nullptr ? std::optional<std::int64_t>(1)
                                               : whole_number(*given);
        if (!number || *number < 1) return work.hand("which input it chooses is no number");
        return work.gives(work.input(static_cast<std::size_t>(*number) - 1));
    }
    if (mode != "combine") return work.hand(fmt::format("the mode {}", mode));
    if (by == "combineByPosition" || by == "mergeByPosition")
        return work.gives(fmt::format(
            "n8n.combineByPosition([{}], {{ {} }})",
            all_inputs(work),
            clash_options(work).empty() ? "" : clash_options(work).substr(2)
        ));
    if (by == "combineAll" || by == "multiplex")
        return work.gives(fmt::format(
            "n8n.combineAll([{}], {{ {} }})",
            all_inputs(work),
            clash_options(work).empty() ? "" : clash_options(work).substr(2)
        ));
    if (by != "combineByFields" && by != "mergeByFields") return work.hand(fmt::format("combining {}", by));
    combine_by_fields(work, work.text("joinMode", "keepMatches"));
}

void map_no_op(Work& work) {
    work.gives(work.input());
}

void map_code(Work& work) {
    const std::string_view language = work.text("language", "javaScript");
    if (language != "javaScript") return work.hand(fmt::format("code in {}", language));
    code(
        work, work.text("jsCode", work.text("functionCode")), work.text("mode") == "runOnceForEachItem", false
    );
}

void map_function_item(Work& work) {
    code(work, work.text("functionCode"), true, true);
}

std::size_t outputs_of(const Node& node) {
    if (node.type == "if") return 2;
    if (node.type == "splitInBatches") return 2;
    if (node.type == "compareDatasets") return 4;
    if (node.type != "switch") return 1;
    const Json* found = node.json->if_contains("parameters");
    static const JsonObject kNone;
    const JsonObject& given = found != nullptr && found->is_object() ? found->get_object() : kNone;
    if (text_or(given, "mode", "rules") == "expression")
        return static_cast<std::size_t>(std::clamp<std::int64_t>(
            int_or(given, node.version >= 3 ? "numberOutputs" : "outputsAmount", 4), 1, 50
        ));
    if (node.version < 2) return 4;
    const Json* rules = given.if_contains("rules");
    const JsonObject& object = rules != nullptr && rules->is_object() ? rules->get_object() : kNone;
    const Json* list = object.contains("values") ? object.if_contains("values") : object.if_contains("rules");
    std::size_t out = list != nullptr && list->is_array() ? list->get_array().size() : 0;
    const Json* options = given.if_contains("options");
    if (options != nullptr && options->is_object() &&
        text_or(options->get_object(), "fallbackOutput") == "extra")
        ++out;
    return std::max<std::size_t>(out, 1);
}

}  // namespace weft::importer
