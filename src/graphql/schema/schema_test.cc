#include "graphql/schema/schema.h"

#include "graphql/schema/detail/schema_for_test.h"

#include <gmock/gmock.h>

#include <set>

namespace weft::graphql {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kShop = R"(
type Query { item(id: ID!, where: Filter, sort: Sort): Item, node: Node, any: Any, secret: Secret }
type Mutation { save(input: Input!, note: Note): Item, drop: Item }
type Subscription { item: Item }
interface Node { id: ID! }
type Item implements Node { id: ID!, price: Float, parts(where: Filter): [Item!]! }
type Other implements Node { id: ID! }
type Secret { key: String, deeper: Deeper }
type Deeper { x: Int }
union Any = Item | Other
enum Sort { UP DOWN }
input Filter { id: ID, _and: [Filter!], nested: Nested }
input Nested { price: Float }
input Input { price: Float, more: More! }
input More { note: String }
input Note { text: String }
scalar Unused
)";

/// All fields, arguments, input fields and values, but `hidden` ("Type.field", "Type.field.argument").
Mask role(const Schema& schema, const std::set<std::string>& hidden) {
    Mask mask(schema.elements());
    const auto add = [&](const std::string& path, Element element) {
        if (!hidden.contains(path)) mask.add(element);
    };
    for (const Type* type : schema.types()) {
        for (const Field& field : type->fields) {
            add(type->name + "." + field.name, field.element);
            for (const InputValue& each : field.arguments) {
                add(type->name + "." + field.name + "." + each.name, each.element);
            }
        }
        for (const InputValue& each : type->input_fields) add(type->name + "." + each.name, each.element);
        for (const EnumValue& each : type->values) add(type->name + "." + each.name, each.element);
    }
    schema.close(mask);
    return mask;
}

TEST(TypeUse, WritesItsWrappersAndTakesThemOff) {
    Schema schema;
    const TypeUse use = TypeUse(schema.int_type()).non_null().list().non_null();
    EXPECT_EQ(use.text(), "[Int!]!");
    EXPECT_TRUE(use.is_non_null());
    EXPECT_TRUE(use.nullable().is_list());
    EXPECT_EQ(use.nullable().inner().text(), "Int!");
    EXPECT_EQ(use.non_null(), use);
    EXPECT_EQ(use.nullable().inner().inner(), TypeUse(schema.int_type()));
}

TEST(Schema, NumbersEveryElementOnceAndKeepsGivenNumbers) {
    Schema schema;
    const Element mine = schema.new_element();
    Type& type = schema.add(TypeKind::kObject, "Query");
    type.fields.resize(2);
    type.fields[0].name = "a";
    type.fields[0].type = TypeUse(schema.int_type());
    type.fields[0].element = mine;
    type.fields[1].name = "b";
    type.fields[1].type = TypeUse(schema.int_type());
    schema.query = &type;
    schema.finish();
    EXPECT_EQ(type.field("a")->element, mine);
    std::set<Element> seen;
    for (const Type* each : schema.types()) {
        EXPECT_TRUE(seen.insert(each->element).second);
        for (const Field& field : each->fields) EXPECT_TRUE(seen.insert(field.element).second);
    }
    EXPECT_FALSE(seen.contains(0));
    EXPECT_LT(*seen.rbegin(), schema.elements());
}

TEST(Schema, FindsByName) {
    const auto schema = schema_of(kShop);
    const Type& item = *schema->find("Item");
    EXPECT_EQ(item.field("price")->type.text(), "Float");
    EXPECT_EQ(item.field("nothing"), nullptr);
    EXPECT_EQ(item.field("parts")->argument("where")->type.text(), "Filter");
    EXPECT_EQ(schema->find("Filter")->input_field("_and")->type.text(), "[Filter!]");
    EXPECT_EQ(schema->find("Sort")->value("UP")->name, "UP");
    EXPECT_EQ(schema->find("Sort")->value("SIDEWAYS"), nullptr);
    EXPECT_EQ(schema->find("Nothing"), nullptr);
    EXPECT_EQ(schema->directive("skip")->argument("if")->type.text(), "Boolean!");
    EXPECT_EQ(schema->root(OperationKind::kMutation), schema->find("Mutation"));
}

TEST(Schema, InterfacesKnowWhatImplementsThem) {
    const auto schema = schema_of(kShop);
    EXPECT_THAT(
        schema->find("Node")->possible, testing::ElementsAre(schema->find("Item"), schema->find("Other"))
    );
    EXPECT_EQ(schema->find("Any")->possible.size(), 2u);
}

TEST(View, ShowsMetaFieldsWhereTheyBelong) {
    const auto schema = schema_of(kShop);
    const Mask nothing = role(*schema, {});
    const View view(*schema, nothing);
    const Type& query = *schema->query;
    EXPECT_EQ(view.field(query, "__schema"), &schema->schema_field());
    EXPECT_EQ(view.argument(*view.field(query, "__type"), "name")->type.text(), "String!");
    EXPECT_EQ(view.field(*schema->find("Item"), "__schema"), nullptr);
    EXPECT_NE(view.field(*schema->find("Any"), "__typename"), nullptr);
    EXPECT_EQ(view.field(*schema->find("Filter"), "__typename"), nullptr);
    EXPECT_NE(view.field(*view.type("__Type"), "ofType"), nullptr);
}

TEST(Close, ShowsWhatIsReachable) {
    const auto schema = schema_of(kShop);
    const Mask mask = role(*schema, {"Query.secret"});
    const View view(*schema, mask);
    for (const char* name : {"Query", "Item", "Node", "Any", "Sort", "Filter", "Input", "ID", "__Schema"}) {
        EXPECT_NE(view.type(name), nullptr) << name;
    }
    for (const char* name : {"Secret", "Deeper", "Unused"}) EXPECT_EQ(view.type(name), nullptr) << name;
    EXPECT_EQ(view.field(*schema->query, "secret"), nullptr);
    EXPECT_NE(view.type("Other"), nullptr) << "an interface brings what implements it";
}

TEST(Close, ReachesNothingThroughAHiddenArgument) {
    const auto schema = schema_of(kShop);
    const Mask mask = role(*schema, {"Query.item.where", "Item.parts.where"});
    const View view(*schema, mask);
    EXPECT_EQ(view.type("Filter"), nullptr);
    EXPECT_EQ(view.type("Nested"), nullptr);
    EXPECT_NE(view.field(*schema->query, "item"), nullptr);
}

TEST(Close, ArgumentsOfHiddenFieldsReachNothing) {
    const auto schema = schema_of(kShop);
    const Mask mask = role(*schema, {"Mutation.save"});
    EXPECT_EQ(View(*schema, mask).type("Note"), nullptr);
}

TEST(Close, AnEmptyInputTypeTakesItsOptionalUsesAway) {
    const auto schema = schema_of(kShop);
    const Mask mask = role(*schema, {"Nested.price", "Note.text"});
    const View view(*schema, mask);
    EXPECT_EQ(view.type("Nested"), nullptr);
    EXPECT_EQ(view.input_field(*schema->find("Filter"), "nested"), nullptr);
    EXPECT_NE(view.input_field(*schema->find("Filter"), "id"), nullptr);
    const Field* save = view.field(*schema->mutation, "save");
    ASSERT_NE(save, nullptr);
    EXPECT_EQ(view.argument(*save, "note"), nullptr);
}

TEST(Close, WhatNeedsAnEmptyInputTypeGoesWithIt) {
    const auto schema = schema_of(kShop);
    const Mask mask = role(*schema, {"More.note"});
    const View view(*schema, mask);
    EXPECT_EQ(view.type("Input"), nullptr) << "Input.more is required";
    EXPECT_EQ(view.field(*schema->mutation, "save"), nullptr) << "save(input:) is required";
    EXPECT_NE(view.field(*schema->mutation, "drop"), nullptr);
}

TEST(Close, ARequiredArgumentThatWasHiddenIsTheGeneratorsAffair) {
    const auto schema = schema_of(kShop);
    const Mask mask = role(*schema, {"Query.item.id"});
    EXPECT_NE(View(*schema, mask).field(*schema->query, "item"), nullptr);
}

TEST(Close, EmptyObjectsTakeTheirFieldsAway) {
    const auto schema = schema_of(kShop);
    const Mask mask = role(*schema, {"Secret.key", "Deeper.x"});
    const View view(*schema, mask);
    EXPECT_EQ(view.type("Secret"), nullptr);
    EXPECT_EQ(view.field(*schema->query, "secret"), nullptr);
}

TEST(Close, UnionsLiveAsLongAsOneMember) {
    const auto schema = schema_of(kShop);
    const Mask one = role(*schema, {"Other.id"});
    EXPECT_NE(View(*schema, one).type("Any"), nullptr);
    EXPECT_EQ(View(*schema, one).type("Other"), nullptr);
    const Mask none = role(*schema, {"Other.id", "Item.id", "Item.price", "Item.parts"});
    EXPECT_EQ(View(*schema, none).type("Any"), nullptr);
    EXPECT_EQ(View(*schema, none).field(*schema->query, "any"), nullptr);
}

TEST(Close, RootsWithoutFieldsAreInvisibleExceptTheQueryRoot) {
    const auto schema = schema_of(kShop);
    Mask mask(schema->elements());
    schema->close(mask);
    const View view(*schema, mask);
    EXPECT_EQ(view.root(OperationKind::kMutation), nullptr);
    EXPECT_EQ(view.root(OperationKind::kSubscription), nullptr);
    EXPECT_EQ(view.root(OperationKind::kQuery), schema->query);
    EXPECT_NE(view.type("String"), nullptr);
    EXPECT_EQ(view.type("Item"), nullptr);
}

TEST(Close, IsIdempotent) {
    const auto schema = schema_of(kShop);
    Mask mask = role(*schema, {"More.note", "Query.secret"});
    const std::string before = print_schema(View(*schema, mask));
    schema->close(mask);
    EXPECT_EQ(print_schema(View(*schema, mask)), before);
    EXPECT_THAT(before, Not(HasSubstr("Secret")));
}

TEST(Everything, LeavesOutOnlyUnusedBuiltInScalars) {
    const auto schema = schema_of("type Query { a: Int } type Lonely { b: Boolean }");
    const Mask mask = everything(*schema);
    const View view(*schema, mask);
    EXPECT_NE(view.type("Int"), nullptr);
    EXPECT_NE(view.type("Lonely"), nullptr);
    EXPECT_NE(view.type("String"), nullptr);
    EXPECT_EQ(view.type("Float"), nullptr);
    EXPECT_EQ(view.type("ID"), nullptr);
}

}  // namespace
}  // namespace weft::graphql
