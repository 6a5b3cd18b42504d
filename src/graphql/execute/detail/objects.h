#pragma once

#include "graphql/plan/plan.h"

#include <string>
#include <vector>

namespace weft::graphql::detail {

/// A place in an answer where rows of a table belong: a relationship of an object that a resolver gave.
struct RelatedSlot {
    std::size_t at = 0;  // offset in the text
    const Output* output = nullptr;
    JsonObject join;  // column of the table to value; empty when a value is null: then nothing is looked up
};

/// What a request selects of JSON values that come from a resolver. Prints them in the order selected.
class ObjectPrinter {
  public:
    using Objects = std::vector<std::pair<std::string, std::vector<Output>>>;
    ObjectPrinter(const std::vector<Output>& selection, const Objects& objects)
        : selection_(selection), objects_(objects) {}

    /// Appends `value`, checked against `type`: lists, objects and null where they may be. Failure:
    /// unexpected, naming the field. Relationships are left out and noted in `slots`.
    Outcome<> print(std::string& out, const Json& value, TypeUse type, std::vector<RelatedSlot>& slots);

  private:
    Outcome<> value(
        std::string& out,
        const Json& value,
        TypeUse type,
        const std::vector<Output>& selection,
        const std::string& place,
        std::vector<RelatedSlot>& slots
    );
    Outcome<> object(
        std::string& out,
        const JsonObject& object,
        const Type& type,
        const std::vector<Output>& selection,
        const std::string& place,
        std::vector<RelatedSlot>& slots
    );

    const std::vector<Output>& selection_;
    const Objects& objects_;
    std::string_view field_;  // for messages
};

}  // namespace weft::graphql::detail
