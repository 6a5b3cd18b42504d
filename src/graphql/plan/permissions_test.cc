#include "graphql/language/language.h"
#include "graphql/model/model_for_test.h"
#include "graphql/plan/detail/visit.h"
#include "graphql/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

/// Every root field for every role, with everything that the role sees below it: no table is reached without
/// the role's own permission.
namespace weft::graphql {
namespace {

/// Writes the widest request for a field that a view shows.
class Writer {
  public:
    Writer(const Model& model, const View& view) : model_(model), view_(view) {}

    std::string field(const Field& field, int depth) {
        std::string out = field.name;
        std::string arguments;
        for (const InputValue& each : field.arguments) {
            if (!view_.sees(each.element) || is_excluded(each)) continue;
            std::string value = this->value(each.type, 3);
            if (!value.empty()) arguments += each.name + ": " + value + " ";
        }
        if (!arguments.empty()) out += "(" + arguments + ")";
        if (!field.type.named()->is_composite()) return out;
        return out + selection(*field.type.named(), depth);
    }

  private:
    std::string selection(const Type& type, int depth) {
        std::string out = " {__typename ";
        for (const Field& each : type.fields) {
            bool is_leaf = !each.type.named()->is_composite();
            if (view_.sees(each.element) && (is_leaf || depth > 0)) out += field(each, depth - 1) + " ";
        }
        return out + "}";
    }

    std::string value(TypeUse use, int depth) {
        TypeUse bare = use.nullable();
        if (bare.is_list()) {
            std::string item = value(bare.inner(), depth);
            return item.empty() ? "" : "[" + item + "]";
        }
        const Type& type = *bare.named();
        if (type.kind == TypeKind::kEnum) return enumeration(type);
        if (type.kind == TypeKind::kInput) return object(type, depth, use.is_non_null());
        if (type.name == "Boolean") return "true";
        if (type.name == "Int" || type.name == "bigint" || type.name == "numeric") return "1";
        return "\"a\"";  // a JSON path too
    }
    std::string enumeration(const Type& type) {
        for (const EnumValue& each : type.values) {
            if (view_.sees(each.element)) return each.name;
        }
        return "";
    }
    std::string object(const Type& type, int depth, bool is_required) {
        if (depth == 0 && !is_required) return "";
        std::string out;
        for (const InputValue& each : type.input_fields) {
            if (!view_.sees(each.element) || is_excluded(each)) continue;
            if (type.name.ends_with("_insert_input") && joins(each)) continue;
            bool is_in_the_way = !each.type.is_non_null() && depth == 0;
            std::string inner = is_in_the_way ? "" : value(each.type, depth - 1);
            if (!inner.empty()) out += each.name + ": " + inner + " ";
        }
        return "{" + out + "}";
    }

    /// One operator for a column is enough, and allowed; `distinct_on` must match the order.
    static bool is_excluded(const InputValue& value) {
        constexpr std::array<std::string_view, 8> kExcluded{
            "distinct_on",
            "on_conflict",
            "_inc",
            "_append",
            "_prepend",
            "_delete_key",
            "_delete_elem",
            "_delete_at_path"
        };
        return std::ranges::find(kExcluded, value.name) != kExcluded.end();
    }
    /// Columns that a nested insert fills itself.
    bool joins(const InputValue& value) const {
        const Column* column = value.binding == kUnbound ? nullptr : model_.meaning(value.binding).column;
        return column != nullptr && std::ranges::any_of(model_.tables(), [&](const Table& table) {
                   return std::ranges::any_of(table.relationships, [&](const Relationship& each) {
                       return std::ranges::any_of(each.columns, [&](const auto& pair) {
                           return pair.first == column || pair.second == column;
                       });
                   });
               });
    }

    const Model& model_;
    const View& view_;
};

class Check : public PlanVisitor {
  public:
    explicit Check(const Access& access) : access_(access) {}
    void table(const TableRef& ref) override {
        ++tables;
        // What an author of a permission wrote may look at rows that its reader can't see.
        if (inside_permission_ > 0) return;
        const Table& table = ref.table();
        auto is_of = [&](const auto* right) {
            return right != nullptr &&
                   ref.filter() == (right->filter.is_trivial() ? nullptr : &right->filter);
        };
        EXPECT_TRUE(
            ref.is_attached() &&
            (is_of(access_.select(table)) || is_of(access_.update(table)) || is_of(access_.remove(table)))
        ) << table.name
          << " for " << access_.role_name();
    }
    void permission(bool enters) override { inside_permission_ += enters ? 1 : -1; }
    void source(const Source&) override {}
    bool enter(const Select&) override { return true; }
    int tables = 0;

  private:
    const Access& access_;
    int inside_permission_ = 0;
};

TEST(Permissions, EveryTableOfEveryRootFieldIsReachedThroughTheRolesOwn) {
    std::shared_ptr<const Model> model = testing::library_model();
    int roots = 0;
    int tables = 0;
    for (const auto& role : model->roles()) {
        const Access& access = model->access(role->name);
        const View& view = access.view();
        for (OperationKind kind :
             {OperationKind::kQuery, OperationKind::kMutation, OperationKind::kSubscription}) {
            const Type* root = view.root(kind);
            if (root == nullptr) continue;
            for (const Field& field : root->fields) {
                if (!view.sees(field.element)) continue;
                std::string text = kind == OperationKind::kQuery      ? "query {"
                                   : kind == OperationKind::kMutation ? "mutation {"
                                                                      : "subscription {";
                text += Writer(*model, view).field(field, 4) + "}";
                auto document = parse(text, trusted_parse_limits());
                ASSERT_TRUE(document) << text;
                const Operation& operation = *(*document)->operations.front();
                Variables variables;
                PlanRequest request{
                    .document = **document, .operation = operation, .variables = variables, .access = access
                };
                request.limits = {.bool_nodes_max = 1'000'000, .cost_max = 1e12};
                auto plan = plan_operation(model, request);
                ASSERT_TRUE(plan) << plan.error().message << " " << plan.error().path;
                Check check(access);
                visit(**plan, check);
                ++roots;
                tables += check.tables;
            }
        }
    }
    EXPECT_GT(roots, 50);
    EXPECT_GT(tables, 500);
}

/// The control: a reference without the permission is found.
TEST(Permissions, AReferenceWithoutPermissionIsFound) {
    std::shared_ptr<const Model> model = testing::library_model();
    const Table& author = *model->table({.name = "author"});
    Plan plan;
    plan.roots.push_back(
        {.key = "a", .name = "author", .what = std::make_unique<Select>(TableRef::by_metadata(author))}
    );
    Check check(model->access("user"));
    EXPECT_NONFATAL_FAILURE(visit(plan, check), "author for user");
}

}  // namespace
}  // namespace weft::graphql
