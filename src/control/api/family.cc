#include "control/api/family.h"

namespace weft::control {

namespace {

Operation reads(const Row& row, Handler handler) {
    return {
        .name = row.name,
        .method = http::Method::kGet,
        .path = row.path,
        .summary = row.summary,
        .input = row.input,
        .answer = row.answer,
        .access = row.access,
        .handler = std::move(handler),
    };
}

/// "app_versions.publish" is audited as "app_version.publish".
std::string audit_action(std::string_view name) {
    const auto dot = name.find('.');
    std::string out(name.substr(0, dot));
    if (out.ends_with('s')) out.pop_back();
    return out.append(name.substr(dot));
}

Operation writes(const Row& row, http::Method method, Handler handler) {
    Operation out = reads(row, std::move(handler));
    out.method = method;
    out.mode = Mode::kWrite;
    out.audit_action = audit_action(row.name);
    out.audit_object = row.object.empty() ? row.answer : row.object;
    return out;
}

}  // namespace

Operation lists(Row row, Handler handler) {
    Operation out = reads(row, std::move(handler));
    out.is_page = true;
    return out;
}

Operation shows(Row row, Handler handler) {
    return reads(row, std::move(handler));
}

Operation creates(Row row, Handler handler) {
    Operation out = writes(row, http::Method::kPost, std::move(handler));
    out.replay = Replay::kYes;
    out.status = 201;
    return out;
}

Operation changes(Row row, Handler handler) {
    return writes(row, http::Method::kPatch, std::move(handler));
}

Operation deletes(Row row, Handler handler) {
    Operation out = writes(row, http::Method::kDelete, std::move(handler));
    out.answer = "";
    out.status = 204;
    return out;
}

Operation commands(Row row, Handler handler) {
    return writes(row, http::Method::kPost, std::move(handler));
}

}  // namespace weft::control
