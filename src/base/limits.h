#pragma once

#include <chrono>
#include <cstddef>

namespace weft::limits {

using namespace std::chrono_literals;

// HTTP edge
inline constexpr std::size_t kHttpHeaderBytesMax =
    16u << 10;  // a header block beyond this is an attack or a mistake
inline constexpr std::size_t kHttpTargetBytesMax = 8u << 10;
inline constexpr std::size_t kApiBodyBytesMax = 1u << 20;      // definitions are text people write
inline constexpr std::size_t kWebhookBodyBytesMax = 5u << 20;  // larger events belong in a blob store
inline constexpr std::size_t kFormBodyBytesMax = 256u << 10;   // what people type; files go elsewhere
inline constexpr auto kHttpHeaderTimeout = 10s;                // slow-loris bound
inline constexpr auto kHttpIdleTimeout = 75s;  // longer than common proxies' 60 s, so they close first
inline constexpr int kHttpConnectionsMax = 20'000;

// Definitions
inline constexpr int kStepsPerWorkflowMax = 500;  // one tenant must not starve a worker
inline constexpr std::size_t kDefinitionBytesMax = 512u << 10;
inline constexpr std::size_t kExpressionBytesMax = 64u << 10;

// Paging
inline constexpr int kPageSizeDefault = 50;
inline constexpr int kPageSizeMax = 100;

// Runs
inline constexpr auto kRunTimeoutDefault = 1h;
inline constexpr auto kRunTimeoutMax = 24h;
inline constexpr auto kStepTimeoutDefault = 30s;
inline constexpr auto kStepTimeoutMax = 10min;
inline constexpr int kAttemptsMax = 20;
inline constexpr std::size_t kKeptBytesMax = 16u
                                             << 20;  // outputs of other runs' steps that a run begins with
inline constexpr std::size_t kPayloadBytesMax = 8u << 20;  // one value of a run: a step's input or output
inline constexpr std::size_t kPayloadInlineBytesMax = 64u << 10;  // beyond this a row would bloat its page
inline constexpr int kLogLinesPerRunMax = 1'000;
inline constexpr std::size_t kLogLineBytesMax = 8u << 10;
inline constexpr std::size_t kLogFieldsBytesMax = 4u << 10;  // of one line, as JSON
inline constexpr auto kSyncResponseTimeout = 25s;            // below the 30 s that callers and proxies allow

// Jobs
inline constexpr auto kLease = 30s;  // see store/queue; heartbeats every third of it
inline constexpr auto kHeartbeat = 10s;
inline constexpr int kCrashesMax = 3;  // then the job is quarantined as a dead letter

// Sandbox
inline constexpr std::size_t kFrameBytesMax = 9u << 20;  // one payload and its head
inline constexpr std::size_t kSandboxMemoryBytesMax = 128u << 20;
inline constexpr std::size_t kScriptMemoryBytesMax =
    96u << 20;  // the engine's own limit lies below the process's
inline constexpr auto kScriptTimeoutDefault = 5s;
inline constexpr int kSandboxPidsMax = 4;

}  // namespace weft::limits
