#pragma once

#include "control/graphql/execute/detail/lru.h"
#include "control/graphql/execute/execute.h"

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::graphql::detail {

/// For whom an operation was checked: by address, of an access of the model in force and of limits of the
/// engine's options. Roles that the model does not know share an access, but not their limits.
struct Asker {
    const Access* access = nullptr;
    const RoleLimits* limits = nullptr;
    bool operator==(const Asker&) const = default;
};

/// What has been found out about one operation of a document for one asker: whether it may run, and its
/// plans.
struct CheckedOperation {
    Asker asker;
    std::string operation_name;
    const Operation* operation = nullptr;
    std::unique_ptr<Failure> refusal;  // of limits, rules, the allow-list
    std::unordered_map<std::string, std::shared_ptr<const Prepared>> plans;  // by Variables::shape
};

struct CachedDocument {
    std::shared_ptr<const Document> document;
    std::vector<CheckedOperation> operations;
    std::size_t plans = 0;
    std::size_t bytes = 0;  // of all that is kept here, roughly
};

/// Parsed documents by their text, with what is known of them under the current model. All bounded.
class Documents {
  public:
    /// Entries alone are no bound, since a document may have 256 KiB: `bytes_max` is of everything kept.
    Documents(std::size_t documents_max, std::size_t plans_max, std::size_t bytes_max = 128u << 20)
        : entries_(documents_max),
          documents_max_(documents_max),
          plans_max_(plans_max),
          bytes_max_(bytes_max) {}

    /// Null when the text has not been parsed yet.
    CachedDocument* find(std::string_view text) { return entries_.find(text); }
    CachedDocument& add(std::shared_ptr<const Document> document);
    static CheckedOperation* find(CachedDocument& entry, const Asker& asker, std::string_view operation_name);
    CheckedOperation& add(CachedDocument& entry, CheckedOperation operation);
    void add_plan(
        CachedDocument& entry,
        CheckedOperation& operation,
        std::string shape,
        std::shared_ptr<const Prepared> plan
    );
    /// Another model: nothing that was found out holds any more.
    void clear() {
        entries_.clear();
        plans_ = 0;
        bytes_ = 0;
    }
    std::size_t size() const { return entries_.size(); }
    std::size_t plans() const { return plans_; }
    std::size_t bytes() const { return bytes_; }

  private:
    void drop_oldest();
    void drop_plans(CachedDocument& entry);

    Lru<CachedDocument> entries_;
    std::size_t documents_max_;
    std::size_t plans_max_;
    std::size_t bytes_max_;
    std::size_t plans_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace weft::graphql::detail
