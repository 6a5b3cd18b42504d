#pragma once

#include "graphql/model/detail/draft.h"

#include <cstdint>
#include <vector>

namespace weft::graphql {

/// When a role sees an element of the schema. Elements share rules, so that each is worked out once per role
/// and not once per element.
struct Rule {
    enum class Kind : std::uint8_t {
        kAlways,     // whoever sees what it belongs to
        kNoQueries,  // whoever sees no other query
        kSelect,
        kSelectColumn,
        kAggregate,
        kRootSelect,
        kRootSelectByPk,
        kRootAggregate,
        kComputed,
        kComputedAggregate,  // over the rows of a computed field
        kRelationship,
        kRelationshipAggregate,
        kRemote,
        kInsert,
        kInsertOne,
        kInsertColumn,
        kInsertRelationship,
        kOnConflict,
        kUpdate,
        kUpdateByPk,
        kUpdateColumn,
        kNothingUpdatable,
        kDelete,
        kDeleteByPk,
        kFunction,
        kFunctionAggregate,
        kListed,  // roles named one by one: actions
    };
    Kind kind = Kind::kAlways;
    unsigned hidden = 0;  // kRoot...: the bit that takes it away
    int position = 0;     // of the column, computed or remote field
    const Table* table = nullptr;
    const Relationship* relationship = nullptr;
    const Function* function = nullptr;
    const std::vector<std::string>* listed = nullptr;
};
using RuleId = std::uint32_t;

/// All rules, and which one holds for each element.
struct Visibility {
    static constexpr RuleId kAlways = 0;
    static constexpr RuleId kNoQueries = 1;
    std::vector<Rule> rules{Rule{}, Rule{.kind = Rule::Kind::kNoQueries}};
    std::vector<RuleId> of_element;  // by Element; kAlways for those that the generator did not number

    RuleId add(const Rule& rule) {
        rules.push_back(rule);
        return static_cast<RuleId>(rules.size() - 1);
    }
    void set(Element element, RuleId rule) {
        if (of_element.size() <= element) of_element.resize(element + 1, kAlways);
        of_element[element] = rule;
    }
};

/// Makes the accesses of every role, of `nobody` too, after Schema::finish.
void make_accesses(const Draft& draft, const Visibility& visibility, Role& nobody);

}  // namespace weft::graphql
