#include "platform/pg/pg.h"
#include "support/pg.h"

#include <gtest/gtest.h>

namespace weft::pg {
namespace {

TEST(Arrays, ComeBackAsTheyWent) {
    test::TestDatabase db;
    rt::Loop loop;
    Pool pool(loop, {.url = db.api_url(), .connections_max = 1});
    const TenantId a = db.create_tenant("A");
    const TenantId b = db.create_tenant("B");
    const auto ask = [&](Query query, Params params) {
        return loop.run_until_done(
            pool.query(Principal::tenant(a), query, std::move(params), rt::Deadline::in(5s))
        );
    };
    Query unnest{
        "test.unnest",
        "select t, b, n, i, f, w, m, s from unnest($1::text[], $2::bytea[], $3::int8[], $4::uuid[], "
        "$5::bool[], "
        "$6::timestamptz[], $7::int[], $8::smallint[]) as u (t, b, n, i, f, w, m, s)"
    };
    Instant at = std::chrono::sys_days{std::chrono::year{2026} / 7 / 1} + Micros(1'500'000);
    std::string bytes("\0{\"\\", 4);
    ArrayParam text, raw, number, id, flag, when, middle, small;
    text.add("a,\"b\\c} NULL").add("NULL").add("").add_null();
    raw.add_bytes(bytes).add_bytes("").add_null().add_null();
    number.add(std::int64_t{-1} << 40).add(std::int64_t{2}).add_null().add(std::optional<std::int64_t>());
    id.add(a).add(b).add_null().add_null();
    flag.add(true).add(false).add_null().add_null();
    when.add(at).add_null().add(Instant(Micros(-1))).add_null();
    middle.add(-70'000).add_null().add_null().add_null();
    small.add(std::int16_t{-300}).add_null().add_null().add_null();
    Params params;
    params.add(text).add(raw).add(number).add(id).add(flag).add(when).add(middle).add(small);
    auto rows = ask(unnest, std::move(params));
    ASSERT_TRUE(rows) << rows.error().detail;
    ASSERT_EQ(rows->size(), 4);
    EXPECT_EQ(rows->text(0, 0), "a,\"b\\c} NULL");
    EXPECT_EQ(rows->text(1, 0), "NULL");
    EXPECT_EQ(rows->text(2, 0), "");
    EXPECT_TRUE(rows->is_null(3, 0));
    EXPECT_EQ(rows->bytes(0, 1), bytes);
    EXPECT_EQ(rows->bytes(1, 1), "");
    EXPECT_EQ(rows->integer(0, 2), std::int64_t{-1} << 40);
    EXPECT_EQ(rows->id<TenantId>(1, 3), b);
    EXPECT_FALSE(rows->boolean(1, 4));
    EXPECT_EQ(rows->maybe_instant(0, 5), at);
    EXPECT_EQ(rows->maybe_instant(1, 5), std::nullopt);
    EXPECT_EQ(rows->maybe_instant(2, 5), Instant(Micros(-1)));
    EXPECT_EQ(rows->integer(0, 6), -70'000);
    EXPECT_EQ(rows->integer(0, 7), -300);
    // The statement names another type than the elements are of.
    Query wrong{"test.unnest_wrong", "select * from unnest($1::int8[])"};
    EXPECT_FALSE(ask(wrong, pg::params(ArrayParam().add(1))));
    Query nothing{"test.unnest_nothing", "select * from unnest($1::int8[])"};
    EXPECT_EQ(ask(nothing, pg::params(ArrayParam()))->size(), 0);
    loop.run_until_done(pool.close());
}

}  // namespace
}  // namespace weft::pg
