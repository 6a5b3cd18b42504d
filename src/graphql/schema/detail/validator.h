#pragma once

#include "graphql/schema/schema.h"

#include <unordered_map>

namespace weft::graphql {

/// The specification's type validation. Works on schemas that are not finished: it asks for no index.
class Validator {
  public:
    explicit Validator(const Schema& schema) : schema_(schema) {}

    void check_roots();
    void check_directives();
    void check(const Type& type);
    const std::vector<SchemaError>& errors() const { return errors_; }

  private:
    void report(std::string message) { errors_.push_back({std::move(message), 0}); }
    void check_name(std::string_view name);
    void check_argument(const InputValue& argument, const std::string& where);
    void check_fields(const Type& type);
    void check_interfaces(const Type& type);
    void check_ancestors(const Type& type, const Type& above);
    void check_implementation(const Type& type, const Type& above);
    void check_arguments(const Type& type, const Field& field, const Type& above, const Field& wanted);
    void check_members(const Type& type);
    void check_values(const Type& type);
    void check_input_fields(const Type& type);
    void check_cycles(const Type& type);

    const Schema& schema_;
    std::vector<SchemaError> errors_;
    std::unordered_map<const Type*, bool> is_on_path_;  // input objects seen by check_cycles
};

}  // namespace weft::graphql
