#pragma once

#include "base/time.h"
#include "platform/rt/loop.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace weft::bench {

struct Answer {
    int status = 0;
    std::string body;
    Micros latency{0};  // from the moment the request was due, so that a stalled server cannot hide its delay
};

struct LoadOptions {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
    int connections = 16;
    int requests = 1000;
    double rate_per_second = 0;  // 0: closed loop, each connection sends as soon as it was answered
    std::function<std::string(int index)> make_request;  // the whole request, head and body
    std::function<void(int index, Answer answer)> on_answer;
};

/// A lean HTTP/1.1 load generator on keep-alive connections; a broken connection is opened again and its
/// request counts as status 0.
rt::Task<void> generate(rt::Loop& loop, LoadOptions options);

/// The p-th percentile (0..100) of unsorted values; 0 of none.
double percentile(std::vector<double> values, double p);

}  // namespace weft::bench
