#pragma once

#include "base/fair_lru.h"
#include "graphql/execute/execute.h"

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
    std::size_t bytes = 0;  // of all that is kept here, roughly
};

/// The key of a tenant's text in a cache of all tenants'. Texts are not shared: whose text is known here
/// would tell what others ask, and one tenant's shapes of variables would push out another's plans.
std::string key_of(std::string_view tenant, std::string_view text);

/// Parsed documents by tenant and text, with what is known of them under the current model. When there are
/// too many, or too much is kept of them, the tenant of whom most is kept loses what it used longest ago.
class Documents {
  public:
    /// Entries alone are no bound, since a document may have 256 KiB: `bytes_max` is of everything kept,
    /// plans included.
    explicit Documents(std::size_t documents_max, std::size_t bytes_max = 128u << 20)
        : entries_(documents_max, bytes_max) {}

    /// Null when the tenant's text has not been parsed yet.
    CachedDocument* find(std::string_view tenant, std::string_view text);
    CachedDocument& add(std::string_view tenant, std::shared_ptr<const Document> document);
    static CheckedOperation* find(CachedDocument& entry, const Asker& asker, std::string_view operation_name);
    CheckedOperation& add(CachedDocument& entry, CheckedOperation operation);
    /// `entry` may be gone afterwards, and `operation` with it.
    void add_plan(
        std::string_view tenant,
        CachedDocument& entry,
        CheckedOperation& operation,
        std::string shape,
        std::shared_ptr<const Prepared> plan
    );
    /// Another model: nothing that was found out holds any more.
    void clear() { entries_.clear(); }
    std::size_t size() const { return entries_.size(); }
    std::size_t plans() const;
    /// What is kept, a small document counted as the part that each may have.
    std::size_t bytes() const { return entries_.weight(); }

  private:
    static void drop_plans(CachedDocument& entry);

    FairLru<CachedDocument> entries_;
    std::string key_;  // of the last look: its memory is used again
};

}  // namespace weft::graphql::detail
