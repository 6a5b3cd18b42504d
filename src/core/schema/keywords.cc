#include "core/schema/detail/compiler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace weft::schema {

using Compile = Result<> (*)(Compiler&, Node&, const Site&, const Json&);

struct Keyword {
    std::string_view name;
    unsigned drafts;
    Vocabulary vocabulary;
    Shape shape;
    Compile compile;
};

namespace {

constexpr std::array<std::pair<std::string_view, unsigned>, 7> kTypes = {{
    {"null", kNull},
    {"boolean", kBoolean},
    {"integer", kInteger},
    {"number", kNumber},
    {"string", kString},
    {"array", kArray},
    {"object", kObject},
}};
constexpr std::array<std::pair<std::string_view, Format>, 6> kFormats = {{
    {"date-time", Format::kDateTime},
    {"date", Format::kDate},
    {"time", Format::kTime},
    {"email", Format::kEmail},
    {"uuid", Format::kUuid},
    {"uri", Format::kUri},
}};

// ---------------------------------------------------------------- references

Result<> nothing(Compiler&, Node&, const Site&, const Json&) {
    return {};  // what references lead to
}
Result<> reference(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    TRY(node.reference, compiler.target(site, value, nullptr));
    return {};
}
Result<> dynamic_reference(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    TRY(node.dynamic_reference, compiler.target(site, value, &node.dynamic_name));
    return {};
}

// ---------------------------------------------------------------- subschemas

template <NodeIndex Node::* kMember>
Result<> schema(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    TRY(node.*kMember, compiler.child(site, value));
    return {};
}

Result<> read_list(
    Compiler& compiler, std::vector<NodeIndex>& out, const Site& site, const Json& value, bool needs_one
) {
    if (!value.is_array() || (needs_one && value.get_array().empty()))
        return compiler.wrong(site, "This is a list of schemas");
    for (const Json& item : value.get_array()) {
        TRY(const NodeIndex index, compiler.child(site, item));
        out.push_back(index);
    }
    return {};
}
template <std::vector<NodeIndex> Node::* kMember>
Result<> list(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    return read_list(compiler, node.*kMember, site, value, true);
}

template <std::vector<std::pair<std::string, NodeIndex>> Node::* kMember>
Result<> members(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_object()) return compiler.wrong(site, "This is an object of schemas");
    for (const auto& [key, member] : value.get_object()) {
        TRY(const NodeIndex index, compiler.child(site, member));
        (node.*kMember).emplace_back(key, index);
    }
    return {};
}

Result<> pattern_properties(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_object()) return compiler.wrong(site, "This is an object of schemas");
    for (const auto& [key, member] : value.get_object()) {
        TRY(auto compiled, compiler.pattern(site, key));
        TRY(const NodeIndex index, compiler.child(site, member));
        node.pattern_properties.emplace_back(std::move(compiled), index);
    }
    return {};
}

Result<> items(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_array()) return schema<&Node::items>(compiler, node, site, value);
    if (site.dialect.draft == Draft::k2020 && site.dialect.is_declared)
        return compiler.wrong(site, "items is one schema; a list of them is prefixItems in draft 2020-12");
    return read_list(compiler, node.tuple, site, value, false);
}

/// Of what is behind a list of `items`; without one it says nothing.
Result<> additional_items(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    const Json* before = site.schema.if_contains("items");
    if (before == nullptr || !before->is_array()) return {};
    return schema<&Node::items>(compiler, node, site, value);
}

Result<> unevaluated_properties(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    return schema<&Node::unevaluated_properties>(compiler, node, site, value);
}

Result<> contains(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    node.contains_marks = site.dialect.draft == Draft::k2020;
    return schema<&Node::contains>(compiler, node, site, value);
}

// ---------------------------------------------------------------- assertions

Result<> type(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    auto add = [&](const Json& name) {
        for (const auto& [text, bit] : kTypes)
            if (name.is_string() && name.get_string() == text) return node.types |= bit, true;
        return false;
    };
    bool is_good = value.is_array() ? !value.get_array().empty() : add(value);
    if (value.is_array())
        for (const Json& name : value.get_array()) is_good = is_good && add(name);
    if (is_good) return {};
    return compiler.wrong(
        site, "type is null, boolean, integer, number, string, array or object, or a list of these"
    );
}

Result<> allowed(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    std::vector<Json> values;
    if (site.key == "const") {
        values = {value};
    } else {
        if (!value.is_array() || value.get_array().empty())
            return compiler.wrong(site, "enum is a list of at least one value");
        values.assign(value.get_array().begin(), value.get_array().end());
    }
    if (node.has_allowed)  // enum and const: what is in both
        std::erase_if(values, [&](const Json& one) {
            return std::ranges::find(node.allowed, one) == node.allowed.end();
        });
    node.allowed_work = static_cast<int>(values.size() / 4 + to_text(value).size() / 64);
    node.allowed = std::move(values);
    node.has_allowed = true;
    return {};
}

template <std::optional<Decimal> Node::* kMember>
Result<> number(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_number()) return compiler.wrong(site, fmt::format("{} is a number", site.key));
    node.*kMember = value.get_number();
    return {};
}

Result<> multiple_of(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    CHECK_OK(number<&Node::multiple_of>(compiler, node, site, value));
    if (*node.multiple_of <= Decimal(0)) return compiler.wrong(site, "multipleOf is greater than 0");
    if (node.multiple_of->significant_digits() > Decimal::kDivisorDigitsMax)
        return compiler.wrong(
            site, fmt::format("multipleOf has at most {} digits", Decimal::kDivisorDigitsMax)
        );
    return {};
}

template <std::optional<std::size_t> Node::* kMember>
Result<> count(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    const auto read = value.if_int64();
    if (!read || *read < 0)
        return compiler.wrong(site, fmt::format("{} is a whole number, 0 or more", site.key));
    node.*kMember = static_cast<std::size_t>(*read);
    return {};
}

Result<> unique_items(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_bool()) return compiler.wrong(site, "uniqueItems is true or false");
    node.unique_items = value.get_bool();
    return {};
}

Result<> pattern(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_string()) return compiler.wrong(site, "A pattern is a text");
    TRY(node.pattern, compiler.pattern(site, value.get_string()));
    return {};
}

Result<> format(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_string()) return compiler.wrong(site, "format is a text");
    const bool must_check = (site.dialect.vocabularies & kFormatAssertion) != 0;
    if (!compiler.checks_formats() && !must_check) return {};
    for (const auto& [text, known] : kFormats)
        if (value.get_string() == text) return node.format = known, Result<>();
    if (!must_check) return {};
    return compiler.wrong(site, fmt::format("The format {} is not checked here", value.get_string()));
}

Result<> read_names(Compiler& compiler, std::vector<std::string>& out, const Site& site, const Json& value) {
    bool is_good = value.is_array();
    if (is_good)
        for (const Json& name : value.get_array()) is_good = is_good && name.is_string();
    if (!is_good) return compiler.wrong(site, "This is a list of member names");
    for (const Json& name : value.get_array()) out.push_back(name.get_string());
    return {};
}

Result<> required(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    return read_names(compiler, node.required, site, value);
}

Result<> dependent_required(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_object()) return compiler.wrong(site, "This is an object");
    for (const auto& [key, names] : value.get_object()) {
        auto& [name, needed] = node.dependent_required.emplace_back(key, std::vector<std::string>());
        CHECK_OK(read_names(compiler, needed, site, names));
    }
    return {};
}

/// Draft 7, still known to 2020-12: both of the above under one name.
Result<> dependencies(Compiler& compiler, Node& node, const Site& site, const Json& value) {
    if (!value.is_object()) return compiler.wrong(site, "This is an object");
    for (const auto& [key, member] : value.get_object()) {
        if (member.is_array()) {
            auto& [name, needed] = node.dependent_required.emplace_back(key, std::vector<std::string>());
            CHECK_OK(read_names(compiler, needed, site, member));
        } else {
            TRY(const NodeIndex index, compiler.child(site, member));
            node.dependent_schemas.emplace_back(key, index);
        }
    }
    return {};
}

// ---------------------------------------------------------------- the table

constexpr unsigned k7 = static_cast<unsigned>(Draft::k7);
constexpr unsigned k2020 = static_cast<unsigned>(Draft::k2020);
constexpr unsigned kBoth = k7 | k2020;

constexpr std::array kKeywords{
    Keyword{"$ref", kBoth, kCore, Shape::kNone, reference},
    Keyword{"$dynamicRef", k2020, kCore, Shape::kNone, dynamic_reference},
    Keyword{"$defs", k2020, kCore, Shape::kMembers, nothing},
    Keyword{"definitions", kBoth, kCore, Shape::kMembers, nothing},
    Keyword{"allOf", kBoth, kApplicator, Shape::kList, list<&Node::all_of>},
    Keyword{"anyOf", kBoth, kApplicator, Shape::kList, list<&Node::any_of>},
    Keyword{"oneOf", kBoth, kApplicator, Shape::kList, list<&Node::one_of>},
    Keyword{"not", kBoth, kApplicator, Shape::kSchema, schema<&Node::negated>},
    Keyword{"if", kBoth, kApplicator, Shape::kSchema, schema<&Node::condition>},
    Keyword{"then", kBoth, kApplicator, Shape::kSchema, schema<&Node::consequent>},
    Keyword{"else", kBoth, kApplicator, Shape::kSchema, schema<&Node::alternative>},
    Keyword{"dependentSchemas", k2020, kApplicator, Shape::kMembers, members<&Node::dependent_schemas>},
    Keyword{"dependencies", kBoth, kApplicator, Shape::kDependencies, dependencies},
    Keyword{"prefixItems", k2020, kApplicator, Shape::kList, list<&Node::tuple>},
    Keyword{"items", kBoth, kApplicator, Shape::kSchemaOrList, items},
    Keyword{"additionalItems", kBoth, kApplicator, Shape::kSchema, additional_items},
    Keyword{"contains", kBoth, kApplicator, Shape::kSchema, contains},
    Keyword{"properties", kBoth, kApplicator, Shape::kMembers, members<&Node::properties>},
    Keyword{"patternProperties", kBoth, kApplicator, Shape::kMembers, pattern_properties},
    Keyword{"additionalProperties", kBoth, kApplicator, Shape::kSchema, schema<&Node::additional_properties>},
    Keyword{"propertyNames", kBoth, kApplicator, Shape::kSchema, schema<&Node::property_names>},
    Keyword{"unevaluatedItems", k2020, kUnevaluated, Shape::kSchema, schema<&Node::unevaluated_items>},
    Keyword{"unevaluatedProperties", k2020, kUnevaluated, Shape::kSchema, unevaluated_properties},
    Keyword{"type", kBoth, kValidation, Shape::kNone, type},
    Keyword{"enum", kBoth, kValidation, Shape::kNone, allowed},
    Keyword{"const", kBoth, kValidation, Shape::kNone, allowed},
    Keyword{"multipleOf", kBoth, kValidation, Shape::kNone, multiple_of},
    Keyword{"minimum", kBoth, kValidation, Shape::kNone, number<&Node::minimum>},
    Keyword{"maximum", kBoth, kValidation, Shape::kNone, number<&Node::maximum>},
    Keyword{"exclusiveMinimum", kBoth, kValidation, Shape::kNone, number<&Node::exclusive_minimum>},
    Keyword{"exclusiveMaximum", kBoth, kValidation, Shape::kNone, number<&Node::exclusive_maximum>},
    Keyword{"minLength", kBoth, kValidation, Shape::kNone, count<&Node::min_length>},
    Keyword{"maxLength", kBoth, kValidation, Shape::kNone, count<&Node::max_length>},
    Keyword{"pattern", kBoth, kValidation, Shape::kNone, pattern},
    Keyword{"minItems", kBoth, kValidation, Shape::kNone, count<&Node::min_items>},
    Keyword{"maxItems", kBoth, kValidation, Shape::kNone, count<&Node::max_items>},
    Keyword{"uniqueItems", kBoth, kValidation, Shape::kNone, unique_items},
    Keyword{"minContains", k2020, kValidation, Shape::kNone, count<&Node::min_contains>},
    Keyword{"maxContains", k2020, kValidation, Shape::kNone, count<&Node::max_contains>},
    Keyword{"minProperties", kBoth, kValidation, Shape::kNone, count<&Node::min_properties>},
    Keyword{"maxProperties", kBoth, kValidation, Shape::kNone, count<&Node::max_properties>},
    Keyword{"required", kBoth, kValidation, Shape::kNone, required},
    Keyword{"dependentRequired", k2020, kValidation, Shape::kNone, dependent_required},
    Keyword{"format", kBoth, kFormatAnnotation, Shape::kNone, format},
};

}  // namespace

const Keyword* find_keyword(std::string_view name, const Dialect& dialect) {
    const auto* found = std::ranges::find(kKeywords, name, &Keyword::name);
    if (found == kKeywords.end() || (found->drafts & static_cast<unsigned>(dialect.draft)) == 0)
        return nullptr;
    const unsigned vocabularies = found->vocabulary == kFormatAnnotation
                                      ? kFormatAnnotation | kFormatAssertion
                                      : static_cast<unsigned>(found->vocabulary);
    return (vocabularies & dialect.vocabularies) != 0 ? found : nullptr;
}

Shape shape_of(const Keyword& keyword) {
    return keyword.shape;
}

Result<> compile_keyword(
    const Keyword& keyword, Compiler& compiler, Node& node, const Site& site, const Json& value
) {
    return keyword.compile(compiler, node, site, value);
}

}  // namespace weft::schema
