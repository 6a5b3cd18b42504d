#pragma once

#include "app/runner/detail/values.h"
#include "app/runner/script.h"
#include "base/error.h"
#include "core/protocol/protocol.h"

#include <functional>
#include <string>

namespace weft::runner {

/// One run's side of the protocol: keeps the values, answers Evaluate and Code. Knows no descriptor.
class Evaluator {
  public:
    using Send = std::function<void(const protocol::Reply&)>;

    Evaluator(script::Engine& engine, Send send);

    /// Handles one frame; replies go out through `send`. An error means the engine broke the protocol.
    Result<> handle(protocol::Request request);

  private:
    void answer(const protocol::Evaluate& evaluate);
    void answer(const protocol::Code& code);
    void finish(std::string json, const std::string& keep_as, std::string_view field);
    void log(protocol::Log line);

    script::Engine& engine_;
    Send send_;
    Values values_;
    Millis timeout_{0};
    bool has_begun_ = false;
    bool has_value_ = false;  // the last evaluation gave one
    int lines_left_ = limits::kLogLinesPerRunMax;
};

}  // namespace weft::runner
