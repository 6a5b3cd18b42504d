#include "control/graphql/sql/detail/condition.h"

#include "control/graphql/sql/detail/call.h"

#include <algorithm>

namespace weft::graphql::detail {

namespace {

/// Recursion is that of the plan: bounded by the request's depth or by the metadata's.
class ConditionWriter {
  public:
    /// `left` stands for a comparison's left side that is an aggregate.
    ConditionWriter(Writer& out, std::string_view alias, std::string_view root, std::string_view left = {})
        : out_(out), alias_(alias), root_(root), left_(left) {}

    void write(const BoolExp& at) {
        switch (at.kind) {
            case BoolExp::Kind::kTrue:
                out_ << "TRUE";
                break;
            case BoolExp::Kind::kFalse:
                out_ << "FALSE";
                break;
            case BoolExp::Kind::kAnd:
                list(at, " AND ", "TRUE");
                break;
            case BoolExp::Kind::kOr:
                list(at, " OR ", "FALSE");
                break;
            case BoolExp::Kind::kNot:
                out_ << "(NOT ";
                write(at.children.front());
                out_ << ")";
                break;
            case BoolExp::Kind::kCompare:
                compare(at);
                break;
            case BoolExp::Kind::kRelated:
            case BoolExp::Kind::kExists:
                exists(at);
                break;
            case BoolExp::Kind::kRelatedAggregate:
                aggregate(at);
                break;
        }
    }

  private:
    void list(const BoolExp& at, std::string_view between, std::string_view when_empty) {
        if (at.children.empty()) {
            out_ << when_empty;
            return;
        }
        out_ << "(";
        Separator separator(between);
        for (const BoolExp& each : at.children) {
            out_ << separator.next();
            write(each);
        }
        out_ << ")";
    }

    void left(const BoolExp& at) {
        if (at.is_cast_to_text) out_ << "(";
        if (at.column != nullptr) {
            out_.column(alias_, *at.column);
        } else if (at.computed != nullptr) {
            write_computed(out_, *at.computed, alias_);
        } else {
            out_ << left_;
        }
        if (at.is_cast_to_text) out_ << ")::text";
    }

    void compare(const BoolExp& at) {
        switch (at.op->kind) {
            case Operator::Kind::kIsNull:
                out_ << "(";
                left(at);
                out_ << (at.is_true ? " IS NULL)" : " IS NOT NULL)");
                return;
            case Operator::Kind::kAny:
                out_ << (at.op->is_negated ? "(NOT (" : "(");
                left(at);
                out_ << " = ANY(";
                is_array(at) ? arrays(at) : (void)out_.operand(at.right, alias_, root_);
                out_ << (at.op->is_negated ? ")))" : "))");
                return;
            default:
                break;
        }
        out_ << "(";
        left(at);
        out_ << " " << at.op->sql << " ";
        out_.operand(at.right, alias_, root_) << ")";
    }

    static const CatalogType& type_of(const BoolExp& at) {
        return at.column != nullptr ? at.column->catalog->type : at.computed->function->catalog->returns;
    }
    static bool is_array(const BoolExp& at) {
        bool is_value = at.column != nullptr || at.computed != nullptr;
        return is_value && !at.is_cast_to_text && type_of(at).kind == CatalogType::Kind::kArray;
    }

    /// The arrays of a list of lists, which came as JSON.
    void arrays(const BoolExp& at) {
        std::string list = out_.new_alias();
        out_ << "SELECT ARRAY(SELECT pg_catalog.json_array_elements_text(" << list
             << ".value))::" << type_of(at).sql << " FROM pg_catalog.json_array_elements(";
        out_.operand(at.right, alias_, root_) << ") AS " << list;
    }

    /// The rows of the other table for which `at` holds: " FROM remote AS a WHERE ...".
    void related_rows(const BoolExp& at, const std::string& alias) {
        const bool is_call = at.relationship == nullptr && at.computed != nullptr;
        out_ << " FROM ";
        if (is_call) {
            write_computed(out_, *at.computed, alias_);
        } else {
            out_ << at.remote->table().sql;
        }
        out_ << " AS " << alias;
        Where where(out_);
        where.permission(*at.remote, alias);
        if (at.relationship != nullptr) where.join(*at.relationship, alias_, alias);
        // A function that returns one row returns NULL as a row of NULLs.
        if (is_call && !at.computed->function->catalog->returns_set)
            where.part() << "(NOT (" << alias << " IS NULL))";
        where.condition(at.children.front(), alias, root_);
    }

    void exists(const BoolExp& at) {
        out_ << "EXISTS (SELECT";
        related_rows(at, out_.new_alias());
        out_ << ")";
    }

    void aggregate(const BoolExp& at) {
        std::string rows = out_.new_alias();
        std::string outer = out_.new_alias();
        out_ << "EXISTS (SELECT FROM (SELECT ";
        write_aggregate_call(out_, at.function, at.columns, at.is_distinct, rows);
        out_ << " AS _a";
        related_rows(at, rows);
        out_ << ") AS " << outer << " WHERE ";
        ConditionWriter(out_, outer, root_, outer + "._a").write(at.children[1]);
        out_ << ")";
    }

    Writer& out_;
    std::string_view alias_;
    std::string_view root_;
    std::string_view left_;
};

/// Equalities with session variables: the tenant's.
bool leads(const BoolExp& part) {
    return part.kind == BoolExp::Kind::kCompare && part.column != nullptr && part.op->name == "_eq" &&
           part.right.kind == Operand::Kind::kSource && part.right.source.kind == Source::Kind::kSession;
}

}  // namespace

void write_condition(Writer& out, const BoolExp& condition, std::string_view alias, std::string_view root) {
    ConditionWriter(out, alias, root).write(condition);
}

Writer& Where::part() {
    out_ << (is_first_ ? keyword_ : " AND ");
    is_first_ = false;
    return out_;
}

void Where::permission(const TableRef& table, std::string_view alias) {
    if (table.filter() == nullptr) return;
    const BoolExp& filter = *table.filter();
    std::span<const BoolExp> parts(&filter, 1);
    if (filter.kind == BoolExp::Kind::kAnd) parts = filter.children;
    for (bool is_leading : {true, false}) {
        for (const BoolExp& each : parts) {
            if (leads(each) == is_leading) condition(each, alias, alias);
        }
    }
}

void Where::condition(const BoolExp& condition, std::string_view alias, std::string_view root) {
    if (condition.is_trivial()) return;
    if (condition.kind == BoolExp::Kind::kAnd) {
        for (const BoolExp& each : condition.children) this->condition(each, alias, root);
        return;
    }
    write_condition(part(), condition, alias, root);
}

void Where::join(const Relationship& relationship, std::string_view parent, std::string_view remote) {
    for (const auto& [here, there] : relationship.columns) {
        part() << "(";
        out_.column(remote, *there) << " = ";
        out_.column(parent, *here) << ")";
    }
}

bool is_unique(const Relationship& relationship) {
    auto is_joined = [&](const std::string& name) {
        return std::ranges::any_of(relationship.columns, [&](const auto& pair) {
            return pair.second->pg_name() == name;
        });
    };
    return std::ranges::any_of(relationship.remote->catalog->keys, [&](const CatalogKey& key) {
        return !key.columns.empty() && std::ranges::all_of(key.columns, is_joined);
    });
}

}  // namespace weft::graphql::detail
