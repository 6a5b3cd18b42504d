#include "core/schema/detail/compiled.h"
#include "core/schema/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <span>
#include <unordered_set>

namespace weft::schema {

namespace {

constexpr int kDepthMax =
    256;  // the value's depth times what references and combinators add; a `$ref` loop ends here

/// Where we are in the value; frames live on the stack and become text only when something is wrong.
struct Spot {
    const Spot* up = nullptr;
    std::string_view name;
    std::size_t index = 0;
    bool is_item = false;

    void write(std::string& out) const {
        if (up == nullptr) return;
        up->write(out);
        if (is_item) {
            out += fmt::format("[{}]", index);
        } else {
            if (!out.empty()) out += '.';
            out += name;
        }
    }
};

std::string_view text_of(const Json& value) {
    return {value.get_string().data(), value.get_string().size()};
}

unsigned types_of(const Json& value) {
    switch (value.kind()) {
        case JsonKind::kNull:
            return kNull;
        case JsonKind::kBool:
            return kBoolean;
        case JsonKind::kNumber:
            return value.get_number().is_whole() ? kNumber | kInteger : kNumber;
        case JsonKind::kString:
            return kString;
        case JsonKind::kArray:
            return kArray;
        case JsonKind::kObject:
            return kObject;
    }
    return 0;
}

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

std::size_t code_points(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

bool matches(const Pattern& pattern, std::string_view text) {
    if (pattern.length_min) {
        const std::size_t length = code_points(text);
        if (length < *pattern.length_min || length > pattern.length_max.value_or(length)) return false;
    }
    return RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern.re);
}

/// The worst of RE2 is its NFA, 12 ns for each byte and instruction. Its DFA takes 3 ns for a byte, but only
/// a pattern with few instructions is sure to keep it: up to 16, no text makes more states than fit its
/// memory (measured: 23 ns at 17 instructions, 200 at 19).
std::size_t match_work(const Pattern& pattern, std::string_view text) {
    const auto size = static_cast<std::size_t>(pattern.re.ProgramSize());
    return 1 + (size <= 16 ? text.size() / 2 : text.size() * size / 4);
}

class Walk {
  public:
    Walk(const Compiled& schema, std::size_t count_max, Work work)
        : schema_(schema), count_max_(count_max), budget_(static_cast<int>(work)) {}

    /// Does `value` fit? With `report` every violation is noted, up to the maximum; without, the first one
    /// decides.
    bool fits(NodeIndex index, const Json& value, const Spot& spot, bool report) {
        if (index == kNoNode) return true;
        if (depth_ >= kDepthMax) is_exhausted = true;
        if (!spend(1)) return false;
        ++depth_;
        bool is_good = node(schema_.nodes[static_cast<std::size_t>(index)], value, spot, report);
        --depth_;
        return is_good;
    }

    std::vector<Violation> found;
    bool is_exhausted = false;

  private:
    using Kind = Violation::Kind;

    /// Before work of that size: false when the budget does not allow it, and from then on.
    bool spend(std::size_t units) {
        if (is_exhausted || units > static_cast<std::size_t>(budget_)) is_exhausted = true;
        if (!is_exhausted) budget_ -= static_cast<int>(units);
        return !is_exhausted;
    }
    bool match(const Pattern& pattern, std::string_view text) {
        return spend(match_work(pattern, text)) && matches(pattern, text);
    }

    bool note(bool report, const Spot& spot, std::string expected, Kind kind = Kind::kOther) {
        if (report && found.size() < count_max_) {
            std::string field;
            spot.write(field);
            found.push_back({std::move(field), std::move(expected), kind});
        }
        return false;
    }
    bool done(bool is_good, bool report) const {
        return is_exhausted || (!is_good && (!report || found.size() >= count_max_));
    }

    bool node(const Node& n, const Json& value, const Spot& spot, bool report) {
        if (n.is_never) return note(report, spot, "is not allowed", Kind::kUnknown);
        if (n.types != 0 && (n.types & types_of(value)) == 0)
            return note(
                report, spot, fmt::format("must be {}, not {}", types_text(n.types), type_name(value))
            );
        if (!spend(static_cast<std::size_t>(n.allowed_work))) return false;
        if (n.has_allowed && std::ranges::find(n.allowed, value) == n.allowed.end())
            return note(report, spot, allowed_text(n.allowed));
        bool is_good = true;
        if (value.is_number()) is_good = number(n, value.get_number(), spot, report);
        if (value.is_string()) is_good = string(n, text_of(value), spot, report);
        if (value.is_array()) is_good = array(n, value.get_array(), spot, report);
        if (value.is_object()) is_good = object(n, value, spot, report);
        if (done(is_good, report)) return false;
        return combined(n, value, spot, report) && is_good;
    }

    static std::string allowed_text(const std::vector<Json>& allowed) {
        std::string out = allowed.size() == 1 ? "must be " : "must be one of ";
        for (std::size_t i = 0; i < allowed.size(); ++i) {
            if (i == 12) return out + ", …";
            if (i > 0) out += ", ";
            out += to_text(allowed[i]).substr(0, 80);
        }
        return out;
    }

    bool number(const Node& n, const Decimal& value, const Spot& spot, bool report) {
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

    bool string(const Node& n, std::string_view text, const Spot& spot, bool report) {
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

    static std::string format_text(Format format) {
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

    bool array(const Node& n, const JsonArray& items, const Spot& spot, bool report) {
        bool is_good = true;
        if (n.min_items && items.size() < *n.min_items)
            is_good = note(report, spot, fmt::format("must have at least {} items", *n.min_items));
        if (n.max_items && items.size() > *n.max_items)
            is_good = note(report, spot, fmt::format("must have at most {} items", *n.max_items));
        for (std::size_t i = 0; i < items.size() && !done(is_good, report); ++i) {
            NodeIndex schema = i < n.tuple.size() ? n.tuple[i] : n.items;
            if (schema == kNoNode) continue;
            Spot here{.up = &spot, .index = i, .is_item = true};
            is_good = fits(schema, items[i], here, report) && is_good;
        }
        if (n.contains != kNoNode && !done(is_good, report)) {
            bool has =
                std::ranges::any_of(items, [&](const Json& i) { return fits(n.contains, i, spot, false); });
            if (!has) is_good = note(report, spot, "must contain an item of the declared form");
        }
        if (n.unique_items && !done(is_good, report)) {
            is_good = unique(items, spot, report) && is_good;
        }
        return is_good;
    }

    /// Equal for equal values: members by name, numbers without what does not count.
    static void append_normal(const Json& value, std::string& out) {
        if (const JsonObject* object = value.if_object()) {
            std::map<std::string_view, const Json*> sorted;
            for (const auto& member : *object) sorted.emplace(member.key(), &member.value());
            out += '{';
            for (const auto& [key, member] : sorted) {
                append_json_string(key, out);
                append_normal(*member, out);
            }
        } else if (const JsonArray* array = value.if_array()) {
            out += '[';
            for (const Json& item : *array) append_normal(item, out);
            out += ']';
        } else if (const Decimal* number = value.if_number()) {
            constexpr std::int64_t kZerosMax = 400;
            std::string text = number->plain_text(kZerosMax);
            if (text.find('.') != std::string::npos && text.find_first_of("eE") == std::string::npos) {
                text.erase(text.find_last_not_of('0') + 1);
                if (text.back() == '.') text.pop_back();
            }
            out += (text == "-0" ? "0" : text) + ' ';
        } else {
            append_text(value, out);
        }
    }

    bool unique(const JsonArray& items, const Spot& spot, bool report) {
        std::unordered_set<std::string> seen;
        for (const Json& item : items) {
            std::string text;
            append_normal(item, text);
            if (!spend(4 + text.size() / 16)) return false;
            if (!seen.insert(std::move(text)).second)
                return note(report, spot, "must not hold an item twice");
        }
        return true;
    }

    bool object(const Node& n, const Json& whole, const Spot& spot, bool report) {
        const JsonObject& value = whole.get_object();
        bool is_good = true;
        // Each name is looked up, present or not.
        if (!spend((n.required.size() + n.properties.size() + n.dependent_required.size()) / 2)) return false;
        for (const std::string& name : n.required)
            if (!value.contains(name))
                is_good = note(report, Spot{&spot, name}, "is required", Kind::kMissing);
        for (const auto& [name, needed] : n.dependent_required) {
            if (!value.contains(name)) continue;
            for (const std::string& other : needed)
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
        for (const auto& [name, schema] : n.properties) {
            if (done(is_good, report)) return false;
            if (const Json* member = value.if_contains(name))
                is_good = fits(schema, *member, Spot{&spot, name}, report) && is_good;
        }
        for (const auto& [name, schema] : n.dependent_schemas)
            if (value.contains(name)) is_good = fits(schema, whole, spot, report) && is_good;
        return other_members(n, value, spot, report) && is_good;
    }

    bool other_members(const Node& n, const JsonObject& value, const Spot& spot, bool report) {
        if (n.pattern_properties.empty() && n.additional_properties == kNoNode && n.property_names == kNoNode)
            return true;
        bool is_good = true;
        for (const auto& member : value) {
            if (done(is_good, report) || !spend(1 + n.properties.size() / 8)) return false;
            std::string_view name = member.key();
            Spot here{&spot, name};
            bool is_declared =
                std::ranges::any_of(n.properties, [&](const auto& p) { return p.first == name; });
            for (const auto& [pattern, schema] : n.pattern_properties) {
                if (!match(*pattern, name)) continue;
                is_declared = true;
                is_good = fits(schema, member.value(), here, report) && is_good;
            }
            if (!is_declared)
                is_good = fits(n.additional_properties, member.value(), here, report) && is_good;
            if (n.property_names != kNoNode && !fits(n.property_names, Json(name), here, false))
                is_good =
                    !is_exhausted && note(report, here, "has a name that is not allowed", Kind::kUnknown);
        }
        return is_good;
    }

    bool combined(const Node& n, const Json& value, const Spot& spot, bool report) {
        bool is_good = fits(n.reference, value, spot, report);
        for (NodeIndex part : n.all_of) is_good = fits(part, value, spot, report) && is_good;
        if (!n.any_of.empty()) {
            bool one =
                std::ranges::any_of(n.any_of, [&](NodeIndex part) { return fits(part, value, spot, false); });
            if (!one) is_good = none_fits(n.any_of, value, spot, report);
        }
        if (!n.one_of.empty()) {
            auto count =
                std::ranges::count_if(n.one_of, [&](NodeIndex p) { return fits(p, value, spot, false); });
            if (count == 0) is_good = none_fits(n.one_of, value, spot, report);
            if (count > 1)
                is_good = note(report, spot, fmt::format("fits {} of the forms; only one may fit", count));
        }
        if (n.negated != kNoNode && fits(n.negated, value, spot, false))
            is_good = note(report, spot, "has a form that is excluded");
        if (n.condition != kNoNode) {
            bool holds = fits(n.condition, value, spot, false);
            is_good = fits(holds ? n.consequent : n.alternative, value, spot, report) && is_good;
        }
        return is_good;
    }

    /// With one form of the right type, its own complaints help more than "none fits".
    bool none_fits(const std::vector<NodeIndex>& forms, const Json& value, const Spot& spot, bool report) {
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

    const Compiled& schema_;
    std::size_t count_max_;
    int budget_;
    int depth_ = 0;
};

bool is_number_text(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// See Schema::may_have. `fuel` ends `$ref` loops.
bool may_have_at(const Compiled& schema, NodeIndex index, std::span<const std::string> path, int fuel) {
    if (index == kNoNode || path.empty() || fuel <= 0) return true;
    const Node& n = schema.nodes[static_cast<std::size_t>(index)];
    if (n.is_never) return false;
    auto below = [&](NodeIndex child) { return may_have_at(schema, child, path.subspan(1), fuel - 1); };
    auto same = [&](NodeIndex other) { return may_have_at(schema, other, path, fuel - 1); };
    bool own = true;
    if (is_number_text(path.front()) && (n.types & kArray) != 0) {
        own = below(n.items);
    } else if (n.types == kObject || (n.types == 0 && !n.properties.empty())) {
        auto declared =
            std::ranges::find(n.properties, path.front(), &std::pair<std::string, NodeIndex>::first);
        if (declared != n.properties.end())
            own = below(declared->second);
        else if (std::ranges::any_of(n.pattern_properties, [&](auto& p) {
                     return matches(*p.first, path.front());
                 }))
            own = true;
        else if (n.additional_properties != kNoNode)
            own = !schema.nodes[static_cast<std::size_t>(n.additional_properties)].is_never &&
                  below(n.additional_properties);
        else
            own = n.properties.empty();
    }
    // Combinators may declare further members of the same object: any of them may know the name.
    bool is_open = n.reference != kNoNode || !n.all_of.empty() || !n.any_of.empty() || !n.one_of.empty();
    if (own && !n.properties.empty()) return true;
    if (!is_open) return own;
    bool known = n.reference != kNoNode && same(n.reference);
    for (const auto* list : {&n.all_of, &n.any_of, &n.one_of})
        known = known || std::ranges::any_of(*list, same);
    return known;
}

}  // namespace

Result<> Schema::validate(const Json& value, std::string_view root, Work work) const {
    Walk walk(*compiled_, 1, work);
    bool is_good = walk.fits(compiled_->root, value, Spot{}, true);
    if (walk.is_exhausted)
        return fail(Error::limit("The value is too large or too deep to be checked", std::string(root)));
    if (is_good) return {};
    if (walk.found.empty()) return fail(Error::internal("a schema refused a value without saying why"));
    const Violation& first = walk.found.front();
    std::string field(root);
    if (!field.empty() && !first.field.empty() && first.field.front() != '[') field += '.';
    field += first.field;
    std::string user = fmt::format("{} {}", field.empty() ? "The value" : field, first.expected);
    return fail(Error::invalid(std::move(user), std::move(field)));
}

std::vector<Violation> Schema::violations(const Json& value, std::size_t count_max, Work work) const {
    Walk walk(*compiled_, count_max, work);
    walk.fits(compiled_->root, value, Spot{}, true);
    if (walk.is_exhausted && walk.found.empty()) walk.found.push_back({"", "is too large to be checked"});
    return std::move(walk.found);
}

std::size_t Schema::size() const {
    return compiled_->nodes.size() + compiled_->pattern_size;
}

bool Schema::may_have(const std::vector<std::string>& path) const {
    return may_have_at(*compiled_, compiled_->root, path, 64);
}

}  // namespace weft::schema
