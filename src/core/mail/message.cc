#include "core/mail/message.h"

#include "base/bytes.h"
#include "base/percent.h"
#include "core/file/file.h"
#include "core/media/media.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <map>

namespace weft::mail {

namespace {

constexpr std::size_t kTextBytesMax = 4'000;  // of a name or a subject
constexpr std::size_t kHeaderBytesMax = 16'000;
constexpr int kContinuationsMax = 20;  // RFC 2231's pieces of one name

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string cut(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    text.resize(most);
    return text;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kBlank = " \t\r\n";
    const std::size_t from = text.find_first_not_of(kBlank);
    if (from == std::string_view::npos) return {};
    return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

// ---------------------------------------------------------------- structure

using Params = std::map<std::string, std::string>;

/// ("charset" "utf-8" "name" "x.pdf")
Params params_of(const Node* list) {
    Params out;
    if (list == nullptr || !list->is_list()) return out;
    for (std::size_t i = 0; i + 1 < list->list.size() && out.size() < 100; i += 2)
        out.emplace(lower(list->list[i].str()), list->list[i + 1].str());
    return out;
}

/// "utf-8'en'na%C3%AFve" -> its charset and its bytes.
std::string from_extended(std::string_view text, std::string& charset) {
    const std::size_t first = text.find('\'');
    const std::size_t second = first == std::string_view::npos ? first : text.find('\'', first + 1);
    if (second != std::string_view::npos) {
        charset = text.substr(0, first);
        text.remove_prefix(second + 1);
    }
    return percent_decode(std::string(text));
}

/// A parameter however it was written: plain, with encoded words, or by RFC 2231, whole or in pieces.
std::string param(const Params& params, const std::string& name) {
    if (const auto plain = params.find(name); plain != params.end()) return decoded_words(plain->second);
    std::string charset;
    if (const auto one = params.find(name + "*"); one != params.end()) {
        std::string bytes = from_extended(one->second, charset);
        return media::to_utf8(std::move(bytes), charset).utf8;
    }
    std::string bytes;
    for (int i = 0; i < kContinuationsMax; ++i) {
        const std::string key = fmt::format("{}*{}", name, i);
        if (const auto piece = params.find(key); piece != params.end()) {
            bytes += piece->second;
        } else if (const auto coded = params.find(key + "*"); coded != params.end()) {
            bytes += i == 0 ? from_extended(coded->second, charset) : percent_decode(coded->second);
        } else {
            break;
        }
    }
    return media::to_utf8(std::move(bytes), charset).utf8;
}

/// Where the extension data of a leaf begin: MD5, then the disposition.
std::size_t extension_of(std::string_view type) {
    if (type == "message/rfc822" || type == "message/global") return 10;
    return type.starts_with("text/") ? 8 : 7;
}

Part leaf_of(const Node& node, std::string section) {
    const auto text = [&](std::size_t at) {
        const Node* found = node.at(at);
        return found == nullptr ? std::string_view() : found->str();
    };
    Part out{
        .section = std::move(section), .type = {}, .charset = {}, .encoding = {}, .name = {}, .content_id = {}
    };
    out.type = file::clean_type(fmt::format("{}/{}", lower(text(0)), lower(text(1))));
    const Params params = params_of(node.at(2));
    if (const auto found = params.find("charset"); found != params.end()) out.charset = found->second;
    out.content_id = trimmed(text(3));
    if (out.content_id.starts_with('<') && out.content_id.ends_with('>'))
        out.content_id = out.content_id.substr(1, out.content_id.size() - 2);
    out.content_id = cut(media::header_text(std::move(out.content_id)), kTextBytesMax);
    out.encoding = lower(trimmed(text(5)));
    if (const Node* size = node.at(6)) out.size = size->number().value_or(0);
    const Node* disposition = node.at(extension_of(out.type) + 1);
    Params of_it;
    if (disposition != nullptr && disposition->is_list() && !disposition->list.empty()) {
        const std::string what = lower(disposition->list[0].str());
        out.is_attachment = what == "attachment";
        out.is_inline = what == "inline";
        of_it = params_of(disposition->at(1));
    }
    out.name = param(of_it, "filename");
    if (out.name.empty()) out.name = param(params, "name");
    if (!out.name.empty()) out.name = file::clean_name(out.name);
    return out;
}

void collect(const Node& node, const std::string& section, std::vector<Part>& out) {
    const bool is_tree = node.is_list() && !node.list.empty() && node.list.front().is_list();
    if (!is_tree) {
        if (node.is_list() && out.size() < kPartsMax)
            out.push_back(leaf_of(node, section.empty() ? "1" : section));
        return;
    }
    for (std::size_t i = 0; i < node.list.size() && node.list[i].is_list(); ++i) {
        if (out.size() >= kPartsMax) return;
        collect(node.list[i], fmt::format("{}{}{}", section, section.empty() ? "" : ".", i + 1), out);
    }
}

// ---------------------------------------------------------------- header texts

struct Word {
    std::string charset;
    std::string bytes;
};

std::string q_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '=' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i] == '_' ? ' ' : text[i];
        }
    }
    return out;
}

/// "=?utf-8?Q?=C3=A9?=" at the beginning of `text`, which is taken off it.
std::optional<Word> take_encoded(std::string_view& text) {
    if (!text.starts_with("=?")) return std::nullopt;
    const std::size_t charset = text.find('?', 2);
    if (charset == std::string_view::npos || charset + 2 >= text.size() || text[charset + 2] != '?')
        return std::nullopt;
    const std::size_t end = text.find("?=", charset + 3);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view coded = text.substr(charset + 3, end - charset - 3);
    if (coded.find_first_of(" \t\r\n") != std::string_view::npos) return std::nullopt;
    const char how = text[charset + 1];
    Word out;
    std::string_view label = text.substr(2, charset - 2);
    out.charset = lower(label.substr(0, label.find('*')));  // RFC 2231: a language behind it
    if (how == 'Q' || how == 'q') {
        out.bytes = q_decoded(coded);
    } else if (how == 'B' || how == 'b') {
        Decoder decoder("base64");
        out.bytes = decoder.decode(coded) + decoder.finish();
    } else {
        return std::nullopt;
    }
    text.remove_prefix(end + 2);
    return out;
}

/// Names without line ends and other controls, which logs and pages would show.
std::string one_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7F') c = ' ';
    return text;
}

std::string shown(std::string_view text) {
    return cut(one_line(decoded_words(text)), kTextBytesMax);
}

Json addresses_of(const Node* list) {
    JsonArray out;
    if (list == nullptr || !list->is_list()) return out;
    for (const Node& one : list->list) {
        if (out.size() >= kAddressesMax) break;
        const Node* name = one.at(0);
        const Node* local = one.at(2);
        const Node* host = one.at(3);
        if (host == nullptr || host->kind == Node::Kind::kNil || local == nullptr)
            continue;  // a group's ends
        const std::string address = fmt::format("{}@{}", local->str(), host->str());
        out.push_back(JsonObject{
            {"name", name == nullptr ? std::string() : shown(name->str())},
            {"address", cut(one_line(media::header_text(address)), kTextBytesMax)},
        });
    }
    return out;
}

// ---------------------------------------------------------------- dates

constexpr std::array<std::string_view, 12> kMonths = {
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"
};

std::optional<int> digits(std::string_view text) {
    int out = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || out < 0) return std::nullopt;
    return out;
}

/// "+0200"; names are Zulu, but for those that RFC 5322 still gives a meaning.
int zone_minutes(std::string_view zone) {
    constexpr std::array<std::pair<std::string_view, int>, 8> kNames{{
        {"est", -300},
        {"edt", -240},
        {"cst", -360},
        {"cdt", -300},
        {"mst", -420},
        {"mdt", -360},
        {"pst", -480},
        {"pdt", -420},
    }};
    if (zone.size() == 5 && (zone[0] == '+' || zone[0] == '-')) {
        const auto hours = digits(zone.substr(1, 2));
        const auto minutes = digits(zone.substr(3, 2));
        if (hours && minutes && *hours < 24 && *minutes < 60)
            return (zone[0] == '-' ? -1 : 1) * (*hours * 60 + *minutes);
    }
    for (const auto& [name, value] : kNames)
        if (lower(zone) == name) return value;
    return 0;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> out;
    while (out.size() < 8) {
        const std::size_t from = text.find_first_not_of(" \t\r\n-,");
        if (from == std::string_view::npos) break;
        text.remove_prefix(from);
        // A minus begins a zone as well as it parts a date.
        const std::size_t end =
            std::min(text.find_first_of(out.size() < 3 ? " \t\r\n-," : " \t\r\n("), text.size());
        out.push_back(text.substr(0, end));
        text.remove_prefix(end);
        if (out.size() >= 4) {
            const std::string_view zone = trimmed(text);
            if (!zone.empty()) out.push_back(zone.substr(0, zone.find_first_of(" \t(")));
            break;
        }
    }
    return out;
}

}  // namespace

std::vector<Part> parts_of(const Node& structure) {
    std::vector<Part> out;
    collect(structure, "", out);
    return out;
}

Content content_of(const std::vector<Part>& parts) {
    Content out;
    for (const Part& part : parts) {
        const bool may_be_text = !part.is_attachment && part.name.empty();
        if (may_be_text && part.type == "text/plain" && out.text == nullptr) {
            out.text = &part;
        } else if (may_be_text && part.type == "text/html" && out.html == nullptr) {
            out.html = &part;
        } else {
            out.attachments.push_back(&part);
        }
    }
    return out;
}

JsonObject envelope_of(const Node& envelope) {
    const auto text = [&](std::size_t at) {
        const Node* found = envelope.at(at);
        return found == nullptr ? std::string() : shown(found->str());
    };
    const auto at = read_date(text(0));
    Json from = addresses_of(envelope.at(2));
    return JsonObject{
        {"message_id", text(9)},
        {"subject", text(1)},
        {"from", from.get_array().empty() ? Json(nullptr) : from.get_array().front()},
        {"to", addresses_of(envelope.at(5))},
        {"cc", addresses_of(envelope.at(6))},
        {"reply_to", addresses_of(envelope.at(4))},
        {"date", at ? Json(rfc3339(*at)) : Json(nullptr)},
        {"in_reply_to", text(8)},
    };
}

JsonObject headers_of(std::string_view bytes) {
    JsonObject out;
    std::size_t count = 0;
    while (!bytes.empty() && count < kHeadersMax) {
        // A line that begins with a blank goes on with the one before.
        std::size_t end = bytes.find('\n');
        while (end != std::string_view::npos && end + 1 < bytes.size() &&
               (bytes[end + 1] == ' ' || bytes[end + 1] == '\t'))
            end = bytes.find('\n', end + 1);
        const std::string_view line = bytes.substr(0, end);
        bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) continue;
        const std::string name = lower(media::header_text(std::string(trimmed(line.substr(0, colon)))));
        std::string value(trimmed(line.substr(colon + 1)));
        std::erase_if(value, [](char c) { return c == '\r' || c == '\n'; });
        value = cut(one_line(decoded_words(value)), kHeaderBytesMax);
        ++count;
        if (Json* before = out.if_contains(name)) {
            before->get_string() += "\n";
            before->get_string() += value;
        } else {
            out[name] = std::move(value);
        }
    }
    return out;
}

std::string decoded_words(std::string_view text) {
    std::string out;
    std::optional<Word> held;  // words of one charset are one text: a character may be cut between them
    const auto flush = [&] {
        if (held) out += media::to_utf8(std::move(held->bytes), held->charset).utf8;
        held.reset();
    };
    std::string plain;
    while (!text.empty()) {
        if (auto word = take_encoded(text)) {
            // Blanks between two encoded words are no part of the text.
            const bool is_behind = held && trimmed(plain).empty();
            if (!is_behind) flush();
            if (!is_behind) out += media::header_text(plain);
            plain.clear();
            if (held && held->charset == word->charset) {
                held->bytes += word->bytes;
            } else {
                flush();
                held = std::move(word);
            }
            continue;
        }
        plain += text.front();
        text.remove_prefix(1);
    }
    flush();
    return out + media::header_text(std::move(plain));
}

std::optional<Instant> read_date(std::string_view text) {
    auto words = words_of(text);
    if (!words.empty() && !digits(words.front())) {
        // A day's name; the words behind it are parted as if it were not there.
        const auto from = text.find(words.front()) + words.front().size();
        words = words_of(text.substr(from));
    }
    if (words.size() < 4) return std::nullopt;
    const auto day = digits(words[0]);
    const auto month = std::ranges::find(kMonths, lower(words[1].substr(0, 3)));
    auto year = digits(words[2]);
    const std::string_view time = words[3];
    const auto hour = digits(time.substr(0, 2));
    const auto minute = time.size() >= 5 && time[2] == ':' ? digits(time.substr(3, 2)) : std::nullopt;
    const auto second = time.size() >= 8 && time[5] == ':' ? digits(time.substr(6, 2)) : 0;
    if (!day || month == kMonths.end() || !year || !hour || !minute || !second) return std::nullopt;
    if (*year < 50) *year += 2000;
    if (*year < 1000) *year += 1900;
    if (*year > 9999 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    using namespace std::chrono;
    const auto date = std::chrono::year(*year) /
                      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1) /
                      std::chrono::day(static_cast<unsigned>(*day));
    if (!date.ok()) return std::nullopt;
    const auto at = sys_days(date) + hours(*hour) + minutes(*minute) + seconds(std::min(*second, 59)) -
                    minutes(words.size() > 4 ? zone_minutes(words[4]) : 0);
    return time_point_cast<Instant::duration>(at);
}

std::string search_date(Instant at) {
    const std::chrono::year_month_day date(std::chrono::floor<std::chrono::days>(at));
    const std::string_view month = kMonths.at(static_cast<unsigned>(date.month()) - 1);
    return fmt::format(
        "{}-{}{}-{:04}",
        static_cast<unsigned>(date.day()),
        static_cast<char>(month[0] - 'a' + 'A'),
        month.substr(1),
        static_cast<int>(date.year())
    );
}

Decoder::Decoder(std::string_view encoding) {
    if (encoding == "base64") kind_ = Kind::kBase64;
    if (encoding == "quoted-printable") kind_ = Kind::kQuotedPrintable;
}

std::string Decoder::base64_of(std::string_view piece) {
    static constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (const char c : piece) {
        if (c == '=') is_over_ = true;
        if (is_over_) break;
        if (kAlphabet.find(c) == std::string_view::npos) continue;  // line ends, and what mailers left
        held_ += c;
        if (held_.size() < 4) continue;
        out += from_base64(held_).value_or("");
        held_.clear();
    }
    return out;
}

std::string Decoder::printable_of(std::string_view piece, bool is_last) {
    std::string text = std::move(held_) + std::string(piece);
    held_.clear();
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '=') {
            out += text[i];
            continue;
        }
        if (i + 2 >= text.size() && !is_last) {
            held_ = text.substr(i);
            break;
        }
        if (text.compare(i, 3, "=\r\n") == 0) {
            i += 2;
        } else if (text.compare(i, 2, "=\n") == 0) {
            i += 1;
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
            if (low >= 0) {
                out += static_cast<char>(high * 16 + low);
                i += 2;
            } else {
                out += '=';
            }
        }
    }
    return out;
}

std::string Decoder::decode(std::string_view piece) {
    if (kind_ == Kind::kBase64) return base64_of(piece);
    if (kind_ == Kind::kQuotedPrintable) return printable_of(piece, false);
    return std::string(piece);
}

std::string Decoder::finish() {
    if (kind_ == Kind::kQuotedPrintable) return printable_of("", true);
    if (kind_ != Kind::kBase64 || held_.size() < 2) return {};
    std::string last = std::move(held_);
    held_.clear();
    // Whatever stands in the bits that are left over.
    const std::size_t bytes = last.size() - 1;
    last += std::string(4 - last.size(), 'A');
    return from_base64(last).value_or("").substr(0, bytes);
}

}  // namespace weft::mail
