#pragma once

#include "base/time.h"
#include "core/mail/message.h"
#include "core/trigger/mailbox.h"
#include "data/broker/logins.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weft::poller {

/// One mailbox as we use it: what commands ask and answers say. After an error only dropping it is left,
/// but for kInvalid, a command that the server refused.
class MailClient {
  public:
    explicit MailClient(broker::OpenMailbox box) : box_(std::move(box)) {}

    /// Reads only, unless `may_change`.
    enum class Mode : std::uint8_t { kRead, kChange };
    rt::Task<Result<void>> open(std::string folder, Mode mode, rt::Deadline by);
    std::uint32_t validity() const { return validity_; }
    /// Above every message that there was when the folder was opened, if the server says so.
    std::optional<std::uint32_t> next_uid() const { return next_uid_; }

    /// Numbers of messages, in order.
    rt::Task<Result<std::vector<std::uint32_t>>> search(std::string criteria, rt::Deadline by);

    struct Message {
        std::uint32_t uid = 0;
        std::uint32_t size = 0;
        Instant received{};
        JsonObject envelope;
        std::vector<mail::Part> parts;
    };
    /// Those that are still there.
    rt::Task<Result<std::vector<Message>>> look(std::vector<std::uint32_t> uids, rt::Deadline by);

    static constexpr std::uint32_t kPieceBytes = 256u << 10;
    /// At most kPieceBytes of a part ("HEADER", "1.2"), as coded; empty behind its end. Marks nothing.
    rt::Task<Result<std::string>> piece(
        std::uint32_t uid, std::string section, std::uint32_t from, rt::Deadline by
    );

    rt::Task<Result<void>> act(
        trigger::AfterMail what, std::vector<std::uint32_t> uids, std::string move_to, rt::Deadline by
    );

  private:
    /// What came before the command's own answer.
    struct Answer {
        std::vector<mail::Response> untagged;
    };
    rt::Task<Result<Answer>> command(std::string text, rt::Deadline by);
    rt::Task<Result<mail::Response>> response(rt::Deadline by);
    rt::Task<Result<bool>> is_able(std::string word, rt::Deadline by);

    broker::OpenMailbox box_;
    mail::ResponseReader reader_;
    int commands_ = 0;
    std::uint32_t validity_ = 0;
    std::optional<std::uint32_t> next_uid_;
    std::optional<std::set<std::string>> abilities_;
};

}  // namespace weft::poller
