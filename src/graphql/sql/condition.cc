#include "graphql/sql/detail/condition.h"

#include "graphql/sql/detail/call.h"

#include <algorithm>
#include <cctype>

namespace weft::graphql::detail {

namespace {

/// What `value` writes in rows that `mask` (of `alias`) fits, else NULL; null fits every row.
void write_where_fits(
    Writer& out, const BoolExp* mask, std::string_view alias, const std::function<void()>& value
) {
    if (mask == nullptr) return value();
    out << "CASE WHEN ";
    write_condition(out, *mask, alias, alias);
    out << " THEN ";
    value();
    out << " END";
}

/// The column where `right` shows it.
void write_shown(Writer& out, const SelectRight* right, std::string_view alias, const Column& column) {
    const BoolExp* mask = right == nullptr ? nullptr : right->mask(column);
    write_where_fits(out, mask, alias, [&] { out.column(alias, column); });
}

/// Recursion is that of the plan: bounded by the request's depth or by the metadata's.
class ConditionWriter {
  public:
    /// `left` stands for a comparison's left side that is an aggregate.
    ConditionWriter(Writer& out, std::string_view alias, std::string_view root, std::string_view left = {})
        : out_(out), alias_(alias), root_(root), left_(left) {}
    /// What `right` hides of the row `alias` is NULL.
    ConditionWriter(Writer& out, std::string_view alias, const SelectRight* right)
        : out_(out), alias_(alias), root_(alias), right_(right) {}

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
        const CatalogType* type = left_type(at);
        const std::string_view cast = at.cast.empty() && type != nullptr ? type->base : at.cast;
        if (!cast.empty()) out_ << "(";
        if (at.column != nullptr) {
            write_shown(out_, right_, alias_, *at.column);
        } else if (at.computed != nullptr) {
            const BoolExp* mask = right_ == nullptr ? nullptr : right_->mask(*at.computed);
            write_where_fits(out_, mask, alias_, [&] { write_shown_computed(out_, *at.computed, alias_); });
        } else {
            out_ << left_;
        }
        if (!cast.empty()) out_ << ")::" << cast;
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

    /// The arrays of a list of lists, which came as JSON: of any dimensions, and of JSON itself.
    void arrays(const BoolExp& at) {
        std::string list = out_.new_alias();
        std::string record = out_.new_alias();
        out_ << "SELECT " << record << ".v FROM pg_catalog.json_array_elements(";
        out_.operand(at.right, alias_, root_)
            << ") AS " << list << ", pg_catalog.json_to_record(pg_catalog.json_build_object('v', " << list
            << ".value)) AS " << record << "(v " << left_type(at)->plain() << ")";
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
        out_ << spatial_schema(left_type(at)->plain()) << at.op->sql << "(";
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
        bool is_call = at.relationship == nullptr && at.computed != nullptr;
        out_ << " FROM ";
        const auto rows = [&] {
            if (!is_call) out_ << at.remote->table().sql;
            if (is_call) write_computed(out_, *at.computed, out_.row(alias_));
        };
        write_source(out_, *at.remote, at.relationship, rows, alias);
        Where where(out_);
        where.permission(*at.remote, alias);
        if (at.relationship != nullptr) where.join(*at.relationship, alias_, alias, right_);
        if (is_call) where.is_row_of(*at.computed->function, alias);
        where.condition(at.children.front(), alias, root_);
    }

    void exists(const BoolExp& at) {
        out_ << "EXISTS (SELECT";
        related_rows(at, out_.new_alias(*at.remote));
        out_ << ")";
    }

    void aggregate(const BoolExp& at) {
        std::string rows = out_.new_alias(*at.remote);
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
    const SelectRight* right_ = nullptr;
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
    if (out_.screened(alias) == nullptr) filter(table, alias);
}

void Where::is_row_of(const Function& function, std::string_view alias) {
    if (!function.catalog->returns_set) part() << "(NOT (" << out_.row(alias) << " IS NULL))";
}

void Where::filter(const TableRef& table, std::string_view alias) {
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
    parts(condition, [&](const BoolExp& each) { write_condition(part(), each, alias, root); });
}

void Where::of_written(const BoolExp& condition, const TableRef& table, std::string_view alias) {
    parts(condition, [&](const BoolExp& each) { ConditionWriter(part(), alias, table.masks()).write(each); });
}

void Where::parts(const BoolExp& condition, const std::function<void(const BoolExp&)>& write) {
    if (condition.is_trivial()) return;
    if (condition.kind != BoolExp::Kind::kAnd) return write(condition);
    for (const BoolExp& each : condition.children) parts(each, write);
}

void Where::join(
    const Relationship& relationship,
    std::string_view parent,
    std::string_view remote,
    const SelectRight* shown_of_parent
) {
    for (const auto& [here, there] : relationship.columns) {
        part() << "(";
        out_.join_column(remote, *there) << " = ";
        const BoolExp* mask = shown_of_parent == nullptr ? nullptr : shown_of_parent->join_mask(*here);
        write_where_fits(out_, mask, parent, [&] { out_.join_column(parent, *here); });
        out_ << ")";
    }
}

namespace {

/// What may be asked of a screened row: columns the role sees, and those that tie it to others.
bool is_needed(const SelectRight& right, const Relationship* joined_by, const Column& column) {
    const Table& table = *column.table;
    const auto starts_here = [&](const auto& pair) { return pair.first == &column; };
    const auto ends_here = [&](const auto& pair) { return pair.second == &column; };
    const auto starts = [&](const Relationship& each) {
        return std::ranges::any_of(each.columns, starts_here);
    };
    const auto is_given = [&](const RemoteField& each) {
        return std::ranges::find(each.columns, &column) != each.columns.end();
    };
    const auto is_in = [&](const CatalogKey& key) {
        return std::ranges::find(key.columns, column.pg_name()) != key.columns.end();
    };
    return right.columns[static_cast<std::size_t>(column.position)] ||
           std::ranges::any_of(table.catalog->keys, is_in) ||
           (joined_by != nullptr && std::ranges::any_of(joined_by->columns, ends_here)) ||
           std::ranges::any_of(table.relationships, starts) ||
           std::ranges::any_of(table.remote_fields, is_given);
}

/// "(SELECT what the caller sees of the row `alias` FROM "
void write_screen(Writer& out, const TableRef& table, const Relationship* joined_by, std::string_view alias) {
    const SelectRight& right = *table.masks();
    Separator comma(", ");
    out << "(SELECT ";
    for (const Column& column : table.table().columns) {
        if (!is_needed(right, joined_by, column)) continue;
        out << comma.next();
        write_shown(out, &right, alias, column);
        out << " AS ";
        out.identifier(column.pg_name());
        if (!right.joins_differ(column)) continue;
        out << ", ";
        write_where_fits(out, right.join_mask(column), alias, [&] { out.column(alias, column); });
        out << " AS " << join_name(column);
    }
    out << comma.next() << alias << " AS " << kRowColumn;
    for (const ComputedField& field : table.table().computed_fields) {
        const BoolExp* mask = right.mask(field);
        if (mask == nullptr) continue;
        out << ", ";
        write_condition(out, *mask, alias, alias);
        out << " AS " << shown_name(field);
    }
    out << " FROM ";
}

}  // namespace

void write_source(
    Writer& out,
    const TableRef& table,
    const Relationship* joined_by,
    const std::function<void()>& rows,
    std::string_view alias
) {
    if (table.masks() == nullptr) {
        rows();
        out << " AS " << alias;
        return;
    }
    std::string inner = out.new_alias();
    write_screen(out, table, joined_by, inner);
    rows();
    out << " AS " << inner;
    Where(out).filter(table, inner);
    out << ") AS " << alias;
}

void write_written_source(Writer& out, const TableRef& table, std::string_view rows, std::string_view alias) {
    if (table.masks() == nullptr) {
        out << rows << " AS " << alias;
        return;
    }
    const std::string inner = out.new_alias();
    write_screen(out, table, nullptr, inner);
    out << rows << " AS " << inner << ") AS " << alias;
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
