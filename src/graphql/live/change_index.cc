#include "graphql/live/detail/change_index.h"

#include "graphql/live/detail/contains.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace weft::graphql::detail {

namespace {

using Entries = std::vector<ChangeIndex::Entry*>;
using Values = std::vector<std::string>;
/// What a change says of columns, canonical. Nothing: one of its values can't be told, so that any may be
/// meant.
using Known = std::map<std::string_view, std::optional<Values>>;

}  // namespace

/// A watcher's place in the lists it is found by: one per column, and the last one of all.
class ChangeIndex::Entry {
  public:
    Watcher watcher = nullptr;
    Group* group = nullptr;
    std::vector<std::string> values;
    std::vector<std::uint32_t> at;
};

/// The entries of one table that fix the same columns.
struct ChangeIndex::Group {
    TableEntries* table = nullptr;
    std::vector<std::string> columns;  // sorted
    std::vector<std::unordered_map<std::string, Entries>> by_value;
    Entries all;

    Entries& list(const Entry& entry, std::size_t column) {
        return column == columns.size() ? all : by_value[column][entry.values[column]];
    }
    void match(const Known& known, std::vector<Watcher>& out) const;
};

struct ChangeIndex::TableEntries {
    QualifiedName name;
    std::map<std::string, Spelling, std::less<>> spellings;
    std::vector<std::unique_ptr<Group>> groups;
};

ChangeIndex::ChangeIndex() = default;
ChangeIndex::~ChangeIndex() = default;

ChangeIndex::Entry* ChangeIndex::add(
    Watcher watcher, const QualifiedName& table, std::vector<Equality> equalities
) {
    auto& held = tables_[table];
    if (held == nullptr)
        held = std::make_unique<TableEntries>(TableEntries{.name = table, .spellings = {}, .groups = {}});
    std::ranges::sort(equalities, {}, &Equality::column);
    // `a = 1 and a = 2` matches no row; the first stands for both.
    const auto twice = std::ranges::unique(equalities, {}, &Equality::column);
    equalities.erase(twice.begin(), twice.end());
    std::vector<std::string> columns;
    for (const Equality& each : equalities) {
        columns.push_back(each.column);
        held->spellings.insert_or_assign(each.column, each.spelling);
    }
    auto found =
        std::ranges::find_if(held->groups, [&](const auto& group) { return group->columns == columns; });
    if (found == held->groups.end()) {
        auto group = std::make_unique<Group>();
        group->table = held.get();
        group->by_value.resize(columns.size());
        group->columns = std::move(columns);
        found = held->groups.insert(found, std::move(group));
    }
    auto entry = std::make_unique<Entry>();
    entry->watcher = watcher;
    entry->group = found->get();
    for (Equality& each : equalities) entry->values.push_back(std::move(each.value));
    for (std::size_t column = 0; column <= entry->values.size(); ++column) {
        Entries& list = entry->group->list(*entry, column);
        entry->at.push_back(static_cast<std::uint32_t>(list.size()));
        list.push_back(entry.get());
    }
    ++entries_;
    return entry.release();
}

void ChangeIndex::remove(Entry* entry) {
    const std::unique_ptr<Entry> owner(entry);
    Group* group = entry->group;
    for (std::size_t column = 0; column < entry->at.size(); ++column) {
        Entries& list = group->list(*entry, column);
        Entry* last = list.back();
        list[entry->at[column]] = last;
        last->at[column] = entry->at[column];
        list.pop_back();
        if (list.empty() && column < group->columns.size())
            group->by_value[column].erase(entry->values[column]);
    }
    --entries_;
    if (!group->all.empty()) return;
    TableEntries& table = *group->table;
    std::erase_if(table.groups, [group](const auto& each) { return each.get() == group; });
    if (table.groups.empty()) tables_.erase(QualifiedName(table.name));
}

void ChangeIndex::Group::match(const Known& known, std::vector<Watcher>& out) const {
    std::vector<const Values*> said(columns.size());
    std::size_t best = columns.size();
    std::size_t best_size = all.size();
    for (std::size_t column = 0; column < columns.size(); ++column) {
        const auto found = known.find(columns[column]);
        if (found == known.end() || !found->second) continue;
        said[column] = &*found->second;
        std::size_t size = 0;
        for (const std::string& value : *said[column]) {
            const auto list = by_value[column].find(value);
            if (list != by_value[column].end()) size += list->second.size();
        }
        if (size <= best_size) std::tie(best, best_size) = std::pair(column, size);
    }
    auto take = [&](const Entries& list) {
        for (const Entry* entry : list) {
            bool matches = true;
            for (std::size_t column = 0; column < said.size() && matches; ++column) {
                matches = said[column] == nullptr || contains(*said[column], entry->values[column]);
            }
            if (matches) out.push_back(entry->watcher);
        }
    };
    if (best == columns.size()) return take(all);
    for (const std::string& value : *said[best]) {
        const auto list = by_value[best].find(value);
        if (list != by_value[best].end()) take(list->second);
    }
}

void ChangeIndex::match(const Change& change, std::vector<Watcher>& out) const {
    const auto found = tables_.find(change.table);
    if (found == tables_.end()) return;
    Known known;
    for (const auto& [column, text] : change.values) {
        const auto spelling = found->second->spellings.find(column);
        if (spelling == found->second->spellings.end()) continue;
        auto& values = known.try_emplace(column, Values()).first->second;
        auto value = canonical(spelling->second, text);
        if (!value) {
            values.reset();
        } else if (values && !contains(*values, *value)) {
            values->push_back(std::move(*value));
        }
    }
    for (const auto& group : found->second->groups) group->match(known, out);
}

}  // namespace weft::graphql::detail
