#include "core/trigger/poll.h"

#include "core/calendar/calendar.h"
#include "core/trigger/detail/settings.h"

#include <sodium.h>

#include <set>

namespace weft::trigger {

namespace {

constexpr std::size_t kUsesBytesMax = 200;
constexpr std::size_t kConnectionBytesMax = 100;
constexpr std::size_t kWithBytesMax = 64u << 10;
constexpr Millis kBackoffMax{3'600'000};

std::string digest(std::string_view text) {
    std::string out(crypto_hash_sha256_BYTES, '\0');
    crypto_hash_sha256(
        reinterpret_cast<unsigned char*>(out.data()),
        reinterpret_cast<const unsigned char*>(text.data()),
        text.size()
    );
    return out;
}

Result<Path> path_of(const detail::Settings& settings, std::string_view key) {
    TRY(const std::string text, settings.text(key, Path::kBytesMax));
    return Path::parse(text, settings.place(key));
}

Result<void> read_cursor(const detail::Settings& all, Poll& out) {
    const Json* given = all.find("cursor");
    if (given == nullptr) return {};
    TRY(const auto cursor, detail::Settings::of(*given, all.place("cursor"), {"of", "path"}));
    TRY(out.cursor_of, cursor.word("of", kCursorsOf, CursorOf::kItems));
    TRY(out.cursor, path_of(cursor, "path"));
    if (out.cursor_of != CursorOf::kNone && out.cursor.empty())
        return fail(Error::invalid("Say where the cursor is, such as updated_at", cursor.place("path")));
    return {};
}

/// The id as text, so that 7 and "7" are two.
Result<std::string> id_of(const Poll& poll, const Json& item, std::size_t index) {
    if (poll.id.empty()) return to_text(item);
    const Json* found = poll.id.find(item);
    if (found == nullptr || !(found->is_string() || found->is_number()))
        return fail(Error::invalid(fmt::format(
            "Item {} has no text or number at \"{}\"; id says what tells items apart",
            index + 1,
            poll.id.text()
        )));
    std::string out = to_text(*found);
    if (out.size() > kPollIdBytesMax)
        return fail(Error::invalid(
            fmt::format("The id of item {} has more than {} bytes", index + 1, kPollIdBytesMax)
        ));
    return out;
}

/// Of texts that are both times the later one; otherwise as texts, or as numbers.
Result<bool> is_greater(const Json& a, const Json& b) {
    if (a.is_number() && b.is_number()) return a.get_number() > b.get_number();
    if (!a.is_string() || !b.is_string())
        return fail(Error::invalid("The cursor is a number in one item and a text in another"));
    const auto moment = [](const Json& value) -> std::optional<calendar::Moment> {
        const auto written = calendar::read(value.get_string());
        if (!written) return std::nullopt;
        const auto at = calendar::moment_of(*written, calendar::Zone());
        return at ? std::optional(*at) : std::nullopt;
    };
    const auto first = moment(a);
    const auto second = moment(b);
    if (first && second) return *first > *second;
    return a.get_string() > b.get_string();
}

Result<std::optional<Json>> cursor_of(const Poll& poll, const Json& answer, const Json& before) {
    std::optional<Json> out;
    if (poll.cursor_of == CursorOf::kNone) return out;
    if (poll.cursor_of == CursorOf::kAnswer) {
        if (const Json* found = poll.cursor.find(answer); found != nullptr && !found->is_null()) out = *found;
    } else {
        const Json* greatest = before.is_null() ? nullptr : &before;
        for (const Json& item : poll.items.find(answer)->get_array()) {
            const Json* found = poll.cursor.find(item);
            if (found == nullptr || found->is_null()) continue;
            if (!found->is_string() && !found->is_number())
                return fail(Error::invalid("The cursor of an item is a text or a number"));
            if (greatest != nullptr) {
                TRY(const bool is_later, is_greater(*found, *greatest));
                if (!is_later) continue;
            }
            greatest = found;
        }
        if (greatest != nullptr && greatest != &before) out = *greatest;
    }
    if (out && to_text(*out).size() > kPollCursorBytesMax)
        return fail(Error::limit(fmt::format("The cursor has more than {} bytes", kPollCursorBytesMax)));
    return out;
}

}  // namespace

Result<Poll> parse_poll(const Json& config, std::string_view field) {
    TRY(const auto all,
        detail::Settings::of(
            config,
            std::string(field),
            {"uses", "connection", "with", "items", "id", "cursor", "every", "start", "batch", "filter"}
        ));
    Poll out;
    TRY(const std::string uses, all.text("uses", kUsesBytesMax));
    if (!uses.empty()) out.uses = uses;
    if (out.uses.starts_with("core/") && out.uses != "core/http")
        return fail(Error::invalid("This is core/http or an action of an app", all.place("uses")));
    TRY(out.connection, all.text("connection", kConnectionBytesMax));
    const Json* with = all.find("with");
    if (with == nullptr || to_text(*with).size() > kWithBytesMax)
        return fail(Error::invalid("Say what is asked for, in at most 64 KiB", all.place("with")));
    out.with = *with;
    TRY(out.items, path_of(all, "items"));
    TRY(out.id, path_of(all, "id"));
    CHECK_OK(read_cursor(all, out));
    TRY(out.every, all.duration("every", kPollEveryMin, kPollEveryMax, out.every));
    TRY(out.start, all.word("start", kPollStarts, PollStart::kNow));
    TRY(out.is_batch, all.flag("batch", false));
    if (const Json* filter = all.find("filter")) {
        TRY(out.filter, Filter::parse(*filter, all.place("filter")));
    }
    return out;
}

Json to_json(const Poll& poll) {
    JsonObject out{{"uses", poll.uses}, {"with", poll.with}};
    if (!poll.connection.empty()) out["connection"] = poll.connection;
    out["items"] = poll.items.text();
    out["id"] = poll.id.text();
    if (poll.cursor_of != CursorOf::kNone) {
        const std::string_view of = word_of(kCursorsOf, poll.cursor_of);
        out["cursor"] = JsonObject{{"of", of}, {"path", poll.cursor.text()}};
    }
    out["every"] = runstate::duration_text(poll.every);
    out["start"] = word_of(kPollStarts, poll.start);
    out["batch"] = poll.is_batch;
    if (poll.filter) out["filter"] = poll.filter->json();
    return out;
}

namespace {

/// Conditional headers, from what the last answer said; its own win.
Json feed_request(const Json& url, const Json* headers) {
    JsonObject out{{"url", url}};
    JsonObject all{
        {"Accept",
         "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.8, */*;q=0.1"},
        {"If-None-Match", "{{ input.cursor?.etag ?? null }}"},
        {"If-Modified-Since", "{{ input.cursor?.modified ?? null }}"},
    };
    if (headers != nullptr)
        for (const auto& [name, value] : headers->get_object()) all.insert_or_assign(name, value);
    out["headers"] = std::move(all);
    return out;
}

constexpr std::string_view kFeedOutput =
    "{{ ({ items: feed.parse(steps.poll.output.body).items, seen: { etag: steps.poll.output.headers.etag ?? "
    "null, "
    "modified: steps.poll.output.headers[\"last-modified\"] ?? null } }) }}";

Result<Settled> parse_feed(const Json& config, std::string_view field) {
    constexpr Millis kEvery{900'000};
    constexpr std::size_t kUrlBytesMax = 4'000;
    TRY(const auto all,
        detail::Settings::of(
            config, std::string(field), {"url", "connection", "headers", "every", "start", "batch", "filter"}
        ));
    TRY(const std::string url, all.text("url", kUrlBytesMax));
    if (url.empty()) return fail(Error::invalid("Where is the feed?", all.place("url")));
    const Json* headers = all.find("headers");
    if (headers != nullptr && (!headers->is_object() || to_text(*headers).size() > kUrlBytesMax))
        return fail(Error::invalid("This is an object of at most 4,000 bytes", all.place("headers")));
    JsonObject poll = config.get_object();
    for (const std::string_view own : {"url", "headers"}) poll.erase(own);
    poll["with"] = feed_request(url, headers);
    poll["items"] = "items";
    poll["id"] = "id";
    poll["cursor"] = JsonObject{{"of", "answer"}, {"path", "seen"}};
    if (!poll.contains("every")) poll["every"] = runstate::duration_text(kEvery);
    Settled out;
    TRY(out.poll, parse_poll(poll, field));
    out.poll.output = kFeedOutput;
    JsonObject normal = to_json(out.poll).get_object();
    for (const std::string_view fixed : {"uses", "with", "items", "id", "cursor"}) normal.erase(fixed);
    JsonObject made{{"url", url}};
    if (headers != nullptr) made["headers"] = *headers;
    for (auto& [name, value] : normal) made[name] = std::move(value);
    out.config = std::move(made);
    return out;
}

}  // namespace

std::optional<Source> source_from(std::string_view text) {
    return find_word<Source>(kSources, text);
}

Result<Settled> parse_source(Source source, const Json& config, std::string_view field) {
    if (source == Source::kFeed) return parse_feed(config, field);
    TRY(Poll poll, parse_poll(config, field));
    Json normal = to_json(poll);
    return Settled{std::move(poll), std::move(normal)};
}

bool is_other_source(const Poll& before, const Poll& after) {
    const auto url = [](const Poll& poll) {
        const JsonObject* with = poll.with.if_object();
        const Json* found = with == nullptr ? nullptr : with->if_contains("url");
        return found == nullptr ? Json() : *found;
    };
    return before.uses != after.uses || before.connection != after.connection || url(before) != url(after) ||
           before.items != after.items || before.id != after.id || before.cursor_of != after.cursor_of ||
           before.cursor != after.cursor;
}

Json asking(const Poll& poll) {
    JsonObject step{{"id", "poll"}, {"uses", poll.uses}, {"with", poll.with}};
    if (!poll.connection.empty()) step["connection"] = poll.connection;
    JsonArray steps;
    steps.emplace_back(std::move(step));
    return JsonObject{
        {"name", "poll"},
        {"inputs", *parse_json(R"({"type":"object","properties":{"cursor":{}}})")},
        {"steps", std::move(steps)},
        {"output", poll.output},
    };
}

Result<Polled> read_answer(const Poll& poll, const Json& answer, const Json& before) {
    const Json* found = poll.items.find(answer);
    const JsonArray* items = found == nullptr ? nullptr : found->if_array();
    if (items == nullptr)
        return fail(Error::invalid(
            fmt::format("The answer has no list at \"{}\"; items says where it is", poll.items.text())
        ));
    if (items->size() > kPollItemsMax)
        return fail(Error::limit(fmt::format(
            "The answer has {} items; at most {} are looked at. Ask for fewer, with a page size or the "
            "cursor",
            items->size(),
            kPollItemsMax
        )));
    Polled out;
    std::set<std::string> seen;
    for (std::size_t i = 0; i < items->size(); ++i) {
        TRY(const std::string id, id_of(poll, (*items)[i], i));
        std::string key = digest(id);
        if (seen.insert(key).second) out.items.push_back({std::move(key), &(*items)[i]});
    }
    TRY(out.cursor, cursor_of(poll, answer, before));
    return out;
}

Millis poll_pause(Millis every, int failures) {
    const Millis most = std::max(every, kBackoffMax);
    Millis out = every;
    for (int i = 0; i < failures && out < most; ++i) out *= 2;
    return std::min(out, most);
}

}  // namespace weft::trigger
