#include "base/words.h"
#include "platform/pg/pg.h"
#include "platform/pg/row.h"
#include "support/pg.h"

#include <gtest/gtest.h>

#include <array>

namespace weft::pg {

namespace test_words {

enum class Colour : std::uint8_t { kRed, kGreen };
constexpr std::array<std::string_view, 2> kColours = {"red", "green"};
std::string_view name(Colour colour) {
    return word_of(kColours, colour);
}
std::optional<Colour> colour_from(std::string_view text) {
    return find_word<Colour>(kColours, text);
}

}  // namespace test_words

template <>
struct Reader<test_words::Colour> : WordReader<test_words::Colour, test_words::colour_from> {};

namespace {

using test_words::Colour;

struct Inner {
    RunId run;
    std::int64_t epoch = 0;
};
constexpr auto kInner = columns(column<&Inner::run>("run_id"), column<&Inner::epoch>("epoch"));

struct Item {
    Inner inner;
    std::string name;
    std::optional<int> count;
    bool is_on = false;
    double share = 0;
    std::optional<Instant> at;
    std::string bytes;
    Json document;
    Millis wait{};
    std::vector<std::string> tags;
    std::string state = "new";
};
constexpr auto kItem = nested<Item, &Item::inner, kInner>() + columns(
                                                                  column<&Item::name>("name"),
                                                                  column<&Item::count>("count"),
                                                                  column<&Item::is_on>("is_on"),
                                                                  column<&Item::share>("share"),
                                                                  column<&Item::at>("at"),
                                                                  pg::bytes<&Item::bytes>("bytes"),
                                                                  column<&Item::document>("document"),
                                                                  column<&Item::wait>("wait_ms"),
                                                                  column<&Item::tags>("tags"),
                                                                  column_or_default<&Item::state>("state")
                                                              );

struct Pair {
    std::string name;
    int count = 0;
};
constexpr auto kPair = columns(column<&Pair::name>("name"), column<&Pair::count>("count"));

class RowTest : public ::testing::Test {
  protected:
    ~RowTest() override { loop_.run_until_done(pool_.close()); }

    Rows ask(std::string_view text, Params params = {}) {
        Query query{"", text};
        auto by = rt::Deadline::in(std::chrono::seconds(5));
        auto rows =
            loop_.run_until_done(pool_.query(Principal::login(), query, std::move(params), std::move(by)));
        EXPECT_TRUE(rows) << rows.error().detail;
        return rows ? std::move(*rows) : Rows();
    }
    /// Why `text` can't be read as pairs; empty when it can.
    std::string refusal(std::string_view text) {
        auto pairs = all(ask(text), kPair);
        if (pairs) return "";
        EXPECT_EQ(pairs.error().code, Code::kInternal);
        return pairs.error().detail;
    }

    test::TestDatabase db_;
    rt::Loop loop_;
    Pool pool_{loop_, {.url = db_.api_url(), .connections_max = 1}};
};

TEST_F(RowTest, ColumnsGoIntoMembersByName) {
    auto rows = ask(
        "select null as state, '{a,b}'::text[] is not null as is_on, 0.25 as share, 'x' as name, null::int "
        "as "
        "count, timestamptz '2026-11-23 08:36:00.5+00' as at, '\\x00ff'::bytea as bytes, '{\"a\": "
        "[1]}'::json "
        "as document, 1500::bigint as wait_ms, array_to_json('{a,\"b c\"}'::text[]) as tags, 7::smallint as "
        "epoch, '018f0000-0000-7000-8000-000000000001'::uuid as run_id"
    );
    auto items = all(rows, kItem);
    ASSERT_TRUE(items) << items.error().detail;
    ASSERT_EQ(items->size(), 1u);
    const Item& item = items->front();
    EXPECT_EQ(item.inner.run.text(), "018f0000-0000-7000-8000-000000000001");
    EXPECT_EQ(item.inner.epoch, 7);
    EXPECT_EQ(item.name, "x");
    EXPECT_EQ(item.count, std::nullopt);
    EXPECT_TRUE(item.is_on);
    EXPECT_EQ(item.share, 0.25);
    EXPECT_EQ(item.at, Instant(std::chrono::microseconds(1'795'422'960'500'000)));
    EXPECT_EQ(item.bytes, std::string("\0\xff", 2));
    EXPECT_EQ(to_text(item.document), "{\"a\":[1]}");
    EXPECT_EQ(item.wait, Millis(1500));
    EXPECT_EQ(item.tags, (std::vector<std::string>{"a", "b c"}));
    EXPECT_EQ(item.state, "new");
}

TEST_F(RowTest, AStatementThatDoesNotFitItsReaderIsAnErrorWithoutAnyRow) {
    EXPECT_EQ(refusal("select 'a' as name, 1 as count where false"), "");
    EXPECT_TRUE(refusal("select 'a' as name where false").contains("1 columns, 2 expected"));
    EXPECT_TRUE(refusal("select 'a' as name, 1 as count, 2 where false").contains("3 columns"));
    EXPECT_TRUE(refusal("select 'a' as name, 1 as total where false").contains("no column count"));
    EXPECT_TRUE(refusal("select 1 as name, 1 as count where false").contains("name is not a text"));
    EXPECT_TRUE(refusal("select 'a' as name, 'b' as count where false").contains("count is not an integer"));
    EXPECT_TRUE(refusal("select 'a' as name, now() as count where false").contains("not an integer"));
}

TEST_F(RowTest, AValueThatDoesNotFitIsAnError) {
    EXPECT_TRUE(refusal("select null::text as name, 1 as count").contains("name is null"));
    EXPECT_EQ(refusal("select 'a' as name, 2147483647::bigint as count"), "");
    EXPECT_TRUE(refusal("select 'a' as name, 2147483648 as count").contains("count does not fit"));
    auto infinite = value<Instant>(ask("select timestamptz 'infinity' as at"), "at");
    ASSERT_FALSE(infinite);
    EXPECT_TRUE(infinite.error().detail.contains("at does not fit"));
}

TEST_F(RowTest, AnEnumGoesByItsWordAndAnotherWordDoesNotFit) {
    const std::vector both{Colour::kGreen, Colour::kRed};
    auto rows = ask("select unnest($1::text[]) as colour", params(array(both)));
    EXPECT_EQ(values<Colour>(rows, "colour"), both);
    EXPECT_EQ(
        value<Colour>(ask("select $1::text as colour", params(Colour::kGreen)), "colour"), Colour::kGreen
    );
    auto unknown = value<Colour>(ask("select 'Green' as colour"), "colour");
    ASSERT_FALSE(unknown);
    EXPECT_TRUE(unknown.error().detail.contains("colour does not fit"));
}

TEST_F(RowTest, OneValueAndOneColumn) {
    EXPECT_EQ(value<bool>(ask("select true as is_so"), "is_so"), true);
    EXPECT_FALSE(value<bool>(ask("select true as is_so where false"), "is_so"));
    EXPECT_EQ(values<int>(ask("select n from generate_series(1, 3) n"), "n"), (std::vector<int>{1, 2, 3}));
    auto none = first(ask("select 'a' as name, 1 as count where false"), kPair);
    ASSERT_TRUE(none);
    EXPECT_EQ(*none, std::nullopt);
}

TEST_F(RowTest, ParametersAreTakenInTheirOrder) {
    const std::vector<Inner> inner{{.run = {}, .epoch = 2}, {.run = {}, .epoch = 3}};
    const std::optional<std::string> absent;
    auto rows =
        ask("select $1::text || $2::int || ($3::bytea = '\\x00') || ($4::text is null) || $5::bigint || "
            "$6::bigint[]::text || $7::bool || ($8::bytea is null) as name, 1 as count",
            params(
                "a",
                1,
                Bytes{std::string_view("\0", 1)},
                absent,
                Millis(9),
                array(inner, &Inner::epoch),
                true,
                maybe_bytes(absent)
            ));
    auto pairs = all(rows, kPair);
    ASSERT_TRUE(pairs) << pairs.error().detail;
    EXPECT_EQ(pairs->front().name, "a1truetrue9{2,3}truetrue");
}

}  // namespace
}  // namespace weft::pg
