#include "core/import/detail/work.h"

#include <fmt/format.h>

#include <algorithm>

/// Nodes that make items of items, without an effect.
namespace weft::importer {

namespace {

std::string yes_if(bool is) {
    return is ? "true" : "";
}

/// A parameter of names, by commas or as a list; "" when there is none.
std::string names_of(Work& work, std::string_view path) {
    const Json* found = work.param(path);
    if (found == nullptr || *found == Json("")) return "";
    return work.fixed(path);
}

std::string plain_names(const Work& work) {
    return yes_if(work.flag("options.disableDotNotation"));
}

/// Since version 3: {name, type, value}; until 3.2 {name, type: "stringValue", stringValue}.
std::string set_fields(Work& work) {
    std::string out;
    const auto add = [&](const JsonObject& row, std::string type, const std::string& value) {
        if (type == "binary") work.hand("a field of files (binary)");
        out += fmt::format(
            "{}[{}, {}, {}]", out.empty() ? "" : ", ", work.js_of(row, "name"), js_text(type), value
        );
    };
    for (const JsonObject* row : work.rows("assignments.assignments"))
        add(*row, std::string(text_or(*row, "type", "string")), work.js_of(*row, "value", "undefined"));
    for (const JsonObject* row : work.rows("fields.values")) {
        std::string_view kind = text_or(*row, "type", "stringValue");
        const std::string_view type = kind.substr(0, kind.find("Value"));
        const std::string fallback = type == "boolean" ? "\"true\"" : type == "object" ? "{}" : "\"\"";
        add(*row, std::string(type), work.js_of(*row, kind, fallback));
    }
    return out;
}

void set_raw(Work& work, const std::string& options) {
    const Json* output = work.param("jsonOutput");
    std::string json = "{}";
    if (output != nullptr) json = fmt::format("n8n.json({}, \"Set\")", work.js_value(*output));
    work.gives_each(fmt::format("n8n.setAll(item.json, {}{})", json, options));
}

void set_since_3(Work& work) {
    std::string include(work.text("include", "all"));
    const Json* others = work.param("includeOtherFields");
    const bool by_flag = work.node.version >= 3.3;
    if (by_flag && (others == nullptr || *others != Json(true))) include = "none";
    const std::string names = include == "selected" ? work.js("includeFields")
                              : include == "except" ? work.js("excludeFields")
                                                    : "";
    if (work.flag("options.stripBinary") || work.flag("options.includeBinary"))
        work.adapt("files (binary) are not imported");
    if (const Json* copies = work.param("duplicateItem"); copies != nullptr && *copies == Json(true))
        work.hand("test copies of items (Duplicate Item)");
    const std::string options = Work::options({
        {"include", include == "none" ? "" : js_text(include)},
        {"names", names},
        {"plainNames", yes_if(!work.flag("options.dotNotation", true))},
        {"ignoreErrors", yes_if(work.flag("options.ignoreConversionErrors"))},
        {"version", fmt::format("{}", work.node.version)},
        {"zone", work.scope.zone == "UTC" ? "" : js_text(work.scope.zone)},
    });
    if (work.text("mode", "manual") == "raw") return set_raw(work, options);
    work.gives_each(fmt::format("n8n.set(item.json, [{}]{})", set_fields(work), options));
}

void set_before_3(Work& work) {
    std::string fields;
    for (std::string_view kind : {"boolean", "number", "string"})
        for (const JsonObject* row : work.rows(fmt::format("values.{}", kind)))
            fields += fmt::format(
                "{}[{}, {}, {}]",
                fields.empty() ? "" : ", ",
                work.js_of(*row, "name"),
                js_text(kind),
                work.js_of(
                    *row,
                    "value",
                    kind == "boolean"  ? "false"
                    : kind == "number" ? "0"
                                       : "\"\""
                )
            );
    const std::string options = Work::options({
        {"keepOnly", yes_if(work.flag("keepOnlySet"))},
        {"plainNames", yes_if(!work.flag("options.dotNotation", true))},
        {"version", work.node.version < 2 ? "1" : ""},
    });
    work.gives_each(fmt::format("n8n.oldSet(item.json, [{}]{})", fields, options));
}

std::string aggregated_fields(Work& work) {
    std::string out;
    for (const JsonObject* row : work.rows("fieldsToAggregate.fieldToAggregate")) {
        const Json* renames = row->if_contains("renameField");
        const bool is_renamed = renames != nullptr && *renames == Json(true);
        out += fmt::format(
            "{}[{}, {}]",
            out.empty() ? "" : ", ",
            work.js_of(*row, "fieldToAggregate"),
            is_renamed ? work.js_of(*row, "outputFieldName") : "\"\""
        );
    }
    return out;
}

void hash_or_sign(Work& work, bool is_signed) {
    const std::string type(work.text("type", "MD5"));
    std::string digest;
    for (char c : type)
        if (c != '-') digest += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    const bool is_known = std::ranges::any_of(
        std::initializer_list<std::string_view>{"md5", "sha1", "sha256", "sha384", "sha512"},
        [&](std::string_view known) { return known == digest; }
    );
    if (!is_known) work.hand(fmt::format("the digest {} is not known here", type));
    if (work.flag("binaryData") || work.flag("binaryPropertyName")) work.hand("the digest of a file");
    const std::string encoding = js_text(work.text("encoding", "hex"));
    const std::string value = work.js("value");
    const std::string call = is_signed
                                 ? fmt::format(
                                       "hash.hmac({}, {}, {}, {{ encoding: {} }})",
                                       js_text(digest),
                                       work.js("secret"),
                                       value,
                                       encoding
                                   )
                                 : fmt::format("hash.{}({}, {{ encoding: {} }})", digest, value, encoding);
    work.gives_each(fmt::format("n8n.put(item.json, {}, {})", work.js("dataPropertyName", "\"data\""), call));
}

}  // namespace

void map_set(Work& work) {
    if (work.node.version >= 3)
        set_since_3(work);
    else
        set_before_3(work);
}

void map_rename_keys(Work& work) {
    if (!work.rows("additionalOptions.regexReplacement.replacements").empty())
        work.hand("names by regular expressions");
    std::string pairs;
    for (const JsonObject* row : work.rows("keys.key"))
        pairs += fmt::format(
            "{}[{}, {}]",
            pairs.empty() ? "" : ", ",
            work.js_of(*row, "currentKey"),
            work.js_of(*row, "newKey")
        );
    work.gives_each(fmt::format("n8n.renameKeys(item.json, [{}])", pairs));
}

void map_sort(Work& work) {
    const std::string_view type = work.text("type", "simple");
    if (type == "random") {
        work.gives(fmt::format("n8n.shuffle({})", work.input()));
        return;
    }
    if (type == "code") {
        const std::string_view code = work.text("code");
        look_at_code(code, work.node.notes);
        work.gives(fmt::format("{}.toSorted((a, b) => {{\n{}\n}})", work.input(), code));
        return;
    }
    std::string fields;
    for (const JsonObject* row : work.rows("sortFieldsUi.sortField"))
        fields += fmt::format(
            "{}[{}, {}]",
            fields.empty() ? "" : ", ",
            work.js_of(*row, "fieldName"),
            work.js_of(*row, "order", "\"ascending\"")
        );
    if (fields.empty()) work.hand("no field to sort by is named: n8n fails");
    work.gives(fmt::format(
        "n8n.sort({}, [{}]{})", work.input(), fields, Work::options({{"plainNames", plain_names(work)}})
    ));
}

void map_limit(Work& work) {
    work.gives(fmt::format(
        "n8n.limit({}, {}, {})",
        work.input(),
        work.fixed("maxItems", "1"),
        work.fixed("keep", "\"firstItems\"")
    ));
}

void map_remove_duplicates(Work& work) {
    if (const std::string_view operation = work.text("operation", "removeDuplicateInputItems");
        operation != "removeDuplicateInputItems" && operation != "removeDuplicates")
        work.hand("items of earlier runs are not remembered here");
    const std::string_view compare = work.text("compare", "allFields");
    const std::string options = Work::options({
        {"names", compare == "selectedFields" ? names_of(work, "fieldsToCompare") : ""},
        {"except", compare == "allFieldsExcept" ? names_of(work, "fieldsToExclude") : ""},
        {"plainNames", plain_names(work)},
        {"removeOthers", yes_if(work.flag("options.removeOtherFields"))},
        {"version", work.node.version < 1.1 ? "1" : ""},
    });
    work.gives(fmt::format("n8n.removeDuplicates({}{})", work.input(), options));
}

void map_split_out(Work& work) {
    if (work.flag("options.includeBinary")) work.adapt("files (binary) are not imported");
    if (has_expression(work.param("fieldToSplitOut") == nullptr ? Json() : *work.param("fieldToSplitOut")))
        work.adapt("the field's name is read for the first item");
    const std::string_view include = work.text("include", "noOtherFields");
    const std::string options = Work::options({
        {"include", include == "noOtherFields" ? "" : js_text(include)},
        {"others", include == "selectedOtherFields" ? names_of(work, "fieldsToInclude") : ""},
        {"destination", names_of(work, "options.destinationFieldName")},
        {"plainNames", plain_names(work)},
    });
    work.gives(fmt::format("n8n.splitOut({}, {}{})", work.input(), work.fixed("fieldToSplitOut"), options));
}

void map_aggregate(Work& work) {
    if (work.flag("options.includeBinaries")) work.adapt("files (binary) are not imported");
    if (work.text("aggregate", "aggregateIndividualFields") == "aggregateAllItemData") {
        const std::string_view include = work.text("include", "allFields");
        const std::string options = Work::options({
            {"only", include == "specifiedFields" ? names_of(work, "fieldsToInclude") : ""},
            {"except", include == "allFieldsExcept" ? names_of(work, "fieldsToExclude") : ""},
        });
        work.gives(fmt::format(
            "n8n.aggregateAll({}, {}{})",
            work.input(),
            work.fixed("destinationFieldName", "\"data\""),
            options
        ));
        return;
    }
    const std::string fields = aggregated_fields(work);
    if (fields.empty()) work.hand("no field to aggregate is named: n8n fails");
    const std::string options = Work::options({
        {"plainNames", plain_names(work)},
        {"mergeLists", yes_if(work.flag("options.mergeLists"))},
        {"keepMissing", yes_if(work.flag("options.keepMissing"))},
    });
    work.gives(fmt::format("n8n.aggregate({}, [{}]{})", work.input(), fields, options));
}

void map_summarize(Work& work) {
    std::string fields;
    const Json* rows = work.param("fieldsToSummarize.values");
    if (rows != nullptr) fields = work.js_value(*rows);
    if (fields.empty()) work.hand("no field to summarize is named: n8n fails");
    const bool checks = work.node.version <= 1 && !work.flag("options.continueIfFieldNotFound");
    const std::string options = Work::options({
        {"by", names_of(work, "fieldsToSplitBy")},
        {"plainNames", plain_names(work)},
        {"asTexts", yes_if(work.node.version <= 1)},
        {"skipEmpty", yes_if(work.flag("options.skipEmptySplitFields"))},
        {"single", yes_if(work.text("options.outputFormat") == "singleItem")},
        {"checks", yes_if(checks)},
    });
    work.gives(fmt::format("n8n.summarize({}, {}{})", work.input(), fields, options));
}

/// The node that was all of these until they became nodes of their own.
void map_item_lists(Work& work) {
    struct Row {
        std::string_view operation;
        Mapping map;
    };
    static constexpr auto kRows = std::to_array<Row>({
        {"splitOutItems", map_split_out},
        {"aggregateItems", map_aggregate},
        {"concatenateItems", map_aggregate},
        {"limit", map_limit},
        {"removeDuplicates", map_remove_duplicates},
        {"sort", map_sort},
        {"summarize", map_summarize},
    });
    const std::string_view operation = work.text("operation", "splitOutItems");
    const auto found = std::ranges::find(kRows, operation, &Row::operation);
    if (found == kRows.end()) return work.hand(fmt::format("the operation {} is not known", operation));
    found->map(work);
}

void map_date_time(Work& work) {
    if (work.node.version < 2) return work.hand("Date & Time before its version 2");
    const std::string zone = work.scope.zone == "UTC" ? "" : js_text(work.scope.zone);
    const std::string keep = work.flag("options.includeInputFields") ? "item.json" : "{}";
    const std::string_view operation = work.text("operation", "getCurrentDate");
    const Json* own = work.param("options.timezone");
    const bool is_format = operation == "formatDate";
    const std::string clocks = is_format && (own == nullptr || *own != Json(true)) ? ""
                               : zone.empty()                                      ? ", \"UTC\""
                                                                                   : ", " + zone;
    const auto date = [&](std::string_view path) {
        return fmt::format("n8n.dateOf({}{})", work.js(path), clocks);
    };
    std::string name, value;
    if (operation == "getCurrentDate") {
        name = work.js("outputFieldName", "\"currentDate\"");
        value = fmt::format("n8n.{}({})", work.flag("includeTime", true) ? "now" : "today", zone);
    } else if (operation == "addToDate" || operation == "subtractFromDate") {
        name = work.js("outputFieldName", "\"newDate\"");
        value = fmt::format(
            "n8n.call({}, \"{}\", [{}, {}])",
            date("magnitude"),
            operation == "addToDate" ? "plus" : "minus",
            work.js("duration", "0"),
            work.js("timeUnit", "\"days\"")
        );
    } else if (is_format && work.text("format", "MM/dd/yyyy") == "custom") {
        name = work.js("outputFieldName", "\"formattedDate\"");
        value = fmt::format("{}.toFormat({})", date("date"), work.js("customFormat"));
    } else if (is_format) {
        name = work.js("outputFieldName", "\"formattedDate\"");
        value = fmt::format("{}.toFormat({})", date("date"), work.js("format", "\"MM/dd/yyyy\""));
    } else if (operation == "extractDate") {
        name = work.js("outputFieldName", "\"datePart\"");
        value = fmt::format("n8n.call({}, \"extract\", [{}])", date("date"), work.js("part", "\"month\""));
    } else {
        return work.hand(fmt::format("the operation {}", operation));
    }
    if (work.param("options.fromFormat") != nullptr) work.hand("dates in a format of their own");
    work.gives_each(fmt::format("n8n.put({}, {}, {})", keep, name, value));
}

void map_crypto(Work& work) {
    const std::string_view action = work.text("action", "hash");
    if (action == "hash") return hash_or_sign(work, false);
    if (action == "hmac" && work.node.version < 2) return hash_or_sign(work, true);
    const std::string_view kind = work.text("encodingType", "uuid");
    if (action != "generate" || kind != "uuid")
        return work.hand(fmt::format("the action {} {}", action, kind));
    work.gives_each(fmt::format("n8n.put(item.json, {}, uuid())", work.js("dataPropertyName", "\"data\"")));
}

void map_markdown(Work& work) {
    const bool is_html = work.text("mode", "htmlToMarkdown") == "markdownToHtml";
    work.adapt("the text is made by other rules than n8n's library: blanks and line ends may differ");
    work.gives_each(fmt::format(
        "n8n.put(item.json, {}, markdown.{}({}))",
        work.js("destinationKey", "\"data\""),
        is_html ? "toHtml" : "fromHtml",
        work.js(is_html ? "markdown" : "html")
    ));
}

void map_xml(Work& work) {
    const std::string property = work.fixed("dataPropertyName", "\"data\"");
    const auto given = [&](std::string_view name) {
        const std::string path = fmt::format("options.{}", name);
        return work.param(path) == nullptr ? std::string() : work.fixed(path);
    };
    const auto word = [&](std::string_view name, std::string_view usual) {
        const std::string js = given(name);
        return js == js_text(usual) ? std::string() : js;
    };
    if (work.text("mode", "xmlToJson") == "jsonToxml") {
        if (work.flag("options.allowSurrogateChars")) work.hand("characters that XML does not have");
        const std::string options = Work::options({
            {"attributes", word("attrkey", "$")},
            {"text", word("charkey", "_")},
            {"root", word("rootName", "root")},
            {"cdata", given("cdata")},
            {"headless", given("headless")},
        });
        return work.gives_each(fmt::format("n8n.jsonToXml(item.json, {}{})", property, options));
    }
    work.adapt("document types are refused, and so is an empty text");
    const std::string options = Work::options({
        {"attributes", word("attrkey", "$")},
        {"text", word("charkey", "_")},
        {"lists", given("explicitArray")},
        {"root", given("explicitRoot")},
        {"ignore", given("ignoreAttrs")},
        {"merge", given("mergeAttrs")},
        {"normalize", given("normalize")},
        {"lower", given("normalizeTags")},
        {"trim", given("trim")},
    });
    work.gives_each(fmt::format("n8n.xmlToJson(item.json, {}{})", property, options));
}

void map_html(Work& work) {
    const std::string_view operation = work.text("operation", "generateHtmlTemplate");
    if (operation == "generateHtmlTemplate") {
        work.gives_each(fmt::format("({{ html: {} }})", work.js("html")));
        return;
    }
    if (operation != "extractHtmlContent" || work.text("sourceData", "json") != "json")
        return work.hand(fmt::format("the operation {} of {}", operation, work.text("sourceData", "json")));
    work.adapt("blanks of the text that is found may differ");
    std::string members;
    for (const JsonObject* row : work.rows("extractionValues.values")) {
        const std::string_view what = text_or(*row, "returnValue", "text");
        if (what == "value") work.hand("the value of a form's field");
        const std::string options = what == "attribute"
                                        ? fmt::format("{{ attribute: {} }}", work.js_of(*row, "attribute"))
                                        : fmt::format("{{ get: {} }}", js_text(what));
        const Json* list = row->if_contains("returnArray");
        members += fmt::format(
            "{}[{}]: html.select({}, {}, {}){}",
            members.empty() ? "" : ", ",
            work.js_of(*row, "key"),
            fmt::format("n8n.get(item.json, {})", work.js("dataPropertyName", "\"data\"")),
            work.js_of(*row, "cssSelector"),
            options,
            list != nullptr && *list == Json(true) ? "" : "[0]"
        );
    }
    work.gives_each(fmt::format("({{ {} }})", members));
}

}  // namespace weft::importer
