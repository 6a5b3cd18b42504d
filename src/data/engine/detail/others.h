#pragma once

#include "data/engine/detail/run.h"

#include <string>

namespace weft::engine {

/// A run that is to be begun by another: which workflow, what it is given, and what it is told about why.
struct OtherRun {
    TenantId tenant;
    Instant now;
    std::string workflow;  // its key
    std::string of;        // that of who begins it
    std::string input;     // JSON texts
    std::string trigger;
    store::runs::RunWrite about;  // the cause, who begins it, and how deep it is
};

/// Looks the workflow up, finds the files in the values and seals these: ready to be written by the flush of
/// the run that begins it, with the version that is published now. kInvalid or kLimit with a sentence for the
/// tenant when it cannot be begun.
rt::Task<Result<store::runs::RunWrite>> make_run(Deps& deps, OtherRun run, rt::Deadline by);

/// A run that has failed, for the handler of its failure.
struct FailedRun {
    TenantId tenant;
    RunId run;
    Instant now;
    int depth = 0;
    runstate::Failure failure;
    std::string step;   // that ended it; "" = none
    std::string input;  // JSON texts; "" = not known
    std::string trigger;
};
/// What its workflow says is to be begun then, with what it is told of the failure; nothing when it says
/// nothing.
std::optional<OtherRun> handler_of(const Prepared& prepared, const Options& options, FailedRun failed);

/// Why a wait ended without an answer that can be used.
std::optional<runstate::Failure> failure_of(const store::runs::Answer& answer, const workflow::Wait& wait);

/// Whether trying again may help.
bool is_passing(const Error& error);

}  // namespace weft::engine
