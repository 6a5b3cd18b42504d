#include "platform/http/detail/request_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>

namespace weft::http::detail {

namespace bhttp = boost::beast::http;

namespace {

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

bool has_folded_line(std::string_view head) {
    for (auto at = head.find('\n'); at != head.npos; at = head.find('\n', at + 1)) {
        if (at + 1 < head.size() && (head[at + 1] == ' ' || head[at + 1] == '\t')) return true;
    }
    return false;
}

constexpr Refusal kHeadTooLarge{431, "headers_too_large", "The request's headers are too large"};
constexpr Refusal kBodyTooLarge{413, "body_too_large", "The request's body is larger than allowed here"};

Refusal refusal_of(BodyBudget::Verdict verdict) {
    if (verdict == BodyBudget::Verdict::kTotal)
        return {503, "unavailable", "Too many large requests are under way; try again", true};
    return {
        429, "quota-exceeded", "Too much data of yours is under way at once; send less in parallel", true
    };
}

}  // namespace

RequestParser::RequestParser(const ServerOptions& options) : options_(options) {
    header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
    body_limit(boost::none);  // ours is set per route, after the head
}

std::optional<std::uint64_t> RequestParser::body_length() const {
    auto length = basic_parser::content_length();
    return length ? std::optional<std::uint64_t>(*length) : std::nullopt;
}

std::size_t RequestParser::feed(std::string_view bytes) {
    std::size_t used = 0;
    bool was_in_head = !is_head_done_;
    state_ = State::kNeedMore;
    while (used < bytes.size() && state_ == State::kNeedMore) {
        Ec ec;
        auto left = bytes.substr(used);
        std::size_t taken = put(boost::asio::buffer(left.data(), left.size()), ec);
        used += taken;
        if (was_in_head) {
            head_bytes_ += taken;
            bool is_good = !ec || ec == bhttp::error::need_more;
            if (is_good && has_folded_line(left.substr(0, taken)))
                refuse(ec, {400, "malformed_request", "Folded header lines are not accepted"});
            if (is_good && head_bytes_ > options_.header_bytes_max) refuse(ec, kHeadTooLarge);
        }
        if (ec) {
            classify(ec, left.size() - taken);
            break;
        }
        if (is_done()) state_ = State::kDone;
        if (was_in_head && is_head_done_) {
            // Kept apart from kDone even without a body: the caller decides on the head first.
            state_ = State::kHead;
        }
        if (taken == 0) break;
    }
    return used;
}

void RequestParser::classify(const Ec& ec, std::size_t unread) {
    if (ec == bhttp::error::need_more) {
        // Chunk extensions and trailers have no other bound.
        if (is_head_done_ && unread > options_.header_bytes_max) {
            refusal_ = {400, "malformed_request", "A chunk header or trailer is too large"};
            state_ = State::kRefused;
        }
        return;
    }
    state_ = State::kRefused;
    if (!refusal_.detail.empty()) return;
    if (ec == bhttp::error::header_limit) {
        refusal_ = kHeadTooLarge;
    } else if (ec == bhttp::error::bad_content_length || ec == bhttp::error::bad_transfer_encoding ||
               ec == bhttp::error::multiple_content_length) {
        refusal_ = {400, "malformed_request", "The headers contradict each other about the body's length"};
    } else {
        refusal_ = {400, "malformed_request", "This is not a valid HTTP/1.1 request"};
    }
}

void RequestParser::refuse(Ec& ec, Refusal refusal) {
    refusal_ = refusal;
    ec = bhttp::error::bad_value;
}

void RequestParser::on_request_impl(bhttp::verb, View method, View target, int version, Ec& ec) {
    version_ = version;
    if (target.size() > options_.target_bytes_max) {
        return refuse(ec, {414, "target_too_long", "The request's URL is too long"});
    }
    request_.raw_target = std::string(view(target));
    auto known = http::parse_method(view(method));
    is_method_known_ = known.has_value();
    request_.method = known.value_or(Method::kGet);
}

void RequestParser::on_field_impl(bhttp::field field, View name, View value, Ec& ec) {
    if (is_head_done_) return;  // a trailer: no handler may mistake it for a header
    if (request_.headers.size() == options_.headers_max) return refuse(ec, kHeadTooLarge);
    // Beast lets other codings pass as "no body", which a proxy in front may read differently.
    if (field == bhttp::field::transfer_encoding && !boost::beast::iequals(value, "chunked"))
        return refuse(ec, {501, "not_implemented", "Only the chunked transfer coding is understood"});
    request_.headers.add(std::string(view(name)), std::string(view(value)));
}

void RequestParser::on_header_impl(Ec& ec) {
    is_head_done_ = true;
    has_body_ = chunked() || body_length().value_or(0) > 0;
    check_head(ec);
}

void RequestParser::check_head(Ec& ec) {
    const Fields& headers = request_.headers;
    std::size_t hosts = headers.count("host");
    if (hosts > 1 || (hosts == 0 && version_ >= 11))
        return refuse(ec, {400, "malformed_request", "Exactly one host header is needed"});
    // Beast takes equal lengths twice; a proxy in front may count otherwise.
    if (headers.count("content-length") > 1 || headers.get("content-length").contains(','))
        return refuse(ec, {400, "malformed_request", "More than one content-length"});
    if (chunked() && version_ < 11)
        return refuse(ec, {400, "malformed_request", "HTTP/1.0 has no transfer codings"});
    if (!is_method_known_) return refuse(ec, {405, "method_not_allowed", "This method is not supported"});
    if (auto expect = headers.find("expect")) {
        if (!boost::beast::iequals({expect->data(), expect->size()}, "100-continue"))
            return refuse(ec, {417, "expectation_failed", "Only 100-continue can be expected"});
        wants_continue_ = has_body_;
    }
    auto target = Target::parse(request_.raw_target);
    if (!target) return refuse(ec, {400, "malformed_request", "The request's URL is malformed"});
    request_.target = std::move(*target);
}

void RequestParser::refuse_body(BodyBudget::Verdict verdict) {
    refusal_ = refusal_of(verdict);
    state_ = State::kRefused;
}

/// Nothing is reserved: a stated length costs the sender nothing.
void RequestParser::on_body_init_impl(const boost::optional<std::uint64_t>&, Ec& ec) {
    ec = {};
}

std::size_t RequestParser::on_body_impl(View body, Ec& ec) {
    if (body_bytes_ + body.size() > body_bytes_max_) {
        refuse(ec, kBodyTooLarge);
        return 0;
    }
    if (is_streaming_) {
        body_bytes_ += body.size();
        piece_.append(body.data(), body.size());
        ec = {};
        return body.size();
    }
    const auto verdict = lease_->take(body.size());
    if (verdict != BodyBudget::Verdict::kFine) {
        refuse(ec, refusal_of(verdict));
        return 0;
    }
    ec = {};
    body_bytes_ += body.size();
    request_.body.append(body.data(), body.size());
    return body.size();
}

std::size_t RequestParser::on_chunk_body_impl(std::uint64_t, View body, Ec& ec) {
    return on_body_impl(body, ec);
}

}  // namespace weft::http::detail
