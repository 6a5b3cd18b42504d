#pragma once

#include "core/schema/detail/compiled.h"
#include "core/schema/schema.h"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::schema {

/// Where we are in the value; frames live on the stack and become text only when something is wrong.
struct Spot {
    const Spot* up = nullptr;
    std::string_view name = {};
    std::size_t index = 0;
    bool is_item = false;

    void write(std::string& out) const;
};

unsigned types_of(const Json& value);
bool matches(const Pattern& pattern, std::string_view text);
/// Equal for equal values: members by name, numbers without what does not count.
void append_normal(const Json& value, std::string& out);
std::size_t code_points(std::string_view text);

/// Which members of one object, or items of one array, a keyword has looked at with success: the annotation
/// that unevaluatedProperties and unevaluatedItems ask for. Null where nobody will ask.
using Seen = std::vector<bool>;

/// One check of one value, bounded in work and depth.
class Walk {
  public:
    Walk(const Compiled& schema, std::size_t count_max, Work work)
        : schema_(schema), count_max_(count_max), budget_(static_cast<int>(work)) {}

    /// Does `value` fit? With `report` every violation is noted, up to the maximum; without, the first one
    /// decides. `seen` has a place for each member or item of `value`, and holds nothing of use when the
    /// answer is no.
    bool fits(NodeIndex index, const Json& value, const Spot& spot, bool report, Seen* seen = nullptr);

    std::vector<Violation> found;
    bool is_exhausted = false;

  private:
    using Kind = Violation::Kind;

    bool spend(std::size_t units);
    bool match(const Pattern& pattern, std::string_view text);
    bool note(bool report, const Spot& spot, std::string expected, Kind kind = Kind::kOther);
    bool done(bool is_good, bool report) const;

    bool node(const Node& n, const Json& value, const Spot& spot, bool report, Seen* seen);
    bool own(const Node& n, const Json& value, const Spot& spot, bool report, Seen* seen);
    bool number(const Node& n, const Decimal& value, const Spot& spot, bool report);
    bool string(const Node& n, std::string_view text, const Spot& spot, bool report);
    bool array(const Node& n, const JsonArray& items, const Spot& spot, bool report, Seen* seen);
    bool contains(const Node& n, const JsonArray& items, const Spot& spot, bool report, Seen* seen);
    bool unique(const JsonArray& items, const Spot& spot, bool report);
    bool object(const Node& n, const JsonObject& value, const Spot& spot, bool report, Seen* seen);
    bool needed(const Node& n, const JsonObject& value, const Spot& spot, bool report);
    bool other_members(const Node& n, const JsonObject& value, const Spot& spot, bool report, Seen* seen);
    bool unevaluated(const Node& n, const Json& value, const Spot& spot, bool report, Seen& seen);

    /// A subschema of the same value: what it saw counts if it fits.
    bool in_place(NodeIndex index, const Json& value, const Spot& spot, bool report, Seen* seen);
    bool combined(const Node& n, const Json& value, const Spot& spot, bool report, Seen* seen);
    std::size_t count_fitting(
        std::span<const NodeIndex> forms, const Json& value, const Spot& spot, Seen* seen, std::size_t enough
    );
    bool none_fits(std::span<const NodeIndex> forms, const Json& value, const Spot& spot, bool report);
    NodeIndex dynamic_target(const Node& n);

    const Compiled& schema_;
    std::size_t count_max_;
    int budget_;
    int depth_ = 0;
    std::vector<int> scope_;  // the resources that were entered, outermost first: the dynamic scope
};

}  // namespace weft::schema
