#include "core/schema/detail/walk.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_set>

namespace weft::schema {

namespace {

constexpr int kWalkDepthMax =
    256;  // the value's depth times what references and combinators add; a `$ref` loop ends here

std::string types_text(unsigned types) {
    static constexpr std::array<std::pair<unsigned, std::string_view>, 7> kNames = {{
        {kNull, "null"},
        {kBoolean, "a boolean"},
        {kInteger, "an integer"},
        {kNumber, "a number"},
        {kString, "a string"},
        {kArray, "an array"},
        {kObject, "an object"},
    }};
    std::string out;
    for (const auto& [bit, text] : kNames) {
        if ((types & bit) == 0) continue;
        if (!out.empty()) out += " or ";
        out += text;
    }
    return out;
}

std::string allowed_text(const std::vector<Json>& allowed) {
    if (allowed.empty()) return "has no value that is allowed";
    std::string out = allowed.size() == 1 ? "must be " : "must be one of ";
    for (std::size_t i = 0; i < allowed.size(); ++i) {
        if (i == 12) return out + ", …";
        if (i > 0) out += ", ";
        out += to_text(allowed[i]).substr(0, 80);
    }
    return out;
}

std::string format_text(Format format) {
    switch (format) {
        case Format::kNone:
            break;
        case Format::kDateTime:
            return "must be a date and time such as 2026-11-23T08:36:00Z";
        case Format::kDate:
            return "must be a date such as 2026-11-23";
        case Format::kTime:
            return "must be a time such as 08:36:00Z";
        case Format::kEmail:
            return "must be an e-mail address";
        case Format::kUuid:
            return "must be a UUID";
        case Format::kUri:
            return "must be a URI with its scheme";
    }
    return "";
}

/// The worst of RE2 is its NFA, 12 ns for each byte and instruction. Its DFA takes 3 ns for a byte, but only
/// a pattern with few instructions is sure to keep it: up to 16, no text makes more states than fit its
/// memory (measured: 23 ns at 17 instructions, 200 at 19).
std::size_t match_work(const Pattern& pattern, std::string_view text) {
    const auto size = static_cast<std::size_t>(pattern.re.ProgramSize());
    return 1 + (size <= 16 ? text.size() / 2 : text.size() * size / 4);
}

std::size_t size_of(const Json& value) {
    if (const JsonObject* object = value.if_object()) return object->size();
    const JsonArray* array = value.if_array();
    return array != nullptr ? array->size() : 0;
}

}  // namespace

void Spot::write(std::string& out) const {
    if (up == nullptr) return;
    up->write(out);
    if (is_item) {
        out += fmt::format("[{}]", index);
    } else {
        if (!out.empty()) out += '.';
        out += name;
    }
}

bool Walk::fits(NodeIndex index, const Json& value, const Spot& spot, bool report, Seen* seen) {
    if (index == kNoNode) return true;
    if (depth_ >= kWalkDepthMax) is_exhausted = true;
    if (!spend(1)) return false;
    const Node& n = schema_.nodes[static_cast<std::size_t>(index)];
    const bool enters = scope_.empty() || scope_.back() != n.resource;
    if (enters) scope_.push_back(n.resource);
    ++depth_;
    const bool is_good = node(n, value, spot, report, seen);
    --depth_;
    if (enters) scope_.pop_back();
    return is_good;
}

/// Before work of that size: false when the budget does not allow it, and from then on.
bool Walk::spend(std::size_t units) {
    if (is_exhausted || units > static_cast<std::size_t>(budget_)) is_exhausted = true;
    if (!is_exhausted) budget_ -= static_cast<int>(units);
    return !is_exhausted;
}

bool Walk::match(const Pattern& pattern, std::string_view text) {
    return spend(match_work(pattern, text)) && matches(pattern, text);
}

bool Walk::note(bool report, const Spot& spot, std::string expected, Kind kind) {
    if (report && found.size() < count_max_) {
        std::string field;
        spot.write(field);
        found.push_back({std::move(field), std::move(expected), kind});
    }
    return false;
}

bool Walk::done(bool is_good, bool report) const {
    return is_exhausted || (!is_good && (!report || found.size() >= count_max_));
}

bool Walk::node(const Node& n, const Json& value, const Spot& spot, bool report, Seen* seen) {
    const bool asks = (n.unevaluated_properties != kNoNode && value.is_object()) ||
                      (n.unevaluated_items != kNoNode && value.is_array());
    if (!asks) return own(n, value, spot, report, seen);
    if (!spend(1 + size_of(value) / 64)) return false;
    Seen mine(size_of(value));
    if (seen == nullptr) seen = &mine;
    // What is wrong already is said once: members that were not reached are not also "not allowed".
    return own(n, value, spot, report, seen) && unevaluated(n, value, spot, report, *seen);
}

bool Walk::own(const Node& n, const Json& value, const Spot& spot, bool report, Seen* seen) {
    if (n.is_never) return note(report, spot, "is not allowed", Kind::kUnknown);
    if (n.types != 0 && (n.types & types_of(value)) == 0)
        return note(report, spot, fmt::format("must be {}, not {}", types_text(n.types), type_name(value)));
    if (!spend(static_cast<std::size_t>(n.allowed_work))) return false;
    if (n.has_allowed && std::ranges::find(n.allowed, value) == n.allowed.end())
        return note(report, spot, allowed_text(n.allowed));
    bool is_good = true;
    if (value.is_number()) is_good = number(n, value.get_number(), spot, report);
    if (value.is_string()) is_good = string(n, value.get_string(), spot, report);
    if (value.is_array()) is_good = array(n, value.get_array(), spot, report, seen);
    if (value.is_object()) is_good = object(n, value.get_object(), spot, report, seen);
    if (done(is_good, report)) return false;
    return combined(n, value, spot, report, seen) && is_good;
}

bool Walk::number(const Node& n, const Decimal& value, const Spot& spot, bool report) {
    if (n.minimum && value < *n.minimum)
        return note(report, spot, fmt::format("must be at least {}", n.minimum->text()));
    if (n.maximum && value > *n.maximum)
        return note(report, spot, fmt::format("must be at most {}", n.maximum->text()));
    if (n.exclusive_minimum && value <= *n.exclusive_minimum)
        return note(report, spot, fmt::format("must be greater than {}", n.exclusive_minimum->text()));
    if (n.exclusive_maximum && value >= *n.exclusive_maximum)
        return note(report, spot, fmt::format("must be less than {}", n.exclusive_maximum->text()));
    if (n.multiple_of && !value.is_multiple_of(*n.multiple_of))
        return note(report, spot, fmt::format("must be a multiple of {}", n.multiple_of->text()));
    return true;
}

bool Walk::string(const Node& n, std::string_view text, const Spot& spot, bool report) {
    if (!spend(text.size() / 64)) return false;  // its characters counted, its format looked at
    if (n.min_length || n.max_length) {
        std::size_t length = code_points(text);
        if (n.min_length && length < *n.min_length)
            return note(report, spot, fmt::format("must have at least {} characters", *n.min_length));
        if (n.max_length && length > *n.max_length)
            return note(report, spot, fmt::format("must have at most {} characters", *n.max_length));
    }
    if (n.pattern && !match(*n.pattern, text))
        return !is_exhausted &&
               note(report, spot, fmt::format("must match the pattern {}", n.pattern->source));
    if (!fits_format(n.format, text)) return note(report, spot, format_text(n.format));
    return true;
}

bool Walk::array(const Node& n, const JsonArray& items, const Spot& spot, bool report, Seen* seen) {
    bool is_good = true;
    if (n.min_items && items.size() < *n.min_items)
        is_good = note(report, spot, fmt::format("must have at least {} items", *n.min_items));
    if (n.max_items && items.size() > *n.max_items)
        is_good = note(report, spot, fmt::format("must have at most {} items", *n.max_items));
    for (std::size_t i = 0; i < items.size() && !done(is_good, report); ++i) {
        NodeIndex schema = i < n.tuple.size() ? n.tuple[i] : n.items;
        if (schema == kNoNode) break;  // behind the tuple, and nothing is said of the rest
        Spot here{.up = &spot, .index = i, .is_item = true};
        is_good = fits(schema, items[i], here, report) && is_good;
        if (seen != nullptr) (*seen)[i] = true;
    }
    if (n.contains != kNoNode && !done(is_good, report))
        is_good = contains(n, items, spot, report, seen) && is_good;
    if (n.unique_items && !done(is_good, report)) is_good = unique(items, spot, report) && is_good;
    return is_good;
}

bool Walk::contains(const Node& n, const JsonArray& items, const Spot& spot, bool report, Seen* seen) {
    const std::size_t low = n.min_contains.value_or(1);
    const bool asks_all = n.max_contains.has_value() || (seen != nullptr && n.contains_marks);
    std::size_t count = 0;
    for (std::size_t i = 0; i < items.size() && (asks_all || count < low) && !is_exhausted; ++i) {
        if (!fits(n.contains, items[i], spot, false)) continue;
        ++count;
        if (seen != nullptr && n.contains_marks) (*seen)[i] = true;
    }
    if (is_exhausted) return false;
    if (count < low)
        return note(
            report,
            spot,
            low == 1 ? std::string("must contain an item of the declared form")
                     : fmt::format("must contain at least {} items of the declared form", low)
        );
    if (n.max_contains && count > *n.max_contains)
        return note(
            report, spot, fmt::format("must contain at most {} items of the declared form", *n.max_contains)
        );
    return true;
}

bool Walk::unique(const JsonArray& items, const Spot& spot, bool report) {
    std::unordered_set<std::string> known;
    for (const Json& item : items) {
        std::string text;
        append_normal(item, text);
        if (!spend(4 + text.size() / 16)) return false;
        if (!known.insert(std::move(text)).second) return note(report, spot, "must not hold an item twice");
    }
    return true;
}

bool Walk::needed(const Node& n, const JsonObject& value, const Spot& spot, bool report) {
    bool is_good = true;
    for (const std::string& name : n.required)
        if (!value.contains(name)) is_good = note(report, Spot{&spot, name}, "is required", Kind::kMissing);
    for (const auto& [name, others] : n.dependent_required) {
        if (!value.contains(name)) continue;
        if (!spend(others.size() / 2)) return false;
        for (const std::string& other : others)
            if (!value.contains(other))
                is_good = note(
                    report,
                    Spot{&spot, other},
                    fmt::format("is required together with {}", name),
                    Kind::kMissing
                );
    }
    if (n.min_properties && value.size() < *n.min_properties)
        is_good = note(report, spot, fmt::format("must have at least {} members", *n.min_properties));
    if (n.max_properties && value.size() > *n.max_properties)
        is_good = note(report, spot, fmt::format("must have at most {} members", *n.max_properties));
    return is_good;
}

bool Walk::object(const Node& n, const JsonObject& value, const Spot& spot, bool report, Seen* seen) {
    // Each name is looked up, present or not.
    if (!spend((n.required.size() + n.properties.size() + n.dependent_required.size()) / 2)) return false;
    bool is_good = needed(n, value, spot, report);
    for (const auto& [name, schema] : n.properties) {
        if (done(is_good, report)) return false;
        const auto member = value.find(name);
        if (member == value.end()) continue;
        is_good = fits(schema, member->value(), Spot{&spot, name}, report) && is_good;
        if (seen != nullptr) (*seen)[static_cast<std::size_t>(member - value.begin())] = true;
    }
    return other_members(n, value, spot, report, seen) && is_good;
}

bool Walk::other_members(const Node& n, const JsonObject& value, const Spot& spot, bool report, Seen* seen) {
    if (n.pattern_properties.empty() && n.additional_properties == kNoNode && n.property_names == kNoNode)
        return true;
    bool is_good = true;
    std::size_t place = 0;
    for (const auto& member : value) {
        if (done(is_good, report) || !spend(1 + n.properties.size() / 8)) return false;
        std::string_view name = member.key();
        Spot here{&spot, name};
        bool is_declared = std::ranges::any_of(n.properties, [&](const auto& p) { return p.first == name; });
        for (const auto& [pattern, schema] : n.pattern_properties) {
            if (!match(*pattern, name)) continue;
            is_declared = true;
            is_good = fits(schema, member.value(), here, report) && is_good;
        }
        if (!is_declared) is_good = fits(n.additional_properties, member.value(), here, report) && is_good;
        if (seen != nullptr && (is_declared || n.additional_properties != kNoNode)) (*seen)[place] = true;
        if (n.property_names != kNoNode && !fits(n.property_names, Json(name), here, false))
            is_good = !is_exhausted && note(report, here, "has a name that is not allowed", Kind::kUnknown);
        ++place;
    }
    return is_good;
}

bool Walk::unevaluated(const Node& n, const Json& value, const Spot& spot, bool report, Seen& seen) {
    bool is_good = true;
    std::size_t place = 0;
    auto look = [&](NodeIndex schema, const Json& part, const Spot& here) {
        if (!seen[place]) is_good = fits(schema, part, here, report) && is_good;
        seen[place++] = true;
        return !done(is_good, report);
    };
    if (!spend(1 + size_of(value) / 8)) return false;
    if (const JsonObject* object = value.if_object()) {
        for (const auto& member : *object)
            if (!look(n.unevaluated_properties, member.value(), Spot{&spot, member.key()})) break;
    } else if (const JsonArray* array = value.if_array()) {
        for (const Json& item : *array)
            if (!look(n.unevaluated_items, item, Spot{.up = &spot, .index = place, .is_item = true})) break;
    }
    return is_good && !is_exhausted;
}

bool Walk::in_place(NodeIndex index, const Json& value, const Spot& spot, bool report, Seen* seen) {
    if (index == kNoNode) return true;
    if (seen == nullptr) return fits(index, value, spot, report);
    if (!spend(1 + seen->size() / 32)) return false;
    Seen below(seen->size());
    if (!fits(index, value, spot, report, &below)) return false;
    for (std::size_t i = 0; i < below.size(); ++i)
        if (below[i]) (*seen)[i] = true;
    return true;
}

/// How many of the forms the value has, counted up to `enough`; all of them when somebody asks what they saw.
std::size_t Walk::count_fitting(
    std::span<const NodeIndex> forms, const Json& value, const Spot& spot, Seen* seen, std::size_t enough
) {
    std::size_t count = 0;
    for (const NodeIndex form : forms) {
        if (is_exhausted || (seen == nullptr && count >= enough)) break;
        count += in_place(form, value, spot, false, seen) ? 1 : 0;
    }
    return count;
}

bool Walk::combined(const Node& n, const Json& value, const Spot& spot, bool report, Seen* seen) {
    bool is_good = in_place(n.reference, value, spot, report, seen);
    if (n.dynamic_reference != kNoNode)
        is_good = in_place(dynamic_target(n), value, spot, report, seen) && is_good;
    for (NodeIndex part : n.all_of) is_good = in_place(part, value, spot, report, seen) && is_good;
    if (!n.any_of.empty() && count_fitting(n.any_of, value, spot, seen, 1) == 0)
        is_good = none_fits(n.any_of, value, spot, report);
    if (!n.one_of.empty()) {
        const std::size_t count = count_fitting(n.one_of, value, spot, seen, n.one_of.size());
        if (count == 0) is_good = none_fits(n.one_of, value, spot, report);
        if (count > 1)
            is_good = note(report, spot, fmt::format("fits {} of the forms; only one may fit", count));
    }
    if (n.negated != kNoNode && fits(n.negated, value, spot, false))
        is_good = note(report, spot, "has a form that is excluded");
    if (n.condition != kNoNode) {
        const bool holds = in_place(n.condition, value, spot, false, seen);
        is_good = in_place(holds ? n.consequent : n.alternative, value, spot, report, seen) && is_good;
    }
    if (const JsonObject* object = value.if_object()) {
        if (!spend(n.dependent_schemas.size() / 2)) return false;
        for (const auto& [name, schema] : n.dependent_schemas)
            if (object->contains(name)) is_good = in_place(schema, value, spot, report, seen) && is_good;
    }
    return is_good && !is_exhausted;
}

/// With one form of the right type, its own complaints help more than "none fits".
bool Walk::none_fits(std::span<const NodeIndex> forms, const Json& value, const Spot& spot, bool report) {
    if (!report) return false;
    NodeIndex closest = kNoNode;
    int count = 0;
    for (NodeIndex form : forms) {
        unsigned types = schema_.nodes[static_cast<std::size_t>(form)].types;
        if (types != 0 && (types & types_of(value)) == 0) continue;
        closest = form;
        ++count;
    }
    if (count == 1) return fits(closest, value, spot, true);
    return note(report, spot, fmt::format("fits none of the {} allowed forms", forms.size()));
}

/// 2020-12, 8.2.3.2: the outermost resource on the way here that has the name.
NodeIndex Walk::dynamic_target(const Node& n) {
    if (n.dynamic_name < 0) return n.dynamic_reference;
    const auto& known = schema_.dynamic[static_cast<std::size_t>(n.dynamic_name)];
    for (const int resource : scope_)
        if (const auto anchor = known.find(resource); anchor != known.end()) return anchor->second;
    return n.dynamic_reference;
}

}  // namespace weft::schema
