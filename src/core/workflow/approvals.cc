#include "core/file/file.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::workflow {

namespace {

constexpr std::size_t kTitleBytesMax = 200;
constexpr std::size_t kDescriptionBytesMax = 8'000;
constexpr std::size_t kApproversMax = 50;
constexpr std::size_t kFilesMax = 20;
constexpr std::string_view kRolePrefix = "role:";

std::optional<tenancy::Role> role_of(std::string_view approver) {
    if (!approver.starts_with(kRolePrefix)) return std::nullopt;
    return tenancy::role_from(approver.substr(kRolePrefix.size()));
}

std::string lower_of(std::string_view text) {
    std::string out(text);
    std::ranges::transform(out, out.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return out;
}

Result<std::string> text_up_to(const JsonObject& with, std::string_view member, std::size_t bytes_max) {
    const Json* value = with.if_contains(member);
    if (value == nullptr || value->is_null()) return std::string();
    if (value->is_string() && text_of(*value).size() <= bytes_max) return std::string(text_of(*value));
    return fail(Error::invalid(
        fmt::format("{} is a text of at most {} bytes", member, bytes_max), std::string(member)
    ));
}

Result<std::vector<std::string>> approvers_of(const JsonObject& with) {
    std::vector<std::string> out;
    const Json* list = with.if_contains("approvers");
    if (list == nullptr || list->is_null()) return out;
    constexpr std::string_view kShape =
        "approvers are 1 to 50 e-mail addresses, or role:owner, role:admin, role:builder, role:viewer";
    if (!list->is_array() || list->get_array().empty() || list->get_array().size() > kApproversMax)
        return fail(Error::invalid(std::string(kShape), "approvers"));
    for (const Json& item : list->get_array()) {
        const std::string name = lower_of(item.is_string() ? text_of(item) : "");
        const bool is_address = name.size() <= 320 && name.find('@') != std::string::npos;
        if (!is_address && !role_of(name)) return fail(Error::invalid(std::string(kShape), "approvers"));
        if (std::ranges::find(out, name) == out.end()) out.push_back(name);
    }
    return out;
}

Result<int> need_of(const JsonObject& with, const std::vector<std::string>& approvers) {
    const Json* value = with.if_contains("need");
    if (value == nullptr || value->is_null()) return 1;
    const auto number = value->if_int64();
    if (!number || *number < 1 || *number > 50)
        return fail(Error::invalid("need is a whole number from 1 to 50", "need"));
    const auto addresses = static_cast<std::int64_t>(approvers.size());
    const bool has_role =
        std::ranges::any_of(approvers, [](const auto& name) { return role_of(name).has_value(); });
    if (!has_role && *number > std::max<std::int64_t>(addresses, 1))
        return fail(Error::invalid("need is at most the number of approvers", "need"));
    return static_cast<int>(*number);
}

/// One file, or a list of them.
Result<std::vector<FileId>> files_of(const JsonObject& with) {
    std::vector<FileId> out;
    const Json* given = with.if_contains("files");
    if (given == nullptr || given->is_null()) return out;
    const JsonArray one{*given};
    const JsonArray& list = given->is_array() ? given->get_array() : one;
    const Error wrong = Error::invalid(
        "files are at most 20 files, as steps give them: \"{{ steps.invoice.output.body }}\", or a list of "
        "such",
        "files"
    );
    if (list.size() > kFilesMax) return fail(wrong);
    for (const Json& item : list) {
        if (item.is_null()) continue;
        const auto id = file::handle_in(item);
        if (!id) return fail(wrong);
        if (std::ranges::find(out, *id) == out.end()) out.push_back(*id);
    }
    return out;
}

}  // namespace

Result<Approval> approval_of(const Json& with) {
    if (!with.is_object()) return fail(Error::invalid("with is an object with title"));
    const JsonObject& object = with.get_object();
    Approval out;
    TRY(out.title, text_up_to(object, "title", kTitleBytesMax));
    TRY(out.description, text_up_to(object, "description", kDescriptionBytesMax));
    TRY(out.approvers, approvers_of(object));
    TRY(out.need, need_of(object, out.approvers));
    if (const Json* veto = object.if_contains("veto"); veto != nullptr && !veto->is_null()) {
        if (!veto->is_bool()) return fail(Error::invalid("veto is true or false", "veto"));
        out.has_veto = veto->get_bool();
    }
    if (const Json* on = object.if_contains("on-reject"); on != nullptr && !on->is_null()) {
        const auto word = on->is_string() ? runstate::on_error_from(text_of(*on)) : std::nullopt;
        if (!word) return fail(Error::invalid("on-reject is fail or continue", "on-reject"));
        out.on_rejection = *word;
    }
    if (const Json* form = object.if_contains("form"); form != nullptr && !form->is_null()) {
        if (!form->is_object() || text_or(form->get_object(), "type") != "object")
            return fail(Error::invalid("form is a JSON Schema with type object", "form"));
        CHECK_OK(schema::Schema::compile(*form, "form", {.checks_formats = true}));
        out.form = *form;
    }
    TRY(out.files, files_of(object));
    return out;
}

Json policy_of(const Approval& approval) {
    JsonObject out{{"need", approval.need}, {"veto", approval.has_veto}};
    if (!approval.approvers.empty())
        out["approvers"] = JsonArray(approval.approvers.begin(), approval.approvers.end());
    out["on-reject"] = name(approval.on_rejection);
    return out;
}

bool may_decide(const Approval& approval, std::string_view email, tenancy::Role role) {
    return std::ranges::any_of(approval.approvers, [&](const std::string& approver) {
        const auto wanted = role_of(approver);
        return wanted ? role <= *wanted : approver == lower_of(email);
    });
}

std::vector<std::string> deciding_roles(const Approval& approval) {
    std::vector<std::string> out;
    for (const auto role :
         {tenancy::Role::kOwner, tenancy::Role::kAdmin, tenancy::Role::kBuilder, tenancy::Role::kViewer})
        if (may_decide(approval, "", role)) out.emplace_back(tenancy::name(role));
    return out;
}

Verdict verdict(const Approval& approval, int approvals, int rejections, int people) {
    if (approval.has_veto && rejections > 0) return Verdict::kRejected;
    if (approvals >= approval.need) return Verdict::kApproved;
    const int left = std::max(people - approvals - rejections, 0);
    return approvals + left < approval.need ? Verdict::kRejected : Verdict::kOpen;
}

}  // namespace weft::workflow
