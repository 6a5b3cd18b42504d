#include "store/notices/notices.h"

#include <algorithm>

namespace weft::store::notices {

namespace {

/// What stands before the next colon; the rest stays in `line`.
std::string_view cut(std::string_view& line) {
    const auto end = std::min(line.find(':'), line.size());
    const std::string_view out = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return out;
}

}  // namespace

std::string RunChanged::line() const {
    return tenant.text() + ":" + run.text() + ":" + std::string(name(status)) + ":" + workflow.text() +
           (answer ? ":" + *answer : "");
}

std::optional<RunChanged> RunChanged::parse(std::string_view line) {
    const auto tenant = TenantId::parse(cut(line));
    const auto run = RunId::parse(cut(line));
    const auto status = runstate::run_status_from(cut(line));
    const auto workflow = WorkflowId::parse(line.substr(0, line.find(':')));
    if (!tenant || !run || !status || !workflow) return std::nullopt;
    RunChanged out{*tenant, *run, *status, *workflow};
    if (const auto end = line.find(':'); end != line.npos) out.answer = line.substr(end + 1);
    return out;
}

std::optional<TriggerChanged> TriggerChanged::parse(std::string_view line) {
    const auto id = TriggerId::parse(line);
    return id ? std::optional(TriggerChanged{*id}) : std::nullopt;
}

std::optional<ConnectionChanged> ConnectionChanged::parse(std::string_view line) {
    const auto id = ConnectionId::parse(line);
    return id ? std::optional(ConnectionChanged{*id}) : std::nullopt;
}

std::optional<TenantMade> TenantMade::parse(std::string_view line) {
    const auto id = TenantId::parse(line);
    return id ? std::optional(TenantMade{*id}) : std::nullopt;
}

std::string DefinitionChanged::line() const {
    return table + ":" + tenant.text() + ":" + (object ? object->text() : "");
}

std::optional<DefinitionChanged> DefinitionChanged::parse(std::string_view line) {
    const std::string_view table = cut(line);
    const auto tenant = TenantId::parse(cut(line));
    const auto object = Uuid::parse(line);
    if (table.empty() || !tenant || (!object && !line.empty())) return std::nullopt;
    return DefinitionChanged{
        std::string(table), *tenant, object ? std::optional<Uuid>(*object) : std::nullopt
    };
}

std::optional<CredentialChanged> CredentialChanged::parse(std::string_view line) {
    const auto id = Uuid::parse(line);
    return id ? std::optional(CredentialChanged{*id}) : std::nullopt;
}

Tell tell_through(pg::Notifier& notifier) {
    return [&notifier](const Notice& notice) {
        std::visit(
            [&notifier]<class N>(const N& one) { notifier.notify(std::string(N::kChannel), one.line()); },
            notice
        );
    };
}

std::vector<std::string> Ears::channels() const {
    std::vector<std::string> out;
    for (const auto& [channel, handlers] : handlers_) out.push_back(channel);
    return out;
}

void Ears::hear(std::string_view channel, std::string_view payload) const {
    const auto found = handlers_.find(channel);
    if (found == handlers_.end()) return;
    // Notices without a content come as one empty line.
    do {
        const auto end = std::min(payload.find('\n'), payload.size());
        for (const Handler& handler : found->second) handler(payload.substr(0, end));
        payload.remove_prefix(std::min(end + 1, payload.size()));
    } while (!payload.empty());
}

}  // namespace weft::store::notices
