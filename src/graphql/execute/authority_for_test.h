#pragma once

#include "graphql/execute/execute.h"
#include "graphql/model/model_for_test.h"

#include <deque>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Random permissions, and requests that name every single thing of a schema: for the test of authority.
namespace weft::graphql::testing {

/// The library with random rights for four roles, and two that inherit: columns, presets, backend-only,
/// hidden roots, functions, actions, remote fields.
class RandomMetadata {
  public:
    explicit RandomMetadata(std::uint64_t seed) : random_(seed) {}

    std::string text() {
        JsonArray tables{
            table("author", {"id", "tenant_id", "name", "score", "is_active", "meta", "tags", "secret"}),
            table("article", {"id", "tenant_id", "title", "author_id", "kind", "published"}),
            Json(JsonObject{{"table", "kind"}, {"is_enum", true}}),
        };
        JsonObject source{{"name", "default"}, {"kind", "postgres"}, {"configuration", JsonObject()}};
        source["tables"] = std::move(tables);
        source["functions"] = JsonArray{
            JsonObject{
                {"function", "search_articles"},
                {"configuration", JsonObject{{"session_argument", "hasura_session"}}},
            },
            JsonObject{{"function", "add_article"}, {"permissions", some_roles()}},
        };
        JsonArray actions;
        for (const auto& [name, kind, type] :
             {std::array{"publish", "synchronous", "mutation"},
              std::array{"archive", "asynchronous", "mutation"},
              std::array{"preview", "synchronous", "query"}})
            actions.push_back(action(name, kind, type));
        const Json types = *parse_json(R"({
            "input_objects": [
              {"name": "PublishInput", "fields": [{"name": "article_id", "type": "bigint!"}]}],
            "objects": [{"name": "Published", "fields": [{"name": "article_id", "type": "bigint!"}],
              "relationships": [{"name": "article", "type": "object", "remote_table": "article",
                "field_mapping": {"article_id": "id"}}]}]})");
        return to_text(JsonObject{
            {"version", 3},
            {"sources", JsonArray{std::move(source)}},
            {"actions", std::move(actions)},
            {"custom_types", types},
            {"inherited_roles",
             JsonArray{
                 JsonObject{{"role_name", "r4"}, {"role_set", JsonArray{"r0", "r1"}}},
                 JsonObject{{"role_name", "r5"}, {"role_set", JsonArray{"r4", "r2"}}},
             }},
        });
    }

  private:
    using Names = std::vector<std::string>;

    bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }
    JsonArray some(const Names& names, int percent) {
        JsonArray out;
        for (const std::string& each : names) {
            if (chance(percent)) out.emplace_back(each);
        }
        return out;
    }
    JsonArray some_roles() {
        JsonArray out;
        for (const char* role : {"r0", "r1", "r2", "r3"}) {
            if (chance(40)) out.push_back(JsonObject{{"role", role}});
        }
        return out;
    }
    JsonObject action(const char* name, const char* kind, const char* type) {
        return {
            {"name", name},
            {"definition",
             JsonObject{
                 {"kind", kind},
                 {"type", type},
                 {"handler", "native:" + std::string(name)},
                 {"output_type", "Published!"},
                 {"arguments", JsonArray{JsonObject{{"name", "input"}, {"type", "PublishInput!"}}}},
             }},
            {"permissions", some_roles()},
        };
    }
    JsonObject select(const Names& columns, bool has_computed) {
        // With filters, what an heir sees of a column differs from row to row.
        const Json filter = chance(50) ? *parse_json(R"({"id": {"_gt": 0}})") : Json(JsonObject());
        JsonObject out{{"columns", some(columns, 60)}, {"filter", filter}};
        out["allow_aggregations"] = chance(50);
        if (has_computed && chance(50)) out["computed_fields"] = JsonArray{"full_name"};
        if (chance(40)) out["query_root_fields"] = some({"select", "select_by_pk", "select_aggregate"}, 40);
        if (chance(50))
            out["subscription_root_fields"] =
                some({"select", "select_by_pk", "select_aggregate", "select_stream"}, 30);
        return out;
    }
    JsonObject presets(const char* column) {
        return chance(40) ? JsonObject{{column, "X-Hasura-Preset"}} : JsonObject();
    }
    Json table(const char* name, const Names& columns) {
        const bool is_author = name == std::string_view("author");
        JsonObject out = parse_json(
                             is_author ? R"({"array_relationships": [{"name": "articles", "using":
                {"foreign_key_constraint_on": {"column": "author_id", "table": "article"}}}],
              "computed_fields": [{"name": "full_name", "definition": {"function": "full_name"}}]})"
                                       : R"({"object_relationships": [{"name": "author",
              "using": {"foreign_key_constraint_on": "author_id"}}]})"
        )
                             ->get_object();
        out["table"] = name;
        JsonArray selects, inserts, updates, deletes, remote_roles;
        const auto give = [](JsonArray& to, const char* role, JsonObject permission) {
            to.push_back(JsonObject{{"role", role}, {"permission", std::move(permission)}});
        };
        for (const char* role : {"r0", "r1", "r2", "r3"}) {
            if (chance(70)) give(selects, role, select(columns, is_author));
            if (chance(60))
                give(
                    inserts,
                    role,
                    {{"columns", some(columns, 50)},
                     {"check", JsonObject()},
                     {"set", presets("tenant_id")},
                     {"backend_only", chance(50)}}
                );
            if (chance(60))
                give(
                    updates,
                    role,
                    {{"columns", some(columns, 50)},
                     {"filter", JsonObject()},
                     {"check", nullptr},
                     {"set", presets("tenant_id")},
                     {"backend_only", chance(50)}}
                );
            if (chance(60)) give(deletes, role, {{"filter", JsonObject()}, {"backend_only", chance(50)}});
            if (chance(40)) remote_roles.emplace_back(role);
        }
        out["select_permissions"] = std::move(selects);
        out["insert_permissions"] = std::move(inserts);
        out["update_permissions"] = std::move(updates);
        out["delete_permissions"] = std::move(deletes);
        out["remote_fields"] = JsonArray{JsonObject{
            {"name", "extra"},
            {"resolver", "extra"},
            {"type", "String"},
            {"columns", JsonArray{"id"}},
            {"arguments", JsonArray{JsonObject{{"name", "size"}, {"type", "Int"}}}},
            {"roles", std::move(remote_roles)},
        }};
        return out;
    }

    std::mt19937_64 random_;
};

inline std::shared_ptr<const Model> random_model(std::uint64_t seed) {
    return model_of(
        library_catalog(),
        RandomMetadata(seed).text(),
        {{{.name = "kind"}, {{"NEWS", "fresh"}, {"ESSAY", ""}}}}
    );
}

/// A value written twice: as it stands in a document, and as a variable's.
struct Written {
    std::string literal;
    std::string json;
};

/// For each element of a model's schema a request that names it, which would do but for permissions. The way
/// to it leads over what `preferred` shows, as far as there is one: then nothing else is to be refused.
class Asking {
  public:
    Asking(const Model& model, const View& preferred) : schema_(model.schema()), preferred_(preferred) {
        find_ways();
        find_uses();
    }

    /// `name` is as the introspection's: "type.field", "type.field(argument)", "input.member", "enum#value".
    using Visit = std::function<void(const std::string& name, Request request)>;
    void each(const Visit& visit) const {
        for (const Type* type : schema_.types()) {
            if (type->name.starts_with("__")) continue;
            if (ways_.contains(type)) fields(*type, visit);
            if (uses_.contains(type)) inputs(*type, visit);
        }
    }

  private:
    /// From a root to an object of some type.
    struct Way {
        OperationKind root = OperationKind::kQuery;
        std::vector<const Field*> fields;
    };
    /// From an argument to an input type or an enum.
    struct Use {
        const Type* on = nullptr;
        const Field* field = nullptr;
        const InputValue* argument = nullptr;
        std::vector<const InputValue*> members;
    };

    /// Twice over: first where the preferred view leads, then the rest.
    void find_ways() {
        std::deque<const Type*> open;
        for (const bool any : {false, true}) {
            for (const auto kind :
                 {OperationKind::kQuery, OperationKind::kMutation, OperationKind::kSubscription}) {
                const Type* root = schema_.root(kind);
                if (root == nullptr || (!any && !preferred_.sees(root->element))) continue;
                if (ways_.try_emplace(root, Way{.root = kind, .fields = {}}).second) order_.push_back(root);
            }
            open.assign(order_.begin(), order_.end());
            while (!open.empty()) {
                const Type& type = *open.front();
                open.pop_front();
                for (const Field& field : type.fields) {
                    const Type* below = field.type.named();
                    if (!below->is_composite() || (!any && !preferred_.sees(field.element))) continue;
                    Way way = ways_.at(&type);
                    way.fields.push_back(&field);
                    if (!ways_.try_emplace(below, std::move(way)).second) continue;
                    order_.push_back(below);
                    open.push_back(below);
                }
            }
        }
    }
    void find_uses() {
        std::deque<const Type*> open;
        const auto add = [&](const Type* type, Use use) {
            if (type->is_builtin_scalar || type->kind == TypeKind::kScalar) return;
            if (uses_.try_emplace(type, std::move(use)).second) open.push_back(type);
        };
        for (const bool any : {false, true}) {
            for (const auto& [type, use] : uses_) open.push_back(type);
            for (const Type* type : order_) {
                for (const Field& field : type->fields) {
                    if (!any && !preferred_.sees(field.element)) continue;
                    for (const InputValue& argument : field.arguments) {
                        if (any || preferred_.sees(argument.element))
                            add(argument.type.named(), {type, &field, &argument, {}});
                    }
                }
            }
            while (!open.empty()) {
                const Type& type = *open.front();
                open.pop_front();
                for (const InputValue& member : type.input_fields) {
                    if (!any && !preferred_.sees(member.element)) continue;
                    Use use = uses_.at(&type);
                    use.members.push_back(&member);
                    add(member.type.named(), std::move(use));
                }
            }
        }
    }

    void fields(const Type& type, const Visit& visit) const {
        for (const Field& field : type.fields) {
            const std::string name = type.name + "." + field.name;
            visit(name, request(type, field, nullptr, {}));
            for (const InputValue& argument : field.arguments) {
                const std::string place = name + "(" + argument.name + ")";
                both_ways(place, {&type, &field, &argument, {}}, value(argument.type), visit);
            }
        }
    }
    void inputs(const Type& type, const Visit& visit) const {
        const Use& use = uses_.at(&type);
        for (const InputValue& member : type.input_fields) {
            Written object = value_of_input(type, &member, value(member.type));
            both_ways(type.name + "." + member.name, use, nested(use, std::move(object)), visit);
        }
        for (const EnumValue& each : type.values) {
            Written written{each.name, "\"" + each.name + "\""};
            both_ways(type.name + "#" + each.name, use, nested(use, std::move(written)), visit);
        }
    }
    /// Around the innermost value: the objects that its use leads through.
    Written nested(const Use& use, Written inner) const {
        for (std::size_t i = use.members.size(); i-- > 0;) {
            const Type& around = i == 0 ? *use.argument->type.named() : *use.members[i - 1]->type.named();
            inner = value_of_input(around, use.members[i], std::move(inner));
        }
        return inner;
    }
    void both_ways(const std::string& name, const Use& use, const Written& written, const Visit& visit)
        const {
        visit(name, request(*use.on, *use.field, use.argument, written.literal));
        Request by_variable = request(*use.on, *use.field, use.argument, "$v");
        const std::size_t brace = by_variable.query.find('{');
        by_variable.query.insert(brace, "($v: " + use.argument->type.text() + ") ");
        by_variable.variables = JsonObject{{"v", *parse_json(written.json)}};
        visit(name, std::move(by_variable));
    }

    Request request(
        const Type& type, const Field& field, const InputValue* argument, const std::string& given
    ) const {
        const Way& way = ways_.at(&type);
        std::string text = way.root == OperationKind::kQuery      ? "query {"
                           : way.root == OperationKind::kMutation ? "mutation {"
                                                                  : "subscription {";
        for (const Field* each : way.fields) text += " " + each->name + arguments(*each, nullptr, {}) + " {";
        text += " " + field.name + arguments(field, argument, given);
        if (field.type.named()->is_composite()) text += " { __typename }";
        for (std::size_t i = 0; i <= way.fields.size(); ++i) text += " }";
        return {.query = std::move(text)};
    }
    /// An update needs something to set. Only whoever sees the update and not its `_set` does without.
    bool is_needed(const InputValue& each, bool sees_all) const {
        return each.is_required() || (each.name == "_set" && (!sees_all || preferred_.sees(each.element)));
    }
    /// The required ones, and the one that is given.
    std::string arguments(const Field& field, const InputValue* given, const std::string& text) const {
        std::string out;
        for (const InputValue& each : field.arguments) {
            std::string value_text;
            if (&each == given) {
                value_text = text;
            } else if (is_needed(each, preferred_.sees(field.element))) {
                value_text = value(each.type).literal;
            } else {
                continue;
            }
            out += (out.empty() ? "" : ", ") + each.name + ": " + value_text;
        }
        return out.empty() ? "" : "(" + out + ")";
    }

    /// The least that a type takes.
    Written value(TypeUse use) const {
        const TypeUse bare = use.nullable();
        if (bare.is_list()) {
            const Written item = value(bare.inner());
            return {"[" + item.literal + "]", "[" + item.json + "]"};
        }
        const Type& named = *bare.named();
        if (named.kind == TypeKind::kInput) return value_of_input(named, nullptr, {});
        if (named.kind == TypeKind::kEnum) {
            const std::string& name = named.values.front().name;
            return {name, "\"" + name + "\""};
        }
        if (named.name == "Int" || named.name == "Float") return {"1", "1"};
        if (named.name == "Boolean") return {"true", "true"};
        return {"\"1\"", "\"1\""};
    }
    /// Required members, and `given`.
    Written value_of_input(const Type& type, const InputValue* given, Written inner) const {
        Written out;
        const auto add = [&](const InputValue& member, const Written& written) {
            const std::string comma = out.literal.empty() ? "" : ", ";
            out.literal += comma + member.name + ": " + written.literal;
            out.json += comma + ("\"" + member.name + "\": ") + written.json;
        };
        const bool takes_all = type.name.ends_with("_args");  // of a function, which has no defaults
        for (const InputValue& member : type.input_fields) {
            if (&member == given) {
                const bool is_list = member.type.nullable().is_list() && !inner.literal.starts_with('[');
                add(member, is_list ? Written{"[" + inner.literal + "]", "[" + inner.json + "]"} : inner);
            } else if (takes_all || is_needed(member, preferred_.sees(type.element))) {
                add(member, value(member.type));
            }
        }
        // A stream starts somewhere.
        if (out.literal.empty() && type.name.ends_with("_stream_cursor_value_input"))
            add(type.input_fields.front(), value(type.input_fields.front().type));
        return {"{" + out.literal + "}", "{" + out.json + "}"};
    }

    const Schema& schema_;
    const View& preferred_;
    std::map<const Type*, Way> ways_;
    std::map<const Type*, Use> uses_;
    std::vector<const Type*> order_;
};

}  // namespace weft::graphql::testing
