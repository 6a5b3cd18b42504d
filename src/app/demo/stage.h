#pragma once

#include "app/demo/api_client.h"
#include "app/demo/instance.h"
#include "app/demo/sample.h"
#include "app/demo/upstream.h"
#include "base/random.h"
#include "platform/rt/clock.h"
#include "platform/rt/loop.h"

#include <memory>
#include <string>

namespace weft::demo {

/// Everything a demonstration needs on this machine: an upstream, a whole `weft serve`, its owner's API
/// client and the sample integration. The demo, fault and leak tests and benchmarks all stand on it.
struct Stage {
    rt::Loop loop;
    rt::SystemClock clock;
    SystemRng rng;
    http::Client client{loop};
    Secret credential;  // of the upstream: random, so that a leak scan can look for it
    Secret password;    // of the owner
    std::unique_ptr<Upstream> upstream;
    std::string upstream_url;
    std::unique_ptr<Instance> instance;
    std::unique_ptr<ApiClient> api;
    Sample sample;

    Stage();
    ~Stage();

    /// Starts the instance (synchronously), claims it and creates the sample. Loopback is opened for the
    /// upstream, and rate limits are off.
    Result<void> start(InstanceOptions options, SampleOptions sample_options = {});
    /// Stops everything; true when the instance ended cleanly.
    bool stop();

  private:
    rt::Task<Result<void>> prepare(SampleOptions sample_options);
};

}  // namespace weft::demo
