#include "base/json.h"
#include "platform/http/router.h"
#include "platform/rt/loop.h"
#include "platform/telemetry/health.h"
#include "platform/telemetry/log.h"
#include "platform/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace weft::telemetry {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LogTest : public ::testing::Test {
  protected:
    LogTest() {
        if (::pipe2(ends_, O_CLOEXEC) != 0) std::abort();
        ::fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    }
    ~LogTest() override {
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    LogOptions options() const {
        LogOptions out;
        out.fd = ends_[1];
        return out;
    }
    std::string read_all() const {
        std::string out(1u << 20, '\0');
        auto got = ::read(ends_[0], out.data(), out.size());
        out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
        return out;
    }
    int ends_[2];
};

static_assert(!std::is_constructible_v<Field, std::string_view, Secret>);

TEST_F(LogTest, WritesOneJsonObjectPerLineWithItsContext) {
    Logger log(options());
    SeededRng rng(1);
    auto run = RunId::make(Instant{}, rng);
    Logger scoped = log.with({{"run_id", run}, {"tenant_id", "t"}});
    scoped.info("finished", {{"ms", 12}, {"ratio", 0.5}, {"is_late", true}, {"nan", std::nan("")}});
    log.debug("not shown");
    log.warn("other");
    std::string text = read_all();
    EXPECT_EQ(std::ranges::count(text, '\n'), 2);
    auto first = parse_json(text.substr(0, text.find('\n'))).value().get_object();
    EXPECT_EQ(text_or(first, "msg"), "finished");
    EXPECT_EQ(text_or(first, "level"), "info");
    EXPECT_EQ(text_or(first, "run_id"), run.text());
    EXPECT_EQ(int_or(first, "ms", 0), 12);
    EXPECT_TRUE(first["nan"].is_null());
    EXPECT_THAT(text.substr(text.find('\n')), Not(HasSubstr("run_id")));
}

TEST_F(LogTest, NoValueCanForgeALineOrDriveATerminal) {
    Logger log(options());
    std::string evil = "a\"\\\n{\"level\":\"error\"}\r\x1b[2J\x7f\t" + std::string(1, '\0') +
                       "\xc2\x9b"
                       "31m\xe2\x80\xa8\xe2\x80\xae\xff\xc0\xaf\xed\xa0\x80\xf5"
                       "end \xc3\xbc\xf0\x9f\x98\x80";
    log.info(evil, {{"v", evil}});
    std::string text = read_all();
    EXPECT_EQ(std::ranges::count(text, '\n'), 1);
    text.pop_back();
    for (char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    EXPECT_THAT(text, Not(HasSubstr("\xc2\x9b")));
    EXPECT_THAT(text, HasSubstr("\\u009b"));
    EXPECT_THAT(text, HasSubstr("\\u2028\\u202e\\ufffd"));
    EXPECT_THAT(text, HasSubstr("end \xc3\xbc\xf0\x9f\x98\x80"));
    auto parsed = parse_json(text);
    ASSERT_TRUE(parsed);
    EXPECT_THAT(std::string(text_or(parsed->get_object(), "v")), HasSubstr("\n{\"level\":\"error\"}\r"));
}

TEST_F(LogTest, LinesAreBoundedAndSayWhenTheyWereCut) {
    Logger log(options());
    std::string huge(100'000, 'x');
    log.info("m", {{"a", huge}, {"b", huge}, {"c", huge}, {"d", huge}, {"e", huge}, {"last", "kept"}});
    std::string text = read_all();
    EXPECT_LE(text.size(), 8u << 10);
    EXPECT_TRUE(parse_json(text.substr(0, text.size() - 1)));
    EXPECT_THAT(text, HasSubstr("\"is_cut\":true"));
    EXPECT_THAT(text, HasSubstr("\"last\":\"kept\""));
    std::string wide;
    for (int i = 0; i < 2000; ++i) wide += "\xf0\x9f\x98\x80";
    log.info(wide);
    EXPECT_THAT(read_all(), Not(HasSubstr("\\ufffd")));  // cut between characters
}

TEST_F(LogTest, ASlowReaderNeverBlocksUsAndLossIsReported) {
    LogOptions small = options();
    small.backlog_bytes_max = 10'000;
    Logger log(small);
    std::string filler(1000, 'x');
    for (int i = 0; i < 1000; ++i) log.info(filler);  // far more than a pipe and the backlog hold
    EXPECT_GT(log.flush(), 0u);
    std::string text;
    for (int i = 0; i < 100; ++i) {
        text += read_all();
        log.flush();
    }
    log.info("after");
    text += read_all();
    EXPECT_THAT(text, HasSubstr("log lines were lost"));
    EXPECT_THAT(text, HasSubstr("\"msg\":\"after\""));
    for (std::size_t at = 0; at < text.size();) {
        auto end = text.find('\n', at);
        ASSERT_TRUE(parse_json(text.substr(at, end - at)));
        at = end + 1;
    }
}

TEST(Metrics, ExposesCountersGaugesAndHistograms) {
    Metrics metrics;
    auto ok = metrics.counter("weft_http_requests_total", "Requests", {{"route", "/a"}, {"status", "200"}});
    ok.add();
    metrics.counter("weft_http_requests_total", "Requests", {{"route", "/a"}, {"status", "200"}}).add(2);
    metrics.gauge("weft_queue_depth", "Jobs due").set(7);
    metrics.histogram("weft_run_seconds", "Run time", {0.1, 1}).observe(0.5);
    auto live = metrics.gauge("weft_live", "Set at collection");
    metrics.on_collect([live] { live.set(3); });
    std::string text = metrics.expose();
    EXPECT_THAT(text, HasSubstr("weft_http_requests_total{route=\"/a\",status=\"200\"} 3"));
    EXPECT_THAT(text, HasSubstr("# TYPE weft_queue_depth gauge"));
    EXPECT_THAT(text, HasSubstr("weft_queue_depth 7"));
    EXPECT_THAT(text, HasSubstr("weft_run_seconds_bucket{le=\"0.1\"} 0"));
    EXPECT_THAT(text, HasSubstr("weft_run_seconds_bucket{le=\"1\"} 1"));
    EXPECT_THAT(text, HasSubstr("weft_live 3"));
}

TEST(Metrics, LabelValuesAreEscapedAndLabelSetsBounded) {
    Metrics metrics;
    metrics.counter("weft_a_total", "A", {{"l", "x\"y\nz"}}).add();
    EXPECT_THAT(metrics.expose(), HasSubstr("l=\"x\\\"y\\nz\""));
    for (int i = 0; i < 1500; ++i) metrics.counter("weft_b_total", "B", {{"l", std::to_string(i)}}).add();
    std::string text = metrics.expose();
    EXPECT_THAT(text, HasSubstr("weft_b_total{overflow=\"true\"} 500"));
    EXPECT_THAT(text, Not(HasSubstr("l=\"1200\"")));
}

http::Response get(http::Router& router, std::string path) {
    http::Request request;
    request.target.path = std::move(path);
    auto admission = router.admit(request);
    EXPECT_FALSE(admission.refusal);
    rt::Loop loop;
    return loop.run_until_done(router.handle(std::move(request))).value();
}

TEST(Health, IsReadyOnlyWhenEveryCheckIsAndSaysWhyNot) {
    Metrics metrics;
    Health health;
    bool is_up = false;
    health.add("database", [&]() -> Result<void> {
        if (is_up) return {};
        return fail(Error::unavailable("No connection to PostgreSQL", "password=hunter2"));
    });
    health.add("sandbox", []() -> Result<void> { return {}; });
    http::Router router;
    add_health_routes(router, health);
    add_metrics_route(router, metrics, health, Secret());
    EXPECT_EQ(get(router, "/healthz").status, 200);
    auto down = get(router, "/readyz");
    EXPECT_EQ(down.status, 503);
    EXPECT_EQ(down.body, R"({"ready":false})");  // why is no stranger's business
    EXPECT_THAT(get(router, "/metrics").body, HasSubstr("weft_ready{check=\"database\"} 0"));
    is_up = true;
    EXPECT_EQ(get(router, "/readyz").status, 200);
    EXPECT_THAT(get(router, "/metrics").headers.get("content-type"), HasSubstr("version=0.0.4"));
}

}  // namespace
}  // namespace weft::telemetry
