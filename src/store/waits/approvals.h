#pragma once

#include "core/workflow/workflow.h"
#include "store/waits/waits.h"

#include <optional>
#include <string>
#include <vector>

/// Decisions of people about a run's approval. Each is recorded; the last that is needed is the answer.
namespace weft::store::waits {

inline constexpr std::size_t kCommentBytesMax = 2'000;
inline constexpr std::size_t kFormBytesMax = 32u << 10;

struct Decision {
    std::string decider;  // a person's id; kByLink for whoever has the address
    std::string name;
    bool is_approved = false;
    std::string comment;
    std::optional<Json> form;
};
inline constexpr std::string_view kByLink = "link";

struct Recorded {
    std::string decider;
    std::string name;
    bool is_approved = false;
    Instant at;
};

/// An approval as it stands.
struct Standing {
    Target target;  // its policy, state and deadline
    Instant opened_at;
    Instant deadline_at;
    workflow::Approval approval;  // with what is asked
    std::vector<Recorded> decisions;
};

/// The step's wait, if it is an approval, and what it asks. kNotFound.
rt::Task<Result<Standing>> find_approval(
    Db db, runs::PayloadCodec& codec, TenantId tenant, RunId run, runs::WaitRef wait, rt::Deadline by
);

/// In a transaction of the tenant's: records the decision and, when it settles the matter, answers the wait.
/// Whether the person may decide is the caller's to have asked. Errors: kConflict (settled, too late, ended,
/// or decided by the same person before), kInvalid with `form.…`.
struct Decided {
    workflow::Verdict verdict = workflow::Verdict::kOpen;
    int approvals = 0;
    int rejections = 0;
};
rt::Task<Result<Decided>> decide(
    Db db, runs::PayloadCodec& codec, Standing standing, Decision decision, rt::Deadline by
);

/// One of those that are open, for a list.
struct OpenApproval {
    RunId run;
    std::string step;
    std::int64_t iteration = 0;
    std::optional<std::string> workflow_name;
    Json policy;
    Instant opened_at;
    Instant deadline_at;
    int approvals = 0;
    int rejections = 0;
    bool has_decided = false;  // whoever asks
};
struct Place {
    RunId run;
    runs::WaitRef wait;
};
/// Newest runs first; `after` is the last of the page before.
rt::Task<Result<std::vector<OpenApproval>>> open_approvals(
    Db db, std::optional<Place> after, std::string decider, int limit, rt::Deadline by
);
/// What one of them asks: the step's input.
rt::Task<Result<workflow::Approval>> asked_by(
    Db db, runs::PayloadCodec& codec, TenantId tenant, RunId run, runs::WaitRef wait, rt::Deadline by
);

}  // namespace weft::store::waits
