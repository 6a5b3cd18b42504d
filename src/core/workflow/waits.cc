#include "core/calendar/calendar.h"
#include "core/workflow/detail/parts.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::workflow {

namespace {

constexpr Millis kDay{86'400'000};
constexpr Millis kWaitMax = 1'827 * kDay;  // 5 years: what nobody has answered by then, nobody will
constexpr Millis kWaitDefault = 7 * kDay;

Error too_long(std::string field) {
    return Error::invalid("A step waits at most 5 years", std::move(field));
}

Result<Instant> instant_of(const JsonObject& with) {
    const auto text = text_or(with, "until");
    const auto written = calendar::read(text);
    if (!written)
        return fail(Error::invalid(
            "until is a date and time such as 2027-03-01T09:00+01:00, or without +01:00 and with zone",
            "until"
        ));
    calendar::Zone zone;
    if (const Json* name = with.if_contains("zone"); name != nullptr && !name->is_null()) {
        const auto found = name->is_string() ? calendar::Zone::find(text_of(*name)) : std::nullopt;
        if (!found) return fail(Error::invalid("zone is a time zone such as Europe/Berlin", "zone"));
        zone = *found;
    } else if (!written->offset && !written->zone) {
        return fail(
            Error::invalid("until does not say where: add Z, a distance such as +01:00, or a zone", "until")
        );
    }
    auto moment = calendar::moment_of(*written, zone);
    if (!moment) return fail(Error::invalid(moment.error().user, "until"));
    return Instant(*moment);
}

Result<Millis> timeout_of(const JsonObject& with, Millis usual) {
    const Json* value = with.if_contains("timeout");
    if (value == nullptr || value->is_null()) return usual;
    TRY(Millis timeout, runstate::duration_of(*value, "timeout"));
    if (timeout.count() == 0) return fail(Error::invalid("timeout is more than nothing", "timeout"));
    if (timeout > kWaitMax) return fail(too_long("timeout"));
    return timeout;
}

/// A text, or a number written as one.
Result<std::string> word_in(const JsonObject& with, std::string_view member, std::size_t bytes_max) {
    const Json* value = with.if_contains(member);
    const bool is_plain = value != nullptr && (value->is_string() || value->is_number());
    std::string text = !is_plain ? "" : value->is_string() ? std::string(text_of(*value)) : to_text(*value);
    if (!text.empty() && text.size() <= bytes_max) return text;
    return fail(
        Error::invalid(fmt::format("{} is a text of 1 to {} bytes", member, bytes_max), std::string(member))
    );
}

constexpr std::initializer_list<std::string_view> kApprovalMembers = {
    "title", "description", "approvers", "need", "veto", "form", "files", "on-reject", "timeout", "on-timeout"
};

Result<Child> child_of(const JsonObject& with) {
    Child out;
    out.workflow = text_or(with, "workflow");
    if (out.workflow.empty())
        return fail(Error::invalid("workflow is the key of a workflow of this tenant", "workflow"));
    if (const Json* mode = with.if_contains("mode"); mode != nullptr && !mode->is_null()) {
        const std::string_view word = mode->is_string() ? text_of(*mode) : "";
        if (word != "wait" && word != "start") return fail(Error::invalid("mode is wait or start", "mode"));
        out.is_awaited = word == "wait";
    }
    const Json* input = with.if_contains("input");
    out.input = input != nullptr ? to_text(*input) : "{}";
    return out;
}

/// Which workflow it is, and whether the step waits for it, stand in the definition itself: they are looked
/// at when it is published.
void check_child(const Step& step, const std::string& with, Problems& problems) {
    if (step.with.is_string()) {
        problems.add("with is an object with workflow, and input if it needs one", with);
        return;
    }
    if (!step.with.is_object()) return;
    const JsonObject& object = step.with.get_object();
    for (const std::string_view literal : {"workflow", "mode"}) {
        const Json* found = object.if_contains(literal);
        if (found != nullptr && has_template(*found))
            problems.add(fmt::format("{} is written out, without {{{{ }}}}", literal), below(with, literal));
    }
    const bool waits = text_or(object, "mode", "wait") != "start";
    if (!waits && (object.contains("timeout") || object.contains("on-timeout")))
        problems.add("With mode start the step waits for nothing: leave timeout out", below(with, "timeout"));
    if (!waits && step.retry)
        problems.add("With mode start there is nothing to retry", below(step.field, "retry"));
}

bool waits_for_nothing(const Step& step, CoreKind kind) {
    return kind == CoreKind::kWorkflow && step.with.is_object() &&
           text_or(step.with.get_object(), "mode", "wait") == "start";
}

}  // namespace

Result<Instant> sleep_until(const Json& with, Instant now) {
    if (!with.is_object()) return fail(Error::invalid("with is an object with for or until"));
    const JsonObject& object = with.get_object();
    const bool has_until = object.contains("until");
    const std::string_view member = object.contains("duration") ? "duration" : "for";
    const Json* length = object.if_contains(member);
    if (has_until == (length != nullptr))
        return fail(Error::invalid("A sleep has either for or until", std::string(member)));
    if (has_until) {
        TRY(const Instant until, instant_of(object));
        if (until - now > kWaitMax) return fail(too_long("until"));
        return std::max(until, now);
    }
    TRY(const Millis duration, runstate::duration_of(*length, member));
    if (duration > kWaitMax) return fail(too_long(std::string(member)));
    return now + duration;
}

Result<Wait> wait_of(CoreKind kind, const Json& with) {
    if (!with.is_object()) return fail(Error::invalid("with is an object"));
    const JsonObject& object = with.get_object();
    Wait out;
    TRY(out.timeout, timeout_of(object, kind == CoreKind::kWorkflow ? kWaitMax : kWaitDefault));
    if (const Json* on = object.if_contains("on-timeout"); on != nullptr && !on->is_null()) {
        const auto word = on->is_string() ? runstate::on_error_from(text_of(*on)) : std::nullopt;
        if (!word) return fail(Error::invalid("on-timeout is fail or continue", "on-timeout"));
        out.on_timeout = *word;
    }
    if (kind == CoreKind::kApproval) {
        TRY(out.approval, approval_of(with));
        if (out.approval->title.empty()) return fail(Error::invalid("title is missing", "title"));
        return out;
    }
    if (kind == CoreKind::kWorkflow) {
        TRY(out.child, child_of(object));
        return out;
    }
    if (kind != CoreKind::kEvent) return out;
    TRY(out.event, word_in(object, "event", kEventNameBytesMax));
    TRY(out.key, word_in(object, "key", kEventKeyBytesMax));
    return out;
}

void check_waiting_step(const Step& step, CoreKind kind, const std::string& field, Problems& problems) {
    const std::string with = below(field, "with");
    if (step.is_final && kind != CoreKind::kSleep && !waits_for_nothing(step, kind))
        problems.add(
            fmt::format("{} does not stand in finally, which has 5 minutes", step.uses.text()),
            below(field, "uses")
        );
    if (step.timeout)
        problems.add(
            kind == CoreKind::kSleep ? "A sleep takes as long as with says"
                                     : "How long this waits is said in with.timeout",
            below(field, "timeout")
        );
    bool is_known = false;
    if (kind == CoreKind::kSleep)
        is_known = check_shape(step.with, {"for", "duration", "until", "zone"}, "", with, problems);
    else if (kind == CoreKind::kEvent)
        is_known = check_shape(step.with, {"event", "key", "timeout", "on-timeout"}, "event", with, problems);
    else if (kind == CoreKind::kApproval)
        is_known = check_shape(step.with, kApprovalMembers, "title", with, problems);
    else if (kind == CoreKind::kWorkflow)
        is_known = check_shape(
            step.with, {"workflow", "input", "mode", "timeout", "on-timeout"}, "workflow", with, problems
        );
    else
        is_known = check_shape(step.with, {"timeout", "on-timeout"}, "", with, problems);
    if (kind == CoreKind::kWorkflow) check_child(step, with, problems);
    if (!is_known || has_template(step.with)) return;
    const auto refuse = [&](const Error& error) { problems.add(error.user, below(with, error.field)); };
    if (kind != CoreKind::kSleep) {
        if (auto wait = wait_of(kind, step.with); !wait) refuse(wait.error());
    } else if (auto until = sleep_until(step.with, Instant()); !until) {
        // An instant is far from the beginning of time, which only a running clock can judge.
        const bool is_unclear = until.error().field == "until" && step.with.get_object().contains("until") &&
                                instant_of(step.with.get_object());
        if (!is_unclear) refuse(until.error());
    }
}

}  // namespace weft::workflow
