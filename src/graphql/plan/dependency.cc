#include "graphql/plan/detail/finish.h"
#include "graphql/plan/detail/visit.h"

#include <algorithm>
#include <set>

namespace weft::graphql::detail {

namespace {

class TablesAndVariables : public PlanVisitor {
  public:
    void table(const TableRef& ref) override {
        if (std::ranges::find(tables, &ref.table()) == tables.end()) tables.push_back(&ref.table());
    }
    void source(const Source& source) override {
        if (source.kind == Source::Kind::kSession) session_variables.insert(source.text);
    }
    bool enter(const Select&) override { return true; }

    std::vector<const Table*> tables;
    std::set<std::string> session_variables;
};

using Equalities = std::vector<std::pair<const Column*, Operand>>;

/// Top-level `column = value` of a condition.
void add_equalities(const BoolExp& condition, Equalities& out) {
    if (condition.kind == BoolExp::Kind::kAnd) {
        for (const BoolExp& each : condition.children) add_equalities(each, out);
    }
    bool is_equality = condition.kind == BoolExp::Kind::kCompare && condition.column != nullptr &&
                       condition.cast.empty() && condition.op->name == "_eq" &&
                       condition.right.kind == Operand::Kind::kSource;
    if (is_equality) out.emplace_back(condition.column, condition.right);
}

Equalities equalities_of(const Select& select) {
    Equalities out = select.equal_to;
    if (select.from.filter() != nullptr) add_equalities(*select.from.filter(), out);
    add_equalities(select.where, out);
    return out;
}

/// The root's own table only tells by its equalities when nothing else in the tree reads that table too.
class TableCounter : public PlanVisitor {
  public:
    explicit TableCounter(const Table& table) : table_(table) {}
    void table(const TableRef& ref) override { count += &ref.table() == &table_ ? 1 : 0; }
    void source(const Source&) override {}
    bool enter(const Select&) override { return true; }
    int count = 0;

  private:
    const Table& table_;
};

}  // namespace

void add_dependencies(Plan& plan) {
    TablesAndVariables all;
    visit(plan, all);
    plan.session_variables.assign(all.session_variables.begin(), all.session_variables.end());
    for (const RootField& root : plan.roots) {
        const auto* held = std::get_if<std::unique_ptr<Select>>(&root.what);
        if (held == nullptr) continue;
        const Select& select = **held;
        TablesAndVariables below;
        visit(select, below);
        TableCounter counter(select.from.table());
        visit(select, counter);
        for (const Table* each : below.tables) {
            Dependency dependency{.table = each};
            bool is_root = each == &select.from.table() && counter.count == 1 && !select.function;
            if (is_root) dependency.equalities = equalities_of(select);
            plan.dependencies.push_back(std::move(dependency));
        }
    }
}

}  // namespace weft::graphql::detail
