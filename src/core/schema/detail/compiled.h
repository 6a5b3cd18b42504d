#pragma once

#include "base/json.h"

#include <re2/re2.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weft::schema {

using NodeIndex = int;
inline constexpr NodeIndex kNoNode = -1;

enum TypeBit : unsigned {
    kNull = 1,
    kBoolean = 2,
    kInteger = 4,
    kNumber = 8,
    kString = 16,
    kArray = 32,
    kObject = 64,
};

enum class Format { kNone, kDateTime, kDate, kTime, kEmail, kUuid, kUri };

struct Pattern {
    Pattern(
        std::string source,
        re2::StringPiece text,
        const RE2::Options& options,
        std::optional<std::size_t> length_min,
        std::optional<std::size_t> length_max
    )
        : source(std::move(source)), re(text, options), length_min(length_min), length_max(length_max) {}

    std::string source;  // as its author wrote it
    RE2 re;
    std::optional<std::size_t> length_min, length_max;  // of the text, in characters
};

/// One subschema. Absent keywords hold their neutral value.
struct Node {
    bool is_never = false;  // the schema `false`
    unsigned types = 0;     // TypeBits; 0 = any
    std::vector<Json> allowed;
    bool has_allowed = false;  // enum or const
    int allowed_work = 0;      // to compare a value with all of them
    std::optional<Decimal> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
    std::optional<std::size_t> min_length, max_length, min_items, max_items, min_properties, max_properties;
    bool unique_items = false;
    std::shared_ptr<const Pattern> pattern;
    Format format = Format::kNone;
    std::vector<std::pair<std::string, NodeIndex>> properties;
    std::vector<std::pair<std::shared_ptr<const Pattern>, NodeIndex>> pattern_properties;
    NodeIndex additional_properties = kNoNode;
    NodeIndex property_names = kNoNode;
    std::vector<std::string> required;
    std::vector<std::pair<std::string, std::vector<std::string>>> dependent_required;
    std::vector<std::pair<std::string, NodeIndex>> dependent_schemas;
    std::vector<NodeIndex> tuple;
    NodeIndex items = kNoNode;  // beyond the tuple
    NodeIndex contains = kNoNode;
    std::optional<std::size_t> min_contains, max_contains;
    bool contains_marks = true;  // what `contains` found is looked at (2020-12)
    NodeIndex unevaluated_items = kNoNode, unevaluated_properties = kNoNode;
    std::vector<NodeIndex> all_of, any_of, one_of;
    NodeIndex negated = kNoNode, condition = kNoNode, consequent = kNoNode, alternative = kNoNode;
    NodeIndex reference = kNoNode;
    NodeIndex dynamic_reference = kNoNode;  // where it leads unless an outer resource knows the name
    int dynamic_name = -1;                  // a place in Compiled::dynamic; -1: it leads nowhere else
    int resource = 0;                       // whose schema it is part of
};

struct Compiled {
    std::vector<Node> nodes;
    NodeIndex root = 0;
    std::size_t pattern_size = 0;                   // instructions of all patterns
    std::vector<std::map<int, NodeIndex>> dynamic;  // of each name: its `$dynamicAnchor` by resource
};

/// "a string", "a number", ... for messages.
std::string_view type_name(const Json& value);
bool fits_format(Format format, std::string_view text);

}  // namespace weft::schema
