#include "core/trigger/mailbox.h"

#include "core/mail/imap.h"
#include "core/trigger/detail/settings.h"

namespace weft::trigger {

namespace {

constexpr std::size_t kMailNameBytesMax = 500;

Result<std::string> folder_in(const detail::Settings& all, std::string_view key, std::string otherwise) {
    TRY(std::string given, all.text(key, kMailNameBytesMax));
    if (given.empty()) return otherwise;
    CHECK_OK(mail::mailbox_name(given, all.place(key)));
    return given;
}

}  // namespace

Result<Mailbox> parse_mailbox(const Json& config, std::string_view field) {
    constexpr std::int64_t kMiB = 1 << 20;
    TRY(const auto all,
        detail::Settings::of(
            config,
            std::string(field),
            {"connection",
             "folder",
             "every",
             "start",
             "unseen",
             "after",
             "move_to",
             "attachments",
             "attachments_mb",
             "filter"}
        ));
    Mailbox out;
    TRY(out.connection, all.text("connection", kMailNameBytesMax));
    if (out.connection.empty())
        return fail(Error::invalid("Which connection leads to the mailbox?", all.place("connection")));
    TRY(out.folder, folder_in(all, "folder", out.folder));
    TRY(out.every, all.duration("every", kPollEveryMin, kPollEveryMax, out.every));
    TRY(out.start, all.word("start", kPollStarts, PollStart::kNow));
    TRY(out.is_unseen_only, all.flag("unseen", false));
    TRY(out.after, all.word("after", kAfterMail, AfterMail::kNothing));
    TRY(out.move_to, folder_in(all, "move_to", ""));
    if ((out.after == AfterMail::kMove) == out.move_to.empty())
        return fail(
            Error::invalid("move_to names the folder that after \"move\" moves to", all.place("move_to"))
        );
    if (out.move_to == out.folder)
        return fail(Error::invalid("This is the folder that is looked into", all.place("move_to")));
    TRY(out.has_attachments, all.flag("attachments", true));
    if (const Json* most = all.find("attachments_mb")) {
        const auto given = most->if_int64();
        if (!given || *given < 1 || *given > kAttachmentsBytesMax / kMiB)
            return fail(Error::invalid("attachments_mb is from 1 to 50", all.place("attachments_mb")));
        out.attachments_bytes_max = *given * kMiB;
    }
    if (const Json* filter = all.find("filter")) {
        TRY(out.filter, Filter::parse(*filter, all.place("filter")));
    }
    return out;
}

Json to_json(const Mailbox& mailbox) {
    JsonObject out{
        {"connection", mailbox.connection},
        {"folder", mailbox.folder},
        {"every", runstate::duration_text(mailbox.every)},
        {"start", word_of(kPollStarts, mailbox.start)},
        {"unseen", mailbox.is_unseen_only},
        {"after", word_of(kAfterMail, mailbox.after)},
        {"attachments", mailbox.has_attachments},
        {"attachments_mb", mailbox.attachments_bytes_max >> 20},
    };
    if (!mailbox.move_to.empty()) out["move_to"] = mailbox.move_to;
    if (mailbox.filter) out["filter"] = mailbox.filter->json();
    return out;
}

bool is_other_source(const Mailbox& before, const Mailbox& after) {
    return before.connection != after.connection || before.folder != after.folder;
}

std::optional<MailCursor> mail_cursor(const Json& value) {
    const JsonObject* object = value.if_object();
    if (object == nullptr) return std::nullopt;
    const auto number = [&](std::string_view key) -> std::optional<std::int64_t> {
        const Json* found = object->if_contains(key);
        return found == nullptr ? std::nullopt : found->if_int64();
    };
    const auto validity = number("validity");
    const auto uid = number("uid");
    const auto since = number("since");
    if (!validity || !uid || !since) return std::nullopt;
    MailCursor out{
        .validity = static_cast<std::uint32_t>(*validity),
        .uid = static_cast<std::uint32_t>(*uid),
        .since = *since,
        .todo = {}
    };
    const Json* finding = object->if_contains("finding");
    out.is_finding = finding != nullptr && finding->is_bool() && finding->get_bool();
    const Json* todo = object->if_contains("todo");
    if (todo != nullptr && todo->is_array())
        for (const Json& one : todo->get_array())
            if (const auto each = one.if_int64()) out.todo.push_back(static_cast<std::uint32_t>(*each));
    return out;
}

Json to_json(const MailCursor& cursor) {
    JsonObject out{
        {"validity", std::int64_t(cursor.validity)},
        {"uid", std::int64_t(cursor.uid)},
        {"since", cursor.since}
    };
    if (cursor.is_finding) out["finding"] = true;
    if (!cursor.todo.empty()) {
        JsonArray todo;
        for (const std::uint32_t uid : cursor.todo) todo.push_back(std::int64_t(uid));
        out["todo"] = std::move(todo);
    }
    return out;
}

}  // namespace weft::trigger
