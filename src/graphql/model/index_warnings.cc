#include "graphql/model/detail/draft.h"

#include <algorithm>
#include <set>

namespace weft::graphql {

namespace {

/// Columns that the filter, or every part of its conjunction, compares with a session variable.
void collect_fixed(const BoolExp& filter, std::set<const Column*>& out) {
    if (filter.kind == BoolExp::Kind::kAnd) {
        for (const BoolExp& part : filter.children) collect_fixed(part, out);
    } else if (filter.kind == BoolExp::Kind::kCompare && filter.column != nullptr &&
               filter.op->name == "_eq" && filter.right.kind == Operand::Kind::kSource &&
               filter.right.source.kind == Source::Kind::kSession) {
        out.insert(filter.column);
    }
}

/// The column that every role's filter fixes; null when there is none.
const Column* tenant_column(const Table& table) {
    std::set<const Column*> common;
    bool is_first = true;
    for (std::size_t role = 1; role < table.rights.size(); ++role) {
        if (!table.rights[role].select) continue;
        std::set<const Column*> fixed;
        collect_fixed(table.rights[role].select->filter, fixed);
        if (is_first) {
            common = std::move(fixed);
        } else {
            std::erase_if(common, [&](const Column* column) { return !fixed.contains(column); });
        }
        is_first = false;
    }
    // A key of its own row is no tenant; of several the first in the table.
    const Column* best = nullptr;
    for (const Column* column : common) {
        if (best == nullptr || column->position < best->position) best = column;
    }
    return best;
}

bool starts_with(
    const std::vector<std::string>& index, std::string_view tenant, const std::set<std::string>& key
) {
    if (index.size() < key.size() + 1 || index.front() != tenant) return false;
    return std::set<std::string>(
               index.begin() + 1, index.begin() + 1 + static_cast<std::ptrdiff_t>(key.size())
           ) == key;
}

void check(Draft& draft, const Table& table, const std::string& tenant) {
    for (const CatalogForeignKey& key : table.catalog->foreign_keys) {
        std::set<std::string> columns(key.columns.begin(), key.columns.end());
        columns.erase(tenant);
        if (columns.empty()) continue;
        const bool is_served = std::ranges::any_of(table.catalog->indexes, [&](const auto& index) {
            return starts_with(index, tenant, columns);
        });
        if (is_served) continue;
        IndexWarning& warning = draft.index_warnings.emplace_back();
        warning.table = table.catalog->name;
        warning.columns.push_back(tenant);
        for (const std::string& column : key.columns) {
            if (column != tenant) warning.columns.push_back(column);
        }
    }
}

}  // namespace

void find_missing_indexes(Draft& draft) {
    std::map<std::string, int> votes;  // tenant columns by name
    for (const Table& table : draft.tables) {
        if (const Column* column = tenant_column(table)) ++votes[column->pg_name()];
    }
    const auto usual = std::ranges::max_element(votes, {}, [](const auto& each) { return each.second; });
    for (const Table& table : draft.tables) {
        if (const Column* column = tenant_column(table)) {
            check(draft, table, column->pg_name());
        } else if (table.catalog->has_row_security && usual != votes.end() &&
                   table.catalog->column(usual->first) != nullptr) {
            // Row security's condition is not read; it is taken to be about what the other tables' is.
            check(draft, table, usual->first);
        }
    }
}

}  // namespace weft::graphql
