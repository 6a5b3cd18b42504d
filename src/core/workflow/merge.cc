#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weft::workflow {

namespace {

constexpr std::array<std::string_view, 4> kModes = {"append", "position", "key", "first"};
constexpr std::size_t kInputsMax = 50;

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> known) {
    return std::ranges::find(known, text) != known.end();
}

/// What an input brings: a list is its elements, anything else one element.
JsonArray elements_of(const Json& input) {
    if (input.is_array()) return input.get_array();
    return JsonArray{input};
}

JsonArray append(const std::vector<const Json*>& inputs) {
    JsonArray out;
    for (const Json* input : inputs)
        for (const Json& element : elements_of(*input)) out.push_back(element);
    return out;
}

/// Later members win.
Result<> add_members(JsonObject& to, const Json& element, std::string_view mode) {
    if (!element.is_object())
        return fail(Error::invalid(
            fmt::format("Merging by {} takes lists of objects, and an element is none", mode), "inputs"
        ));
    for (const auto& member : element.get_object()) to[member.key()] = member.value();
    return {};
}

Result<JsonArray> by_position(const std::vector<const Json*>& inputs, bool keeps_all) {
    std::vector<JsonArray> lists;
    for (const Json* input : inputs) lists.push_back(elements_of(*input));
    std::size_t count = 0;
    if (!lists.empty()) {
        const auto [least, most] =
            std::ranges::minmax(lists, {}, [](const JsonArray& l) { return l.size(); });
        count = keeps_all ? most.size() : least.size();
    }
    JsonArray out;
    for (std::size_t i = 0; i < count; ++i) {
        JsonObject one;
        for (const JsonArray& list : lists)
            if (i < list.size()) CHECK_OK(add_members(one, list[i], "position"));
        out.push_back(std::move(one));
    }
    return out;
}

/// The elements that have the same value of `key`, in the order in which the values come first.
Result<JsonArray> by_key(const std::vector<const Json*>& inputs, std::string_view key, bool keeps_all) {
    struct Row {
        JsonObject merged;
        std::size_t inputs = 0;
        std::size_t last = 0;  // input that it was in last, from 1
    };
    std::vector<Row> rows;
    std::map<std::string, std::size_t> places;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        for (const Json& element : elements_of(*inputs[i])) {
            const Json* value = element.is_object() ? element.get_object().if_contains(key) : nullptr;
            if (value == nullptr || value->is_null())
                return fail(Error::invalid(fmt::format("An element has no \"{}\"", key), "inputs"));
            const auto [at, is_new] = places.try_emplace(to_text(*value), rows.size());
            if (is_new) rows.emplace_back();
            Row& row = rows[at->second];
            if (row.last != i + 1) ++row.inputs;
            row.last = i + 1;
            CHECK_OK(add_members(row.merged, element, "key"));
        }
    }
    JsonArray out;
    for (Row& row : rows)
        if (keeps_all || row.inputs == inputs.size()) out.push_back(std::move(row.merged));
    return out;
}

}  // namespace

void check_merge(const Json& with, const std::string& field, Problems& problems) {
    if (with.is_string()) {
        problems.add("with is an object with inputs", field);
        return;
    }
    if (!check_shape(with, {"inputs", "mode", "key", "keep"}, "inputs", field, problems)) return;
    const JsonObject& object = with.get_object();
    const std::string_view mode = text_or(object, "mode", "append");
    if (std::ranges::find(kModes, mode) == kModes.end())
        problems.add("mode is append, position, key or first", below(field, "mode"));
    if (object.contains("key") && (!object.at("key").is_string() || text_of(object.at("key")).empty()))
        problems.add("key is the name of a member", below(field, "key"));
    else if ((mode == "key") != object.contains("key"))
        problems.add(
            mode == "key" ? "key is missing: the member whose value is the same" : "Only mode key has a key",
            below(field, "key")
        );
    if (object.contains("keep") && !is_one_of(text_or(object, "keep"), {"all", "matches"}))
        problems.add("keep is all or matches", below(field, "keep"));
    const Json& inputs = object.at("inputs");
    if (!inputs.is_array() || inputs.get_array().empty() || inputs.get_array().size() > kInputsMax)
        problems.add(fmt::format("inputs is a list of 1 to {} values", kInputsMax), below(field, "inputs"));
}

Result<Json> merge_of(const Json& with) {
    const JsonObject* object = with.if_object();
    const Json* list = object != nullptr ? object->if_contains("inputs") : nullptr;
    if (list == nullptr || !list->is_array()) return fail(Error::invalid("inputs is a list", "inputs"));
    std::vector<const Json*> inputs;
    for (const Json& input : list->get_array())
        if (!input.is_null()) inputs.push_back(&input);
    const std::string_view mode = text_or(*object, "mode", "append");
    if (mode == "first") return inputs.empty() ? Json() : *inputs.front();
    if (mode == "append") return Json(append(inputs));
    const bool keeps_all = text_or(*object, "keep", "all") == "all";
    if (mode == "position") {
        TRY(JsonArray merged, by_position(inputs, keeps_all));
        return Json(std::move(merged));
    }
    TRY(JsonArray merged, by_key(inputs, text_or(*object, "key"), keeps_all));
    return Json(std::move(merged));
}

}  // namespace weft::workflow
