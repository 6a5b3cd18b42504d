#include "graphql/live/detail/contains.h"
#include "graphql/live/detail/live.h"

#include <algorithm>
#include <set>

namespace weft::graphql {

namespace {

/// More rows than this are one change of the whole table.
constexpr std::size_t kRowsMax = 50;

using Equalities = std::vector<std::pair<const Column*, const Source*>>;

/// Top-level `column = value` of a condition: true of every row that was written, before it was.
void add_equalities(const BoolExp& condition, Equalities& out) {
    if (condition.kind == BoolExp::Kind::kAnd) {
        for (const BoolExp& each : condition.children) add_equalities(each, out);
    }
    const bool is_equality = condition.kind == BoolExp::Kind::kCompare && condition.column != nullptr &&
                             condition.cast.empty() && condition.op->name == "_eq" &&
                             condition.right.kind == Operand::Kind::kSource;
    if (is_equality) out.emplace_back(condition.column, &condition.right.source);
}

Equalities equalities(const TableRef& table, const BoolExp& where) {
    Equalities out;
    if (table.filter() != nullptr) add_equalities(*table.filter(), out);
    add_equalities(where, out);
    return out;
}

class Publisher {
  public:
    Publisher(
        Live& live, Engine& engine, const Plan& plan, const Variables& variables, const Session& session
    )
        : live_(live), engine_(engine), plan_(plan), variables_(variables), session_(session) {}

    void insert(const Insert& insert) {
        // Rows that were there already may have any value.
        const bool may_update = insert.on_conflict && !insert.on_conflict->update_columns.empty();
        if (may_update || insert.rows.size() > kRowsMax) tell(*insert.table, {});
        for (const Insert::Row& row : insert.rows) {
            if (!may_update && insert.rows.size() <= kRowsMax) {
                Equalities known;
                for (const auto& [column, operand] : row.values) {
                    if (operand.kind == Operand::Kind::kSource) known.emplace_back(column, &operand.source);
                }
                tell(*insert.table, known);
            }
            for (const NestedInsert& each : row.before) this->insert(each.insert);
            for (const NestedInsert& each : row.after) this->insert(each.insert);
        }
    }

    void update(const Update& update) {
        Equalities known = equalities(update.table, update.where);
        for (const Assignment& each : update.assignments) {
            const bool is_set =
                each.kind == Assignment::Kind::kSet && each.value.kind == Operand::Kind::kSource;
            const bool is_known = detail::contains(known, each.column, &Equalities::value_type::first);
            if (is_known && is_set) {
                known.emplace_back(each.column, &each.value.source);
            } else {
                std::erase_if(known, [&each](const auto& one) { return one.first == each.column; });
            }
        }
        tell(update.table.table(), known);
        std::set<std::string> columns;
        for (const Assignment& each : update.assignments) columns.insert(each.column->pg_name());
        tell_referring(update.table.table(), &columns);
    }

    void remove(const Delete& remove) {
        tell(remove.table.table(), equalities(remove.table, remove.where));
        tell_referring(remove.table.table(), nullptr);
    }

    void tell(const Table& table, const Equalities& known) {
        Change change{.table = table.catalog->name, .values = {}};
        std::set<const Column*> unknown;
        for (const auto& [column, source] : known) {
            Statement one;
            one.parameters.push_back({.source = *source, .sql_type = {}});
            auto value = engine_.bind(one, variables_, session_);
            if (value && value->front()) {
                change.values.emplace_back(column->pg_name(), std::move(*value->front()));
            } else {
                unknown.insert(column);
            }
        }
        for (const Column* column : unknown) {
            std::erase_if(change.values, [column](const auto& each) {
                return each.first == column->pg_name();
            });
        }
        live_.publish(change);
    }

  private:
    /// Foreign keys may have passed it on (cascade, set null). `columns`: only keys that hold one of them.
    void tell_referring(const Table& table, const std::set<std::string>* columns) {
        std::set<QualifiedName> told{table.catalog->name};
        std::vector<QualifiedName> open{table.catalog->name};
        while (!open.empty()) {
            const QualifiedName name = std::move(open.back());
            open.pop_back();
            for (const auto& [other, catalog] : plan_.model->catalog().tables) {
                const bool refers =
                    std::ranges::any_of(catalog.foreign_keys, [&](const CatalogForeignKey& key) {
                        if (key.remote != name) return false;
                        return columns == nullptr ||
                               std::ranges::any_of(key.remote_columns, [&](const auto& each) {
                                   return columns->contains(each);
                               });
                    });
                if (!refers || !told.insert(other).second) continue;
                live_.publish(Change{.table = other, .values = {}});
                open.push_back(other);
            }
        }
    }

    Live& live_;
    Engine& engine_;
    const Plan& plan_;
    const Variables& variables_;
    const Session& session_;
};

}  // namespace

void Live::publish(const Plan& mutation, const Variables& variables, const Session& session) {
    Publisher publisher(*this, impl_->engine, mutation, variables, session);
    for (const RootField& root : mutation.roots) {
        if (const auto* select = std::get_if<std::unique_ptr<Select>>(&root.what)) {
            publisher.tell((*select)->from.table(), {});  // a function: what it wrote is not known
            continue;
        }
        const auto* held = std::get_if<std::unique_ptr<Mutation>>(&root.what);
        if (held == nullptr) continue;  // an action tells of its own changes
        const auto& change = (*held)->change;
        if (const auto* insert = std::get_if<Insert>(&change)) publisher.insert(*insert);
        if (const auto* remove = std::get_if<Delete>(&change)) publisher.remove(*remove);
        if (const auto* updates = std::get_if<std::vector<Update>>(&change)) {
            for (const Update& each : *updates) publisher.update(each);
        }
    }
}

}  // namespace weft::graphql
