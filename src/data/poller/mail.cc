#include "data/poller/detail/mail.h"

#include "core/file/file.h"
#include "core/media/media.h"
#include "core/workflow/workflow.h"
#include "data/poller/detail/impl.h"
#include "data/poller/detail/mail_client.h"
#include "data/poller/detail/pinned.h"
#include "platform/rt/loop.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace weft::poller {

namespace {

using Message = MailClient::Message;
using trigger::AfterMail;
using trigger::MailCursor;

constexpr std::size_t kMessagesMax = 20;            // taken in at once
constexpr std::uint32_t kWindow = 5'000;            // numbers that are searched at once
constexpr std::uint32_t kRememberedFirst = 500;     // of what is there when a trigger begins
constexpr std::size_t kCandidatesMax = 20'000;      // after a change of UIDVALIDITY
constexpr std::size_t kHeaderBytesMax = 64u << 10;  // of a message's
constexpr std::size_t kTextBytesMax = 1u << 20;     // coded, of its text and of its HTML each
constexpr std::size_t kAttachmentsMax = file::kFilesPerBodyMax;
constexpr int kFailuresMax = 3;  // then what cannot be read is taken in as far as it can be
constexpr auto kMailDay = std::chrono::hours(24);

std::int64_t seconds_of(Instant at) {
    return std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count();
}

/// Under one UIDVALIDITY a number is one message.
std::string key_by_number(std::uint32_t validity, std::uint32_t uid) {
    return digest_of(fmt::format("uid\n{}\n{}", validity, uid));
}

/// What tells it from others whatever its number is: servers keep both when they number anew.
std::string key_by_identity(const Message& message) {
    const std::string_view id = text_or(message.envelope, "message_id");
    return digest_of(fmt::format("message\n{}\n{}", seconds_of(message.received), id));
}

class Look {
  public:
    Look(Needs& needs, const rows::DuePoll& due, rt::Deadline by)
        : needs_(needs), due_(due), by_(std::move(by)) {}

    rt::Task<Result<Harvest>> run() {
        CO_CHECK_OK(co_await open(MailClient::Mode::kChange));
        CO_CHECK_OK(co_await begin());
        CO_TRY(auto uids, co_await candidates());
        const std::size_t most = due_.failures < kFailuresMax ? kMessagesMax : 1;
        const bool is_all = uids.size() <= most;
        if (!is_all) uids.resize(most);
        auto taken = co_await take(uids);
        if (!taken && out_.items.empty() && moved_ == 0) co_return fail(std::move(taken).error());
        // What was read before it went wrong counts; the rest comes with the next look, which tells.
        const bool is_through = taken && *taken && is_all && !has_window_;
        if (is_through) finish();
        out_.is_more = !is_through || !cursor_.todo.empty();
        out_.cursor = to_text(trigger::to_json(cursor_));
        co_return std::move(out_);
    }

    rt::Task<Result<std::optional<std::string>>> newest() {
        CO_CHECK_OK(co_await open(MailClient::Mode::kRead));
        CO_TRY(auto uids, co_await box_->search("UID *", by_));
        CO_TRY(auto messages, co_await box_->look(std::move(uids), by_));
        if (messages.empty()) co_return std::nullopt;
        CO_TRY(JsonObject value, co_await read(messages.back()));
        value["attachments"] = named(mail::content_of(messages.back().parts));
        co_return to_text(Json(std::move(value)));
    }

  private:
    rt::Task<Result<void>> open(MailClient::Mode mode) {
        CO_TRY(settings_, trigger::parse_mailbox(due_.config));
        CO_TRY(pinned_, Pinned::parse(due_.compiled));
        const broker::ConnectionRef ref{pinned_->connection, &pinned_->app};
        CO_TRY(auto opened, co_await needs_.logins.open_mailbox(due_.tenant, ref, by_));
        box_.emplace(std::move(opened));
        const bool may_change = settings_.after != AfterMail::kNothing && mode == MailClient::Mode::kChange;
        co_return co_await box_->open(
            settings_.folder, may_change ? MailClient::Mode::kChange : MailClient::Mode::kRead, by_
        );
    }

    /// Where it goes on: as the cursor says, from now on, or from the first message.
    rt::Task<Result<void>> begin() {
        std::optional<MailCursor> before;
        if (due_.cursor) {
            CO_TRY(const Json value, parse_json(*due_.cursor));
            before = trigger::mail_cursor(value);
        }
        if (!before) {
            cursor_ = {.validity = box_->validity(), .todo = {}};
            if (settings_.start == trigger::PollStart::kNow && !due_.is_primed)
                CO_CHECK_OK(co_await pass_over());
            co_return Result<void>();
        }
        cursor_ = *std::move(before);
        if (cursor_.validity != box_->validity()) {
            // The numbers mean other messages now. Which of them are new is told by when they came.
            cursor_ = {
                .validity = box_->validity(), .uid = 0, .since = cursor_.since, .is_finding = true, .todo = {}
            };
        }
        if (!cursor_.todo.empty())
            CO_CHECK_OK(co_await box_->act(settings_.after, std::move(cursor_.todo), settings_.move_to, by_));
        cursor_.todo.clear();
        co_return Result<void>();
    }

    /// What is there already is no news, under these numbers or under others.
    rt::Task<Result<void>> pass_over() {
        CO_TRY(const auto last, co_await box_->search("UID *", by_));
        cursor_.uid = box_->next_uid() ? *box_->next_uid() - 1 : last.empty() ? 0 : last.back();
        if (last.empty()) co_return Result<void>();
        const std::uint32_t from = last.back() > kRememberedFirst ? last.back() - kRememberedFirst + 1 : 1;
        CO_TRY(auto uids, co_await box_->search(fmt::format("UID {}:{}", from, last.back()), by_));
        CO_TRY(const auto messages, co_await box_->look(std::move(uids), by_));
        for (const Message& message : messages) {
            out_.seen.push_back(key_by_identity(message));
            cursor_.since = std::max(cursor_.since, seconds_of(message.received));
        }
        co_return Result<void>();
    }

    rt::Task<Result<std::vector<std::uint32_t>>> candidates() {
        const auto next = box_->next_uid();
        std::string criteria = fmt::format("UID {}:*", std::uint64_t(cursor_.uid) + 1);
        if (next && !cursor_.is_finding && *next - cursor_.uid > kWindow) {
            window_end_ = cursor_.uid + kWindow;
            has_window_ = true;
            criteria = fmt::format("UID {}:{}", cursor_.uid + 1, window_end_);
        }
        if (settings_.is_unseen_only) criteria += " UNSEEN";
        if (cursor_.is_finding)
            criteria +=
                " SINCE " + mail::search_date(Instant(std::chrono::seconds(cursor_.since)) - kMailDay);
        CO_TRY(auto uids, co_await box_->search(std::move(criteria), by_));
        // "n:*" is the last message where n is above it, and servers answer so: it is not new.
        std::erase_if(uids, [&](std::uint32_t uid) { return uid <= cursor_.uid; });
        if (uids.size() > kCandidatesMax) uids.resize(kCandidatesMax);
        if (has_window_ && uids.size() <= kMessagesMax) window_is_done_ = true;
        co_return uids;
    }

    /// All that was found is dealt with.
    void finish() {
        if (cursor_.is_finding && box_->next_uid())
            cursor_.uid = std::max(cursor_.uid, *box_->next_uid() - 1);
        cursor_.is_finding = false;
    }

    /// False: there was no room for all.
    rt::Task<Result<bool>> take(std::vector<std::uint32_t> uids) {
        auto looked = co_await box_->look(uids, by_);
        if (!looked && due_.failures >= kFailuresMax && looked.error().code != Code::kCancelled &&
            uids.size() == 1)
            looked = std::vector<Message>{
                {.uid = uids.front(), .envelope = mail::envelope_of(mail::Node{}), .parts = {}}
            };
        CO_TRY(auto messages, std::move(looked));
        std::vector<std::string> keys;
        for (const Message& message : messages) {
            keys.push_back(key_by_number(cursor_.validity, message.uid));
            keys.push_back(key_by_identity(message));
        }
        const auto within = rt::Deadline::in(kCallTimeout);
        CO_TRY(
            const auto unseen,
            co_await rows::unseen_items(needs_.pool, due_.tenant, due_.trigger, keys, within)
        );
        fresh_ = {unseen.begin(), unseen.end()};
        std::size_t bytes = 0;
        auto message = messages.begin();
        for (const std::uint32_t uid : uids) {
            while (message != messages.end() && message->uid < uid) ++message;
            if (message != messages.end() && message->uid == uid) {
                if (bytes >= needs_.options.bytes_max) co_return false;
                CO_CHECK_OK(co_await take_one(*message));
                if (!out_.items.empty() && bytes_of_last_ > 0) bytes += bytes_of_last_;
            }
            cursor_.uid = uid;  // also of what has been deleted meanwhile
            ++moved_;
        }
        if (window_is_done_) cursor_.uid = std::max(cursor_.uid, window_end_);
        co_return true;
    }

    rt::Task<Result<void>> take_one(const Message& message) {
        bytes_of_last_ = 0;
        const std::string by_number = key_by_number(cursor_.validity, message.uid);
        const std::string by_identity = key_by_identity(message);
        const bool is_known = !fresh_.contains(by_number);
        if (cursor_.is_finding && !is_known &&
            (seconds_of(message.received) < cursor_.since || !fresh_.contains(by_identity)))
            co_return Result<void>();  // it was there before
        if (is_known && settings_.after == AfterMail::kNothing) co_return Result<void>();
        std::vector<std::string> keys{by_number, by_identity};
        auto value = co_await read_or_say(message);
        if (!value) co_return fail(std::move(value).error());
        const mail::Content content = mail::content_of(message.parts);
        (*value)["attachments"] = named(content);
        const bool is_wanted = !settings_.filter || settings_.filter->passes(Json(*value), about(due_));
        if (!is_wanted && !is_known) {
            ++out_.filtered;
            out_.size_filtered = message.size;
            std::ranges::move(keys, std::back_inserter(out_.seen));
        }
        if (is_wanted && !is_known) {
            Found found{.keys = std::move(keys), .value = {}, .files = {}, .file_ids = {}};
            if (settings_.has_attachments && due_.failures < kFailuresMax)
                CO_CHECK_OK(
                    co_await fetch_files(message.uid, content, (*value)["attachments"].get_array(), found)
                );
            found.value = to_text(Json(*std::move(value)));
            bytes_of_last_ = found.value.size();
            out_.items.push_back(std::move(found));
        }
        // Whose run begins now, or has begun while the transaction had no room for others.
        if (is_wanted && settings_.after != AfterMail::kNothing && cursor_.todo.size() < MailCursor::kTodoMax)
            cursor_.todo.push_back(message.uid);
        if (!cursor_.is_finding) cursor_.since = std::max(cursor_.since, seconds_of(message.received));
        co_return Result<void>();
    }

    /// One that cannot be read would hold up all others for good: after some attempts its run begins with
    /// what is known of it.
    rt::Task<Result<JsonObject>> read_or_say(const Message& message) {
        if (due_.failures < kFailuresMax) co_return co_await read(message);
        JsonObject out = head(message);
        out["text"] = nullptr;
        out["html"] = nullptr;
        out["headers"] = JsonObject();
        out["is_truncated"] = true;
        co_return out;
    }

    JsonObject head(const Message& message) const {
        JsonObject out = message.envelope;
        out["uid"] = std::int64_t(message.uid);
        out["folder"] = settings_.folder;
        out["received_at"] = rfc3339(message.received);
        out["size"] = std::int64_t(message.size);
        return out;
    }

    /// All but its attachments.
    rt::Task<Result<JsonObject>> read(const Message& message) {
        JsonObject out = head(message);
        bool is_cut = false;
        CO_TRY(std::string header, co_await bytes_of(message.uid, "HEADER", kHeaderBytesMax, is_cut));
        const mail::Content content = mail::content_of(message.parts);
        CO_TRY(Json text, co_await text_of(message.uid, content.text, is_cut));
        CO_TRY(Json html, co_await text_of(message.uid, content.html, is_cut));
        auto split = [&header] { return mail::headers_of(header); };
        out["headers"] = co_await rt::offload(header.size(), split);
        out["text"] = std::move(text);
        out["html"] = std::move(html);
        out["is_truncated"] = is_cut;
        co_return out;
    }

    rt::Task<Result<Json>> text_of(std::uint32_t uid, const mail::Part* part, bool& is_cut) {
        if (part == nullptr) co_return Json(nullptr);
        CO_TRY(std::string coded, co_await bytes_of(uid, part->section, kTextBytesMax, is_cut));
        const std::size_t size = coded.size();
        auto decode = [&] {
            mail::Decoder decoder(part->encoding);
            std::string bytes = decoder.decode(coded);
            bytes += decoder.finish();
            return media::to_utf8(std::move(bytes), part->charset).utf8;
        };
        co_return Json(co_await rt::offload(size, decode));
    }

    rt::Task<Result<std::string>> bytes_of(
        std::uint32_t uid, std::string section, std::size_t most, bool& is_cut
    ) {
        std::string out;
        while (out.size() < most) {
            CO_TRY(
                std::string piece,
                co_await box_->piece(uid, section, static_cast<std::uint32_t>(out.size()), by_)
            );
            const bool is_last = piece.size() < MailClient::kPieceBytes;
            out += piece;
            if (is_last && out.size() <= most) co_return out;
        }
        is_cut = true;
        out.resize(most);
        co_return out;
    }

    static JsonArray named(const mail::Content& content) {
        JsonArray out;
        for (const mail::Part* part : content.attachments) {
            std::string name = part->name;
            if (name.empty()) {
                const bool is_message = part->type == "message/rfc822";
                name = fmt::format("part-{}{}", part->section, is_message ? ".eml" : "");
            }
            out.push_back(JsonObject{
                {"name", std::move(name)},
                {"type", part->type},
                {"size", std::int64_t(part->size)},
                {"content_id", part->content_id},
                {"is_inline", part->is_inline},
                {"file", nullptr},
                {"problem", nullptr},
            });
        }
        return out;
    }

    /// As many as may be had; of the others it is said why not.
    rt::Task<Result<void>> fetch_files(
        std::uint32_t uid, const mail::Content& content, JsonArray& shown, Found& found
    ) {
        std::int64_t room = settings_.attachments_bytes_max;
        for (std::size_t i = 0; i < content.attachments.size(); ++i) {
            const mail::Part& part = *content.attachments[i];
            JsonObject& about_it = shown[i].get_object();
            if (found.files.size() >= kAttachmentsMax) {
                about_it["problem"] =
                    fmt::format("Of a message, at most {} attachments are kept", kAttachmentsMax);
                continue;
            }
            if (std::int64_t(part.size) / 4 * 3 > room) {
                about_it["problem"] = "The attachments are larger than attachments_mb allows";
                continue;
            }
            store::files::What what{
                .name = std::string(text_or(about_it, "name")),
                .type = part.type,
                .origin = store::files::Origin::kMade
            };
            auto upload = co_await needs_.files->create(due_.tenant, std::move(what), std::nullopt, by_);
            Result<store::files::File> file = fail(Error::stale());
            if (upload) file = co_await fetch(uid, part, **upload, room);
            if (!upload) file = fail(std::move(upload).error());
            if (!file && file.error().code == Code::kLimit) {
                about_it["problem"] = file.error().user;
                continue;
            }
            if (!file) co_return fail(std::move(file).error());
            room -= file->size;
            about_it["size"] = file->size;
            about_it["file"] = file::to_json(file->handle());
            found.file_ids.push_back(file->id);
            found.files.push_back(*std::move(upload));
        }
        co_return Result<void>();
    }

    rt::Task<Result<store::files::File>> fetch(
        std::uint32_t uid, const mail::Part& part, store::files::Upload& upload, std::int64_t room
    ) {
        mail::Decoder decoder(part.encoding);
        std::uint32_t at = 0;
        for (bool is_last = false; !is_last;) {
            CO_TRY(const std::string piece, co_await box_->piece(uid, part.section, at, by_));
            at += static_cast<std::uint32_t>(piece.size());
            is_last = piece.size() < MailClient::kPieceBytes;
            std::string bytes = decoder.decode(piece);
            if (is_last) bytes += decoder.finish();
            if (upload.size() + static_cast<std::int64_t>(bytes.size()) > room)
                co_return fail(Error::limit("The attachments are larger than attachments_mb allows"));
            if (!bytes.empty()) CO_CHECK_OK(co_await upload.append(std::move(bytes), by_));
        }
        co_return co_await upload.finish(by_);
    }

    Needs& needs_;
    const rows::DuePoll& due_;
    rt::Deadline by_;
    trigger::Mailbox settings_;
    std::optional<Pinned> pinned_;
    std::optional<MailClient> box_;
    MailCursor cursor_;
    std::set<std::string> fresh_;  // digests that nobody has seen
    std::uint32_t window_end_ = 0;
    bool has_window_ = false;  // there may be more behind it
    bool window_is_done_ = false;
    std::size_t moved_ = 0;  // messages that are dealt with
    std::size_t bytes_of_last_ = 0;
    Harvest out_;
};

}  // namespace

rt::Task<Result<Harvest>> look_into_mailbox(Needs& needs, rows::DuePoll due, rt::Deadline by) {
    Look look(needs, due, std::move(by));
    co_return co_await look.run();
}

rt::Task<Result<std::optional<std::string>>> newest_mail(Needs& needs, rows::DuePoll due, rt::Deadline by) {
    Look look(needs, due, std::move(by));
    co_return co_await look.newest();
}

}  // namespace weft::poller
