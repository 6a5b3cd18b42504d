#pragma once

#include "base/json.h"
#include "graphql/catalog/catalog.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::graphql::metadata::detail {

/// Members of one list or object; far beyond what anybody writes, and a bound on the work per document.
inline constexpr std::size_t kMembersMax = 10'000;

/// A value in a document, and where it stands. Readers of a wrong value note the error and give a default, so
/// that code reads like the document; only the first error counts, and is asked for at the end.
///
/// A child refers to its parent, which must live longer.
class Node {
  public:
    /// The whole document; `error` outlives all nodes.
    Node(const Json& value, std::optional<Error>& error) : value_(&value), error_(&error) {}

    /// Null counts as absent.
    bool is_there() const { return value_ != nullptr && !value_->is_null(); }
    bool is_text() const { return is_there() && value_->is_string(); }
    bool is_list() const { return is_there() && value_->is_array(); }
    bool is_object() const { return is_there() && value_->is_object(); }
    bool is_well() const { return !error_->has_value(); }

    /// A member of this object; absent when this is. Wrong when this is something else.
    Node operator[](std::string_view key) const;

    /// These are wrong when the value is absent ...
    std::string text() const;
    /// A GraphQL name.
    std::string name() const;
    /// "table" or {"schema", "name"}.
    QualifiedName qualified() const;
    JsonObject object() const;
    /// A list of texts without a repetition.
    std::vector<std::string> texts() const;
    void required() const;
    /// ... and these give a default.
    std::string text_or(std::string_view fallback = "") const;
    /// A text, empty ones too; absent when it is not there.
    std::optional<std::string> text_if_there() const;
    std::string name_or_empty() const;
    bool boolean(bool fallback = false) const;
    std::optional<std::int64_t> count() const;
    JsonObject object_or_empty() const;
    std::vector<std::string> texts_or_empty() const;
    /// One of `words`; the first when absent.
    std::string word(std::initializer_list<std::string_view> words) const;

    /// Members in their order, until one is wrong; none when absent.
    void each(const std::function<void(const Node&)>& read) const;
    void each_member(const std::function<void(std::string_view, const Node&)>& read) const;

    /// Notes that this value is wrong: `what` completes "<path>: ...".
    void wrong(std::string_view what) const;
    void too_many(std::string_view what, std::size_t most) const;
    std::string path() const;

  private:
    Node(const Json* value, const Node* parent, std::string_view key, std::size_t index)
        : value_(value), error_(parent->error_), parent_(parent), key_(key), index_(index) {}
    void fail(Code code, std::string_view what) const;

    const Json* value_;
    std::optional<Error>* error_;
    const Node* parent_ = nullptr;
    std::string_view key_;  // empty: an element of a list
    std::size_t index_ = 0;
};

/// True when `text` is a GraphQL name.
bool is_name(std::string_view text);

}  // namespace weft::graphql::metadata::detail
