#pragma once

#include "core/schema/detail/compiled.h"
#include "core/schema/detail/documents.h"

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weft::schema {

/// One keyword of one subschema.
struct Site {
    const Place& place;
    const JsonObject& schema;
    std::string_view key;
    const Dialect& dialect;
};

/// Makes the table of nodes. Subschemas wait in a queue, so that no chain of references takes the stack.
class Compiler {
  public:
    Compiler(Documents& documents, bool checks_formats)
        : documents_(documents), checks_formats_(checks_formats) {}

    Result<Compiled> run();

    // For the keywords.
    Result<NodeIndex> child(const Site& site, const Json& schema);
    /// Where a reference leads; with `dynamic_name`, if it is to be looked for again at run time.
    Result<NodeIndex> target(const Site& site, const Json& reference, int* dynamic_name);
    Result<std::shared_ptr<const Pattern>> pattern(const Site& site, std::string_view text);
    bool checks_formats() const { return checks_formats_; }
    std::unexpected<Error> wrong(const Site& site, std::string message) const {
        return documents_.wrong(site.place, site.key, std::move(message));
    }

  private:
    Result<NodeIndex> node_of(const Place& place);
    Result<> fill(NodeIndex index, const Place& place);
    Result<bool> link_dynamic_anchors();
    Result<> link(std::size_t name, std::size_t resource);

    Documents& documents_;
    bool checks_formats_;
    Compiled out_;
    std::unordered_map<const Json*, NodeIndex> by_schema_;
    std::vector<std::pair<NodeIndex, const Place*>> pending_;
    std::set<int> is_entered_;    // resources that nodes are part of...
    std::vector<int> resources_;  // ...in the order in which they came
    std::vector<std::string> dynamic_names_;
    std::size_t linked_resources_ = 0;  // of both, those whose every pair has been looked at
    std::size_t linked_names_ = 0;
};

/// Precondition: the dialect of `site` knows the keyword.
Result<> compile_keyword(
    const Keyword& keyword, Compiler& compiler, Node& node, const Site& site, const Json& value
);

}  // namespace weft::schema
