// From a request to bound parameters, without a database: `warm` with the document and its plan in the
// caches, `cold` with neither.

#include "graphql/execute/execute.h"
#include "graphql/model/model_for_test.h"
#include "platform/rt/loop.h"

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace weft::graphql {
namespace {

constexpr std::string_view kPoint = "query ($id: Int!) { author_by_pk(id: $id) { id name is_active } }";

/// About 1 KB, as a page of an application asks.
constexpr std::string_view kPage = R"(
query Authors($tenant: String!, $since: timestamptz!, $limit: Int!, $offset: Int, $ids: [Int!]!) {
  authors: author(
    where: {
      _and: [
        { name: { _ilike: $tenant } }, { id: { _in: $ids } }, { articles: { published: { _gte: $since } } }
      ]
    }
    order_by: [{ name: asc }, { id: desc }]
    limit: $limit
    offset: $offset
  ) {
    ...Author
    newest: articles(where: { published: { _gte: $since } }, order_by: { published: desc }, limit: 5) {
      id
      title
      published
      author { id name full_name }
    }
    oldest: articles(where: { published: { _lt: $since } }, order_by: { published: asc }, limit: 5) {
      id
      title
      published
    }
  }
  total: author_aggregate(where: { _and: [{ name: { _ilike: $tenant } }, { id: { _in: $ids } }] }) {
    aggregate { count }
  }
}
fragment Author on author {
  __typename
  id
  name
  full_name
  is_active
  settings: meta(path: "$.settings.view")
}
)";
constexpr std::string_view kPageVariables =
    R"({"tenant":"%a%","since":"2026-01-01T00:00:00Z","limit":20,"offset":40,"ids":[1,2,3,4,5,6,7,8]})";

struct Bench {
    rt::Loop loop;
    pg::Pool pool{loop, {.url = "host=/nowhere"}};
    Engine engine{loop, pool, {}};
    Session session{.role = "user", .variables = {{"x-hasura-tenant-id", "t"}, {"x-hasura-user-id", "1"}}};

    Bench() { engine.use(testing::library_model()); }
    void run(const Request& request) {
        auto ready = engine.prepare(request, session);
        if (!ready) {
            std::fprintf(
                stderr, "warm: %s at %s\n", ready.error().message.c_str(), ready.error().path.c_str()
            );
            std::abort();
        }
        auto values = engine.bind(ready->prepared->statement, ready->variables, session);
        benchmark::DoNotOptimize(values);
    }
};

Request request_of(std::string_view query, std::string_view variables) {
    Request out{.query = std::string(query)};
    out.variables = parse_json(variables)->get_object();
    return out;
}

void warm(benchmark::State& state, std::string_view query, std::string_view variables) {
    Bench bench;
    const Request request = request_of(query, variables);
    bench.run(request);
    for (auto _ : state) bench.run(request);
}

/// A text that has not been seen: a number in a comment makes it another one.
void cold(benchmark::State& state, std::string_view query, std::string_view variables) {
    Bench bench;
    Request request = request_of(query, variables);
    std::uint64_t number = 0;
    for (auto _ : state) {
        request.query = std::string(query) + "#" + std::to_string(++number);
        bench.run(request);
    }
}

BENCHMARK_CAPTURE(warm, point, kPoint, R"({"id":7})");
BENCHMARK_CAPTURE(warm, page, kPage, kPageVariables);
BENCHMARK_CAPTURE(cold, point, kPoint, R"({"id":7})");
BENCHMARK_CAPTURE(cold, page, kPage, kPageVariables);

}  // namespace
}  // namespace weft::graphql

BENCHMARK_MAIN();
