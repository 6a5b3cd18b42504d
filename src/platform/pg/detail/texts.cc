#include "platform/pg/detail/texts.h"

#include "base/bytes.h"

#include <cstdlib>
#include <optional>

namespace weft::pg::detail {

namespace {

class InstantReader {
  public:
    explicit InstantReader(std::string_view text) : text_(text) {}

    std::optional<Instant> read() {
        using namespace std::chrono;
        const year y{number('-')};
        const month m{static_cast<unsigned>(number('-'))};
        const day d{static_cast<unsigned>(number(' '))};
        auto at = time_point_cast<Micros>(sys_days{y / m / d});
        at += hours(number(':'));
        at += minutes(number(':'));
        at += seconds(number('\0'));
        if (peek() == '.') at += fraction();
        at -= offset();
        if (!is_good_) return std::nullopt;
        return at;
    }

  private:
    char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    int number(char until) {
        int value = 0;
        const auto [end, ec] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
        is_good_ = is_good_ && ec == std::errc{};
        at_ = static_cast<std::size_t>(end - text_.data());
        if (until == '\0') return value;
        is_good_ = is_good_ && peek() == until;
        if (at_ < text_.size()) ++at_;
        return value;
    }
    Micros fraction() {
        ++at_;
        int micros = 0;
        int digits = 0;
        for (; peek() >= '0' && peek() <= '9' && digits < 6; ++at_, ++digits) {
            micros = micros * 10 + (peek() - '0');
        }
        for (; digits < 6; ++digits) micros *= 10;
        return Micros(micros);
    }
    Micros offset() {
        const char sign = peek();
        is_good_ = is_good_ && (sign == '+' || sign == '-');
        if (at_ < text_.size()) ++at_;
        Micros total = std::chrono::hours(number('\0'));
        if (peek() == ':') {
            ++at_;
            total += std::chrono::minutes(number('\0'));
        }
        return sign == '-' ? -total : total;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool is_good_ = true;
};

}  // namespace

bool read_number(std::string_view text, double& to) {
    char* end = nullptr;
    to = std::strtod(text.data(), &end);
    return !text.empty() && end == text.data() + text.size();
}

bool read_instant(std::string_view text, Instant& to) {
    const auto at = InstantReader(text).read();
    if (at) to = *at;
    return at.has_value();
}

bool read_bytes(std::string_view text, std::string& to) {
    if (!text.starts_with("\\x")) return false;
    auto decoded = from_hex(text.substr(2));
    if (decoded) to = std::move(*decoded);
    return decoded.has_value();
}

}  // namespace weft::pg::detail
