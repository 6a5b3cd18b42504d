#pragma once

#include "graphql/validate/validate.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

/// For tests of this module: a schema from SDL, seen in full, and documents for it.
namespace weft::graphql::testing {

inline std::unique_ptr<Document> parsed(std::string_view text) {
    auto document = parse(text, trusted_parse_limits());
    if (!document) throw std::runtime_error(document.error().message + " in " + std::string(text));
    return std::move(*document);
}

class Api {
  public:
    explicit Api(std::string_view sdl) : document_(parsed(sdl)) {
        auto schema = build_schema(*document_);
        if (!schema) throw std::runtime_error(schema.error().message);
        schema_ = std::move(*schema);
        mask_ = everything(*schema_);
    }
    const Schema& schema() const { return *schema_; }
    Mask& mask() { return mask_; }
    View view() const { return {*schema_, mask_}; }

  private:
    std::unique_ptr<Document> document_;
    std::unique_ptr<Schema> schema_;
    Mask mask_;
};

}  // namespace weft::graphql::testing
