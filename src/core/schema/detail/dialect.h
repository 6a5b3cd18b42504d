#pragma once

#include <cstdint>
#include <string_view>

namespace weft::schema {

enum class Draft : std::uint8_t { k7 = 1, k2020 = 2 };

/// What a dialect's meta-schema says of its keywords (2020-12, 8.1.2). Draft 7 has all but the last.
enum Vocabulary : unsigned {
    kCore = 1,
    kApplicator = 2,
    kUnevaluated = 4,
    kValidation = 8,
    kFormatAnnotation = 16,
    kFormatAssertion = 32,
};
inline constexpr unsigned kUsual = kCore | kApplicator | kUnevaluated | kValidation | kFormatAnnotation;

struct Dialect {
    Draft draft = Draft::k2020;
    unsigned vocabularies = kUsual;
    bool is_declared = false;  // by `$schema`
};

/// How a keyword's value holds subschemas.
enum class Shape {
    kNone,
    kSchema,
    kList,          // of schemas
    kSchemaOrList,  // one schema, or a list of them
    kMembers,       // an object of schemas
    kDependencies,  // an object of schemas and of lists of names
};

struct Keyword;

/// Null for what the dialect does not know: an annotation.
const Keyword* find_keyword(std::string_view name, const Dialect& dialect);
Shape shape_of(const Keyword& keyword);

}  // namespace weft::schema
