#include "graphql/model/detail/draft.h"
#include "graphql/model/detail/names.h"
#include "graphql/model/table_ref.h"

#include <algorithm>
#include <cctype>

namespace weft::graphql {

namespace {

using Resolved = std::expected<BoolExp, std::string>;

constexpr int kDepthMax = 64;  // the JSON reader's own bound

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

bool is_session_variable(const Json& value) {
    constexpr std::string_view kStart = "x-hasura-";
    if (!value.is_string() || value.get_string().size() <= kStart.size()) return false;
    return lower(std::string_view(value.get_string()).substr(0, kStart.size())) == kStart;
}

std::string text_of(const Json& value) {
    return value.is_string() ? std::string(value.get_string()) : to_text(value);
}

class Resolver {
  public:
    Resolver(const Draft& draft, const Table& root) : draft_(draft), root_(root) {}

    /// All members of one object, ANDed.
    Resolved object(const Table& table, const JsonObject& from, int depth) {
        if (depth > kDepthMax) return because("the condition is nested too deeply");
        std::vector<BoolExp> parts;
        for (const auto& [key, value] : from) {
            Resolved part = member(table, key, value, depth + 1);
            if (!part) return part;
            parts.push_back(std::move(*part));
        }
        return BoolExp::all_of(std::move(parts));
    }

  private:
    Resolved member(const Table& table, std::string_view key, const Json& value, int depth) {
        const std::string_view bare = key.starts_with('$') || key.starts_with('_') ? key.substr(1) : "";
        if (bare == "and") return list(table, value, true, depth);
        if (bare == "or") return list(table, value, false, depth);
        if (bare == "not") {
            if (!value.is_object()) return because("expected an object for " + quoted(key));
            Resolved inner = object(table, value.get_object(), depth);
            return inner ? Resolved(BoolExp::none_of(std::move(*inner))) : inner;
        }
        if (bare == "exists") return exists(value, depth);
        if (const Relationship* relationship = table.relationship(key)) {
            return related({.relationship = relationship}, *relationship->remote, value, depth);
        }
        ComparedSide left{.column = table.column(key)};
        if (left.column == nullptr) left.computed = field_of_the_row(table, key);
        if (left.computed != nullptr && left.computed->returns != nullptr) {
            return related({.computed = left.computed}, *left.computed->returns, value, depth);
        }
        if (left.column == nullptr && left.computed == nullptr) {
            return because(joined({"column ", quoted(key), " does not exist"}));
        }
        return comparisons(table, left, value, depth);
    }

    static const ComputedField* field_of_the_row(const Table& table, std::string_view name) {
        const auto found =
            std::ranges::find(table.computed_fields, name, [](const ComputedField& each) -> std::string_view {
                return each.name;
            });
        return found == table.computed_fields.end() ? nullptr : &*found;
    }

    /// A list, or one object for a list of one.
    Resolved list(const Table& table, const Json& value, bool is_and, int depth) {
        std::vector<BoolExp> parts;
        if (value.is_object()) {
            Resolved only = object(table, value.get_object(), depth);
            if (!only) return only;
            parts.push_back(std::move(*only));
        } else if (value.is_array()) {
            for (const Json& item : value.get_array()) {
                if (!item.is_object()) return because("expected a list of objects for _and and _or");
                Resolved part = object(table, item.get_object(), depth);
                if (!part) return part;
                parts.push_back(std::move(*part));
            }
        } else {
            return because("expected a list of objects for _and and _or");
        }
        return is_and ? BoolExp::all_of(std::move(parts)) : BoolExp::any_of(std::move(parts));
    }

    Resolved exists(const Json& value, int depth) {
        const JsonObject* from = value.if_object();
        const Json* where = from == nullptr ? nullptr : from->if_contains("_where");
        const Json* named = from == nullptr ? nullptr : from->if_contains("_table");
        if (where == nullptr || !where->is_object() || named == nullptr) {
            return because("expected _table and _where for _exists");
        }
        QualifiedName name;
        if (named->is_string()) {
            name.name = named->get_string();
        } else if (const JsonObject* parts = named->if_object()) {
            name.schema = text_or(*parts, "schema", "public");
            name.name = text_or(*parts, "name");
        }
        const Table* remote = draft_.find_table(name);
        if (remote == nullptr) return because("table " + quoted(name.text()) + " does not exist");
        BoolExp out;
        out.kind = BoolExp::Kind::kExists;
        out.remote = std::make_shared<const TableRef>(TableRef::by_metadata(*remote));
        return with_child(std::move(out), object(*remote, where->get_object(), depth));
    }

    /// A row of `remote` exists that `out` names the way to.
    Resolved related(BoolExp out, const Table& remote, const Json& value, int depth) {
        const std::string& name = out.relationship != nullptr ? out.relationship->name : out.computed->name;
        if (!value.is_object()) return because("expected an object for " + quoted(name));
        out.kind = BoolExp::Kind::kRelated;
        out.remote = std::make_shared<const TableRef>(TableRef::by_metadata(remote));
        return with_child(std::move(out), object(remote, value.get_object(), depth));
    }

    static Resolved with_child(BoolExp out, Resolved child) {
        if (!child) return child;
        out.children.push_back(std::move(*child));
        return out;
    }

    /// `{"_gt": 1, "_lt": 9}`, or a plain value for `_eq`.
    Resolved comparisons(const Table& table, const ComparedSide& left, const Json& value, int depth) {
        const JsonObject* ops = value.if_object();
        const bool is_plain_object =
            ops != nullptr && !ops->empty() && is_json(left.type()) &&
            std::ranges::none_of(*ops, [](const auto& each) { return find_operator(each.key()) != nullptr; });
        if (ops == nullptr || is_plain_object) return compare(table, left, *find_operator("_eq"), value);
        std::vector<BoolExp> parts;
        for (const auto& [name, operand] : *ops) {
            const Operator* op = find_operator(name);
            if (op == nullptr) return because(joined({"unknown operator ", quoted(name)}));
            Resolved part = op->kind == Operator::Kind::kCast ? cast(table, left, operand, depth)
                                                              : compare(table, left, *op, operand);
            if (!part) return part;
            parts.push_back(std::move(*part));
        }
        return BoolExp::all_of(std::move(parts));
    }

    Resolved cast(const Table& table, ComparedSide left, const Json& value, int depth) {
        const JsonObject* from = value.if_object();
        if (from == nullptr) return because("expected an object for _cast");
        std::vector<BoolExp> parts;
        for (const auto& [type, ops] : *from) {
            const bool is_text = type == "String" || type == "text";
            const bool is_other = type == "geography" || type == "geometry";
            if (is_spatial(left.type()) ? !is_other : !is_text) {
                return because("cannot cast column to type " + quoted(type));
            }
            if (depth > kDepthMax) return because("the condition is nested too deeply");
            left.cast = cast_sql(left.type(), type);
            Resolved part = comparisons(table, left, ops, depth + 1);
            if (!part) return part;
            parts.push_back(std::move(*part));
        }
        return BoolExp::all_of(std::move(parts));
    }

    static bool fits(const Operator& op, const ComparedSide& left) {
        if (op.applies == Operator::Applies::kText && left.cast == "text") return true;
        // _contains and _contained_in are found once, and stand for arrays too.
        const bool is_of_arrays = op.applies == Operator::Applies::kJsonb &&
                                  op.value == Operator::Value::kSame &&
                                  left.type().kind == CatalogType::Kind::kArray;
        CatalogType type = left.type();
        if (is_spatial(type) && !left.cast.empty()) type.name = left.cast.substr(left.cast.rfind('.') + 1);
        return is_of_arrays || applies(op, type);
    }

    Resolved compare(const Table& table, const ComparedSide& left, const Operator& op, const Json& value) {
        if (!fits(op, left)) {
            return because(
                joined({"operator ", quoted(op.name), " is not allowed on type ", quoted(left.type().name)})
            );
        }
        BoolExp out;
        out.kind = BoolExp::Kind::kCompare;
        out.column = left.column;
        out.computed = left.computed;
        out.cast = left.cast;
        out.op = &op;
        if (op.kind == Operator::Kind::kColumn) return column_on_the_right(table, std::move(out), value);
        if (op.kind == Operator::Kind::kIsNull) {
            if (!value.is_bool()) return because("expected a boolean for _is_null");
            out.is_true = value.get_bool();
            return out;
        }
        if (op.value == Operator::Value::kList && value.is_array() &&
            std::ranges::any_of(value.get_array(), is_session_variable)) {
            return one_by_one(table, left, value.get_array(), op.is_negated);
        }
        const bool is_list = op.value == Operator::Value::kList || op.value == Operator::Value::kTextList ||
                             op.value == Operator::Value::kLqueryList ||
                             op.value == Operator::Value::kLtreeList;
        if (is_list && !value.is_array() && !is_session_variable(value)) {
            return because(joined({"expected a list for ", quoted(op.name)}));
        }
        if (op.value == Operator::Value::kWithin) return within(std::move(out), left, value);
        out.right = resolve_value(value, operand_type(op, left.type(), left.cast));
        return out;
    }

    /// `{"from": .., "distance": .., "use_spheroid": ..}`
    static Resolved within(BoolExp out, const ComparedSide& left, const Json& value) {
        const JsonObject* given = value.if_object();
        const Json* from = given == nullptr ? nullptr : given->if_contains("from");
        const Json* distance = given == nullptr ? nullptr : given->if_contains("distance");
        if (from == nullptr || distance == nullptr) {
            return because(joined({"expected distance and from for ", quoted(out.op->name)}));
        }
        out.right = resolve_value(*from, operand_type(*out.op, left.type(), left.cast));
        out.more.push_back(resolve_value(*distance, "double precision"));
        if (const Json* spheroid = given->if_contains("use_spheroid"))
            out.more.push_back(resolve_value(*spheroid, "boolean"));
        return out;
    }

    /// A list that holds session variables is no single array: `a = x OR a = y`.
    Resolved one_by_one(
        const Table& table, const ComparedSide& left, const JsonArray& items, bool is_negated
    ) {
        std::vector<BoolExp> parts;
        for (const Json& item : items) {
            Resolved part = compare(table, left, *find_operator("_eq"), item);
            if (!part) return part;
            parts.push_back(std::move(*part));
        }
        BoolExp any = BoolExp::any_of(std::move(parts));
        return is_negated ? BoolExp::none_of(std::move(any)) : std::move(any);
    }

    Resolved column_on_the_right(const Table& table, BoolExp out, const Json& value) {
        bool is_root = false;
        std::string_view name;
        if (const JsonArray* path = value.if_array()) {
            is_root = path->size() == 2 && path->front() == "$";
            if ((!is_root && path->size() != 1) || !path->back().is_string()) {
                return because("a column comparison takes a column or [\"$\", column]");
            }
            name = path->back().get_string();
        } else if (value.is_string()) {
            name = value.get_string();
        } else {
            return because("a column comparison takes a column or [\"$\", column]");
        }
        const Column* column = (is_root ? root_ : table).column(name);
        if (column == nullptr) return because(joined({"column ", quoted(name), " does not exist"}));
        out.right.kind = is_root ? Operand::Kind::kRootColumn : Operand::Kind::kColumn;
        out.right.column = column;
        return out;
    }

    const Draft& draft_;
    const Table& root_;
};

/// One element of an array literal, quoted whatever it is.
void append_element(std::string& out, const Json& item) {
    if (item.is_null()) {
        out += "NULL";
    } else if (item.is_array()) {
        out += array_literal(item.get_array());
    } else {
        out += '"';
        for (const char c : text_of(item)) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        out += '"';
    }
}

}  // namespace

std::string array_literal(const JsonArray& list) {
    std::string out = "{";
    for (const Json& item : list) {
        if (out.size() > 1) out += ',';
        append_element(out, item);
    }
    return out += '}';
}

Operand resolve_value(const Json& value, std::string sql_type) {
    Operand out;
    const bool is_array = sql_type.ends_with("[]");
    out.source.shape = is_array ? Source::Shape::kArray : Source::Shape::kText;
    if (is_session_variable(value)) {
        out.source.kind = Source::Kind::kSession;
        out.source.shape = Source::Shape::kText;  // of an array: a literal {1,2}
        out.source.text = lower(value.get_string());
    } else if (value.is_null()) {
        out.source.is_null = true;
    } else if (is_array && value.is_array()) {
        out.source.text = array_literal(value.get_array());
    } else {
        out.source.text = text_of(value);
        if (!is_array && (value.is_object() || value.is_array())) out.source.shape = Source::Shape::kJson;
    }
    // JSON strings of a json column stay JSON: "a" is the text a only for other types.
    if (value.is_string() && out.source.kind == Source::Kind::kLiteral &&
        (sql_type == "jsonb" || sql_type == "json")) {
        out.source.text = to_text(value);
    }
    out.sql_type = std::move(sql_type);
    return out;
}

std::expected<BoolExp, std::string> resolve_condition(
    const Draft& draft, const Table& table, const JsonObject& condition
) {
    return Resolver(draft, table).object(table, condition, 0);
}

}  // namespace weft::graphql
