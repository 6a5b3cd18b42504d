#include "core/mail/imap.h"
#include "core/mail/message.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// A stream of a mail server, in two pieces: what is a response is read, and every value of it as whatever it
/// may be. The same stream in one piece gives the same responses.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace weft;
    const std::string_view stream(reinterpret_cast<const char*>(data), size);
    mail::ResponseReader whole;
    mail::ResponseReader halves;
    const bool is_taken = whole.feed(stream).has_value();
    if (is_taken != (halves.feed(stream.substr(0, size / 2)) && halves.feed(stream.substr(size / 2))))
        std::abort();
    for (int i = 0; is_taken && i < 1'000; ++i) {
        auto one = whole.next();
        auto other = halves.next();
        if (one.has_value() != other.has_value() || (one && *one != *other)) std::abort();
        if (!one || !*one) break;
        const auto response = mail::parse_response(**one);
        if (!response) continue;
        for (const mail::Node& node : response->data) {
            const auto parts = mail::parts_of(node);
            if (parts.size() > mail::kPartsMax) std::abort();
            (void)mail::content_of(parts);
            (void)mail::envelope_of(node);
            (void)mail::headers_of(node.text);
            (void)mail::read_date(node.text);
        }
    }
    return 0;
}
