#include "core/import/detail/translate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::importer {
namespace {

using ::testing::HasSubstr;

Scope scope_of_tests() {
    Scope scope;
    scope.input = "steps.before.output";
    scope.zone = "Europe/Madrid";
    scope.workflow_name = "Orders";
    scope.previous_node = "Before";
    scope.node = [](std::string_view name, bool) -> Result<NodeAccess> {
        if (name != "My Node") return fail(Error::invalid("there is no node " + std::string(name)));
        return NodeAccess{"steps.my_node.output", "item.paired.my_node"};
    };
    return scope;
}

struct Case {
    std::string_view n8n;
    std::string_view ours;
};

class Translated : public ::testing::TestWithParam<Case> {};

TEST_P(Translated, MeansTheSame) {
    Notes notes;
    EXPECT_EQ(translate_value(Json(GetParam().n8n), scope_of_tests(), notes), GetParam().ours);
    EXPECT_TRUE(notes.by_hand.empty()) << notes.by_hand.front();
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    Translated,
    ::testing::Values(
        // Texts, and texts with expressions.
        Case{"plain {{ $json.a }}", R"("plain {{ $json.a }}")"},
        Case{"={{ $json.a }}", "item.json.a"},
        Case{"=Hello {{ $json.name }}!", R"(n8n.text("Hello ", item.json.name, "!"))"},
        Case{"=only text", R"("only text")"},
        // Paths of the item.
        Case{"={{ $json.a.b.c }}", "item.json.a?.b?.c"},
        Case{R"(={{ $json["a b"].c }})", R"((item.json["a b"]?.c))"},
        Case{"={{ $json.list[0].x }}", "item.json.list?.[0]?.x"},
        Case{"={{ $json?.a?.b }}", "item.json.a?.b"},
        Case{"={{ $json }}", "item.json"},
        Case{"={{ $data.a }}", "item.json.a"},
        // Other nodes.
        Case{"={{ $('My Node').item.json.id }}", "steps.my_node.output[item.paired.my_node].json.id"},
        Case{R"(={{ $("My Node").first().json.a.b }})", "steps.my_node.output[0].json.a?.b"},
        Case{"={{ $('My Node').last().json.id }}", "(steps.my_node.output.at(-1).json.id)"},
        Case{"={{ $('My Node').all().length }}", "steps.my_node.output.length"},
        Case{"={{ $('My Node').all()[1].json.id }}", "steps.my_node.output[1].json.id"},
        Case{R"(={{ $node["My Node"].json.id }})", "steps.my_node.output[index].json.id"},
        Case{R"(={{ $node["My Node"].json["id"] }})", R"(steps.my_node.output[index].json["id"])"},
        Case{R"(={{ $items("My Node").length }})", "steps.my_node.output.length"},
        Case{"={{ $('My Node').isExecuted }}", "((steps.my_node.output !== undefined))"},
        Case{"={{ $input.item.json.x }}", "item.json.x"},
        Case{"={{ $input.first().json.x }}", "steps.before.output[0].json.x"},
        Case{"={{ $input.all().map(i => i.json.x) }}", "(steps.before.output.map(i => i.json.x))"},
        // Names of n8n's.
        Case{"={{ $itemIndex + 1 }}", "(index + 1)"},
        Case{"={{ $workflow.name }}", "\"Orders\""},
        Case{"={{ $execution.id }}", "run.id"},
        Case{"={{ $prevNode.name }}", "\"Before\""},
        Case{"={{ $if($json.a > 1, 'x', 'y') }}", "(((item.json.a > 1) ? ( 'x') : ( 'y')))"},
        Case{"={{ $ifEmpty($json.a, 'x') }}", "(n8n.ifEmpty(item.json.a, 'x'))"},
        Case{"={{ $max(1, $json.a) }}", "(Math.max(1, item.json.a))"},
        // Dates.
        Case{"={{ $now.toISO() }}", R"((n8n.now("Europe/Madrid").toISO()))"},
        Case{
            "={{ $today.minus({days: 7}).toFormat('yyyy-MM-dd') }}",
            R"((n8n.today("Europe/Madrid").minus({days: 7}).toFormat('yyyy-MM-dd')))"
        },
        Case{
            "={{ $now.minus(7, 'days').startOf('month') }}",
            R"((n8n.call(n8n.now("Europe/Madrid"), "minus", [7, 'days']).startOf('month')))"
        },
        Case{
            "={{ DateTime.fromISO($json.d).setZone('UTC').toISO() }}",
            R"((n8n.DateTime("Europe/Madrid").fromISO(item.json.d).setZone('UTC').toISO()))"
        },
        Case{
            "={{ $json.d.toDateTime().plus(1, 'day').format('dd') }}",
            R"((n8n.call(n8n.call(n8n.call(item.json.d, "toDateTime", [], "Europe/Madrid"), "plus", [1, 'day']), "format", ['dd'])))"
        },
        // n8n's methods, by what the value is; JavaScript's own stay.
        Case{"={{ $json.a.isEmpty() }}", R"((n8n.call(item.json.a, "isEmpty")))"},
        Case{"={{ $json.a?.toNumber() }}", R"((n8n.maybe(item.json.a, "toNumber")))"},
        Case{"={{ $json.tags.unique().join(', ') }}", R"((n8n.call(item.json.tags, "unique").join(', ')))"},
        Case{"={{ Math.round($json.x * 100) / 100 }}", "(Math.round(item.json.x * 100) / 100)"},
        Case{"={{ Object.keys($json) }}", "(Object.keys(item.json))"},
        Case{"={{ $json.list.sort() }}", "(item.json.list.toSorted())"},
        Case{"={{ $json.name.toUpperCase().trim() }}", "(item.json.name.toUpperCase().trim())"},
        Case{"={{ new Date().toISOString() }}", "(new Date().toISOString())"},
        // JavaScript around it.
        Case{"={{ `a ${$json.x} b` }}", "(`a ${item.json.x} b`)"},
        Case{"={{ $json.a ? 'yes' : \"no\" }}", "(item.json.a ? 'yes' : \"no\")"},
        Case{"={{ { a: $json.x, 'b c': 1 } }}", "({ a: item.json.x, 'b c': 1 })"},
        Case{"={{ [$json.a, $json.b].filter(Boolean) }}", "([item.json.a, item.json.b].filter(Boolean))"},
        Case{"={{ $json.s.replace(/\\s+/g, ' ') }}", "(item.json.s.replace(/\\s+/g, ' '))"},
        Case{"={{ JSON.stringify($json) }}", "(JSON.stringify(item.json))"},
        // Own names that would hide ours.
        Case{
            "={{ $json.list.map(item => item.x + $json.y) }}",
            "(item.json.list.map(item_ => item_.x + item.json.y))"
        },
        Case{
            "={{ $json.list.map(({item, index}) => ({item, a: index})) }}",
            "(item.json.list.map(({item: item_, index: index_}) => ({item: item_, a: index_})))"
        }
    )
);

struct Refused {
    std::string_view n8n;
    std::string_view why;
};
class ByHand : public ::testing::TestWithParam<Refused> {};

TEST_P(ByHand, SaysWhy) {
    Notes notes;
    translate_value(Json(GetParam().n8n), scope_of_tests(), notes);
    ASSERT_FALSE(notes.by_hand.empty());
    EXPECT_THAT(notes.by_hand.front(), HasSubstr(GetParam().why));
}

INSTANTIATE_TEST_SUITE_P(
    Forms,
    ByHand,
    ::testing::Values(
        Refused{"={{ $binary.data.fileName }}", "files are not imported"},
        Refused{"={{ $input.item.binary }}", "files"},
        Refused{"={{ $('Other').item.json.x }}", "there is no node Other"},
        Refused{"={{ $($json.name).item.json.x }}", "computed"},
        Refused{"={{ $('My Node').all(0, 1) }}", "number of an output or a run"},
        Refused{"={{ $('My Node').params.x }}", ".params"},
        Refused{"={{ $jmespath($json, 'a') }}", "filter and map"},
        Refused{"={{ $fromAI('x') }}", "model"},
        Refused{"={{ $secrets.vault.x }}", "connection"},
        Refused{"={{ $execution.resumeUrl }}", "resumeUrl"},
        Refused{"={{ $parameter.x }}", "parameters"},
        Refused{"={{ $something }}", "not known"},
        Refused{"={{ $now.toRelative() }}", "not known"},
        Refused{"={{ $now.toLocaleString() }}", "dates.parse"},
        Refused{"={{ DateTime.fromHTTP('x') }}", "fromHTTP"},
        Refused{"={{ $json.n.toLocaleString('de') }}", "numbers.format"},
        Refused{"={{ 'a b'.toTitleCase() }}", "capitals"},
        Refused{"={{ Buffer.from('x') }}", "base64"},
        Refused{"={{ new Intl.NumberFormat('de') }}", "numbers.format"},
        Refused{"={{ $json.a + }", "cannot be read"},
        Refused{"={{ 'open }}", "cannot be read"}
    )
);

TEST(Translation, NotesWhatIsReadOtherwise) {
    Notes notes;
    EXPECT_EQ(translate_value(Json("={{ $env.URL }}"), scope_of_tests(), notes), "env.URL");
    translate_value(Json("={{ new Date().getHours() }}"), scope_of_tests(), notes);
    EXPECT_TRUE(notes.by_hand.empty());
    ASSERT_EQ(notes.adapted.size(), 2U);
    EXPECT_THAT(notes.adapted[0], HasSubstr("env"));
    EXPECT_THAT(notes.adapted[1], HasSubstr("UTC"));
}

TEST(Translation, IsBoundedInDepth) {
    Notes notes;
    const std::string deep = "={{ " + std::string(500, '(') + "1" + std::string(500, ')') + " }}";
    translate_value(Json(deep), scope_of_tests(), notes);
    ASSERT_FALSE(notes.by_hand.empty());
    EXPECT_THAT(notes.by_hand.front(), HasSubstr("nested"));
}

TEST(CodeOfNodes, TellsWhichNodesItReads) {
    Notes notes;
    const CodeUse use =
        look_at_code("const a = $('One').all(); return $node.Two.json.x + $items(\"Three\").length", notes);
    EXPECT_THAT(use.nodes, ::testing::ElementsAre("One", "Three", "Two"));
    EXPECT_TRUE(notes.by_hand.empty());
    look_at_code("const fs = require('fs'); $(name).all(); this.helpers.httpRequest({})", notes);
    EXPECT_EQ(notes.by_hand.size(), 3U);
}

}  // namespace
}  // namespace weft::importer
