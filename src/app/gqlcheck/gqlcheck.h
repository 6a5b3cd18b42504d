#pragma once

#include "base/json.h"
#include "graphql/schema/schema.h"

#include <memory>
#include <string>
#include <string_view>

/// Validation of documents by request, for comparing our rules with other implementations'.
namespace weft::gqlcheck {

/// Answers requests one after the other; keeps the last schema, since neighbours usually share it.
class Checker {
  public:
    /// `request` is a JSON object:
    ///   schema      SDL. Absent: the last request's
    ///   query       the document
    ///   rule        one rule, by graphql-js's class name. Absent: the 26 of the specification
    ///   rules       several rules, each on its own: the answer has `by_rule`
    ///   print       true: the answer has `printed`, the document in canonical layout
    ///   introspect  true: the answer has `data`, the document's first operation executed
    /// The answer is one JSON object on one line, with `errors`: message and locations (line, column) of
    /// each.
    std::string answer(std::string_view request);

  private:
    JsonObject check(const JsonObject& request);
    bool load_schema(std::string_view sdl, JsonArray& errors);

    std::string sdl_;
    JsonArray schema_errors_;
    std::unique_ptr<graphql::Schema> schema_;
};

}  // namespace weft::gqlcheck
