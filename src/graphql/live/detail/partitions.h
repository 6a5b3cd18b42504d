#pragma once

#include "graphql/live/live.h"
#include "platform/rt/scope.h"
#include "platform/rt/sync.h"

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weft::graphql::detail {

/// Tells of what the log keeps silent about: that partitions were attached, detached or truncated. A
/// publication that names the partitioned table (publish_via_partition_root), and only such a one lets
/// partitions differ in their columns' order and identity, sends nothing of these. So the set of a table's
/// leaves and of their files is looked at once a second, and only where a table that is followed has
/// partitions.
class PartitionWatch {
  public:
    PartitionWatch(rt::Loop& loop, std::string url, std::function<void(const Change&)> on_change);

    /// Looks until it is cancelled, at the tables of the last `follow`. Trouble with the database is no
    /// trouble here: it looks again later, and what changed meanwhile is seen then.
    rt::Task<void> run();
    void follow(std::vector<QualifiedName> tables);
    rt::Task<void> close() { co_await scope_.close(); }
    void start() { scope_.spawn(run()); }

  private:
    rt::Task<Result<void>> look_on_one_connection();
    void note(QualifiedName table, std::string leaves);

    rt::Loop& loop_;
    std::string url_;
    std::function<void(const Change&)> on_change_;
    std::vector<QualifiedName> tables_;
    std::map<QualifiedName, std::string> leaves_;  // as they were seen last
    bool has_other_tables_ = false;
    rt::Signal followed_;
    rt::Scope scope_;
};

}  // namespace weft::graphql::detail
