#include "core/trigger/filter.h"

#include "core/trigger/detail/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace weft::trigger {

namespace {

/// -1, 0, 1 of two numbers or two texts; nothing of others.
std::optional<int> order(const Json& a, const Json& b) {
    const auto sign = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
    if (a.is_number() && b.is_number()) return sign(a.get_number(), b.get_number());
    if (a.is_string() && b.is_string()) return sign(a.get_string(), b.get_string());
    return std::nullopt;
}

/// Of a text a piece, of a list an element.
bool contains(const Json& where, const Json& what) {
    if (const JsonArray* list = where.if_array()) return std::ranges::find(*list, what) != list->end();
    return where.is_string() && what.is_string() && where.get_string().contains(what.get_string());
}

bool compares(const Json* found, Comparison comparison, const Json& value) {
    if (found == nullptr || found->is_null())
        return comparison == Comparison::kMissing || comparison == Comparison::kNotEqual;
    const std::string* text = found->if_string();
    const std::string* piece = value.if_string();
    const std::optional<int> sign = order(*found, value);
    switch (comparison) {
        case Comparison::kEqual:
            return *found == value;
        case Comparison::kNotEqual:
            return !(*found == value);
        case Comparison::kContains:
            return contains(*found, value);
        case Comparison::kStartsWith:
            return text != nullptr && piece != nullptr && text->starts_with(*piece);
        case Comparison::kEndsWith:
            return text != nullptr && piece != nullptr && text->ends_with(*piece);
        case Comparison::kGreater:
            return sign && *sign > 0;
        case Comparison::kAtLeast:
            return sign && *sign >= 0;
        case Comparison::kLess:
            return sign && *sign < 0;
        case Comparison::kAtMost:
            return sign && *sign <= 0;
        case Comparison::kOneOf:
            return contains(value, *found);
        case Comparison::kThere:
            return true;
        case Comparison::kMissing:
            return false;
    }
    return false;
}

bool takes_value(Comparison comparison) {
    return comparison != Comparison::kThere && comparison != Comparison::kMissing;
}

/// What the comparison could never hold of is a mistake.
Result<void> check_value(Comparison comparison, const Json* value, const std::string& field) {
    const auto wrong = [&](std::string what) { return fail(Error::invalid(std::move(what), field)); };
    if (!takes_value(comparison)) {
        if (value != nullptr) return wrong("This comparison takes no value");
        return {};
    }
    if (value == nullptr) return wrong("Say what it is compared with");
    if (to_text(*value).size() > Filter::kValueBytesMax)
        return wrong(fmt::format("A value has at most {} bytes", Filter::kValueBytesMax));
    const bool is_ordered = value->is_number() || value->is_string();
    switch (comparison) {
        case Comparison::kStartsWith:
        case Comparison::kEndsWith:
            if (!value->is_string()) return wrong("This is a text");
            break;
        case Comparison::kGreater:
        case Comparison::kAtLeast:
        case Comparison::kLess:
        case Comparison::kAtMost:
            if (!is_ordered) return wrong("This is a number or a text");
            break;
        case Comparison::kOneOf:
            if (!value->is_array()) return wrong("This is a list");
            break;
        default:
            break;
    }
    return {};
}

}  // namespace

Result<Filter::Part> Filter::read_condition(const Json& value, const std::string& field) {
    TRY(const auto all, detail::Settings::of(value, field, {"path", "is", "value"}));
    TRY(const std::string text, all.text("path", Path::kBytesMax + 8));
    std::string_view rest = text;
    Part out;
    const auto dot = std::min(rest.find('.'), rest.size());
    out.is_of_input = rest.substr(0, dot) == "input";
    if (!out.is_of_input && rest.substr(0, dot) != "trigger")
        return fail(Error::invalid(
            "A path begins with input or trigger, such as input.order.total", all.place("path")
        ));
    rest.remove_prefix(std::min(dot + 1, rest.size()));
    TRY(out.path, Path::parse(rest, all.place("path")));
    TRY(out.comparison, all.word("is", kComparisons, Comparison::kEqual));
    const Json* given = value.get_object().if_contains("value");
    CHECK_OK(check_value(out.comparison, given, all.place("value")));
    if (given != nullptr) out.value = *given;
    return out;
}

Result<Filter::Part> Filter::read(const Json& value, std::string field, int depth, std::size_t& count) {
    constexpr std::array kLists = {
        std::pair(std::string_view("all"), Node::kAll),
        std::pair(std::string_view("any"), Node::kAny),
        std::pair(std::string_view("none"), Node::kNone),
    };
    if (depth > kDepthMax)
        return fail(Error::invalid(fmt::format("At most {} levels", kDepthMax), std::move(field)));
    const JsonObject* object = value.if_object();
    const auto list = std::ranges::find_if(kLists, [&](const auto& one) {
        return object != nullptr && object->contains(one.first);
    });
    if (++count > kConditionsMax)
        return fail(Error::invalid(fmt::format("At most {} conditions", kConditionsMax), std::move(field)));
    if (list == kLists.end()) return read_condition(value, field);
    CHECK_OK(detail::Settings::of(value, field, {list->first}));
    const std::string place = fmt::format("{}.{}", field, list->first);
    const JsonArray* parts = object->at(list->first).if_array();
    if (parts == nullptr || parts->empty())
        return fail(Error::invalid("This is a list of conditions", place));
    Part out;
    out.node = list->second;
    for (std::size_t i = 0; i < parts->size(); ++i) {
        TRY(Part part, read((*parts)[i], fmt::format("{}[{}]", place, i), depth + 1, count));
        out.parts.push_back(std::move(part));
    }
    return out;
}

Result<Filter> Filter::parse(const Json& value, std::string_view field) {
    Filter out;
    std::size_t count = 0;
    TRY(out.root_, read(value, std::string(field), 1, count));
    out.source_ = value;
    return out;
}

bool Filter::holds(const Part& part, const Json& input, const Json& trigger) {
    const auto each = [&](const Part& one) { return holds(one, input, trigger); };
    switch (part.node) {
        case Node::kAll:
            return std::ranges::all_of(part.parts, each);
        case Node::kAny:
            return std::ranges::any_of(part.parts, each);
        case Node::kNone:
            return std::ranges::none_of(part.parts, each);
        case Node::kCondition:
            break;
    }
    return compares(part.path.find(part.is_of_input ? input : trigger), part.comparison, part.value);
}

bool Filter::passes(const Json& input, const Json& trigger) const {
    return holds(root_, input, trigger);
}

}  // namespace weft::trigger
