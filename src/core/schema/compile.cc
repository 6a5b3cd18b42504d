#include "base/json_pointer.h"
#include "base/percent.h"
#include "core/schema/detail/compiled.h"
#include "core/schema/detail/pattern.h"
#include "core/schema/schema.h"

#include <fmt/format.h>

#include <array>
#include <map>

namespace weft::schema {

namespace {

constexpr std::size_t kTextBytesMax = 64u << 10;
constexpr std::size_t kNodesMax = 2'000;
constexpr int kDepthMax = 32;
constexpr std::size_t kPatternBytesMax = 1u << 10;
constexpr std::size_t kPatternSizeMax = 20'000;  // instructions of all patterns: some 20 ms to compile
constexpr std::int64_t kPatternMemoryMax =
    1 << 20;  // of one compiled pattern; RE2's own default is eight times that

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

std::string_view text_of(const Json& value) {
    return {value.get_string().data(), value.get_string().size()};
}

class Compiler {
  public:
    Compiler(const Json& document, std::string_view root) : document_(document), root_(root) {}

    Result<Compiled> run() {
        TRY(out_.root, at_pointer(""));
        return std::move(out_);
    }

  private:
    std::unexpected<Error> wrong(std::string_view path, std::string_view keyword, std::string message) const {
        std::string field(root_);
        for (std::string_view part : {path, keyword}) {
            if (part.empty()) continue;
            if (!field.empty()) field += '.';
            field += part;
        }
        return fail(Error::invalid(std::move(message), std::move(field)));
    }

    /// The node of a local reference ("" or "/definitions/x"), compiled once: recursive schemas refer to
    /// themselves.
    Result<NodeIndex> at_pointer(std::string_view pointer) {
        if (auto known = by_pointer_.find(std::string(pointer)); known != by_pointer_.end())
            return known->second;
        const Json* found = find_pointer(document_, pointer);
        if (found == nullptr) return wrong("", "", fmt::format("$ref \"#{}\" leads nowhere", pointer));
        TRY(NodeIndex index, reserve());
        by_pointer_.emplace(pointer, index);
        std::string path;
        for (char c : pointer.empty() ? pointer : pointer.substr(1)) path += c == '/' ? '.' : c;
        CHECK_OK(fill(index, *found, path, 0));
        return index;
    }

    Result<NodeIndex> reserve() {
        if (out_.nodes.size() >= kNodesMax)
            return fail(
                Error::limit(fmt::format("A schema has at most {} subschemas", kNodesMax), std::string(root_))
            );
        out_.nodes.emplace_back();
        return static_cast<NodeIndex>(out_.nodes.size() - 1);
    }

    Result<NodeIndex> child(const Json& schema, const std::string& path, int depth) {
        if (depth >= kDepthMax)
            return fail(Error::limit(fmt::format("A schema is nested at most {} levels", kDepthMax), path));
        TRY(NodeIndex index, reserve());
        CHECK_OK(fill(index, schema, path, depth + 1));
        return index;
    }

    Result<> fill(NodeIndex index, const Json& schema, const std::string& path, int depth) {
        Node node;
        if (schema.is_bool()) {
            node.is_never = !schema.get_bool();
        } else if (schema.is_object()) {
            for (const auto& member : schema.get_object())
                CHECK_OK(keyword(node, schema.get_object(), member.key(), member.value(), path, depth));
        } else {
            return wrong(path, "", "A schema is an object, true or false");
        }
        out_.nodes[static_cast<std::size_t>(index)] = std::move(node);
        return {};
    }

    Result<> keyword(
        Node& node,
        const JsonObject& schema,
        std::string_view key,
        const Json& value,
        const std::string& path,
        int depth
    ) {
        if (key == "type") return types(node, value, path);
        if (key == "enum" || key == "const") return allowed(node, key, value, path);
        if (key == "$ref") return reference(node, value, path);
        if (key == "format") return format(node, value, path);
        if (key == "pattern") {
            TRY(node.pattern, pattern(value, path, key));
            return {};
        }
        if (key == "required") return names(node.required, value, path, key);
        if (key == "uniqueItems") {
            if (!value.is_bool()) return wrong(path, key, "uniqueItems is true or false");
            node.unique_items = value.get_bool();
            return {};
        }
        if (std::optional<Decimal>* bound = number_keyword(node, key)) {
            if (!value.is_number()) return wrong(path, key, fmt::format("{} is a number", key));
            *bound = value.get_number();
            if (key != "multipleOf") return {};
            if (**bound <= Decimal(0)) return wrong(path, key, "multipleOf is greater than 0");
            if ((*bound)->significant_digits() > Decimal::kDivisorDigitsMax)
                return wrong(
                    path, key, fmt::format("multipleOf has at most {} digits", Decimal::kDivisorDigitsMax)
                );
            return {};
        }
        if (std::optional<std::size_t>* bound = count_keyword(node, key)) {
            const auto count = value.if_int64();
            if (!count || *count < 0)
                return wrong(path, key, fmt::format("{} is a whole number, 0 or more", key));
            *bound = static_cast<std::size_t>(*count);
            return {};
        }
        return subschemas(node, schema, key, value, path, depth);
    }

    Result<> subschemas(
        Node& node,
        const JsonObject& schema,
        std::string_view key,
        const Json& value,
        const std::string& path,
        int depth
    ) {
        std::string here = path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
        if (NodeIndex* one = schema_keyword(node, key)) {
            TRY(*one, child(value, here, depth));
            return {};
        }
        if (std::vector<NodeIndex>* list = list_keyword(node, key))
            return children(*list, value, here, depth, true);
        if (key == "properties") return members(node.properties, value, here, depth);
        if (key == "dependentSchemas") return members(node.dependent_schemas, value, here, depth);
        if (key == "patternProperties") return pattern_members(node, value, here, depth);
        if (key == "dependentRequired" || key == "dependencies")
            return dependencies(node, value, here, depth);
        if (key == "items") {
            if (value.is_array()) return children(node.tuple, value, here, depth, false);
            TRY(node.items, child(value, here, depth));
        } else if (key == "additionalItems" && schema.contains("items") && schema.at("items").is_array()) {
            TRY(node.items, child(value, here, depth));
        }
        return {};  // an annotation, or definitions that references reach
    }

    Result<> types(Node& node, const Json& value, const std::string& path) {
        auto add = [&](const Json& name) {
            for (const auto& [text, bit] : kTypes)
                if (name.is_string() && text_of(name) == text) return node.types |= bit, true;
            return false;
        };
        bool is_good = value.is_array() ? !value.get_array().empty() : add(value);
        if (value.is_array())
            for (const Json& name : value.get_array()) is_good = is_good && add(name);
        if (is_good) return {};
        return wrong(
            path,
            "type",
            "type is null, boolean, integer, number, string, array or object, or a list of these"
        );
    }

    Result<> allowed(Node& node, std::string_view key, const Json& value, const std::string& path) {
        std::vector<Json> values;
        if (key == "const") {
            values = {value};
        } else {
            if (!value.is_array() || value.get_array().empty())
                return wrong(path, key, "enum is a list of at least one value");
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

    Result<> reference(Node& node, const Json& value, const std::string& path) {
        if (!value.is_string() || !text_of(value).starts_with('#'))
            return wrong(path, "$ref", "$ref points into the same schema, such as #/definitions/address");
        const std::string pointer = percent_decode(text_of(value).substr(1));  // a reference is a URI
        if (!pointer.empty() && pointer.front() != '/')
            return wrong(path, "$ref", "$ref by name is not known; use a path such as #/definitions/address");
        TRY(node.reference, at_pointer(pointer));
        return {};
    }

    Result<> format(Node& node, const Json& value, const std::string& path) {
        if (!value.is_string()) return wrong(path, "format", "format is a text");
        for (const auto& [text, known] : kFormats)
            if (text_of(value) == text) node.format = known;
        return {};
    }

    Result<std::shared_ptr<const Pattern>> pattern(
        const Json& value, const std::string& path, std::string_view key
    ) {
        if (!value.is_string()) return wrong(path, key, "A pattern is a text");
        return pattern(text_of(value), path, key);
    }
    Result<std::shared_ptr<const Pattern>> pattern(
        std::string_view text, const std::string& path, std::string_view key
    ) {
        if (text.size() > kPatternBytesMax)
            return wrong(path, key, fmt::format("A pattern has at most {} bytes", kPatternBytesMax));
        auto translated = translate_pattern(text);
        if (!translated) return wrong(path, key, std::move(translated.error().user));
        RE2::Options options;
        options.set_log_errors(false);
        options.set_max_mem(kPatternMemoryMax);
        auto compiled = std::make_shared<const Pattern>(
            std::string(text),
            re2::StringPiece(translated->text.data(), translated->text.size()),
            options,
            translated->length_min,
            translated->length_max
        );
        if (!compiled->re.ok())
            return wrong(path, key, fmt::format("Pattern not understood: {}", compiled->re.error()));
        out_.pattern_size += static_cast<std::size_t>(compiled->re.ProgramSize());
        if (out_.pattern_size > kPatternSizeMax)
            return fail(Error::limit("The patterns of this schema are too large together", path));
        return compiled;
    }

    Result<> names(
        std::vector<std::string>& out, const Json& value, const std::string& path, std::string_view key
    ) {
        bool is_good = value.is_array();
        if (is_good)
            for (const Json& name : value.get_array()) is_good = is_good && name.is_string();
        if (!is_good) return wrong(path, key, "This is a list of member names");
        for (const Json& name : value.get_array()) out.emplace_back(text_of(name));
        return {};
    }

    Result<> children(
        std::vector<NodeIndex>& out, const Json& value, const std::string& path, int depth, bool needs_one
    ) {
        if (!value.is_array() || (needs_one && value.get_array().empty()))
            return wrong(path, "", "This is a list of schemas");
        for (std::size_t i = 0; i < value.get_array().size(); ++i) {
            TRY(NodeIndex index, child(value.get_array()[i], fmt::format("{}[{}]", path, i), depth));
            out.push_back(index);
        }
        return {};
    }

    Result<> members(
        std::vector<std::pair<std::string, NodeIndex>>& out,
        const Json& value,
        const std::string& path,
        int depth
    ) {
        if (!value.is_object()) return wrong(path, "", "This is an object of schemas");
        for (const auto& member : value.get_object()) {
            std::string key(member.key());
            TRY(NodeIndex index, child(member.value(), fmt::format("{}.{}", path, key), depth));
            out.emplace_back(std::move(key), index);
        }
        return {};
    }

    Result<> pattern_members(Node& node, const Json& value, const std::string& path, int depth) {
        if (!value.is_object()) return wrong(path, "", "This is an object of schemas");
        for (const auto& member : value.get_object()) {
            TRY(auto compiled, pattern(std::string_view(member.key()), path, ""));
            TRY(NodeIndex index, child(member.value(), path, depth));
            node.pattern_properties.emplace_back(std::move(compiled), index);
        }
        return {};
    }

    Result<> dependencies(Node& node, const Json& value, const std::string& path, int depth) {
        if (!value.is_object()) return wrong(path, "", "This is an object");
        for (const auto& member : value.get_object()) {
            std::string key(member.key());
            if (member.value().is_array()) {
                std::vector<std::string> list;
                CHECK_OK(names(list, member.value(), path, member.key()));
                node.dependent_required.emplace_back(std::move(key), std::move(list));
            } else {
                TRY(NodeIndex index, child(member.value(), fmt::format("{}.{}", path, key), depth));
                node.dependent_schemas.emplace_back(std::move(key), index);
            }
        }
        return {};
    }

    static std::optional<Decimal>* number_keyword(Node& node, std::string_view key) {
        if (key == "minimum") return &node.minimum;
        if (key == "maximum") return &node.maximum;
        if (key == "exclusiveMinimum") return &node.exclusive_minimum;
        if (key == "exclusiveMaximum") return &node.exclusive_maximum;
        return key == "multipleOf" ? &node.multiple_of : nullptr;
    }
    static std::optional<std::size_t>* count_keyword(Node& node, std::string_view key) {
        if (key == "minLength") return &node.min_length;
        if (key == "maxLength") return &node.max_length;
        if (key == "minItems") return &node.min_items;
        if (key == "maxItems") return &node.max_items;
        if (key == "minProperties") return &node.min_properties;
        return key == "maxProperties" ? &node.max_properties : nullptr;
    }
    static NodeIndex* schema_keyword(Node& node, std::string_view key) {
        if (key == "additionalProperties") return &node.additional_properties;
        if (key == "propertyNames") return &node.property_names;
        if (key == "contains") return &node.contains;
        if (key == "not") return &node.negated;
        if (key == "if") return &node.condition;
        if (key == "then") return &node.consequent;
        return key == "else" ? &node.alternative : nullptr;
    }
    static std::vector<NodeIndex>* list_keyword(Node& node, std::string_view key) {
        if (key == "allOf") return &node.all_of;
        if (key == "anyOf") return &node.any_of;
        if (key == "oneOf") return &node.one_of;
        return key == "prefixItems" ? &node.tuple : nullptr;
    }

    const Json& document_;
    std::string_view root_;
    Compiled out_;
    std::map<std::string, NodeIndex> by_pointer_;
};

}  // namespace

Result<Schema> Schema::compile(const Json& schema, std::string_view root) {
    if (to_text(schema).size() > kTextBytesMax)
        return fail(
            Error::limit(fmt::format("A schema has at most {} KiB", kTextBytesMax >> 10), std::string(root))
        );
    TRY(Compiled compiled, Compiler(schema, root).run());
    return Schema(std::make_shared<const Compiled>(std::move(compiled)));
}

}  // namespace weft::schema
