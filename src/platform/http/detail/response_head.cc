#include "platform/http/detail/response_head.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace weft::http::detail {

namespace {

bool is_ours(std::string_view header) {
    static constexpr std::array<std::string_view, 5> kOwn{
        "content-length", "transfer-encoding", "connection", "date", "x-request-id"
    };
    return std::ranges::any_of(kOwn, [&](std::string_view own) {
        return own.size() == header.size() &&
               std::equal(own.begin(), own.end(), header.begin(), [](char a, char b) {
                   return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
               });
    });
}

void append_number(std::string& out, std::size_t value) {
    std::array<char, 24> digits;
    auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out.append(digits.data(), end);
}

}  // namespace

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        default:
            return "Status";  // the phrase means nothing to a client
    }
}

bool has_valid_headers(const Response& response) {
    return std::ranges::all_of(response.headers, [](const Fields::Pair& pair) {
        return is_header_name(pair.first) && is_header_value(pair.second);
    });
}

bool may_have_body(int status) {
    return status >= 200 && status != 204 && status != 304;
}

std::string head_text(const Response& response, const HeadFacts& facts) {
    std::string head;
    head.reserve(384);
    head += "HTTP/1.1 ";
    append_number(head, static_cast<std::size_t>(std::clamp(response.status, 100, 999)));
    head += ' ';
    head += reason_phrase(response.status);
    head += "\r\ndate: ";
    head += facts.date;
    head += "\r\nx-request-id: ";
    // A handler may give the client's own back.
    const auto given = response.headers.find("x-request-id");
    head += given ? std::string(*given) : facts.id.text();
    if (facts.length && may_have_body(response.status)) {
        head += "\r\ncontent-length: ";
        append_number(head, *facts.length);
    } else if (!facts.length && !facts.is_http_1_0) {
        head += "\r\ntransfer-encoding: chunked";
    }
    if (facts.closes) {
        head += "\r\nconnection: close";
    } else if (facts.is_http_1_0) {
        head += "\r\nconnection: keep-alive";
    }
    for (const auto& [key, value] : response.headers) {
        if (is_ours(key)) continue;
        head += "\r\n";
        head += key;
        head += ": ";
        head += value;
    }
    head += "\r\n\r\n";
    return head;
}

}  // namespace weft::http::detail
