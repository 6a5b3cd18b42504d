#pragma once

#include "graphql/execute/execute.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql::detail {

/// The roots' JSON texts, in their order. What the one statement of a query answered is not copied.
struct RootTexts {
    explicit RootTexts(std::size_t roots) : own(roots), columns(roots, kNone) {}
    explicit RootTexts(std::vector<std::string> texts) : own(std::move(texts)), columns(own.size(), kNone) {}

    std::vector<std::string_view> views() const;

    static constexpr int kNone = -1;
    std::vector<std::string> own;
    std::vector<int> columns;  // in the first of `rows`; kNone: the root's text is in `own`
    std::optional<pg::Rows> rows;
};

/// {"data":{"key":text,...}}. `extensions` is JSON text, or "" for none. `begins` is filled with where each
/// text is.
std::string data_body(
    const Plan& plan,
    const std::vector<std::string_view>& texts,
    std::string_view extensions = "",
    std::vector<std::size_t>* begins = nullptr
);

/// Answers the roots that need no database: constants and introspection; the others' texts stay as they are.
Outcome<> fill_constants(
    std::vector<std::string>& texts, const Prepared& prepared, const Variables& variables, const View& view
);

}  // namespace weft::graphql::detail
