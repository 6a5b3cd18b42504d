#include "control/graphql/sql/detail/condition.h"

#include "control/graphql/sql/detail/call.h"

#include <algorithm>
#include <cctype>

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
        if (!at.cast.empty()) out_ << "(";
        if (at.column != nullptr) {
            out_.column(alias_, *at.column);
        } else if (at.computed != nullptr) {
            write_computed(out_, *at.computed, alias_);
        } else {
            out_ << left_;
        }
        if (!at.cast.empty()) out_ << ")::" << at.cast;
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
                symbol(at);
                out_ << "ANY(";
                is_array(at) ? arrays(at) : (void)out_.operand(at.right, alias_, root_);
                out_ << (at.op->is_negated ? ")))" : "))");
                return;
            case Operator::Kind::kFunction:
                call(at);
                return;
            default:
                break;
        }
        out_ << "(";
        left(at);
        symbol(at);
        out_.operand(at.right, alias_, root_) << ")";
    }

    static bool is_array(const BoolExp& at) {
        const CatalogType* type = left_type(at);
        return type != nullptr && at.cast.empty() && type->kind == CatalogType::Kind::kArray;
    }

    /// The arrays of a list of lists, which came as JSON.
    void arrays(const BoolExp& at) {
        std::string list = out_.new_alias();
        out_ << "SELECT ARRAY(SELECT pg_catalog.json_array_elements_text(" << list
             << ".value))::" << left_type(at)->sql << " FROM pg_catalog.json_array_elements(";
        out_.operand(at.right, alias_, root_) << ") AS " << list;
    }

    /// " = ", or " OPERATOR(gis.=) " for a type of an extension whose schema need not be on the search path.
    void symbol(const BoolExp& at) {
        const CatalogType* type = left_type(at);
        const bool is_elsewhere = type != nullptr && type->kind == CatalogType::Kind::kBase &&
                                  type->schema != "pg_catalog" && type->schema != "public";
        const bool is_word = std::isalpha(static_cast<unsigned char>(at.op->sql.front())) != 0;
        if (!is_elsewhere || is_word || at.cast == "text") {
            out_ << " " << at.op->sql << " ";
            return;
        }
        out_ << " OPERATOR(";
        out_.identifier(type->schema) << "." << at.op->sql << ") ";
    }

    /// Null for an aggregate.
    static const CatalogType* left_type(const BoolExp& at) {
        if (at.column != nullptr) return &at.column->catalog->type;
        return at.computed != nullptr ? &at.computed->function->catalog->returns : nullptr;
    }

    /// The function is where the column's type is, whatever the search path.
    void call(const BoolExp& at) {
        out_ << spatial_schema(left_type(at)->sql) << at.op->sql << "(";
        left(at);
        out_ << ", ";
        out_.operand(at.right, alias_, root_);
        for (const Operand& each : at.more) {
            out_ << ", ";
            out_.operand(each, alias_, root_);
        }
        out_ << ")";
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
