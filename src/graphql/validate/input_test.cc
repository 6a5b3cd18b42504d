#include "graphql/validate/detail/test_support.h"

#include <gmock/gmock.h>

namespace weft::graphql {

namespace {

using testing::Api;
using ::testing::ElementsAre;
using testing::parsed;

constexpr std::string_view kInputSdl = R"(
scalar jsonb
scalar numeric
enum order { asc desc }
input cmp { _eq: Int _in: [Int!] }
input filter { _and: [filter!] id: cmp name: String j: jsonb n: numeric o: order = asc k: ID flag: Boolean }
type Query { f(w: filter, s: String, i: Int = 4, l: [filter!]): Int }
)";

class InputTest : public ::testing::Test {
  protected:
    /// The argument `w` of f, as a literal with these variables.
    Input argument(
        std::string_view literal, std::string_view definitions = "$u: Int", std::string_view values = "{}"
    ) {
        document_ =
            parsed("query Q(" + std::string(definitions) + ") { f(w: " + std::string(literal) + ") }");
        auto given = parse_json(values)->get_object();
        auto out = coerce_variables(api_.view(), *document_->operations[0], given);
        if (!out) throw std::runtime_error(out.error().message);
        variables_ = std::move(*out);
        const Argument& written = document_->operations[0]->selections[0].arguments[0];
        return Input::of(written.value, field().argument("w")->type, variables_);
    }
    const Field& field() { return *api_.schema().find("Query")->field("f"); }

    Api api_{kInputSdl};
    std::unique_ptr<Document> document_;
    Variables variables_;
};

/// What the planner sees of a filter, however it was written.
std::string seen(const Input& input) {
    if (input.is_absent()) return "-";
    if (input.is_null()) return "null";
    std::string out;
    if (input.is_list()) {
        for (std::size_t i = 0; i < input.size(); ++i) out += (i > 0 ? "," : "") + seen(input.item(i));
        return "[" + out + "]";
    }
    if (input.is_object()) {
        for (const Input::Member& each : input.members())
            out += (out.empty() ? "" : ",") + each.definition->name + ":" + seen(each.value());
        return "{" + out + "}";
    }
    return input.scalar_text();
}

TEST_F(InputTest, LiteralsAndVariablesReadAlike) {
    constexpr std::string_view kLiteral =
        R"({_and: {id: {_in: 3}}, name: "x\n", o: desc, n: 1.50, flag: true})";
    EXPECT_EQ(seen(argument(kLiteral)), "{_and:[{id:{_in:[3]}}],name:x\n,o:desc,n:1.50,flag:true}");
    constexpr std::string_view kJson =
        R"({"w":{"_and":{"id":{"_in":3}},"name":"x\n","o":"desc","n":1.5,"flag":true}})";
    EXPECT_EQ(
        seen(argument("$w", "$w: filter", kJson)), "{_and:[{id:{_in:[3]}}],name:x\n,o:desc,n:1.5,flag:true}"
    );
    EXPECT_EQ(
        seen(argument(
            "{_and: [$w], id: {_eq: $e}, name: $s}",
            "$w: filter!, $e: Int, $s: String",
            R"({"w":{"name":"y"},"s":null})"
        )),
        "{_and:[{name:y}],id:{},name:null}"
    );
}

TEST_F(InputTest, TellsWhichVariableALeafCameFrom) {
    Input input =
        argument("{_and: [{id: {_eq: 1}}, $w]}", "$a: Int, $w: filter!", R"({"w":{"id":{"_in":[5,6]}}})");
    Input list = input.member("_and");
    EXPECT_EQ(list.origin().variable, -1);
    EXPECT_EQ(list.item(0).member("id").member("_eq").origin().variable, -1);
    Input::Origin at = list.item(1).member("id").member("_in").item(1).origin();
    EXPECT_EQ(at.variable, 1);
    EXPECT_THAT(at.path, ElementsAre("id", "_in", "1"));
    EXPECT_EQ(list.item(1).members()[0].value().member("_in").origin().path.size(), 2u);
}

TEST_F(InputTest, AppliesDefaultsOfMembersButListsOnlyPresentOnes) {
    Input input = argument("{name: $n}", "$n: String");
    EXPECT_TRUE(input.members().empty());
    EXPECT_EQ(input.member("o").enum_name(), "asc");
    EXPECT_TRUE(input.member("name").is_absent());
    EXPECT_TRUE(input.member("nonsense").is_absent());
    EXPECT_EQ(to_text(input.json()), R"({"o":"asc"})");
    EXPECT_EQ(Input::of_default(*field().argument("i"), variables_).scalar_text(), "4");
    EXPECT_TRUE(Input::of_default(*field().argument("s"), variables_).is_absent());
}

TEST_F(InputTest, ReadsLeaves) {
    Input input = argument(
        R"({flag: true, o: desc, j: {a: [1, $v, ENUM]}, k: 5, n: 12345678901234567890})",
        "$v: String",
        R"({"v":"x"})"
    );
    EXPECT_TRUE(input.member("flag").boolean());
    EXPECT_EQ(input.member("o").enum_name(), "desc");
    EXPECT_EQ(input.member("j").scalar_text(), R"({"a":[1,"x","ENUM"]})");
    EXPECT_EQ(to_text(input.member("k").json()), "\"5\"");
    EXPECT_EQ(input.member("n").scalar_text(), "12345678901234567890");
    Input json = argument("$w", "$w: filter", R"({"w":{"flag":false,"o":"asc","j":[true],"n":1e3,"k":7}})");
    EXPECT_FALSE(json.member("flag").boolean());
    EXPECT_EQ(json.member("o").enum_name(), "asc");
    EXPECT_EQ(json.member("j").scalar_text(), "[true]");
    EXPECT_EQ(json.member("n").scalar_text(), "1000");
    EXPECT_EQ(json.member("k").scalar_text(), "7");
}

TEST_F(InputTest, AnUnsetVariableIsAbsentAndNullInAList) {
    EXPECT_TRUE(argument("$w", "$w: filter").is_absent());
    Input list = argument("{id: {_in: [1, $v]}}", "$v: Int").member("id").member("_in");
    EXPECT_EQ(list.size(), 2u);
    EXPECT_TRUE(list.item(1).is_null());
}

TEST_F(InputTest, OutlivesTheInputItCameFrom) {
    std::vector<Input::Member> members = argument("$w", "$w: filter", R"({"w":{"id":{"_eq":5}}})").members();
    Input leaf = members[0].value().member("_eq");
    members.clear();
    EXPECT_EQ(leaf.scalar_text(), "5");
    EXPECT_THAT(leaf.origin().path, ElementsAre("id", "_eq"));
}

}  // namespace

}  // namespace weft::graphql
