#include "base/json_pointer.h"
#include "graphql/plan/detail/mutation.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weft::graphql::detail {

namespace {

constexpr int kNestingMax = 10;
/// Rows with relations cost a statement each.
constexpr std::size_t kNestedRowsMax = 1'000;
/// Of one `values` list: the protocol takes 65,535 parameters in a statement.
constexpr std::size_t kValuesMax = 60'000;
/// A single row is cheaper as plain parameters.
constexpr std::size_t kBatchMin = 2;

using Columns = std::vector<const Column*>;

bool holds(const Columns& columns, const Column* column) {
    return std::ranges::find(columns, column) != columns.end();
}

/// `"a", "b"` of those in both, or nothing.
std::string names_in_both(const Columns& left, const Columns& right) {
    std::string out;
    for (const Column* column : left) {
        if (!holds(right, column)) continue;
        out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", column->pg_name());
    }
    return out;
}

/// The list as the variable holds it; null when it was written in the document.
const JsonArray* variable_list(const Input& list, const Variables& variables) {
    Input::Origin origin = list.origin();
    if (origin.variable < 0) return nullptr;
    const Json* at = &variables.all[static_cast<std::size_t>(origin.variable)].value;
    for (const std::string& step : origin.path) {
        at = find_step(*at, step);
        if (at == nullptr) return nullptr;
    }
    return at->if_array();
}

/// Rows to insert: an argument, or a relationship's value.
struct Rows {
    Input objects;         // a list, or one object
    std::string_view key;  // "objects", "object", "data"
    Input conflict;        // may be absent
    Columns determined;    // columns that the parent's row gives
    int depth = 0;
};

class InsertPlanner {
  public:
    explicit InsertPlanner(Context& c) : c_(c) {}

    Outcome<Insert> plan(const Table& table, const Rows& rows);

  private:
    Outcome<> add_row(Insert& insert, const Input& object, const Rows& rows);
    Outcome<> add_nested(
        Insert::Row& row,
        const Relationship& relationship,
        const Input& value,
        const Columns& known,
        int depth
    );
    void add_presets(Insert::Row& row, const Insert& insert, const Columns& determined);
    bool take_as_batch(Insert& insert, const Rows& rows);
    Outcome<> plan_update_columns(Columns& out, const Input& columns);
    Outcome<OnConflict> plan_conflict(const Table& table, const Input& conflict);

    Context& c_;
    std::size_t nested_rows_ = 0;
};

Outcome<Insert> InsertPlanner::plan(const Table& table, const Rows& rows) {
    if (rows.depth > kNestingMax) {
        return fail(
            c_, fmt::format("rows may be nested {} deep; insert the inner ones on their own", kNestingMax)
        );
    }
    const InsertRight* right = c_.access.insert(table);
    if (right == nullptr) return not_permitted(c_, "insert", table);
    Insert out{.table = &table, .right = right};
    if (!rows.conflict.is_absent() && !rows.conflict.is_null()) {
        Descend at(c_, "on_conflict");
        TRY(out.on_conflict, plan_conflict(table, rows.conflict));
    }
    Descend at(c_, rows.key);
    out.path = c_.path.text();
    out.is_list =
        rows.objects.is_list() || rows.depth == 0;  // a root's only row is `object[0]`, as in Hasura
    if (!rows.objects.is_list()) {
        std::optional<Descend> first;
        if (out.is_list) first.emplace(c_, std::size_t{0});
        CHECK_OK(add_row(out, rows.objects, rows));
        return out;
    }
    if (take_as_batch(out, rows)) return out;
    std::size_t values = 0;
    for (std::size_t i = 0; i < rows.objects.size(); ++i) {
        Descend row(c_, i);
        CHECK_OK(add_row(out, rows.objects.item(i), rows));
        values += out.rows.back().values.size();
    }
    if (values > kValuesMax) {
        return fail(c_, fmt::format("one insert takes {} values; send fewer rows at a time", kValuesMax));
    }
    return out;
}

Outcome<> InsertPlanner::add_row(Insert& insert, const Input& object, const Rows& rows) {
    Insert::Row row;
    Columns given;
    std::vector<std::pair<const Relationship*, Input>> nested;
    for (const Input::Member& member : object.members()) {
        const Meaning& meaning = c_.meaning(*member.definition);
        if (meaning.relationship != nullptr) {
            if (!member.value().is_null()) nested.emplace_back(meaning.relationship, member.value());
            continue;
        }
        given.push_back(meaning.column);
        row.values.emplace_back(meaning.column, operand_of(member.value(), meaning.column->catalog->type));
    }
    if (std::string names = names_in_both(given, rows.determined); !names.empty()) {
        return fail(
            c_,
            "cannot insert " + names +
                " columns as their values are already being determined by parent insert"
        );
    }
    Columns known = given;
    known.insert(known.end(), rows.determined.begin(), rows.determined.end());
    for (const auto& [relationship, value] : nested) {
        CHECK_OK(add_nested(row, *relationship, value, known, rows.depth + 1));
    }
    if (!row.before.empty() || !row.after.empty()) insert.has_nested = true;
    Columns determined = rows.determined;
    for (const NestedInsert& before : row.before) {
        for (const auto& [here, there] : before.relationship->columns) determined.push_back(here);
    }
    add_presets(row, insert, determined);
    insert.rows.push_back(std::move(row));
    return {};
}

Outcome<> InsertPlanner::add_nested(
    Insert::Row& row, const Relationship& relationship, const Input& value, const Columns& known, int depth
) {
    Descend at(c_, relationship.name);
    Rows rows{
        .objects = value.member("data"),
        .key = "data",
        .conflict = value.member("on_conflict"),
        .depth = depth
    };
    if (rows.objects.is_list() && rows.objects.size() == 0) return {};  // nothing hangs on the row
    if (++nested_rows_ > kNestedRowsMax) {
        return fail(
            c_, fmt::format("one insert takes {} nested inserts; send fewer rows at a time", kNestedRowsMax)
        );
    }
    bool is_before = !relationship.is_array && relationship.is_inserted_before_parent;
    Columns here;
    for (const auto& [ours, theirs] : relationship.columns) {
        here.push_back(ours);
        if (!is_before) rows.determined.push_back(theirs);
    }
    if (std::string names = names_in_both(here, known); is_before && !names.empty()) {
        return fail(
            c_,
            fmt::format(
                "cannot insert object relationship \"{}\" as {} column values are already determined",
                relationship.name,
                names
            )
        );
    }
    TRY(Insert insert, plan(*relationship.remote, rows));
    (is_before ? row.before : row.after).push_back({&relationship, std::move(insert)});
    return {};
}

void InsertPlanner::add_presets(Insert::Row& row, const Insert& insert, const Columns& determined) {
    for (const Preset& preset : insert.right->presets) {
        if (!holds(determined, preset.column)) row.values.emplace_back(preset.column, preset.value);
    }
}

bool InsertPlanner::take_as_batch(Insert& insert, const Rows& rows) {
    const JsonArray* list = variable_list(rows.objects, c_.variables);
    if (list == nullptr || list->size() < kBatchMin) return false;
    const Type& type = *rows.objects.type().nullable().inner().nullable().named();
    std::vector<std::pair<std::string_view, std::size_t>> counts;  // in how many rows each member is
    for (const Json& row : *list) {
        if (!row.is_object()) return false;
        std::size_t at = 0;
        for (const auto& [key, value] : row.get_object()) {
            std::string_view name(key.data(), key.size());
            // As a rule the members come in the same order every time.
            if (at >= counts.size() || counts[at].first != name) {
                auto known =
                    std::ranges::find(counts, name, &std::pair<std::string_view, std::size_t>::first);
                at = static_cast<std::size_t>(known - counts.begin());
                if (known == counts.end()) counts.emplace_back(name, 0);
            }
            ++counts[at++].second;
        }
    }
    Insert::Batch batch;
    for (const auto& [name, count] : counts) {
        const InputValue* definition = c_.view().input_field(type, name);
        if (definition == nullptr) return false;
        const Column* column = c_.meaning(*definition).column;
        // Absent from some rows: as good as null only when there is no default. Determined: an error, told by
        // whoever looks at the rows one by one; so are nested rows.
        bool is_everywhere = count == list->size();
        if (column == nullptr || holds(rows.determined, column)) return false;
        if (!is_everywhere && column->catalog->has_default) return false;
        batch.members.emplace_back(std::string(name), column);
    }
    if (batch.members.empty()) return false;
    Input::Origin origin = rows.objects.origin();
    batch.list = {
        .kind = Source::Kind::kVariable,
        .shape = Source::Shape::kJson,
        .variable = origin.variable,
        .path = std::move(origin.path),
    };
    insert.batch = std::move(batch);
    Insert::Row same;
    add_presets(same, insert, rows.determined);
    insert.rows.push_back(std::move(same));
    return true;
}

/// What an enum value stands for; null for one without a meaning (_PLACEHOLDER).
const Meaning* meaning_of_enum(Context& c, const Input& value) {
    const EnumValue* named = value.is_null() ? nullptr : value.type().named()->value(value.enum_name());
    return named == nullptr || named->binding == kUnbound ? nullptr : &c.meaning(*named);
}

Outcome<> InsertPlanner::plan_update_columns(Columns& out, const Input& columns) {
    Descend at(c_, "update_columns");
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const Meaning* meaning = meaning_of_enum(c_, columns.item(i));
        if (meaning == nullptr) return fail(c_, "erroneous column name");
        if (!holds(out, meaning->column)) out.push_back(meaning->column);
    }
    return {};
}

Outcome<OnConflict> InsertPlanner::plan_conflict(const Table& table, const Input& conflict) {
    OnConflict out;
    const Meaning* constraint = meaning_of_enum(c_, conflict.member("constraint"));
    if (constraint == nullptr) return fail(c_, "missing required field \"constraint\"");
    out.key = constraint->key;
    CHECK_OK(plan_update_columns(out.update_columns, conflict.member("update_columns")));
    if (Input where = conflict.member("where", Input::Unset::kNull); !where.is_absent()) {
        Descend at(c_, "where");
        TRY(out.where, plan_where(c_, table, where, ConditionOf::kWriting));
    }
    if (out.update_columns.empty()) return out;  // needs no right to update
    const UpdateRight* right = c_.access.update(table);
    out.updated = TableRef::attach(table, c_.access, TableRef::Use::kUpdate);
    if (!out.updated || right == nullptr) return not_permitted(c_, "update", table);
    if (!right->check.is_trivial()) out.update_check = &right->check;
    out.presets = right->presets;
    return out;
}

}  // namespace

Outcome<Insert> plan_insert(Context& c, const Table& table, const std::vector<Argument>& arguments) {
    Rows rows;
    for (const Argument& each : arguments) {
        if (each.meaning == nullptr) continue;
        if (each.meaning->kind == Meaning::Kind::kOnConflict) {
            rows.conflict = each.value;
        } else if (each.meaning->kind == Meaning::Kind::kObjects ||
                   each.meaning->kind == Meaning::Kind::kObject) {
            rows.objects = each.value;
            rows.key = each.definition->name;
        }
    }
    return InsertPlanner(c).plan(table, rows);
}

}  // namespace weft::graphql::detail
