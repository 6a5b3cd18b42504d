#pragma once

#include "graphql/live/detail/spelling.h"
#include "graphql/live/live.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::graphql::detail {

/// Which watchers does a change concern? A watcher looks at a table, perhaps at rows with certain values
/// only. Matching costs time in proportion to the watchers that the most telling column lets through.
class ChangeIndex {
  public:
    /// One column that is fixed by equality; `value` is canonical, `spelling` not kUnknown.
    struct Equality {
        std::string column;
        Spelling spelling = Spelling::kUnknown;
        std::string value;
    };
    class Entry;
    /// Whoever owns the entries of a watcher: `hit` is told which one.
    using Watcher = void*;

    ChangeIndex();
    ~ChangeIndex();
    /// The entry must be removed before the index dies.
    Entry* add(Watcher watcher, const QualifiedName& table, std::vector<Equality> equalities);
    void remove(Entry* entry);
    /// All watchers that the change may concern, each once for an entry that matches.
    void match(const Change& change, std::vector<Watcher>& out) const;
    std::size_t size() const { return entries_; }

  private:
    struct Group;
    struct TableEntries;
    std::map<QualifiedName, std::unique_ptr<TableEntries>> tables_;
    std::size_t entries_ = 0;
};

}  // namespace weft::graphql::detail
