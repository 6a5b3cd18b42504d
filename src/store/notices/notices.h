#pragma once

#include "base/id.h"
#include "core/runstate/states.h"
#include "platform/pg/pg.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// What processes tell each other through PostgreSQL. README.md says who sends and who hears.
namespace weft::store::notices {

/// A run is in this state now.
struct RunChanged {
    static constexpr std::string_view kChannel = "weft_run";
    TenantId tenant;
    RunId run;
    runstate::RunStatus status = runstate::RunStatus::kQueued;
    WorkflowId workflow;
    /// There is what a caller of the run waits for: sealed, as store/runs/answered.h prints it, or "" when it
    /// does not fit a notice and is to be read.
    std::optional<std::string> answer = std::nullopt;
    std::string line() const;
    static std::optional<RunChanged> parse(std::string_view line);
    bool operator==(const RunChanged&) const = default;
};

/// There are jobs to claim.
struct JobsQueued {
    static constexpr std::string_view kChannel = "weft_job";
    std::string line() const { return ""; }
    static std::optional<JobsQueued> parse(std::string_view) { return JobsQueued{}; }
    bool operator==(const JobsQueued&) const = default;
};

/// Somebody has asked runs to stop, or answered what they wait for.
struct CancelAsked {
    static constexpr std::string_view kChannel = "weft_cancel";
    std::string line() const { return ""; }
    static std::optional<CancelAsked> parse(std::string_view) { return CancelAsked{}; }
    bool operator==(const CancelAsked&) const = default;
};

/// A trigger, or what it starts, is no longer what it was.
struct TriggerChanged {
    static constexpr std::string_view kChannel = "weft_trigger";
    TriggerId trigger;
    std::string line() const { return trigger.text(); }
    static std::optional<TriggerChanged> parse(std::string_view line);
    bool operator==(const TriggerChanged&) const = default;
};

/// A connection's credential is no longer what it was.
struct ConnectionChanged {
    static constexpr std::string_view kChannel = "weft_connection";
    ConnectionId connection;
    std::string line() const { return connection.text(); }
    static std::optional<ConnectionChanged> parse(std::string_view line);
    bool operator==(const ConnectionChanged&) const = default;
};

/// A tenant is new and has no keys yet.
struct TenantMade {
    static constexpr std::string_view kChannel = "weft_tenant";
    TenantId tenant;
    std::string line() const { return tenant.text(); }
    static std::optional<TenantMade> parse(std::string_view line);
    bool operator==(const TenantMade&) const = default;
};

/// A tenant's rows of this table have changed: one of them, when its id is known.
struct DefinitionChanged {
    static constexpr std::string_view kChannel = "weft_definition";
    std::string table;
    TenantId tenant;
    std::optional<Uuid> object;
    std::string line() const;
    static std::optional<DefinitionChanged> parse(std::string_view line);
    bool operator==(const DefinitionChanged&) const = default;
};

/// What a credential hangs on (a session, token, person or tenant) has ended or changed. Sent by the
/// database.
struct CredentialChanged {
    static constexpr std::string_view kChannel = "weft_credential";
    Uuid holder;
    std::string line() const { return holder.text(); }
    static std::optional<CredentialChanged> parse(std::string_view line);
    bool operator==(const CredentialChanged&) const = default;
};

using Notice = std::variant<
    RunChanged,
    JobsQueued,
    CancelAsked,
    TriggerChanged,
    ConnectionChanged,
    TenantMade,
    DefinitionChanged,
    CredentialChanged>;

/// Best effort and immediate; never waits.
using Tell = std::function<void(const Notice& notice)>;
/// `notifier` must outlive it.
Tell tell_through(pg::Notifier& notifier);

/// What a process hears, and hence listens to.
class Ears {
  public:
    /// Adds a handler. `missed` hears of a line that can't be read.
    template <class N>
    void on(std::function<void(const N& notice)> hear, std::function<void()> missed = {}) {
        handlers_[std::string(N::kChannel)].push_back([hear = std::move(hear),
                                                       missed = std::move(missed)](std::string_view line) {
            if (auto notice = N::parse(line)) {
                hear(*notice);
            } else if (missed) {
                missed();
            }
        });
    }
    std::vector<std::string> channels() const;
    /// A notification: one line or several of one channel.
    void hear(std::string_view channel, std::string_view payload) const;

  private:
    using Handler = std::function<void(std::string_view line)>;
    std::map<std::string, std::vector<Handler>, std::less<>> handlers_;
};

}  // namespace weft::store::notices
