#include "data/poller/detail/mail_client.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace weft::poller {

namespace {

using mail::Node;
using Reply = mail::Response;

constexpr std::size_t kResponsesMax = 20'000;       // of one command
constexpr std::size_t kAnswerBytesMax = 16u << 20;  // likewise
constexpr std::size_t kShownBytesMax = 300;         // of what a server says

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return out;
}

/// Printable ASCII of it: servers quote what they were sent.
std::string shown(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, kShownBytesMax)) out += c < ' ' || c > '~' ? '?' : c;
    return out;
}

/// Of "12 FETCH (UID 5 ...)": the list, as pairs.
const Node* fetched(const Reply& response) {
    const auto& data = response.data;
    const bool is_fetch = response.kind == Reply::Kind::kData && data.size() >= 3 &&
                          upper(data[1].str()) == "FETCH" && data[2].is_list();
    return is_fetch ? &data[2] : nullptr;
}

const Node* item(const Node& list, std::string_view name) {
    for (std::size_t i = 0; i + 1 < list.list.size(); i += 2)
        if (upper(list.list[i].str()) == name) return &list.list[i + 1];
    return nullptr;
}

std::optional<std::uint32_t> number(const Node& list, std::string_view name) {
    const Node* found = item(list, name);
    return found == nullptr ? std::nullopt : found->number();
}

/// "1:3,7" of numbers in order.
std::string set_of(const std::vector<std::uint32_t>& uids) {
    std::string out;
    for (std::size_t i = 0; i < uids.size();) {
        std::size_t end = i;
        while (end + 1 < uids.size() && uids[end + 1] == uids[end] + 1) ++end;
        if (!out.empty()) out += ',';
        out += end == i ? std::to_string(uids[i]) : fmt::format("{}:{}", uids[i], uids[end]);
        i = end + 1;
    }
    return out;
}

}  // namespace

rt::Task<Result<mail::Response>> MailClient::response(rt::Deadline by) {
    for (;;) {
        CO_TRY(auto whole, reader_.next());
        if (whole) co_return mail::parse_response(*whole);
        CO_TRY(const std::string bytes, co_await box_.stream->receive(by));
        CO_CHECK_OK(reader_.feed(bytes));
    }
}

rt::Task<Result<MailClient::Answer>> MailClient::command(std::string text, rt::Deadline by) {
    const std::string tag = fmt::format("w{}", ++commands_);
    CO_CHECK_OK(co_await box_.stream->send(fmt::format("{} {}\r\n", tag, text), by));
    Answer out;
    std::size_t bytes = 0;
    while (out.untagged.size() < kResponsesMax && bytes < kAnswerBytesMax) {
        CO_TRY(Reply one, co_await response(by));
        if (one.kind == Reply::Kind::kBye)
            co_return fail(Error::unavailable("The mail server closed the connection"));
        if (one.tag != tag) {
            bytes += one.text.size();
            for (const Node& node : one.data) bytes += node.text.size() + node.list.size();
            out.untagged.push_back(std::move(one));
            continue;
        }
        if (one.kind == Reply::Kind::kOk) co_return out;
        co_return fail(Error::invalid(
            fmt::format("The mail server refused: {}", shown(box_.redactor->redact(std::move(one.text))))
        ));
    }
    co_return fail(Error::limit("The mail server's answer is too long"));
}

rt::Task<Result<void>> MailClient::open(std::string folder, Mode mode, rt::Deadline by) {
    CO_TRY(const std::string name, mail::mailbox_name(folder, "config.folder"));
    const std::string_view verb = mode == Mode::kChange ? "SELECT" : "EXAMINE";
    CO_TRY(const Answer answer, co_await command(fmt::format("{} {}", verb, name), by));
    for (const Reply& one : answer.untagged) {
        if (one.kind != Reply::Kind::kOk) continue;
        if (const auto found = mail::code_number(one.text, "UIDVALIDITY")) validity_ = *found;
        if (const auto found = mail::code_number(one.text, "UIDNEXT")) next_uid_ = *found;
    }
    if (validity_ == 0)
        co_return fail(Error::invalid("The mail server numbers the messages of this folder not for good"));
    co_return Result<void>();
}

rt::Task<Result<std::vector<std::uint32_t>>> MailClient::search(std::string criteria, rt::Deadline by) {
    CO_TRY(const Answer answer, co_await command("UID SEARCH " + criteria, by));
    std::vector<std::uint32_t> out;
    for (const Reply& one : answer.untagged) {
        if (one.kind != Reply::Kind::kData || one.data.empty() || upper(one.data[0].str()) != "SEARCH")
            continue;
        for (const Node& node : one.data)
            if (const auto uid = node.number()) out.push_back(*uid);
    }
    std::ranges::sort(out);
    const auto [first, last] = std::ranges::unique(out);
    out.erase(first, last);
    co_return out;
}

rt::Task<Result<std::vector<MailClient::Message>>> MailClient::look(
    std::vector<std::uint32_t> uids, rt::Deadline by
) {
    std::vector<Message> out;
    if (uids.empty()) co_return out;
    CO_TRY(
        const Answer answer,
        co_await command(
            fmt::format("UID FETCH {} (UID INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)", set_of(uids)),
            by
        )
    );
    for (const Reply& one : answer.untagged) {
        const Node* list = fetched(one);
        const auto uid = list == nullptr ? std::nullopt : number(*list, "UID");
        if (!uid || !std::ranges::binary_search(uids, *uid)) continue;
        const Node* envelope = item(*list, "ENVELOPE");
        const Node* structure = item(*list, "BODYSTRUCTURE");
        const Node* date = item(*list, "INTERNALDATE");
        if (envelope == nullptr || structure == nullptr || date == nullptr) continue;  // of flags alone
        out.push_back(Message{
            .uid = *uid,
            .size = number(*list, "RFC822.SIZE").value_or(0),
            .received = mail::read_date(date->str()).value_or(Instant{}),
            .envelope = mail::envelope_of(*envelope),
            .parts = mail::parts_of(*structure),
        });
    }
    std::ranges::sort(out, {}, &Message::uid);
    const auto [first, last] = std::ranges::unique(out, {}, &Message::uid);
    out.erase(first, last);
    co_return out;
}

rt::Task<Result<std::string>> MailClient::piece(
    std::uint32_t uid, std::string section, std::uint32_t from, rt::Deadline by
) {
    CO_TRY(
        Answer answer,
        co_await command(
            fmt::format("UID FETCH {} (UID BODY.PEEK[{}]<{}.{}>)", uid, section, from, kPieceBytes), by
        )
    );
    const std::string name = fmt::format("BODY[{}]<{}>", section, from);
    for (Reply& one : answer.untagged) {
        const Node* list = fetched(one);
        if (list == nullptr || number(*list, "UID") != uid) continue;
        const Node* found = item(*list, name);
        if (found == nullptr) continue;
        if (found->text.size() > kPieceBytes)
            co_return fail(Error::limit("The mail server sent more than it was asked for"));
        co_return found->text;
    }
    co_return std::string();
}

rt::Task<Result<bool>> MailClient::is_able(std::string word, rt::Deadline by) {
    if (!abilities_) {
        CO_TRY(const Answer answer, co_await command("CAPABILITY", by));
        abilities_.emplace();
        for (const Reply& one : answer.untagged) {
            if (one.data.empty() || upper(one.data[0].str()) != "CAPABILITY") continue;
            for (const Node& node : one.data) abilities_->insert(upper(node.str()));
        }
    }
    co_return abilities_->contains(word);
}

rt::Task<Result<void>> MailClient::act(
    trigger::AfterMail what, std::vector<std::uint32_t> uids, std::string move_to, rt::Deadline by
) {
    if (uids.empty() || what == trigger::AfterMail::kNothing) co_return Result<void>();
    const std::string set = set_of(uids);
    switch (what) {
        case trigger::AfterMail::kNothing:
            break;
        case trigger::AfterMail::kSeen:
            CO_CHECK_OK(co_await command(fmt::format("UID STORE {} +FLAGS.SILENT (\\Seen)", set), by));
            break;
        case trigger::AfterMail::kMove: {
            // A copy and a deletion would be two steps, and a copy more for each time they are cut.
            CO_TRY(const bool can_move, co_await is_able("MOVE", by));
            if (!can_move) co_return fail(Error::invalid("The mail server cannot move messages (RFC 6851)"));
            CO_TRY(const std::string to, mail::mailbox_name(move_to, "config.move_to"));
            CO_CHECK_OK(co_await command(fmt::format("UID MOVE {} {}", set, to), by));
            break;
        }
        case trigger::AfterMail::kDelete: {
            CO_CHECK_OK(co_await command(fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", set), by));
            // Without it, EXPUNGE would also take what others have marked.
            CO_TRY(const bool can_expunge, co_await is_able("UIDPLUS", by));
            if (can_expunge) CO_CHECK_OK(co_await command(fmt::format("UID EXPUNGE {}", set), by));
            break;
        }
    }
    co_return Result<void>();
}

}  // namespace weft::poller
