#include "graphql/catalog/catalog.h"

#include "graphql/catalog/queries.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace weft::graphql {

namespace sql = catalog::sql;

namespace {

/// A base so deep is no domain of this world: a bound for the loop.
constexpr int kDomainDepthMax = 32;
constexpr int kEnumValuesMax = 1'000;

using Oid = std::int64_t;

struct TypeRow {
    CatalogType type;
    bool is_domain = false;
    Oid base = 0;     // of a domain
    Oid element = 0;  // of an array
    QualifiedName table{"", ""};
};

CatalogType::Kind kind_of(std::string_view letter) {
    if (letter == "a") return CatalogType::Kind::kArray;
    if (letter == "e") return CatalogType::Kind::kEnum;
    if (letter == "c") return CatalogType::Kind::kComposite;
    if (letter == "p") return CatalogType::Kind::kPseudo;
    return CatalogType::Kind::kBase;
}

CatalogTable::Kind table_kind_of(std::string_view letter) {
    if (letter == "v") return CatalogTable::Kind::kView;
    if (letter == "m") return CatalogTable::Kind::kMaterializedView;
    if (letter == "f") return CatalogTable::Kind::kForeign;
    if (letter == "p") return CatalogTable::Kind::kPartitioned;
    return CatalogTable::Kind::kTable;
}

CatalogFunction::Volatility volatility_of(std::string_view letter) {
    if (letter == "i") return CatalogFunction::Volatility::kImmutable;
    if (letter == "s") return CatalogFunction::Volatility::kStable;
    return CatalogFunction::Volatility::kVolatile;
}

/// Puts the rows together. Each statement saw the database a moment later than the one before: rows about
/// what the earlier ones did not see are left out.
class Assembly {
  public:
    explicit Assembly(const std::vector<pg::Rows>& answers);
    Catalog take() { return std::move(catalog_); }

  private:
    void types(const pg::Rows& rows);
    void tables(const pg::Rows& rows);
    void columns(const pg::Rows& rows);
    void indexes(const pg::Rows& rows);
    void foreign_keys(const pg::Rows& rows);
    void functions(const pg::Rows& rows);
    void arguments(const pg::Rows& rows);
    void enums(const pg::Rows& rows);
    void drop_hidden_keys();

    const TypeRow* without_domains(Oid oid) const;
    std::optional<CatalogType> type(Oid oid) const;
    CatalogTable* table(Oid oid) const {
        auto found = tables_.find(oid);
        return found == tables_.end() ? nullptr : found->second;
    }

    Catalog catalog_;
    std::unordered_map<Oid, TypeRow> types_;
    std::unordered_map<Oid, CatalogTable*> tables_;
    std::unordered_map<Oid, CatalogFunction*> functions_;
};

Assembly::Assembly(const std::vector<pg::Rows>& answers) {
    std::size_t at = 1;  // the first one set the path
    catalog_.server_version = static_cast<int>(answers[at++].integer(0, 0));
    types(answers[at++]);
    tables(answers[at++]);
    columns(answers[at++]);
    indexes(answers[at++]);
    foreign_keys(answers[at++]);
    functions(answers[at++]);
    arguments(answers[at++]);
    enums(answers[at++]);
    drop_hidden_keys();
}

void Assembly::types(const pg::Rows& rows) {
    types_.reserve(static_cast<std::size_t>(rows.size()));
    for (int i = 0; i < rows.size(); ++i) {
        TypeRow row;
        row.type.name = rows.text(i, 1);
        row.type.schema = rows.text(i, 2);
        row.type.sql = rows.text(i, 3);
        row.type.kind = kind_of(rows.text(i, 4));
        row.is_domain = rows.text(i, 4) == "d";
        row.base = rows.integer(i, 5);
        row.element = rows.integer(i, 6);
        if (!rows.is_null(i, 8)) row.table = {std::string(rows.text(i, 7)), std::string(rows.text(i, 8))};
        types_.emplace(rows.integer(i, 0), std::move(row));
    }
}

const TypeRow* Assembly::without_domains(Oid oid) const {
    for (int depth = 0; depth < kDomainDepthMax; ++depth) {
        auto found = types_.find(oid);
        if (found == types_.end()) return nullptr;
        if (!found->second.is_domain) return &found->second;
        oid = found->second.base;
    }
    return nullptr;
}

std::optional<CatalogType> Assembly::type(Oid oid) const {
    auto named = types_.find(oid);
    const TypeRow* row = without_domains(oid);
    if (row == nullptr) return std::nullopt;
    CatalogType out = row->type;
    if (named->second.is_domain) out.base = std::exchange(out.sql, named->second.type.sql);
    if (out.kind != CatalogType::Kind::kArray) return out;
    const TypeRow* element = without_domains(row->element);
    if (element == nullptr) return std::nullopt;
    out.element = element->type.name;
    out.element_kind = element->type.kind;
    const bool is_of_domains = types_.at(row->element).is_domain;
    // A domain over an array as an element: its arrays have no counterpart without it.
    if (is_of_domains && element->type.kind != CatalogType::Kind::kArray) out.base = element->type.sql + "[]";
    return out;
}

void Assembly::tables(const pg::Rows& rows) {
    for (int i = 0; i < rows.size(); ++i) {
        CatalogTable table;
        table.oid = static_cast<std::uint32_t>(rows.integer(i, 0));
        table.name = {std::string(rows.text(i, 1)), std::string(rows.text(i, 2))};
        table.kind = table_kind_of(rows.text(i, 3));
        table.has_row_security = rows.boolean(i, 4);
        auto bits = rows.integer(i, 5);
        table.is_updatable = (bits & 4) != 0;
        table.is_insertable = (bits & 8) != 0;
        table.is_deletable = (bits & 16) != 0;
        table.comment = rows.text(i, 6);
        auto name = table.name;
        auto at = catalog_.tables.emplace(std::move(name), std::move(table)).first;
        tables_[rows.integer(i, 0)] = &at->second;
    }
}

void Assembly::columns(const pg::Rows& rows) {
    for (int i = 0; i < rows.size(); ++i) {
        CatalogTable* owner = table(rows.integer(i, 0));
        auto found = type(rows.integer(i, 3));
        if (owner == nullptr || !found) continue;
        CatalogColumn column;
        column.name = rows.text(i, 1);
        column.number = static_cast<int>(rows.integer(i, 2));
        column.type = std::move(*found);
        column.is_nullable = rows.boolean(i, 4);
        column.has_default = rows.boolean(i, 5);
        column.is_generated = rows.boolean(i, 6);
        column.comment = rows.text(i, 7);
        owner->columns.push_back(std::move(column));
    }
}

void Assembly::indexes(const pg::Rows& rows) {
    for (int i = 0; i < rows.size();) {
        CatalogTable* owner = table(rows.integer(i, 0));
        Oid index = rows.integer(i, 1);
        int first = i;
        std::vector<std::string> leading;
        bool is_whole = true;
        for (; i < rows.size() && rows.integer(i, 1) == index; ++i) {
            is_whole = is_whole && !rows.is_null(i, 6);
            if (is_whole) leading.emplace_back(rows.text(i, 6));
        }
        if (owner == nullptr) continue;
        if (rows.boolean(first, 4) && is_whole) {
            CatalogKey key;
            key.name = rows.text(first, 2);
            key.is_primary = rows.boolean(first, 3);
            key.is_constraint = rows.boolean(first, 5);
            key.columns = leading;
            owner->keys.push_back(std::move(key));
        }
        if (!leading.empty()) owner->indexes.push_back(std::move(leading));
    }
}

void Assembly::foreign_keys(const pg::Rows& rows) {
    for (int i = 0; i < rows.size();) {
        CatalogTable* owner = table(rows.integer(i, 0));
        Oid constraint = rows.integer(i, 1);
        CatalogForeignKey key;
        key.name = rows.text(i, 2);
        key.remote = {std::string(rows.text(i, 3)), std::string(rows.text(i, 4))};
        for (; i < rows.size() && rows.integer(i, 1) == constraint; ++i) {
            key.columns.emplace_back(rows.text(i, 5));
            key.remote_columns.emplace_back(rows.text(i, 6));
        }
        if (owner != nullptr) owner->foreign_keys.push_back(std::move(key));
    }
}

/// A key is of no use to a role that may not use one of its columns.
void Assembly::drop_hidden_keys() {
    for (auto& [name, owner] : catalog_.tables) {
        auto is_hidden = [&owner](const auto& key) {
            return std::ranges::any_of(key.columns, [&](const auto& c) {
                return owner.column(c) == nullptr;
            });
        };
        std::erase_if(owner.keys, is_hidden);
        std::erase_if(owner.foreign_keys, is_hidden);
    }
}

void Assembly::functions(const pg::Rows& rows) {
    for (int i = 0; i < rows.size(); ++i) {
        auto returns = type(rows.integer(i, 3));
        if (!returns) continue;
        QualifiedName name{std::string(rows.text(i, 1)), std::string(rows.text(i, 2))};
        auto [at, is_new] = catalog_.functions.try_emplace(name);
        CatalogFunction& function = at->second;
        if (!is_new) {
            function.is_overloaded = true;
            continue;
        }
        function.name = std::move(name);
        function.returns = std::move(*returns);
        function.returns_table = without_domains(rows.integer(i, 3))->table;
        function.returns_set = rows.boolean(i, 4);
        function.is_variadic = rows.boolean(i, 5);
        function.volatility = volatility_of(rows.text(i, 6));
        function.comment = rows.text(i, 7);
        functions_[rows.integer(i, 0)] = &function;
    }
}

void Assembly::arguments(const pg::Rows& rows) {
    std::unordered_set<Oid> incomplete;
    for (int i = 0; i < rows.size(); ++i) {
        auto owner = functions_.find(rows.integer(i, 0));
        if (owner == functions_.end()) continue;
        auto found = type(rows.integer(i, 2));
        if (!found) {
            incomplete.insert(owner->first);
            continue;
        }
        CatalogArgument argument;
        argument.name = rows.text(i, 1);
        argument.type = std::move(*found);
        argument.has_default = rows.boolean(i, 3);
        owner->second->arguments.push_back(std::move(argument));
    }
    // A call without one of its arguments would be another call.
    for (Oid oid : incomplete) catalog_.functions.erase(QualifiedName(functions_[oid]->name));
}

void Assembly::enums(const pg::Rows& rows) {
    for (int i = 0; i < rows.size();) {
        Oid oid = rows.integer(i, 0);
        std::string name(rows.text(i, 1));
        std::vector<std::string> labels;
        for (; i < rows.size() && rows.integer(i, 0) == oid; ++i) labels.emplace_back(rows.text(i, 2));
        catalog_.enums.emplace(std::move(name), std::move(labels));
    }
}

/// Sent without a name: read once in a while, not worth a prepared statement for ever.
pg::Query once(const pg::Query& query) {
    return {"", query.text};
}

/// The text column that is the whole primary key, and the one beside it that says what a value means.
struct EnumColumns {
    std::string value;
    std::string comment;  // empty: none
};

Result<EnumColumns> enum_columns(const CatalogTable& table) {
    auto refuse = [&](std::string_view why) {
        return fail(
            Error::invalid("\"" + table.name.text() + "\" cannot be an enum table: " + std::string(why))
        );
    };
    if (table.keys.empty() || !table.keys.front().is_primary || table.keys.front().columns.size() != 1) {
        return refuse("its primary key must be one column");
    }
    auto is_text = [&](const std::string& name) {
        const CatalogColumn* column = table.column(name);
        return column != nullptr && (column->type.name == "text" || column->type.name == "varchar");
    };
    EnumColumns out{table.keys.front().columns.front(), ""};
    if (!is_text(out.value)) return refuse("its primary key must be a text");
    for (const CatalogColumn& column : table.columns) {
        bool is_comment = column.name == "comment" || table.columns.size() == 2;
        if (column.name != out.value && is_comment && is_text(column.name)) out.comment = column.name;
    }
    return out;
}

}  // namespace

const CatalogColumn* CatalogTable::column(std::string_view column_name) const {
    auto found = std::ranges::find(columns, column_name, &CatalogColumn::name);
    return found == columns.end() ? nullptr : &*found;
}

const CatalogTable* Catalog::table(const QualifiedName& name) const {
    auto found = tables.find(name);
    return found == tables.end() ? nullptr : &found->second;
}

const CatalogFunction* Catalog::function(const QualifiedName& name) const {
    auto found = functions.find(name);
    return found == functions.end() ? nullptr : &found->second;
}

rt::Task<Result<Catalog>> read_catalog(pg::Pool& pool, pg::Principal who, rt::Deadline by) {
    pg::Batch batch;
    batch.as(who);
    for (const pg::Query& query :
         {sql::kPlainPath,
          sql::kVersion,
          sql::kTypes,
          sql::kTables,
          sql::kColumns,
          sql::kIndexes,
          sql::kForeignKeys,
          sql::kFunctions,
          sql::kArguments,
          sql::kEnums}) {
        batch.add(once(query), {});
    }
    CO_TRY(auto answers, co_await pool.run(std::move(batch), by));
    co_return Assembly(answers).take();
}

rt::Task<Result<std::vector<std::pair<std::string, std::string>>>> read_enum_values(
    pg::Pool& pool, pg::Principal who, CatalogTable table, rt::Deadline by
) {
    CO_TRY(EnumColumns columns, enum_columns(table));
    std::string value = quote_identifier(columns.value) + "::text";
    std::string comment = "''";
    if (!columns.comment.empty()) comment = "coalesce(" + quote_identifier(columns.comment) + "::text, '')";
    std::string text = "select " + value + ", " + comment + " from " + quote(table.name) +
                       " order by 1 limit " + std::to_string(kEnumValuesMax + 1);
    CO_TRY(auto rows, co_await pool.query(who, {"", text}, {}, by));
    if (rows.size() > kEnumValuesMax) {
        co_return fail(Error::limit(
            "\"" + table.name.text() + "\" cannot be an enum table: it has more than " +
            std::to_string(kEnumValuesMax) + " rows"
        ));
    }
    std::vector<std::pair<std::string, std::string>> out;
    for (int i = 0; i < rows.size(); ++i) out.emplace_back(rows.text(i, 0), rows.text(i, 1));
    co_return out;
}

}  // namespace weft::graphql
