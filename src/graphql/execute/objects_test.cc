#include "graphql/execute/detail/objects.h"

#include <gtest/gtest.h>

namespace weft::graphql::detail {
namespace {

constexpr std::string_view kSdl = R"(
    type Query { a: Author  names: [String!]! }
    type Author { id: Int!  name: String  tags: [String!]  address: Address  friends: [Author] }
    type Address { city: String! }
)";

Output member(std::string key, std::string text) {
    Output out;
    out.key = std::move(key);
    out.text = std::move(text);
    return out;
}

class Objects : public ::testing::Test {
  protected:
    Objects() : document_(*parse(kSdl, trusted_parse_limits())) {
        schema_ = *build_schema(*document_);
        selection_.push_back(member("id", "id"));
        selection_.push_back(member("who", "name"));
        selection_.push_back(member("address", "address"));
        selection_.push_back(member("friends", "friends"));
        auto& address = objects_.emplace_back("address", std::vector<Output>()).second;
        address.push_back(member("city", "city"));
        auto& friends = objects_.emplace_back("friends", std::vector<Output>()).second;
        friends.push_back(member("name", "name"));
    }

    std::string printed(std::string_view json, std::string_view field = "a") {
        const TypeUse type = schema_->query->field(field)->type;
        std::string out;
        std::vector<RelatedSlot> slots;
        ObjectPrinter printer(selection_, objects_);
        auto done = printer.print(out, *parse_json(json), type, slots);
        return done ? out : done.error().message;
    }

    std::unique_ptr<Document> document_;
    std::unique_ptr<Schema> schema_;
    std::vector<Output> selection_;
    ObjectPrinter::Objects objects_;
};

TEST_F(Objects, PrintsWhatIsSelectedInItsOrder) {
    EXPECT_EQ(
        printed(R"({"secret":1,"name":"Ada","friends":[{"name":"Bob","id":2},null],
                    "address":{"city":"Oslo","zip":1},"id":7})"),
        R"({"id":7,"who":"Ada","address":{"city":"Oslo"},"friends":[{"name":"Bob"},null]})"
    );
}

TEST_F(Objects, TakesAnAbsentMemberForNull) {
    EXPECT_EQ(printed(R"({"id":7})"), R"({"id":7,"who":null,"address":null,"friends":null})");
    EXPECT_EQ(printed("null"), "null");
}

TEST_F(Objects, RefusesWhatItsTypeForbids) {
    EXPECT_EQ(printed("{}"), "expecting not null value for field \"id\"");
    EXPECT_EQ(printed(R"({"id":1,"friends":{}})"), "expecting array for field \"friends\"");
    EXPECT_EQ(printed(R"({"id":1,"address":3})"), "expecting object for field \"address\"");
    EXPECT_EQ(printed(R"(["a",null])", "names"), "expecting not null value for field \"\"");
}

TEST_F(Objects, NotesWhereRowsOfRelationshipsBelong) {
    Column id;
    CatalogColumn catalog{.name = "author_id"};
    id.catalog = &catalog;
    OutputRelationship relationship;
    relationship.columns = {{"id", &id}};
    Output rows;
    rows.kind = Output::Kind::kSelect;
    rows.key = "articles";
    rows.output_relationship = &relationship;
    selection_.clear();
    selection_.push_back(std::move(rows));

    std::string out;
    std::vector<RelatedSlot> slots;
    ObjectPrinter printer(selection_, objects_);
    const TypeUse list = TypeUse(schema_->find("Author")).list();
    ASSERT_TRUE(printer.print(out, *parse_json(R"([{"id":7},{"id":null}])"), list, slots).has_value());
    EXPECT_EQ(out, R"([{"articles":},{"articles":}])");
    ASSERT_EQ(slots.size(), 2u);
    EXPECT_EQ(out.substr(0, slots[0].at), R"([{"articles":)");
    EXPECT_EQ(to_text(slots[0].join), R"({"author_id":7})");
    EXPECT_TRUE(slots[1].join.empty());
}

}  // namespace
}  // namespace weft::graphql::detail
